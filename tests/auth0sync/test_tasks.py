"""What a task of the queue does, for how long, and when it goes no further."""

from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings

from auth0sync import tasks
from auth0sync.models import Account, Heartbeat
from employees.models import Employee
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add
from tests.devtenant.running import RunningTenant

OURS = "this machine:1:1"


@pytest.fixture
def cluster(db: None, monkeypatch: pytest.MonkeyPatch) -> Heartbeat:
    """The tasks run in a worker of a cluster that lives."""
    monkeypatch.setenv(tasks.CLUSTER_NAME, OURS)
    return Heartbeat.objects.create(pk=OURS)


def synced(employee: Employee) -> bool:
    return account_of(employee).is_clean


def test_a_task_syncs_its_employee_and_then_who_else_is_due(tenant: RunningTenant) -> None:
    people = [add(email=f"p{n}@example.com") for n in range(7)]

    tasks.sync_employee(people[3].pk)

    assert all(synced(person) for person in people)
    assert tenant.users()[0]["email"] == "p3@example.com"


def test_it_begins_with_nobody_else_after_20_seconds_and_no_call_may_pass_45(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    told: list[float | None] = []

    def slow(employee_id: int, *, until: float | None) -> bool:
        told.append(until)
        now[0] += 8
        return True

    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(tasks, "sync", slow)
    first = add()

    tasks.sync_employee(first.pk)

    assert told == [145.0] * 3


def test_it_takes_the_next_one_where_other_workers_have_the_first(tenant: RunningTenant) -> None:
    *others, ben = [add(email=f"p{n}@example.com") for n in range(9)]
    for other in others:
        Account.objects.filter(pk=other.pk).update(lease="another")  # taken a moment ago

    tasks.sync_due()

    assert synced(ben)
    assert not any(synced(other) for other in others)


def test_it_stops_where_others_have_all_that_are_due(tenant: RunningTenant) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(lease="another")

    tasks.sync_due()

    assert not synced(ana)


def test_nothing_is_begun_while_the_switch_is_off(
    tenant: RunningTenant, settings: Settings
) -> None:
    ana = add()
    settings.AUTH0_SYNC_ENABLED = False

    tasks.sync_due()
    time_passes(ana.pk)

    assert not synced(ana)
    assert tenant.users() == []


def test_every_round_is_a_sign_of_life(tenant: RunningTenant, cluster: Heartbeat) -> None:
    tasks.sync_due()

    cluster.refresh_from_db()
    assert cluster.beaten_at is not None


def test_nothing_is_begun_once_the_cluster_is_about_to_end(
    tenant: RunningTenant, cluster: Heartbeat
) -> None:
    ana = add()
    cluster.delete()

    tasks.sync_employee(ana.pk)
    tasks.sync_due()

    assert not synced(ana)
    assert tenant.users() == []


def test_a_beat_is_answered_once_its_result_has_come_through(cluster: Heartbeat) -> None:
    tasks.beat(OURS)
    cluster.refresh_from_db()
    assert cluster.beaten_at is None

    tasks.answer_beat({"func": tasks.BEAT, "args": (OURS,)})

    cluster.refresh_from_db()
    assert cluster.beaten_at is not None


@pytest.mark.parametrize(
    "task",
    [
        {"func": tasks.BEAT, "args": ("that machine:1:1",)},
        {"func": "auth0sync.tasks.sync_employee", "args": (1,)},
    ],
)
def test_no_other_result_answers_it(cluster: Heartbeat, task: dict[str, Any]) -> None:
    tasks.answer_beat(task)

    cluster.refresh_from_db()
    assert cluster.beaten_at is None


def test_a_beat_for_another_cluster_is_handed_back_unanswered(cluster: Heartbeat) -> None:
    theirs = Heartbeat.objects.create(pk="that machine:1:1", queued_at=cluster.started_at)

    tasks.beat(theirs.pk)

    theirs.refresh_from_db()
    assert (theirs.queued_at, theirs.beaten_at) == (None, None)
