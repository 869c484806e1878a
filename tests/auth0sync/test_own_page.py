"""The page of whoever is signed in: what it says, and the mails that it asks for."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import Settings

from auth0sync.engine import sync
from auth0sync.models import Account
from employees.console_sessions import USED_AT
from employees.console_users import signed_in, user_for
from employees.models import Employee
from employees.services import deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

PASSWORD_MAIL = "/me/password/"
VERIFY = "/me/verify/"


def browser_of(employee: Employee, role: str | None = None) -> Client:
    """A browser in which this person is signed in."""
    user = user_for(employee)
    signed_in(user, employee, role or employee.auth0_role)
    browser = Client()
    browser.force_login(user)
    return browser


def text(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def with_account(tenant: RunningTenant, invitation: str = "none", **over: Any) -> Employee:
    """Somebody with an account, who hasn't been mailed."""
    ana = add(invitation, **over)
    sync(ana.pk)
    return row_of(ana)


def test_without_a_log_in_it_leads_to_the_log_in(db: None, client: Client) -> None:
    assert client.get("/")["Location"] == "/login/?next=/"


def test_it_says_who_somebody_is(tenant: RunningTenant) -> None:
    ana = with_account(tenant, department="Picking", workspace="TX", auth0_role="team_lead")

    page = text(browser_of(ana).get("/"))

    for fact in ("Ana O'Brien Ortiz", "Picking", "Texas", "ana@example.com", "Not verified yet"):
        assert fact in page.replace("&#x27;", "'")
    assert "PIN and Auth0 account" in page
    assert "Team leadYou can manage the people of your department" in page


def test_it_says_since_when_the_email_is_verified(tenant: RunningTenant) -> None:
    ana = with_account(tenant, "verified")

    page = browser_of(ana).get("/")

    assert "Verified since" in text(page)
    assert VERIFY not in page.content.decode()


def test_it_says_when_a_role_counts_less_for_now(tenant: RunningTenant) -> None:
    ana = with_account(tenant, auth0_role="manager")

    assert "Counts as Team lead for now" in text(browser_of(ana, "team_lead").get("/"))


@pytest.mark.parametrize(("role", "leads"), [("manager", True), ("production_associate", False)])
def test_the_way_into_the_admin_is_for_those_who_have_one(
    tenant: RunningTenant, role: str, leads: bool
) -> None:
    browser = browser_of(make_employee(auth_method="auth0", auth0_role=role))

    assert ('href="/admin/"' in browser.get("/").content.decode()) is leads


def test_without_an_account_of_ours_it_offers_no_mail(tenant: RunningTenant) -> None:
    browser = browser_of(make_employee(auth_method="auth0", auth0_user_id="auth0|x"))

    assert PASSWORD_MAIL not in browser.get("/").content.decode()
    assert "No new mail: no account yet." in text(browser.post(PASSWORD_MAIL, follow=True))


def test_a_mail_brings_a_link_for_a_new_password(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "verified")

    page = text(browser_of(ana).post(PASSWORD_MAIL, follow=True))

    assert "A mail to ana@example.com is on its way" in page
    assert mailoutbox == [], "the request calls nobody"
    sync(ana.pk)
    assert mailoutbox[0].to == ["ana@example.com"]
    assert mailoutbox[0].subject == "Set a new password"
    assert f"{tenant.base_url}/u/reset-password?ticket=" in mailoutbox[0].body
    assert "Password mail" in text(browser_of(ana).get("/"))


def test_the_link_is_nowhere_but_in_the_mail(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], caplog: pytest.LogCaptureFixture
) -> None:
    ana = with_account(tenant, "verified")
    browser_of(ana).post(PASSWORD_MAIL)
    sync(ana.pk)

    ticket = mailoutbox[0].body.partition("ticket=")[2].split()[0].removesuffix("#")

    assert len(ticket) > 10
    assert ticket not in repr(list(Account.objects.values())) + caplog.text


def test_the_password_mail_goes_to_the_accounts_own_address(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "personal", personal_email="ana.home@example.com")
    mailoutbox.clear()
    Account.objects.update(invitation_sent_at=None)

    browser_of(ana).post(PASSWORD_MAIL)
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


@pytest.mark.parametrize(
    ("invitation", "subject"),
    [("none", "Your account is ready: set your password"), ("personal", "Set a new password")],
)
def test_the_verification_mail_goes_where_it_proves_the_address(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], invitation: str, subject: str
) -> None:
    ana = with_account(tenant, invitation, personal_email="ana.home@example.com")
    mailoutbox.clear()
    Account.objects.update(invitation_sent_at=None)

    browser_of(ana).post(VERIFY)
    sync(ana.pk)

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["ana@example.com"], subject)]
    assert tenant.state()["tickets"][-1]["mark_email_as_verified"]


def test_auth0_sends_the_verification_mail_again_where_it_sent_the_first(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "auth0")
    Account.objects.update(invitation_sent_at=None)
    before = len(tenant.outbox())

    browser_of(ana).post(VERIFY)
    sync(ana.pk)

    assert mailoutbox == []
    assert len(tenant.outbox()) == before + 1


def test_auth0s_own_mail_is_not_what_a_password_comes_by(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "auth0")
    Account.objects.update(invitation_sent_at=None)

    browser_of(ana).post(PASSWORD_MAIL)
    sync(ana.pk)

    assert [mail.subject for mail in mailoutbox] == ["Set a new password"]


