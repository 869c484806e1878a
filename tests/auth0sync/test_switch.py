"""The switch: nothing is called while it is off, and nothing is lost meanwhile."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import pace, switch
from auth0sync.context import notices
from auth0sync.due import next_due
from auth0sync.engine import sync
from auth0sync.models import Account, Pause, SyncLog, TenantState
from auth0sync.status import Weather
from auth0sync.sweep import hand_out
from auth0sync.tasks import sync_due
from tests.auth0sync.people import account_of, add, right_after_query, row_of
from tests.devtenant.running import RunningTenant

EVERYTHING = {"path": "/api/v2/.*"}

pytestmark = pytest.mark.django_db


def state() -> TenantState:
    return TenantState.objects.get()


def users(tenant: RunningTenant) -> int:
    return len(tenant.users())


def said(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


# Off and on


def test_nothing_is_called_while_it_is_paused_and_everybody_is_done_afterwards(
    tenant: RunningTenant,
) -> None:
    switch.pause("admin:1", "Moving to another tenant.")
    ana, ben = add(), add(email="ben@example.com")

    sync(ana.pk)
    sync_due()

    assert tenant.calls() == []
    assert row_of(ana).auth0_sync_status == "pending"
    assert account_of(ana).attempts == 0

    switch.resume("admin:1")
    sync_due()

    assert users(tenant) == 2
    assert row_of(ana).auth0_sync_status == row_of(ben).auth0_sync_status == "created"


def test_it_is_asked_before_every_call(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add(auth0_role="finance")
    record = switch.remember_tenant

    def pause_after_the_first_write() -> None:
        record()
        switch.pause("admin:1")

    monkeypatch.setattr(switch, "remember_tenant", pause_after_the_first_write)

    sync(ana.pk)

    assert [call["method"] for call in tenant.calls(path_regex="/api/v2/.*")] == ["POST"]
    switch.resume("admin:1")
    sync(ana.pk)
    assert tenant.users()[0]["roles"] == ["finance"]
    assert users(tenant) == 1


def test_whoever_waits_for_a_slot_meanwhile_calls_no_more(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    monkeypatch.setattr(pace, "take_slot", lambda *args: switch.pause("admin:1"))

    sync(ana.pk)

    assert tenant.calls(path_regex="/api/v2/.*") == []
    assert (account_of(ana).lease, account_of(ana).attempts) == ("", 0)


def test_no_task_is_queued_while_it_is_paused(tenant: RunningTenant) -> None:
    from django_q.models import OrmQ

    add()
    OrmQ.objects.all().delete()
    switch.pause("admin:1")

    hand_out()

    assert not OrmQ.objects.exists()


def test_whoever_was_turned_away_is_due_as_soon_as_it_is_on(tenant: RunningTenant) -> None:
    ana = add()
    switch.pause("admin:1")
    sync(ana.pk)
    assert next_due(10) == []

    switch.resume("admin:1")

    assert next_due(10) == [ana.pk]


def test_whoever_failed_keeps_waiting_when_it_is_switched_on(tenant: RunningTenant) -> None:
    ana = add()
    tenant.fault(match=EVERYTHING, kind="status", status=503, times=2)
    sync(ana.pk)
    waits_until = account_of(ana).due_at
    switch.pause("admin:1")

    switch.resume("admin:1")

    assert account_of(ana).attempts == 1
    assert account_of(ana).due_at == waits_until


def test_a_second_pause_leaves_who_and_why_of_the_first(tenant: RunningTenant) -> None:
    assert switch.pause("admin:1", "first")

    assert not switch.pause("admin:2", "second")

    assert (state().paused_by, state().paused_reason) == ("admin:1", "first")


def test_switching_on_what_is_on_does_nothing(tenant: RunningTenant) -> None:
    assert not switch.resume("admin:1")
    assert not SyncLog.objects.exists()


def test_off_and_on_stand_in_the_log_with_who_and_why(tenant: RunningTenant) -> None:
    switch.pause("admin:1", "Moving.")
    switch.resume("admin:2", "Moved.")

    rows = SyncLog.objects.order_by("id").values_list(
        "action", "actor", "status", "employee_id", "response_data"
    )

    assert list(rows) == [
        ("paused", "admin:1", "success", None, {"reason": "Moving."}),
        ("resumed", "admin:2", "success", None, {"reason": "Moved."}),
    ]


# The settings


def test_an_empty_domain_is_off(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_DOMAIN = ""

    off = switch.why_off()

    assert off is not None
    assert off.code == "not_configured"


def test_the_environment_switches_it_off(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_SYNC_ENABLED = False

    off = switch.why_off()

    assert off is not None
    assert off.code == "switched_off"


def test_without_a_row_about_the_tenant_it_is_on(tenant: RunningTenant) -> None:
    TenantState.objects.all().delete()

    assert switch.is_on()


# After a restore


def test_after_a_restore_nothing_is_called_until_somebody_switches_it_on(
    tenant: RunningTenant,
) -> None:
    ana = add()
    call_command("auth0_pause", "--until-reconciled", "Restored.", stdout=StringIO())

    sync(ana.pk)

    off = switch.why_off()
    assert off is not None
    assert off.code == "restored"
    assert tenant.calls() == []


def test_going_on_after_a_restore_reads_every_account_first(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    tenant.api("PATCH", f"/users/{account_of(ana).user_id}", {"name": "Changed since the backup"})
    switch.pause_until_reconciled("An account has a later generation.")
    assert state().paused_by == switch.ENGINE

    switch.resume("admin:1")
    sync(ana.pk)

    assert tenant.users()[0]["name"] == ana.name
    assert account_of(ana).is_clean


def test_every_page_of_accounts_is_doubted(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "PAGE", 2)
    people = [add(email=f"p{number}@example.com") for number in range(5)]
    Account.objects.update(origin="created")
    pin = add(auth_method="pin")

    switch.doubt_everything("admin:1")

    assert all(account_of(person).look_at for person in people)
    assert account_of(pin).look_at is None


def test_a_pause_by_hand_becomes_one_until_reconciled(tenant: RunningTenant) -> None:
    switch.pause("admin:1", "by hand")

    assert switch.pause_until_reconciled("older copy")

    assert (state().until_reconciled, state().paused_reason) == (True, "older copy")
    assert not switch.pause_until_reconciled("again")


def test_a_comparison_that_had_begun_does_not_end_the_pause_that_became_one(
    tenant: RunningTenant,
) -> None:
    switch.pause("admin:1", "by hand")
    began_at = timezone.now() - timedelta(minutes=1)
    TenantState.objects.update(paused_at=began_at - timedelta(minutes=1))

    switch.pause_until_reconciled("older copy")

    assert not switch.reconciled("auth0_reconcile", began_at)
    assert state().paused_at is not None


def test_who_switches_on_while_the_console_finds_an_older_copy_leaves_it_off(
    tenant: RunningTenant,
) -> None:
    switch.pause("admin:1", "by hand")

    with right_after_query(
        "auth0_tenant_state", lambda: switch.pause_until_reconciled("older copy")
    ):
        ended = switch.resume("admin:1")

    assert not ended
    assert (state().until_reconciled, state().paused_reason) == (True, "older copy")
    assert not SyncLog.objects.filter(action="resumed").exists()


# The tenant in the settings


def test_the_tenant_is_remembered_at_the_first_account(tenant: RunningTenant) -> None:
    assert state().domain == ""

    sync(add().pk)

    assert state().domain == tenant.domain


def test_a_call_that_fails_does_not_choose_the_tenant(tenant: RunningTenant) -> None:
    tenant.fault(match=EVERYTHING, kind="status", status=503, times=10)

    sync(add().pk)

    assert state().domain == ""


def test_in_another_tenant_nothing_is_called(tenant: RunningTenant) -> None:
    TenantState.objects.update(domain="acme.eu.auth0.com")

    sync(add().pk)

    assert tenant.calls() == []
    off = switch.why_off()
    assert off is not None
    assert off.code == "foreign_tenant"
    assert "acme.eu.auth0.com" in off.text
    assert tenant.domain in off.text


def test_an_adopted_tenant_is_called_and_every_account_read_first(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    tenant.api("PATCH", f"/users/{account_of(ana).user_id}", {"name": "Somebody"})
    TenantState.objects.update(domain="acme.eu.auth0.com", role_ids={"finance": "rol_1"})
    Pause.objects.create(capability="roles", code="x", error="x", probe_at=Now())

    switch.adopt_tenant("auth0_doctor")
    sync(ana.pk)

    assert state().domain == tenant.domain
    assert state().role_ids == {}
    assert not Pause.objects.exists()
    assert tenant.users()[0]["name"] == ana.name


# What people read


def test_pages_say_who_when_and_why(tenant: RunningTenant) -> None:
    switch.pause("auth0_pause", "Moving to another tenant.")
    add()

    [sentence] = notices()

    assert sentence.startswith("Auth0 was switched off by hand: Moving to another tenant. ")
    assert re.search(
        r"By the command auth0_pause, \d\d:\d\d UTC\. Go on adding and changing people; .+ other "
        r"programs may let them in until Auth0 has been told\. 1 person waits, "
        r"since \d\d:\d\d UTC\.$",
        sentence,
    )
    assert Weather.today().standstill() in sentence


def test_what_the_console_paused_itself_is_said_so(tenant: RunningTenant) -> None:
    switch.pause_until_reconciled("An account has a later generation.")

    [sentence] = notices()

    assert "By the console itself" in sentence
    assert "later generation" in sentence


def test_a_foreign_tenant_is_on_every_page(tenant: RunningTenant) -> None:
    TenantState.objects.update(domain="acme.eu.auth0.com")

    [sentence] = notices()

    assert "auth0_doctor --adopt-tenant" in sentence


# The commands


def test_the_commands_switch_off_and_on(tenant: RunningTenant) -> None:
    assert "switched off." in said("auth0_pause", "Moving.")
    assert state().paused_reason == "Moving."
    assert "off already" in said("auth0_pause", "Again.")
    assert said("auth0_resume") == "Auth0 is switched on.\n"
    assert said("auth0_resume") == "Auth0 was on already.\n"


def test_auth0_resume_says_what_else_is_in_the_way(
    tenant: RunningTenant, settings: Settings
) -> None:
    switch.pause("auth0_pause")
    settings.AUTH0_SYNC_ENABLED = False

    with pytest.raises(CommandError, match="AUTH0_SYNC_ENABLED"):
        call_command("auth0_resume")

    assert state().paused_at is None


def test_auth0_sync_refuses_with_the_reason(tenant: RunningTenant) -> None:
    switch.pause("auth0_pause", "Moving.")

    with pytest.raises(CommandError, match="Moving"):
        call_command("auth0_sync", "--due")


@pytest.mark.parametrize("name", ["auth0_pause", "auth0_resume"])
def test_unknown_options_are_refused(tenant: RunningTenant, name: str) -> None:
    with pytest.raises(CommandError, match="unrecognized"):
        call_command(name, "--nonsense")
