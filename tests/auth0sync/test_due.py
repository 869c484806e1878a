"""Due commits with the row, whoever writes it; and only what concerns Auth0 is due."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import transaction
from django.db.models import F
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from auth0sync import due
from auth0sync.due import mark_due, next_due, note
from auth0sync.models import Account, Priority, TenantState
from employees.models import Employee, InvitationChoice
from employees.services import change_employee, deactivate
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.builders import boss, make_employee, make_mapping

pytestmark = pytest.mark.usefixtures("state")


def test_adding_somebody_makes_her_due_and_shows_pending() -> None:
    ana = add()

    assert next_due(5) == [ana.pk]
    assert row_of(ana).auth0_sync_status == "pending"
    assert account_of(ana).due_by == "admin:1"


def test_whoever_is_part_of_a_confirmed_file_waits_behind_those_changed_by_hand() -> None:
    ana = make_employee(email="ana@example.com")

    change_employee(ana.pk, {"auth_method": "hybrid"}, replace(boss(1), mass="enrolment"))

    assert account_of(ana).priority == Priority.BULK


def test_whoever_is_part_of_a_confirmed_file_is_handed_out_by_the_sweep(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ana = make_employee(email="ana@example.com")

    with (
        patch("auth0sync.due.wake") as woken,
        django_capture_on_commit_callbacks(execute=True),
    ):
        change_employee(ana.pk, {"auth_method": "hybrid"}, replace(boss(1), mass="enrolment"))

    woken.assert_not_called()
    assert next_due(5) == [ana.pk]


def test_a_save_that_is_rolled_back_leaves_nobody_due() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add()
        1 / 0  # noqa: B018

    assert not Employee.objects.exists()
    assert not Account.objects.exists()


def test_somebody_with_a_pin_only_is_remembered_but_not_due() -> None:
    ana = add(auth_method="pin")

    assert next_due(5) == []
    assert account_of(ana).fingerprint != ""
    assert row_of(ana).auth0_sync_status is None


def test_a_change_that_the_plan_does_not_read_makes_nobody_due() -> None:
    ana = add()
    before = account_of(ana).due_seq

    by_sql(ana, current_streak=7, notes="works well", achievement_points=12)

    assert account_of(ana).due_seq == before


@pytest.mark.parametrize(
    "columns",
    [
        {"name": "Ana Ortiz"},
        {"email": "other@example.com"},
        {"phone_number": "1"},
        {"department": "Packing"},
        {"workspace": "TX"},
        {"auth0_role": "manager"},
        {"is_active": False},
        {"archived_at": "2026-11-01T00:00:00Z"},
        {"auth_method": "auth0"},
        {"hire_date": "2026-11-24"},
        {"personal_email": "home@example.com"},
        {"connecteam_user_id": "77"},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_a_change_by_sql_that_the_plan_reads_makes_her_due(columns: dict[str, object]) -> None:
    ana = add()
    before = account_of(ana).due_seq

    by_sql(ana, **columns)

    assert account_of(ana).due_seq == before + 1


def test_a_new_podfactory_mapping_and_another_way_of_inviting_make_her_due() -> None:
    ana = add()
    make_mapping(ana)
    note([ana.pk], actor="sql")
    assert account_of(ana).due_seq == 2

    InvitationChoice.objects.create(pk=ana.pk, kind="none")
    note([ana.pk], actor="sql")

    assert account_of(ana).due_seq == 3


def test_the_status_as_empty_text_is_read_as_none() -> None:
    ana = make_employee(auth_method="pin")
    note([ana.pk], actor="sql")

    assert row_of(ana).auth0_sync_status is None


def test_leavers_come_first_then_what_was_done_by_hand_then_the_rest(state: TenantState) -> None:
    bulk = make_employee(auth_method="auth0")
    note([bulk.pk], actor="sql")
    by_hand = add()
    leaver = add(email="leaver@example.com")
    Account.objects.filter(pk=leaver.pk).update(user_id="auth0|x", origin="created")
    deactivate(leaver.pk, boss(1))

    assert next_due(5) == [leaver.pk, by_hand.pk, bulk.pk]


def waiting(priority: Priority, since: str, **columns: object) -> int:
    """Somebody who is due with this priority since a time of day, long ago."""
    person = make_employee(auth_method="auth0")
    moment = f"2026-11-20T{since}:00Z"
    columns = {"waiting_since": moment, "due_at": moment, "due_seq": 1, **columns}
    Account.objects.create(pk=person.pk, priority=priority, **columns)
    return person.pk


def test_among_equals_the_longest_wait_comes_first_however_often_it_was_put_off() -> None:
    second = waiting(Priority.BULK, "08:00")
    first = waiting(Priority.BULK, "07:00", due_at="2026-11-20T09:00:00Z", attempts=3)

    assert next_due(5) == [first, second]


def test_a_fair_pick_goes_to_the_longest_wait_but_for_leavers() -> None:
    bulk = waiting(Priority.BULK, "07:00")
    by_hand = waiting(Priority.INTERACTIVE, "08:00")
    leaver = waiting(Priority.LEAVER, "09:00")

    assert next_due(5) == [leaver, by_hand, bulk]
    assert next_due(5, fair=True) == [leaver, bulk, by_hand]
    assert next_due(2, fair=True) == [leaver, bulk]


def test_a_planned_look_whose_time_has_come_stands_among_the_rest() -> None:
    planned = waiting(Priority.BULK, "07:30", waiting_since=None, done_seq=1)
    bulk = waiting(Priority.BULK, "07:00")
    by_hand = waiting(Priority.INTERACTIVE, "08:00")
    later = waiting(Priority.BULK, "09:00")

    assert next_due(5) == [by_hand, bulk, planned, later]


@pytest.mark.parametrize(
    "columns",
    [
        {"waiting_since": None, "due_at": None},
        {"due_at": "2999-01-01T00:00:00Z"},
        {"lease": "x", "lease_until": "2999-01-01T00:00:00Z"},
    ],
    ids=["nothing planned", "put off", "being done"],
)
def test_nobody_is_handed_out_who_is_not_due_or_not_free(columns: dict[str, object]) -> None:
    waiting(Priority.LEAVER, "07:00", **columns)

    assert next_due(5) == []


def test_a_lease_that_ran_out_is_free_again() -> None:
    left = waiting(Priority.BULK, "07:00", lease="x", lease_until="2026-11-20T07:01:00Z")

    assert next_due(5) == [left]


def test_after_the_commit_a_worker_is_woken_with_the_id_and_nothing_else(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    with django_capture_on_commit_callbacks(execute=True):
        ana = add()

    task = OrmQ.objects.get().task
    assert task["func"] == "auth0sync.tasks.sync_employee"
    assert task["args"] == (ana.pk,)


def test_a_hundred_saves_do_not_fill_the_queue(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(20):
            add(email=f"p{n}@example.com")

    assert OrmQ.objects.count() <= settings.QUEUE_WORKERS
    assert len(next_due(100)) == 20


def test_a_leaver_gets_a_task_where_the_queue_is_full_for_the_others(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    with django_capture_on_commit_callbacks(execute=True):
        people = [add(email=f"p{n}@example.com") for n in range(5)]
    full = OrmQ.objects.count()
    Account.objects.update(user_id="auth0|x", origin="created")

    with django_capture_on_commit_callbacks(execute=True):
        mark_due([people[0].pk], actor="admin:1")
        for person in people[1:]:
            deactivate(person.pk, boss(1))

    assert OrmQ.objects.count() == 2 * full
    assert {q.task["args"] for q in OrmQ.objects.order_by("-id")[:full]} <= {
        (person.pk,) for person in people[1:]
    }


def test_a_queue_that_is_away_fails_no_save(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    with (
        patch("auth0sync.due.get_broker", side_effect=ConnectionError("no queue")),
        django_capture_on_commit_callbacks(execute=True),
    ):
        ana = add()

    assert next_due(5) == [ana.pk]


def test_without_a_tenant_in_the_settings_nothing_is_queued(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ana = add()

    assert OrmQ.objects.count() == 0
    assert next_due(5) == [ana.pk]


def test_two_edits_leave_one_due_employee() -> None:
    ana = add()

    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    change_employee(ana.pk, {"department": "Picking"}, boss(2))

    assert next_due(5) == [ana.pk]


def with_account(person: Employee) -> Employee:
    """The account exists, and nothing is left to do."""
    Account.objects.filter(pk=person.pk).update(
        origin="created", user_id="auth0|x", done_seq=F("due_seq"), due_at=None, waiting_since=None
    )
    return person


def wait_s(person: Employee) -> float:
    """In how many seconds somebody is due, counted from when the wait began."""
    account = account_of(person)
    assert account.due_at is not None
    assert account.waiting_since is not None
    return (account.due_at - account.waiting_since).total_seconds()


def test_an_edit_of_somebody_with_an_account_waits_a_second_for_the_next_one() -> None:
    ana = with_account(add())

    change_employee(ana.pk, {"department": "Packing"}, boss(1))

    assert wait_s(ana) == pytest.approx(1, abs=0.1)


def test_an_edit_that_waits_for_the_next_one_is_left_to_the_sweep(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(due, "QUIET", due.QUIET_MOST)
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    ana = with_account(add())

    with django_capture_on_commit_callbacks(execute=True):
        change_employee(ana.pk, {"department": "Packing"}, boss(1))

    assert OrmQ.objects.count() == 0


def test_edits_without_a_pause_wait_four_seconds_at_most() -> None:
    ana = with_account(add())
    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    Account.objects.update(waiting_since=F("waiting_since") - timedelta(seconds=3.5))

    change_employee(ana.pk, {"department": "Picking"}, boss(1))

    assert wait_s(ana) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("how", ["leaves", "is new", "by a program", "Sync now"])
def test_what_is_no_quick_edit_is_due_at_once(how: str) -> None:
    ana = add()
    if how != "is new":
        with_account(ana)
    if how == "leaves":
        deactivate(ana.pk, boss(1))
    elif how == "is new":
        change_employee(ana.pk, {"department": "Packing"}, boss(1))
    elif how == "by a program":
        by_sql(ana, department="Packing")
    else:
        mark_due([ana.pk], actor="admin:1")

    assert next_due(5) == [ana.pk]


def test_whoever_leaves_right_after_an_edit_is_due_at_once() -> None:
    ana = with_account(add())
    change_employee(ana.pk, {"department": "Packing"}, boss(1))

    deactivate(ana.pk, boss(1))

    assert next_due(5) == [ana.pk]


def test_whoever_shared_an_address_is_due_at_once_when_the_other_gives_it_up() -> None:
    first = add()
    second = make_employee(email=" Ana@Example.com", auth_method="auth0")
    by_sql(second)
    Account.objects.filter(pk=first.pk).update(due_at=None)

    change_employee(second.pk, {"email": "other@example.com"}, boss(1))

    assert first.pk in next_due(5)


def test_sync_now_marks_people_who_were_never_looked_at() -> None:
    ana = make_employee(auth_method="auth0")

    assert mark_due([ana.pk], actor="admin:1", look=True) == 1

    assert next_due(5) == [ana.pk]
    assert account_of(ana).look_at is not None
