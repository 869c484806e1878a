"""How things stand, as /metrics tells it."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from pytest_django import Settings
from redis import ConnectionError as NoRedis

from auth0sync import gauges
from auth0sync.models import (
    Account,
    Attention,
    Difference,
    Incident,
    Pause,
    Priority,
    StagedBatch,
    TenantState,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    cache.clear()


def value(name: str, **labels: str) -> float | None:
    """The one sample with these labels; None for what isn't known."""
    for gauge in gauges.gauges():
        for found, number in gauge.samples:
            if gauge.name == name and found == labels:
                return number
    return None


def account(pk: int, since_s: float = 0, **columns: Any) -> None:
    at = Now() - timedelta(seconds=since_s)
    Account.objects.create(
        employee_id=pk, **{"due_at": at, "waiting_since": at, "due_seq": 1, **columns}
    )


def test_who_is_due_and_since_when_by_priority(state: TenantState) -> None:
    account(1, 100, priority=Priority.LEAVER)
    account(2, 50)
    account(3, 500)
    account(4, due_at=Now() + timedelta(hours=1))

    assert value("auth0_due", priority="leaver") == 1
    assert value("auth0_due", priority="bulk") == 2
    assert value("auth0_due", priority="by_hand") == 0
    assert value("auth0_later") == 1
    assert 100 <= (value("auth0_oldest_due_seconds", priority="leaver") or 0) < 160
    assert 500 <= (value("auth0_oldest_due_seconds", priority="bulk") or 0) < 560
    assert value("auth0_oldest_due_seconds", priority="by_hand") == 0


def test_whom_workers_have_and_who_waits(state: TenantState) -> None:
    account(1, lease="here:1:x", lease_until=Now() + timedelta(seconds=60))
    account(2, lease="dead:1:x", lease_until=Now() - timedelta(seconds=60))
    account(3, waits_for="create")
    account(4, invitation="wanted")

    assert value("auth0_in_work") == 1
    assert value("auth0_waiting_for_pause") == 1
    assert value("auth0_invitations_waiting") == 1


def test_who_needs_a_person_and_who_is_held(state: TenantState) -> None:
    batch = StagedBatch.objects.create(kind="changes")
    account(1, attention=Attention.FAILED)
    account(2, due_at=None, batch=batch)
    Difference.objects.create(kind="open", open_key="x")

    assert value("auth0_needs_attention", why="failed") == 1
    assert value("auth0_needs_attention", why="leaver") == 0
    assert value("auth0_held", kind="changes") == 1
    assert value("auth0_held", kind="plan") == 0
    assert value("auth0_drift", kind="open") == 1


def test_what_is_off_refused_or_down(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_DOMAIN, settings.AUTH0_SYNC_ENABLED = "x.example.com", True
    TenantState.objects.update(paused_at=Now(), down_since=Now() - timedelta(seconds=90))
    Pause.objects.create(pk="import results", probe_at=Now())
    Incident.objects.create(pk="outage", subject="x")
    Incident.objects.create(pk="pause:token", subject="x")
    Incident.objects.create(pk="pause:create", subject="x")
    Incident.objects.create(pk="of old", subject="x")
    Incident.objects.create(pk="held", subject="x", ended_at=Now())

    assert value("auth0_off", reason="paused") == 1
    assert value("auth0_off", reason="restored") == 0
    assert value("auth0_paused", capability="import_results") == 1
    assert value("auth0_paused", capability="token") == 0
    assert 90 <= (value("auth0_down_seconds") or 0) < 150
    kinds = {"outage": 1, "pause": 2, "other": 1, "held": 0, "silent": 0}
    assert {kind: value("auth0_incidents", kind=kind) for kind in kinds} == kinds


def test_a_queue_that_does_not_answer_has_no_length(state: TenantState) -> None:
    assert value("auth0_queue") == 0
    with mock.patch.object(gauges, "queue_size", side_effect=NoRedis):
        assert value("auth0_queue") is None


def test_without_the_row_of_the_tenant_the_rest_is_told_all_the_same(state: TenantState) -> None:
    TenantState.objects.all().delete()

    assert value("auth0_sweep_age_seconds") is None
    assert value("auth0_later") == 0
