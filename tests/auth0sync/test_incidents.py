"""What stands in everybody's way is told when it begins and when it is over."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from auth0sync import incidents, switch
from auth0sync.engine import sync
from auth0sync.models import (
    Account,
    Comparison,
    Difference,
    Incident,
    Pause,
    StagedBatch,
    TenantState,
)
from auth0sync.sweep import Sweeper
from employees.models import PlannedMove
from tests.auth0sync.people import account_of, add
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]


def subjects(outbox: list[EmailMessage]) -> list[str]:
    return [mail.subject.removeprefix("Identity console: ") for mail in outbox]


def gone_for_good(minutes: int = 6) -> None:
    """What isn't there any more stays so for some minutes."""
    incidents.look()
    Incident.objects.exclude(gone_at=None).update(gone_at=Now() - timedelta(minutes=minutes))
    incidents.look()


def test_all_well_says_nothing(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> None:
    incidents.look()

    assert mailoutbox == []


def test_the_switch_is_told_with_who_and_why_and_its_end_too(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    switch.pause("auth0_pause", "Moving.")
    incidents.look()
    incidents.look()
    switch.resume("auth0_resume")
    incidents.look()

    assert subjects(mailoutbox) == [
        "the link to Auth0 is switched off",
        "Over: the link to Auth0 is switched off",
    ]
    assert "Moving. By the command auth0_pause." in mailoutbox[0].body
    assert "docs/alerts.md" in mailoutbox[0].body


def test_what_the_safety_brake_holds_is_told_until_somebody_has_decided(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    batch = StagedBatch.objects.create(kind=StagedBatch.Kind.CHANGES)
    Account.objects.create(pk=1, batch=batch)
    incidents.look()
    batch.state = StagedBatch.State.APPROVED
    batch.save()
    incidents.look()

    held = "changes wait for a second administrator"
    assert subjects(mailoutbox) == [held, f"Over: {held}"]
    assert "1 people" not in mailoutbox[0].body


def test_another_tenant_is_told(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> None:
    TenantState.objects.update(domain="acme.eu.auth0.com")

    incidents.look()

    assert "isn't the tenant of the accounts" in mailoutbox[0].subject
    assert "--adopt-tenant" in mailoutbox[0].body


def test_a_restored_database_is_told(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> None:
    switch.pause_until_reconciled("An account has a later generation.")

    incidents.look()

    assert "By the console itself" in mailoutbox[0].body


def test_a_refused_client_is_told_with_what_to_do_and_never_the_secret(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.AUTH0_CLIENT_SECRET = "wr0ng-s3cret-of-ours"
    sync(add().pk)

    incidents.look()

    [mail] = mailoutbox
    assert "Auth0 refuses the console: token" in mail.subject
    assert "AUTH0_CLIENT_SECRET" in mail.body
    assert "wr0ng-s3cret" not in str(mail.message())


def test_a_missing_scope_is_told_by_its_name_and_its_end_when_it_was_granted(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    pause = {"code": "insufficient_scope", "error": "Auth0 doesn't allow this."}
    Pause.objects.create(pk="create", missing="create:users", probe_at=Now(), **pause)
    incidents.look()
    Pause.objects.all().delete()
    gone_for_good()

    assert "Missing: create:users." in mailoutbox[0].body
    assert subjects(mailoutbox)[1] == "Over: Auth0 refuses the console: create"


def test_an_outage_is_told_when_it_lasts(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    TenantState.objects.update(down_since=Now() - timedelta(minutes=1))
    incidents.look()
    assert mailoutbox == []

    TenantState.objects.update(down_since=Now() - timedelta(minutes=7))
    incidents.look()
    assert "hasn't answered for 7 minutes" in mailoutbox[0].body

    TenantState.objects.update(down_since=None)
    gone_for_good()
    assert subjects(mailoutbox)[1] == "Over: Auth0 doesn't answer"


def test_what_the_settings_switch_off_is_not_told(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    TenantState.objects.update(domain="acme.eu.auth0.com")

    incidents.look()

    assert mailoutbox == []


def test_incidents_of_others_are_left_alone(tenant: RunningTenant) -> None:
    Incident.objects.create(pk="brake", subject="held")

    incidents.look()

    assert Incident.objects.get().ended_at is None


def test_the_sweep_looks(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> None:
    switch.pause("auth0_pause")
    ana = add()

    Sweeper().tick()

    assert len(mailoutbox) == 1
    assert account_of(ana).due_at is not None


def test_a_leaver_who_was_unblocked_in_auth0_is_told(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    Difference.objects.create(kind="open", employee_id=42)
    incidents.look()
    Difference.objects.update(state=Difference.State.CLOSED)
    incidents.look()

    first, second = subjects(mailoutbox)
    assert first == "open in Auth0 to somebody who left"
    assert "employees 42 (1 in all)" in mailoutbox[0].body
    assert second == f"Over: {first}"


def test_nights_without_a_comparison_are_told_with_the_reason(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    TenantState.objects.update(compared_at=Now() - timedelta(hours=37))
    incidents.look()
    assert mailoutbox == []  # none has failed: it only waits for its turn

    Comparison.objects.create(state="failed", error="No exports in this plan.", finished_at=Now())
    incidents.look()

    assert subjects(mailoutbox) == ["the accounts can't be compared with Auth0"]
    assert "No exports in this plan." in mailoutbox[0].body


def test_a_failure_from_before_the_last_comparison_is_no_reason(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    TenantState.objects.update(compared_at=Now() - timedelta(hours=37))
    Comparison.objects.create(state="failed", finished_at=Now() - timedelta(hours=40))

    incidents.look()

    assert mailoutbox == []


def test_a_plan_that_was_refused_is_told_with_whose_it_is(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    leave, failed = PlannedMove.Kind.LEAVE, PlannedMove.State.FAILED
    bob, ana = add(), add(email="ana2@example.com")
    for who in (ana, bob):
        PlannedMove.objects.create(employee=who, kind=leave, state=failed, at=Now())
    incidents.look()
    PlannedMove.objects.update(state=PlannedMove.State.DONE)
    incidents.look()

    first, second = subjects(mailoutbox)
    assert first == "a planned joining or leaving wasn't carried out"
    assert f"planned for {bob.pk}, {ana.pk} was refused" in mailoutbox[0].body
    assert second == f"Over: {first}"


# Of these there may be millions of rows, and the look is made every ten seconds.
GROWING = (
    *("auth0_sync_logs", "auth0_events", "auth0_accounts", "auth0_differences", "employees"),
    *("employee_receipts", "employee_receipt_doors", "employee_planned_moves", "auth0_tellings"),
)


@pytest.mark.once
def test_the_look_reads_only_a_stretch_of_an_index_of_what_grows(tenant: RunningTenant) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        incidents.look()
        Sweeper()._tell(0)
    plans = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith(("SELECT", "UPDATE", "DELETE")):
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += [(row[3], query["sql"]) for row in cursor.fetchall()]

    whole = [
        (plan, sql)
        for plan, sql in plans
        if plan.startswith("SCAN") and plan.split()[1] in GROWING and " LIMIT " not in sql
    ]
    found = " ".join(plan for plan, _ in plans)
    assert whole == []
    assert "auth0_event_type (type=? AND id>?)" in found
    assert "auth0_difference_group (state=? AND kind=?)" in found
