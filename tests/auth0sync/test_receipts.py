"""The lock-out receipt, as far as Auth0 goes: closed by the engine, read back, and tried here."""

import time
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import incidents, receipts, switch
from auth0sync.batches import decide
from auth0sync.due import note
from auth0sync.engine import sync
from auth0sync.models import Account, Incident, Pause, StagedBatch, SyncLog, TenantState
from auth0sync.sweep import Sweeper
from employees.history import notice_changes
from employees.models import Employee, Receipt, ReceiptDoor
from employees.receipts import Outcome, work_off_due
from employees.services import deactivate, reactivate
from tests.auth0sync.conftest import lease_runs_out, time_passes
from tests.auth0sync.people import Killed, account_of, add, by_sql, die, right_after, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

AUTH0 = set(receipts.TITLES)
EVERYTHING = {"path": "/api/v2/.*"}


@pytest.fixture
def ana(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> Employee:
    """Somebody with an account, invited."""
    employee = add(department="Picking")
    sync(employee.pk)
    mailoutbox.clear()
    return row_of(employee)


def try_doors() -> None:
    """The sweep's tick, once the time of every receipt has come."""
    Receipt.objects.exclude(try_at=None).update(try_at=Now() - timedelta(seconds=1))
    work_off_due(until=time.monotonic() + 60)


def receipt_of(employee: Employee) -> Receipt:
    return Receipt.objects.filter(employee_id=employee.pk).latest("pk")


def doors(employee: Employee) -> dict[str, ReceiptDoor]:
    return {door.name: door for door in receipt_of(employee).doors.all()}


def outcomes(employee: Employee, *names: str) -> dict[str, str]:
    found = doors(employee)
    return {name: found[name].outcome for name in names or sorted(AUTH0)}


def leave(employee: Employee) -> None:
    deactivate(employee.pk, boss(1))


def test_a_leaver_is_blocked_read_back_and_refused_here(
    tenant: RunningTenant, ana: Employee
) -> None:
    leave(ana)

    sync(ana.pk)
    try_doors()

    found = doors(ana)
    assert found["account"].outcome == Outcome.CLOSED
    assert found["account"].note == "Read back: blocked."
    blocked = SyncLog.objects.get(employee_id=ana.pk, action="block account")
    assert found["account"].closed_at == blocked.created_at
    tried_at = found["account"].tried_at
    assert tried_at is not None and tried_at >= blocked.created_at
    assert found["login"].outcome == Outcome.CLOSED
    assert found["login"].note == "Tried with their account: refused."
    assert receipt_of(ana).completed_at is not None


def test_the_engine_tries_when_it_has_finished(tenant: RunningTenant, ana: Employee) -> None:
    leave(ana)
    Receipt.objects.update(try_at=Now() + timedelta(minutes=5))

    sync(ana.pk)

    assert receipt_of(ana).completed_at is not None


def test_a_plan_without_the_session_calls_is_said_plainly(
    tenant: RunningTenant, ana: Employee
) -> None:
    leave(ana)

    sync(ana.pk)
    try_doors()

    assert outcomes(ana, "sessions", "refresh") == dict.fromkeys(
        ("sessions", "refresh"), Outcome.NOT_IN_PLAN
    )
    refused = SyncLog.objects.get(employee_id=ana.pk, action="end sessions")
    assert doors(ana)["sessions"].tried_at == refused.created_at


def test_a_plan_with_them_has_both_closed(tenant: RunningTenant, ana: Employee) -> None:
    tenant.control(plan="enterprise")
    tenant.unlimited()
    leave(ana)

    sync(ana.pk)
    try_doors()

    assert set(outcomes(ana).values()) == {Outcome.CLOSED}
    ended = SyncLog.objects.get(employee_id=ana.pk, action="revoke refresh tokens")
    assert doors(ana)["refresh"].closed_at == ended.created_at


def test_access_tokens_live_as_long_as_the_last_one_may(
    tenant: RunningTenant, ana: Employee, settings: Settings
) -> None:
    settings.AUTH0_API_TOKEN_SECONDS = 7200
    leave(ana)

    sync(ana.pk)
    try_doors()

    found = doors(ana)
    blocked_at = found["account"].closed_at
    assert blocked_at is not None
    assert found["tokens"].live_until == blocked_at + timedelta(hours=2)
    assert "programs that check only the signature" in found["tokens"].note


def test_a_leaver_by_sql_has_the_same_receipt(tenant: RunningTenant, ana: Employee) -> None:
    by_sql(ana, is_active=False)
    notice_changes([ana.pk])

    sync(ana.pk)
    try_doors()

    assert outcomes(ana, "account", "login") == dict.fromkeys(("account", "login"), Outcome.CLOSED)


def test_of_a_row_that_sql_deleted_the_account_is_shut_and_tried(
    tenant: RunningTenant, ana: Employee
) -> None:
    Employee.objects.filter(pk=ana.pk).delete()
    note([ana.pk], actor="sql")
    notice_changes([ana.pk])

    sync(ana.pk)
    try_doors()

    assert outcomes(ana, "account", "login") == dict.fromkeys(("account", "login"), Outcome.CLOSED)
    assert receipt_of(ana).completed_at is not None


def test_until_the_sweep_has_noted_the_row_it_waits(tenant: RunningTenant, ana: Employee) -> None:
    Employee.objects.filter(pk=ana.pk).update(is_active=False)
    notice_changes([ana.pk])

    try_doors()

    assert account_of(ana).is_clean, "nothing was marked due here: the brake judges the crowd"
    assert outcomes(ana, "account") == {"account": Outcome.WAITING}


def test_without_an_account_there_are_no_doors_at_auth0(tenant: RunningTenant) -> None:
    ben = add(auth_method="pin", email="")
    leave(ben)

    try_doors()

    assert set(outcomes(ben).values()) == {Outcome.ABSENT}
    assert receipt_of(ben).completed_at is not None


def test_an_account_that_somebody_else_made_is_left_alone_and_that_is_said(
    tenant: RunningTenant,
) -> None:
    ben = make_employee(auth0_user_id="auth0|ben", auth_method="pin")
    notice_changes([ben.pk])
    leave(ben)

    try_doors()

    assert outcomes(ben, "account", "tokens", "login") == {
        "account": Outcome.LEFT_ALONE,
        "tokens": Outcome.LEFT_ALONE,
        "login": Outcome.CLOSED,
    }
    assert "block it in Auth0 by hand" in doors(ben)["account"].note


def test_an_account_that_may_just_be_in_the_making_is_waited_for(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = add(email="ben@example.com")
    right_after(monkeypatch, "create account", die)
    with pytest.raises(Killed):
        sync(ben.pk)
    leave(ben)
    try_doors()
    assert outcomes(ben, "account") == {"account": Outcome.WAITING}

    lease_runs_out(ben.pk)
    sync(ben.pk)
    try_doors()

    assert outcomes(ben, "account", "login") == dict.fromkeys(("account", "login"), Outcome.CLOSED)
    assert tenant.users()[0]["blocked"] is True


def test_an_account_that_was_deleted_in_auth0_is_not_there(
    tenant: RunningTenant, ana: Employee
) -> None:
    tenant.api("DELETE", f"/users/{ana.auth0_user_id}")
    leave(ana)
    try_doors()
    assert outcomes(ana, "account") == {"account": Outcome.WAITING}

    sync(ana.pk)
    try_doors()

    assert outcomes(ana, "account", "sessions") == {
        "account": Outcome.ABSENT,
        "sessions": Outcome.ABSENT,
    }


def test_one_that_was_blocked_before_is_read_once_more(
    tenant: RunningTenant, ana: Employee
) -> None:
    by_sql(ana, auth_method="pin")
    sync(ana.pk)
    notice_changes([ana.pk])
    leave(ana)
    reads = len(tenant.calls("GET", "/api/v2/users/[^/]*"))

    sync(ana.pk)
    waiting = doors(ana)["account"]
    sync(ana.pk)
    try_doors()

    assert waiting.note == "It was blocked before; it is read once more."
    assert len(tenant.calls("GET", "/api/v2/users/[^/]*")) == reads + 1
    assert doors(ana)["account"].closed_at == doors(ana)["account"].tried_at
    assert receipt_of(ana).completed_at is not None


def test_while_auth0_is_down_our_own_doors_are_closed_and_the_rest_says_since_when(
    tenant: RunningTenant, ana: Employee
) -> None:
    tenant.fault(match=EVERYTHING, kind="status", status=503)
    leave(ana)
    for _ in range(5):
        time_passes(ana.pk)
        sync(ana.pk)
    try_doors()
    own = outcomes(ana, "kiosk", "pin", "verify", "login")
    assert own == dict.fromkeys(own, Outcome.CLOSED)
    # Five in a row: down, and so many tries that somebody should hear of it.
    assert outcomes(ana, "account") == {"account": Outcome.OPEN}

    tenant.clear_faults()
    TenantState.objects.update(probe_at=timezone.now() - timedelta(seconds=1))
    time_passes(ana.pk)
    sync(ana.pk)
    try_doors()

    assert outcomes(ana, "account") == {"account": Outcome.CLOSED}
    assert receipt_of(ana).completed_at is not None


def test_while_the_tenant_is_down_for_all_it_waits_and_says_since_when(
    tenant: RunningTenant, ana: Employee
) -> None:
    TenantState.objects.update(
        down_since=Now(), probe_at=timezone.now() + timedelta(hours=1), failures_in_row=5
    )
    leave(ana)
    sync(ana.pk)

    try_doors()

    assert outcomes(ana, "account", "tokens") == {
        "account": Outcome.WAITING,
        "tokens": Outcome.WAITING,
    }
    assert "Auth0 hasn't answered since" in doors(ana)["account"].note


def test_while_it_is_switched_off_it_says_so(tenant: RunningTenant, ana: Employee) -> None:
    switch.pause("auth0_pause", "Moving.")
    leave(ana)

    try_doors()

    assert "Auth0 was switched off by hand: Moving." in doors(ana)["account"].note
    assert outcomes(ana, "login") == {"login": Outcome.CLOSED}


def test_whoever_the_brake_holds_waits_for_a_second_person(
    tenant: RunningTenant, ana: Employee, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    people = [ana]
    for number in range(2):
        people.append(add(email=f"p{number}@example.com"))
        sync(people[-1].pk)
    for person in people:
        Employee.objects.filter(pk=person.pk).update(is_active=False)
    ids = [person.pk for person in people]
    note(ids, actor="sql")
    notice_changes(ids)
    held = Account.objects.exclude(batch=None).first()
    assert held is not None and held.batch is not None
    person = Employee.objects.get(pk=held.pk)

    try_doors()
    assert "under Held changes" in doors(person)["account"].note
    held.batch.refresh_from_db()
    decide(held.batch.pk, StagedBatch.State.APPROVED, boss(2), version=held.batch.version)
    Sweeper().tick()
    sync(person.pk)
    try_doors()

    assert outcomes(person, "account") == {"account": Outcome.CLOSED}


def test_a_block_that_auth0_refuses_is_an_open_door_that_is_told_and_tried_until_it_is_closed(
    tenant: RunningTenant, ana: Employee, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]
    scope = {"statusCode": 403, "error": "Forbidden", "errorCode": "insufficient_scope"}
    patch = {"method": "PATCH", "path": "/api/v2/users/.*"}
    tenant.fault(match=patch, kind="status", status=403, body=scope)
    leave(ana)
    sync(ana.pk)
    try_doors()
    incidents.look()
    assert outcomes(ana, "account") == {"account": Outcome.OPEN}
    assert "“Needs attention” says what to do" in doors(ana)["account"].note
    told = next(mail for mail in mailoutbox if "open to somebody who left" in mail.subject)
    assert f"employees {ana.pk} " in told.body

    tenant.clear_faults()
    time_passes(ana.pk)
    Pause.objects.all().delete()
    sync(ana.pk)
    try_doors()
    incidents.look()

    assert outcomes(ana, "account") == {"account": Outcome.CLOSED}
    assert Incident.objects.get(pk="door:account").ended_at is not None


def test_an_open_door_is_told_while_the_link_to_auth0_is_off_by_the_settings(
    tenant: RunningTenant, ana: Employee, settings: Settings
) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    leave(ana)
    receipt_of(ana).doors.filter(name="pin").update(outcome=Outcome.OPEN)

    assert set(incidents.current()) == {"door:pin"}


def test_a_lost_answer_is_no_reason_to_wait_once_the_block_was_read(
    tenant: RunningTenant, ana: Employee
) -> None:
    patch = {"method": "PATCH", "path": "/api/v2/users/.*"}
    tenant.fault(match=patch, kind="reset", when="after", times=1)
    leave(ana)

    sync(ana.pk)
    try_doors()

    found = doors(ana)["account"]
    assert not account_of(ana).is_clean, "it is read once more when nothing can land any more"
    assert found.outcome == Outcome.CLOSED
    assert found.closed_at == found.tried_at, "when it was read: the answer to the block is lost"
    assert "An answer was lost: it is read once more" in found.note


def test_a_note_names_times_by_the_clock_of_the_persons_plant(
    tenant: RunningTenant, ana: Employee, settings: Settings
) -> None:
    settings.WORKSPACE_TIME_ZONES = {"MS": "America/Chicago", "TX": "America/Phoenix"}
    Employee.objects.filter(pk=ana.pk).update(workspace="TX")
    patch = {"method": "PATCH", "path": "/api/v2/users/.*"}
    tenant.fault(match=patch, kind="reset", when="after", times=1)
    leave(ana)

    sync(ana.pk)
    try_doors()

    assert doors(ana)["account"].note.endswith(" MST.")


def test_what_is_done_so_far_stands_there_while_the_rest_waits(
    tenant: RunningTenant, ana: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(ana)
    right_after(monkeypatch, "revoke refresh tokens", die)
    with pytest.raises(Killed):
        sync(ana.pk)

    try_doors()
    assert outcomes(ana, "account", "sessions", "refresh") == {
        "account": Outcome.WAITING,
        "sessions": Outcome.NOT_IN_PLAN,
        "refresh": Outcome.WAITING,
    }
    lease_runs_out(ana.pk)
    sync(ana.pk)
    try_doors()

    assert receipt_of(ana).completed_at is not None


def test_a_log_in_that_lets_the_account_in_is_an_open_door(
    tenant: RunningTenant, ana: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "match_employee", lambda *args: {"employee": ana})
    leave(ana)

    try_doors()

    assert outcomes(ana, "login") == {"login": Outcome.OPEN}


def test_whoever_comes_back_before_it_is_complete_has_a_receipt_that_ends(
    tenant: RunningTenant, ana: Employee
) -> None:
    leave(ana)
    reactivate(ana.pk, boss(1))

    sync(ana.pk)
    try_doors()

    assert receipt_of(ana).brought_back_at is not None
    assert receipt_of(ana).completed_at is None


def test_what_was_done_long_ago_is_closed_without_a_line_of_the_log(
    tenant: RunningTenant, ana: Employee
) -> None:
    by_sql(ana, auth_method="pin")
    sync(ana.pk)
    notice_changes([ana.pk])
    SyncLog.objects.all()._raw_delete("default")
    leave(ana)
    sync(ana.pk)
    try_doors()
    sync(ana.pk)

    try_doors()

    assert outcomes(ana, "sessions") == {"sessions": Outcome.CLOSED}


def test_a_verify_that_takes_their_access_tokens_is_an_open_door(
    tenant: RunningTenant, ana: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "person_of", lambda claims: ana)
    leave(ana)
    sync(ana.pk)

    try_doors()

    assert outcomes(ana, "account", "tokens") == {
        "account": Outcome.CLOSED,
        "tokens": Outcome.OPEN,
    }