def test_a_double_click_sends_one_mail(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "verified")
    browser = browser_of(ana)

    browser.post(PASSWORD_MAIL)
    second = text(browser.post(PASSWORD_MAIL, follow=True))
    sync(ana.pk)
    third = text(browser.post(PASSWORD_MAIL, follow=True))
    sync(ana.pk)

    assert "No new mail: on its way already." in second
    assert "No new mail: a mail was sent less than a minute ago." in third
    assert len(mailoutbox) == 1


def test_a_verified_address_is_not_verified_again(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "verified")

    assert "verified already" in text(browser_of(ana).post(VERIFY, follow=True))
    sync(ana.pk)
    assert mailoutbox == []


def test_a_password_mail_waits_for_a_mail_server(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "auth0")
    Account.objects.update(invitation_sent_at=None)
    settings.MAIL_CONFIGURED = False
    browser_of(ana).post(PASSWORD_MAIL)

    sync(ana.pk)
    assert (account_of(ana).invitation, mailoutbox) == ("waiting", [])
    settings.MAIL_CONFIGURED = True
    time_passes(ana.pk)
    sync(ana.pk)

    assert [mail.subject for mail in mailoutbox] == ["Set a new password"]


def test_a_later_invitation_is_an_invitation_again(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    from auth0sync.due import invite_again

    ana = with_account(tenant, "work")
    Account.objects.update(invitation_sent_at=None)
    browser_of(ana).post(PASSWORD_MAIL)
    sync(ana.pk)

    invite_again([ana.pk], actor="admin:1")
    sync(ana.pk)

    subjects = [mail.subject for mail in mailoutbox]
    assert subjects[1:] == ["Set a new password", "Your account is ready: set your password"]


def test_a_password_mail_is_no_invitation_to_whoever_looks_after_people(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], admin_client: Client
) -> None:
    ana = with_account(tenant, "none")
    page = reverse("admin:employees_employee_change", args=[ana.pk])
    before = text(admin_client.get(page))

    browser_of(ana).post(PASSWORD_MAIL)
    sync(ana.pk)

    after = text(admin_client.get(page))
    assert "Nobody was invited." in before
    assert "Password mail sent" in after
    assert "Password mail Sent" in after
    assert "Invitation sent" not in after
    assert "Invitation Sent" not in after


def test_no_password_mail_goes_to_somebody_who_left(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = with_account(tenant, "verified")
    browser_of(ana).post(PASSWORD_MAIL)
    deactivate(ana.pk, boss())

    sync(ana.pk)

    assert mailoutbox == []


@pytest.mark.parametrize("path", [PASSWORD_MAIL, VERIFY])
def test_buttons_post_and_need_a_person(
    tenant: RunningTenant, admin_client: Client, path: str
) -> None:
    assert browser_of(make_employee(auth_method="auth0")).get(path)["Location"] == "/"
    assert admin_client.post(path)["Location"] == "/"


@pytest.mark.parametrize("path", [PASSWORD_MAIL, VERIFY])
def test_a_button_after_the_session_ended_leads_by_the_log_in_to_the_own_page(
    tenant: RunningTenant, path: str
) -> None:
    ana = with_account(tenant)

    login_page = Client().post(path)["Location"]

    assert login_page == f"/login/?next={path}"
    page = browser_of(ana).get(login_page, follow=True)
    assert page.redirect_chain[-1] == ("/", 302)
    assert "Nothing was done: press the button again." in text(page)
    assert account_of(ana).invitation == ""


# --- Where else they are signed in ---


def elsewhere(person: Employee, times: int = 1) -> list[Client]:
    """Other browsers of the same person, which have been used."""
    browsers = [browser_of(person) for _ in range(times)]
    for browser in browsers:
        session = browser.session
        del session[USED_AT]
        session.save()
        browser.get("/", headers={"User-Agent": "Chrome on Windows"})
    return browsers


def test_with_one_browser_nothing_is_said_of_others(db: None) -> None:
    ana = make_employee(auth_method="auth0")
    elsewhere(make_employee(auth_method="auth0"))
    (here,) = elsewhere(ana)

    assert "signed in elsewhere" not in text(here.get("/"))


def test_other_browsers_are_shown_and_signed_out_together(db: None) -> None:
    ana = make_employee(auth_method="auth0")
    here, there = elsewhere(ana, 2)
    page = here.get("/")
    assert "You are signed in elsewhere too Chrome on Windows, from 127.0.0.1" in text(page)
    assert str(there.session.session_key) not in page.content.decode()

    answer = here.post("/me/sign-out-elsewhere/", follow=True)

    assert "You are signed out everywhere else." in text(answer)
    assert "signed in elsewhere too" not in text(answer)
    assert there.get("/").status_code == 302
    assert "signed in elsewhere." in text(here.post("/me/sign-out-elsewhere/", follow=True))


def test_many_other_browsers_are_summed_up(db: None) -> None:
    here, *_ = elsewhere(make_employee(auth_method="auth0"), 7)

    page = text(here.get("/"))

    assert page.count("Chrome on Windows") == 5
    assert "And in other browsers." in page


def test_the_local_administrator_signs_out_elsewhere_too(db: None) -> None:
    local = User.objects.create_superuser("break-glass")
    here, there = Client(), Client()
    for browser in (here, there):
        browser.force_login(local)
        session = browser.session
        del session[USED_AT]
        session.save()
        browser.get("/")
    assert "signed in elsewhere too" in text(here.get("/"))

    here.post("/me/sign-out-elsewhere/")

    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_an_address_alone_signs_nobody_out_elsewhere(db: None) -> None:
    here, there = elsewhere(make_employee(auth_method="auth0"), 2)

    assert "Nothing was done" in text(here.get("/me/sign-out-elsewhere/", follow=True))

    assert there.get("/").status_code == 200
