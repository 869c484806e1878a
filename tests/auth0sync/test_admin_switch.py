"""The page with the switch: for administrators, with a reason, shown on every page."""

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from auth0sync import switch
from auth0sync.models import SyncLog, TenantState
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in

PAGE = reverse("auth0_switch")
HOME = reverse("admin:index")

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def browser(tenant: RunningTenant) -> Client:
    return signed_in("admin", name="Ana Admin")[0]


def text_of(browser: Client, page: str = PAGE) -> str:
    return " ".join(browser.get(page).content.decode().split())


def turn(browser: Client, way: str, reason: str = "") -> str:
    answer = browser.post(PAGE, {"turn": way, "reason": reason}, follow=True)
    return " ".join(answer.content.decode().split())


def test_an_administrator_switches_off_and_everybody_reads_who_and_why(
    browser: Client, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]
    assert "It is on" in text_of(browser)

    assert "Auth0 is switched off." in turn(browser, "off", "Moving to another tenant")

    assert not switch.is_on()
    said = text_of(signed_in("manager")[0], HOME)
    assert "Auth0 was switched off by hand: Moving to another tenant." in said
    assert "By Ana Admin," in said
    assert "Switched off by Ana Admin," in text_of(browser)
    assert "By Ana Admin." in mailoutbox[0].body


def test_and_on_again(browser: Client) -> None:
    switch.pause("auth0_pause", "Moving.")

    assert "Auth0 is switched on" in turn(browser, "on")

    assert switch.is_on()
    assert "switched off by hand" not in text_of(browser, HOME)
    assert SyncLog.objects.get(action="resumed").actor.startswith("admin:")


def test_a_second_press_says_that_it_was_so_already(browser: Client) -> None:
    assert "It was on already" in turn(browser, "on")
    switch.pause("auth0_pause", "Moving.")
    assert "It was off already" in turn(browser, "off", "Again")


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_without_a_reason_nothing_is_done(browser: Client, reason: str) -> None:
    assert "Nothing was done: say why" in turn(browser, "off", reason)

    assert switch.is_on()


def test_a_reason_is_shown_as_text(browser: Client) -> None:
    turn(browser, "off", "<b>why</b>" + "x" * 400)

    assert "<b>why" not in text_of(browser)
    assert len(TenantState.objects.get().paused_reason) == 300


def test_after_a_restore_the_page_says_what_going_on_does(browser: Client) -> None:
    switch.pause_until_reconciled("older copy")

    assert "every account is then read in Auth0" in text_of(browser)


def test_what_the_settings_switch_off_has_no_way_on_here(
    browser: Client, settings: Settings
) -> None:
    settings.AUTH0_SYNC_ENABLED = False

    said = text_of(browser)

    assert "AUTH0_SYNC_ENABLED" in said
    assert "mended in the settings" in said
    assert 'value="on"' not in said
    assert "Switch off</button>" not in said, "it is off, and a second switch would only confuse"


def test_without_a_row_about_the_tenant_the_page_still_opens(browser: Client) -> None:
    TenantState.objects.all().delete()

    assert "It is on" in text_of(browser)


@pytest.mark.parametrize("role", ["manager", "finance", "team_lead"])
def test_nobody_else_may_turn_it(tenant: RunningTenant, role: str) -> None:
    browser = signed_in(role, department="Picking", workspace="MS")[0]

    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, {"turn": "off", "reason": "x"}).status_code == 403
    assert switch.is_on()


def test_the_break_glass_administrator_may(tenant: RunningTenant, client: Client) -> None:
    client.force_login(User.objects.create_superuser("break-glass"))

    turn(client, "off", "Emergency")

    assert not switch.is_on()
    assert "By break-glass," in text_of(client, HOME)


def test_who_is_not_signed_in_is_sent_to_the_log_in(tenant: RunningTenant, client: Client) -> None:
    assert client.post(PAGE, {"turn": "off", "reason": "x"}).status_code == 302
    assert switch.is_on()


def test_a_post_without_the_forms_token_is_refused(browser: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = browser.cookies

    assert careful.post(PAGE, {"turn": "off", "reason": "x"}).status_code == 403
    assert switch.is_on()
