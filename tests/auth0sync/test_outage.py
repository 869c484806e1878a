"""Auth0 is down, slow or says no: nothing is lost, nobody waits, everything catches up alone."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.mail import EmailMessage
from django.db import OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import pace
from auth0sync.due import next_due
from auth0sync.engine import backoff_s, sync
from auth0sync.models import Account, Bucket, TenantState
from auth0sync.tasks import sync_due
from employees.services import deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, right_after, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

EVERYTHING = {"path": "/api/v2/.*"}


def give_way() -> None:
    """The database ends what we do, so that another statement can go on."""
    if connection.vendor == "mysql":
        raise OperationalError(1213, "Deadlock found when trying to get lock")
    raise OperationalError("database is locked")


def test_after_five_failures_in_a_row_the_tenant_is_down_and_nobody_else_calls(
    tenant: RunningTenant,
) -> None:
    people = [add(email=f"p{n}@example.com") for n in range(7)]
    tenant.fault(match=EVERYTHING, kind="status", status=503)

    for person in people:
        sync(person.pk)

    assert TenantState.objects.get().down_since is not None
    assert len(tenant.calls(path_regex="/api/v2/.*")) <= 6
    assert {row_of(person).auth0_sync_status for person in people} == {"pending"}
    assert account_of(people[-1]).attempts == 0, "waiting for the tenant is no attempt"


def test_when_the_tenant_answers_again_all_get_their_accounts_without_a_hand(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    people = [add(email=f"p{n}@example.com") for n in range(5)]
    tenant.fault(match=EVERYTHING, kind="status", status=503)
    for person in people:
        sync(person.pk)
        time_passes(person.pk)
        sync(person.pk)
    assert TenantState.objects.get().down_since is not None

    tenant.clear_faults()
    TenantState.objects.update(probe_at="2026-01-01T00:00:00Z")  # the next probe's time has come
    time_passes(people[0].pk)
    sync_due()

    assert TenantState.objects.get().down_since is None
    assert len(tenant.users()) == 5
    assert len(mailoutbox) == 5
    assert next_due(10) == []


def test_whoever_gets_no_slot_is_due_when_there_is_room_again(tenant: RunningTenant) -> None:
    ana = add()
    Bucket.objects.update(next_at=Now() + timedelta(seconds=60))

    sync(ana.pk)

    account = Account.objects.annotate(left=F("due_at") - Now()).get(pk=ana.pk)
    assert 30 < account.left.total_seconds() <= 60
    assert (account.attempts, account.lease) == (0, "")


def test_a_probe_that_gets_no_slot_leaves_the_turn_to_the_next_one(tenant: RunningTenant) -> None:
    people = [add(email=f"p{n}@example.com") for n in range(5)]
    tenant.fault(match=EVERYTHING, kind="status", status=503)
    for person in people:
        sync(person.pk)
    TenantState.objects.update(down_since=Now(), probe_at=Now())
    Bucket.objects.update(next_at=Now() + timedelta(seconds=60))
    time_passes(people[0].pk)
    before = len(tenant.calls())

    sync(people[0].pk)

    assert len(tenant.calls()) == before
    assert account_of(people[0]).due_at is not None
    assert pace.is_open(), "the next one may ask"


def test_a_tenant_that_cannot_be_reached_is_no_lost_answer(
    tenant: RunningTenant, settings: Settings
) -> None:
    ana = add()
    sync(ana.pk)  # so that there is a token
    settings.AUTH0_BASE_URL = "http://127.0.0.1:9"
    ben = add(email="ben@example.com")

    sync(ben.pk)

    assert account_of(ben).look_at is None
    assert account_of(ben).error == "Auth0 can't be reached."
    assert row_of(ben).auth0_sync_status == "pending"


def test_a_429_holds_everybody_back_and_counts_no_attempt(tenant: RunningTenant) -> None:
    ana, ben = add(), add(email="ben@example.com")
    tenant.fault(
        match=EVERYTHING, kind="status", status=429, when="before", times=1, retry_after=30
    )

    sync(ana.pk)
    sync(ben.pk)

    assert len(tenant.calls(path_regex="/api/v2/.*")) == 1
    assert account_of(ana).attempts == account_of(ben).attempts == 0
    assert account_of(ana).due_at is not None


def test_nothing_is_called_while_the_switch_is_off(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    ana = add()

    sync(ana.pk)

    assert tenant.calls() == []
    assert row_of(ana).auth0_sync_status == "pending"
    settings.AUTH0_SYNC_ENABLED = True
    sync(ana.pk)
    assert row_of(ana).auth0_sync_status == "created"


def test_a_missing_scope_is_named_and_the_employee_stays_due(tenant: RunningTenant) -> None:
    tenant.control(scopes={"console-m2m": ["read:users"]})
    tenant.control(expire_tokens=True)
    ana = add()

    sync(ana.pk)

    assert "create:users" in account_of(ana).error
    assert account_of(ana).due_at is not None
    assert row_of(ana).auth0_sync_status == "pending"


def test_a_missing_role_in_the_tenant_is_named(tenant: RunningTenant) -> None:
    ana = add(auth0_role="finance")
    roles = tenant.api("GET", "/roles?name_filter=finance").json()
    tenant.api("DELETE", f"/roles/{roles[0]['id']}")

    sync(ana.pk)

    assert "finance" in account_of(ana).error
    assert tenant.users()[0]["roles"] == []
    assert account_of(ana).due_at is not None


@pytest.mark.parametrize("bug", [ZeroDivisionError(), OperationalError(1054, "Unknown column")])
def test_a_bug_pushes_one_employee_an_hour_ahead_and_is_not_hidden(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, bug: Exception
) -> None:
    ana = add()
    monkeypatch.setattr("auth0sync.engine.wanted_of", Mock(side_effect=bug))

    with pytest.raises(type(bug)):
        sync(ana.pk)

    assert account_of(ana).error_code == "bug"
    assert account_of(ana).lease == ""
    assert next_due(10) == []


def test_who_leaves_after_a_bug_that_hid_what_was_made_is_shut(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    with monkeypatch.context() as patched:
        patched.setattr("auth0sync.steps.own", Mock(side_effect=ZeroDivisionError))
        with pytest.raises(ZeroDivisionError):
            sync(ana.pk)

    deactivate(ana.pk, boss(1))
    sync(ana.pk)

    assert tenant.users()[0]["blocked"] is True


@pytest.mark.parametrize("action", ["create account", "give role", "make password ticket"])
def test_a_statement_that_gave_way_to_another_delays_one_employee_and_doubles_nothing(
    tenant: RunningTenant,
    mailoutbox: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    ana = add(auth0_role="manager")
    right_after(monkeypatch, action, give_way)

    assert sync(ana.pk)
    assert next_due(10) == [ana.pk], "at once, and not as somebody whom a fault has met"
    assert sync(ana.pk)

    assert [user["roles"] for user in tenant.users()] == [["manager"]]
    assert row_of(ana).auth0_sync_status == "created"
    assert account_of(ana).lease == ""
    assert len(mailoutbox) == 1
    assert next_due(10) == []


@pytest.mark.parametrize("fault", ["cannot be reached", "loses every answer"])
def test_each_failed_try_doubles_the_wait(
    tenant: RunningTenant, settings: Settings, fault: str
) -> None:
    sync(add(email="first@example.com").pk)  # so that there is a token
    if fault == "cannot be reached":
        settings.AUTH0_BASE_URL = "http://127.0.0.1:9"
    else:
        tenant.fault(match={"method": "POST", "path": "/api/v2/users"}, kind="status", status=500)
    ana = add()
    Account.objects.filter(pk=ana.pk).update(attempts=2)

    sync(ana.pk)

    account = Account.objects.annotate(left=F("due_at") - Now()).get(pk=ana.pk)
    assert account.attempts == 3
    assert 2.5 < account.left.total_seconds() <= 4 * 1.2, "4 s after the third, give or take"


def test_tries_are_quick_then_minutes_then_hourly(settings: Settings) -> None:
    settings.AUTH0_MAX_RETRIES = 3

    waits = [backoff_s(attempts) for attempts in range(1, 12)]

    quick, slower, hourly = [1, 2, 4], [60, 120, 240, 480, 960, 1920], [3600, 3600]
    assert waits == [pytest.approx(wait, rel=0.21) for wait in quick + slower + hourly]
