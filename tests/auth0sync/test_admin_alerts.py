"""The page "Alerts" and the command of that name: what is wrong, who hears of it, and a test."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from auth0sync import alert_delivery
from auth0sync.alerts import alert, gone, over
from auth0sync.models import Incident, Telling
from tests.auth0sync.test_alert_delivery import no_mail_server, quiet_now
from tests.auth0sync.test_alerts import Webhook, webhook
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in

__all__ = ["webhook"]

PAGE = reverse("auth0_alerts")

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def browser(tenant: RunningTenant, settings: Settings) -> Client:
    settings.ALERT_EMAILS = ["jo@example.com", "it@example.com"]
    return signed_in("admin", name="Ana Admin")[0]


def text_of(browser: Client) -> str:
    return " ".join(browser.get(PAGE).content.decode().split())


def pressed(browser: Client) -> str:
    return " ".join(browser.post(PAGE, follow=True).content.decode().split())


def test_it_shows_what_is_wrong_and_what_was(browser: Client) -> None:
    alert("outage", "Auth0 doesn't answer", "See the status page.")
    gone("outage")
    Incident.objects.update(returns=2)
    alert("token", "It was refused", "…")
    over("token")

    said = text_of(browser)

    assert "Auth0 doesn&#x27;t answer" in said and "See the status page." in said
    assert "Gone since" in said and "came back 2 times" in said
    assert "It was refused" in said.partition(">Over<")[2]


def test_it_shows_who_is_told_without_an_address_that_could_be_used(
    browser: Client, settings: Settings
) -> None:
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/services/k3y"
    settings.ALERT_HEARTBEAT_URL = "https://watch.example.com/p1ng"
    quiet_now(settings)

    said = text_of(browser)

    assert "j…@example.com, i…@example.com" in said
    assert "hooks.example.com" in said and "k3y" not in said
    assert "watch.example.com gets a sign of life" in said and "p1ng" not in said
    assert "Quiet hours: " in said
    assert "Nothing was sent yet" in said


def test_the_test_goes_out_at_once_and_its_outcome_is_shown(
    browser: Client, settings: Settings, webhook: Webhook, mailoutbox: list[EmailMessage]
) -> None:
    quiet_now(settings)

    said = pressed(browser)

    assert "The test went out by e-mail." in said
    assert "The test went out by webhook." in said
    assert mailoutbox[0].subject == "Identity console: a test of the alerts"
    assert "Ana Admin asked for this test." in mailoutbox[0].body
    assert webhook.posted[0]["key"] == "test"
    assert "it went out" in said


def test_a_test_that_fails_says_why(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    no_mail_server(monkeypatch)

    said = pressed(browser)

    assert "The test didn&#x27;t go out by e-mail: The mail server took no mail" in said
    assert "It is tried again for two days." in said


def test_what_was_given_up_is_not_said_to_wait(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_mail_server(monkeypatch)
    alert("token", "It was refused", "…")
    assert 'class="console-labelled">1<' in text_of(browser)

    Telling.objects.update(written_at=Now() - timedelta(days=3))

    said = text_of(browser)
    assert "It was given up after two days." in said
    assert 'class="console-labelled">0<' in said


def test_a_test_that_others_wait_before_says_so(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_delivery, "AT_ONCE", 0)

    assert "it waits for its turn" in pressed(browser)


def test_where_nobody_is_told_it_says_so(browser: Client, settings: Settings) -> None:
    settings.ALERT_EMAILS = []

    assert "Nobody is told" in text_of(browser)
    assert "Nobody is told" in pressed(browser)


def test_others_have_no_such_page(tenant: RunningTenant) -> None:
    assert signed_in("manager")[0].get(PAGE).status_code == 403


def test_the_menu_leads_there(browser: Client) -> None:
    assert f'href="{PAGE}"' in text_of(browser)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("auth0_alerts", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_lists_what_is_wrong() -> None:
    assert "Nothing is wrong" in run()

    alert("token", "It was refused", "…")

    assert "UTC  It was refused" in run()


def test_the_command_tries_the_alerts_out(
    settings: Settings, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="Nobody is told"):
        run("--test")
    settings.ALERT_EMAILS = ["jo@example.com"]
    assert "The test went out by e-mail." in run("--test")
    no_mail_server(monkeypatch)
    with pytest.raises(CommandError, match="Not every channel"):
        run("--test")


def test_a_telling_says_what_it_is() -> None:
    row = Telling(channel="mail", key="token", state="begun", written_at=Now())

    assert str(row) == "token begun, by e-mail"
