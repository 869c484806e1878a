"""The sweep finds what others wrote, hands out what is due, and there is only one of it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from auth0sync import sweep
from auth0sync.due import next_due, note
from auth0sync.models import Account, TenantState
from auth0sync.sweep import Sweeper, hand_out, look_at_all, note_moved
from employees.models import ConsoleSession, Employee, EmployeeAuth
from tests.auth0sync.people import account_of, add, row_of
from tests.builders import make_auth, make_employee
from tests.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("state")


def test_rows_inserted_by_sql_are_found_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGE", 2)
    people = [make_employee(auth_method="auth0") for _ in range(5)]

    pages = len(list(look_at_all()))

    assert pages == 3
    assert sorted(next_due(10)) == [person.pk for person in people]
    assert {row_of(person).auth0_sync_status for person in people} == {"pending"}


def test_a_pass_over_rows_that_have_not_moved_writes_nothing() -> None:
    make_employee(auth_method="auth0")
    make_employee(auth_method="pin")
    list(look_at_all())
    before = list(Account.objects.values())

    list(look_at_all())

    assert list(Account.objects.values()) == before


@pytest.mark.parametrize("numbers", [(7,), (7, 8, 9), (7, 8, 10), (7, 5_000, 90_000)])
def test_numbers_close_together_or_far_apart_are_looked_at_alike(numbers: tuple[int, ...]) -> None:
    for number in numbers:
        make_employee(id=number, auth_method="auth0", email=f"p{number}@example.com")
    list(look_at_all())
    Account.objects.update(due_at=None)
    Employee.objects.filter(pk__in=[numbers[0], numbers[-1]]).update(department="Packing")

    list(look_at_all())

    assert sorted(next_due(10)) == sorted({numbers[0], numbers[-1]})


def test_looking_at_some_people_leaves_their_neighbours_alone() -> None:
    for number in (7, 8, 9):
        make_employee(id=number, auth_method="auth0", email=f"p{number}@example.com")

    note([7, 9], actor="sql")

    assert sorted(next_due(10)) == [7, 9]
    assert set(Account.objects.values_list("pk", flat=True)) == {7, 9}


def test_a_long_pass_is_made_in_slices_and_says_that_it_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 1)
    make_employee(auth_method="auth0")
    sweeper = Sweeper()
    states = [sweeper.is_under_way]

    monkeypatch.setattr(sweep, "SLICE_S", 1e-9)
    sweeper.tick()
    states.append(sweeper.is_under_way)
    monkeypatch.setattr(sweep, "SLICE_S", 60)
    sweeper.tick()
    states.append(sweeper.is_under_way)

    assert states == [False, True, False]
    assert next_due(10)


def test_an_empty_table_is_no_trouble() -> None:
    assert len(list(look_at_all())) == 1


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_rows_deleted_by_sql_are_found_wherever_they_stood(
    monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 2)
    people = [make_employee(auth_method="auth0") for _ in range(3)]
    list(look_at_all())
    Account.objects.update(origin="created", user_id="auth0|x", due_at=None)
    Employee.objects.filter(pk=people[gone].pk).delete()

    list(look_at_all())
    list(look_at_all())

    assert next_due(10) == [people[gone].pk]
    assert account_of(people[gone]).due_seq == 2


def test_sessions_of_people_who_were_switched_off_by_sql_end() -> None:
    ana = make_employee(is_active=False)
    make_auth(ana, login_token="t" * 43)

    assert Sweeper().tick()

    assert EmployeeAuth.objects.get(employee=ana).login_token is None


def test_console_sessions_of_people_who_were_switched_off_by_sql_end() -> None:
    _, ana = signed_in("manager")
    session = Session.objects.get()
    user = User.objects.get(employee_link__employee=ana)
    now = timezone.now()
    ConsoleSession.objects.create(
        session_key=session.pk, user=user, started_at=now - timedelta(hours=13), seen_at=now
    )
    Employee.objects.filter(pk=ana.pk).update(is_active=False)

    assert Sweeper().tick()

    assert not Session.objects.exists()
    assert not ConsoleSession.objects.exists(), "a note that is old enough goes too"


def test_log_ins_that_ran_out_are_removed_about_once_an_hour(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.AUTH0_SWEEP_SECONDS = 0
    clock = [1_000_000.0]
    monkeypatch.setattr("auth0sync.sweep.time.monotonic", lambda: clock[0])
    now, sweeper = timezone.now(), Sweeper()
    Session.objects.create(session_key="open", expire_date=now + timedelta(hours=1))

    def left_at(seconds: float) -> set[str]:
        Session.objects.create(session_key=f"{seconds}", expire_date=now - timedelta(seconds=1))
        clock[0] = 1_000_000.0 + seconds
        assert sweeper.tick()
        return set(Session.objects.values_list("session_key", flat=True))

    assert left_at(0) == {"open"}
    assert left_at(3_599) == {"open", "3599"}
    assert left_at(3_600) == {"open"}


def test_only_one_of_two_sweepers_works_and_the_other_follows_at_once() -> None:
    first, second = Sweeper(), Sweeper()

    assert first.tick()
    assert not second.tick()
    first.stop()

    assert second.tick()
    assert not first.tick()


def test_a_sweeper_that_died_is_followed_when_its_lease_has_run_out() -> None:
    assert Sweeper().tick()
    TenantState.objects.update(sweep_lease_until="2020-01-01T00:00:00Z")

    assert Sweeper().tick()


def test_as_many_tasks_are_queued_as_there_are_workers(settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    for n in range(5):
        add(email=f"p{n}@example.com")

    hand_out()
    hand_out()

    assert OrmQ.objects.count() == settings.QUEUE_WORKERS


def test_nothing_is_queued_when_nobody_is_due(settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"

    hand_out()

    assert OrmQ.objects.count() == 0


def test_a_pass_that_the_database_ended_begins_again_at_the_next_sweep(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def gone(*args: object, **kwargs: object) -> list[int]:
        raise OperationalError("gone away")

    monkeypatch.setattr(sweep, "SMALL_TABLE", 0)
    settings.AUTH0_SWEEP_SECONDS = 0
    ana = make_employee(auth_method="auth0")
    sweeper = Sweeper()
    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(sweep, "note", gone)
        sweeper.tick()

    sweeper.tick()

    assert next_due(10) == [ana.pk]


def test_nothing_is_queued_while_the_tenant_is_down(settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:9"
    add()
    TenantState.objects.update(down_since="2026-01-01T00:00:00Z", probe_at="2999-01-01T00:00:00Z")

    hand_out()

    assert OrmQ.objects.count() == 0


def test_a_large_table_is_passed_over_every_five_minutes_and_moved_rows_at_every_sweep(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    if connection.vendor != "mysql":
        pytest.skip("only on MariaDB: there updated_at tells")
    monkeypatch.setattr(sweep, "SMALL_TABLE", 2)
    settings.AUTH0_SWEEP_SECONDS = 0
    people = [make_employee(auth_method="auth0") for _ in range(4)]
    sweeper = Sweeper()
    sweeper.tick()
    Account.objects.update(due_at=None)
    Employee.objects.filter(pk=people[1].pk).update(department="Packing")

    sweeper.tick()

    assert next_due(10) == [people[1].pk]


def test_on_sqlite_only_the_pass_finds_what_moved() -> None:
    if connection.vendor == "mysql":
        pytest.skip("only on SQLite")
    make_employee(auth_method="auth0")

    note_moved()

    assert next_due(10) == []
