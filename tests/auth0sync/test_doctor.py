"""The doctor: what is right, what isn't, the step that mends it, and an exit status for cron."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import switch, token
from auth0sync.doctor import Finding, findings
from auth0sync.engine import sync
from auth0sync.models import Account, Heartbeat, Pause, TenantState
from tests.auth0sync.people import account_of, add
from tests.builders import make_auth, make_employee
from tests.devtenant.running import RunningTenant
from tests.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def well(tenant: RunningTenant, settings: Settings) -> RunningTenant:
    """An installation with nothing to mend."""
    settings.ALERT_EMAILS = ["ops@example.com"]
    Heartbeat.objects.create(name="w", beaten_at=Now())
    return tenant


def faults() -> dict[str, Finding]:
    return {finding.what: finding for finding in findings() if finding.mend}


def examined(*arguments: str) -> str:
    out = StringIO()
    try:
        call_command("auth0_doctor", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_when_all_is_well_it_says_so_line_by_line(well: RunningTenant) -> None:
    assert faults() == {}

    said = examined()

    assert "ok    Token: Auth0 gives one" in said
    assert "FAULT" not in said


def test_each_fault_is_printed_with_its_mending_step_and_the_status_is_not_zero(
    well: RunningTenant,
) -> None:
    switch.pause("auth0_pause", "Moving.")

    said = examined()

    assert (
        "FAULT Switch: Auth0 was switched off by hand: Moving. By the command auth0_pause," in said
    )
    assert "      → Run “auth0_resume”.\n" in said
    assert said.endswith("1 to mend.")


@pytest.mark.parametrize(
    ("audience", "text"),
    [
        ("", "Access tokens: None is taken, since AUTH0_API_AUDIENCE isn't set."),
        (
            "https://a.example.com/",
            "Access tokens: /api/employee/verify takes those for https://a.",
        ),
    ],
)
def test_it_says_which_access_tokens_are_taken(
    well: RunningTenant, settings: Settings, audience: str, text: str
) -> None:
    settings.AUTH0_API_AUDIENCE = audience

    assert f"ok    {text}" in examined()


def scopes_are_missing() -> None:
    Pause.objects.create(
        pk="create", code="x", error="Not allowed.", missing="create:users", probe_at=Now()
    )


@pytest.mark.parametrize(
    ("what", "breaks", "mend"),
    [
        ("Worker", lambda: Heartbeat.objects.all().delete(), "qcluster"),
        (
            "Outage",
            lambda: TenantState.objects.update(down_since=Now() - timedelta(minutes=3)),
            "goes on by itself",
        ),
        ("Auth0 refuses “create”", scopes_are_missing, "create:users"),
        ("Switch", lambda: TenantState.objects.update(domain="a.auth0.com"), "--adopt-tenant"),
        ("Switch", lambda: switch.pause_until_reconciled("older"), "auth0_resume"),
        (
            "Database",
            lambda: MigrationRecorder.Migration.objects.filter(app="auth0sync").delete(),
            "migrate",
        ),
    ],
)
def test_what_is_wrong_has_a_step_that_mends_it(
    well: RunningTenant, what: str, breaks: Callable[[], object], mend: str
) -> None:
    breaks()

    found = faults()

    assert list(found) == [what]
    assert mend in found[what].mend


@pytest.mark.parametrize(
    ("what", "setting", "value", "mend"),
    [
        ("Token", "AUTH0_CLIENT_SECRET", "wr0ng", "AUTH0_CLIENT_SECRET"),
        ("Switch", "AUTH0_SYNC_ENABLED", False, "AUTH0_SYNC_ENABLED"),
        ("Switch", "AUTH0_DOMAIN", "", "AUTH0_DOMAIN"),
        ("Mail", "MAIL_CONFIGURED", False, "EMAIL_URL"),
        ("Alerts", "ALERT_EMAILS", [], "ALERT_EMAILS"),
    ],
)
def test_a_wrong_setting_is_named(
    well: RunningTenant, settings: Settings, what: str, setting: str, value: object, mend: str
) -> None:
    setattr(settings, setting, value)

    found = faults()

    assert list(found) == [what]
    assert mend in found[what].mend


def test_a_webhook_is_enough_of_an_alert(well: RunningTenant, settings: Settings) -> None:
    settings.ALERT_EMAILS, settings.ALERT_WEBHOOK_URL = [], "https://hooks.example.com/k3y"

    assert faults() == {}


def test_a_mail_server_that_is_not_there_is_found(
    well: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailBackend) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "open", refuse)

    assert list(faults()) == ["Mail"]


def test_a_tenant_that_is_not_there_is_found(well: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"
    token._held = None

    assert "can't be reached (ConnectError)" in faults()["Tenant"].text


def test_a_tenant_that_answers_with_an_error_is_found(well: RunningTenant) -> None:
    well.fault(match={"path": "/.well-known/.*"}, kind="status", status=503)

    assert "answers 503" in faults()["Tenant"].text


def test_plain_text_that_is_left_is_counted_with_the_command_that_takes_it_away(
    well: RunningTenant,
) -> None:
    make_auth(make_employee(), pin="7391", pin_plain="7391")
    make_auth(make_employee(), pin_plain="8264")

    found = faults()

    assert list(found) == ["Plain text"]
    assert found["Plain text"].text == (
        "There are 1 plain PINs (employee_auth.pin), "
        "2 plain copies of PINs (employee_auth.pin_plain)."
    )
    assert "scrub_plaintext --apply" in found["Plain text"].mend


def test_who_waits_is_counted(well: RunningTenant) -> None:
    switch.pause("auth0_pause")
    add()

    assert "Waiting: 1;" in examined()


def test_who_waits_is_said_to_wait_since_it_began_not_since_the_last_try(
    well: RunningTenant,
) -> None:
    ana = add()
    began = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    Account.objects.filter(pk=ana.pk).update(waiting_since=began, due_at=Now(), attempts=7)

    assert "the first since 2 March, 09:00 UTC" in examined()


def test_it_prints_no_secret_and_no_token(well: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_CLIENT_SECRET = "wr0ng-s3cret-of-ours"

    assert "wr0ng-s3cret" not in examined()


def test_adopting_the_tenant_lets_calls_go_out_again(well: RunningTenant) -> None:
    TenantState.objects.update(domain="acme.eu.auth0.com")
    ana = add()

    assert "adopted" in examined("--adopt-tenant")
    sync(ana.pk)

    assert account_of(ana).origin == "created"


def test_there_is_nothing_to_adopt_without_a_domain(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = ""

    assert "AUTH0_DOMAIN" in examined("--adopt-tenant")
    assert TenantState.objects.get().domain == ""


def test_unknown_options_are_refused(well: RunningTenant) -> None:
    with pytest.raises(CommandError, match="unrecognized"):
        call_command("auth0_doctor", "--nonsense")
