"""Who is mailed what, where to, and what happens when the mail doesn't go out."""

from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from auth0sync import mending, pauses, switch
from auth0sync.due import invite_again
from auth0sync.engine import sync
from auth0sync.errors import Misconfigured
from auth0sync.models import TenantState
from employees.models import Change
from employees.services import change_employee
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql, right_after, row_of
from tests.auth0sync.test_existing_accounts import existing
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

TICKETS = ("POST", "/api/v2/tickets/password-change")


def tickets(tenant: RunningTenant) -> list[dict[str, object]]:
    found: list[dict[str, object]] = tenant.state()["tickets"]
    return found


def test_the_link_verifies_the_address_that_it_was_mailed_to(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    sync(add().pk)

    assert mailoutbox[0].to == ["ana@example.com"]
    assert [ticket["mark_email_as_verified"] for ticket in tickets(tenant)] == [True]


def test_a_link_to_the_personal_address_verifies_nothing(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    sync(add("personal", personal_email="ana.home@example.com").pk)

    assert mailoutbox[0].to == ["ana.home@example.com"]
    assert [ticket["mark_email_as_verified"] for ticket in tickets(tenant)] == [False]


@pytest.mark.parametrize("personal_email", ["", "17@company.com"])
def test_without_a_personal_address_the_invitation_fails_and_the_account_is_clean(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], personal_email: str
) -> None:
    ana = add("personal", personal_email=personal_email)

    sync(ana.pk)

    assert mailoutbox == []
    assert account_of(ana).invitation == "failed"
    assert "personal e-mail" in account_of(ana).invitation_error
    assert account_of(ana).is_clean
    assert row_of(ana).auth0_sync_status == "created"


def test_auth0_can_send_its_own_verification_mail(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    sync(add("auth0").pk)

    assert mailoutbox == []
    assert tenant.calls("POST", "/api/v2/jobs/verification-email")
    assert [mail["to"] for mail in tenant.outbox()] == [["ana@example.com"]]


def test_a_known_address_is_created_verified_and_nothing_is_mailed(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("verified")

    sync(ana.pk)

    assert tenant.users()[0]["email_verified"] is True
    assert row_of(ana).auth0_sync_status == "verified"
    assert not mailoutbox
    assert not tenant.outbox()


def test_nobody_is_mailed_when_the_invitation_is_for_later(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    sync(add("none").pk)

    assert not mailoutbox
    assert not tenant.outbox()
    assert tenant.users()[0]["email_verified"] is False


def test_the_invitation_can_be_sent_again_with_a_new_link(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add()
    sync(ana.pk)

    assert invite_again([ana.pk], actor="admin:1") == 1
    sync(ana.pk)

    assert len(mailoutbox) == 2
    assert mailoutbox[0].body != mailoutbox[1].body


def test_nobody_without_an_account_is_invited(tenant: RunningTenant) -> None:
    ana = add(email="17@company.com")

    assert invite_again([ana.pk], actor="admin:1") == 0


def test_a_mail_server_that_is_away_makes_the_invitation_wait_and_a_new_link_goes_later(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: EmailMessage, fail_silently: bool = False) -> int:
        raise SMTPServerDisconnected("gone")

    ana = add()
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        sync(ana.pk)
    assert account_of(ana).invitation == "waiting"
    assert account_of(ana).is_clean
    sync(ana.pk)
    assert mailoutbox == [], "not before its time"

    time_passes(ana.pk)
    sync(ana.pk)

    assert len(mailoutbox) == 1
    assert account_of(ana).invitation == "sent"
    assert len(tenant.calls(*TICKETS)) == 2


def test_an_address_that_the_mail_server_refuses_needs_a_person(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise SMTPRecipientsRefused({self.to[0]: (550, b"no such user")})

    monkeypatch.setattr(EmailMessage, "send", refuse)
    ana = add()

    sync(ana.pk)

    assert account_of(ana).invitation == "failed"
    assert "typing error" in account_of(ana).invitation_error
    assert account_of(ana).due_at is None


def test_without_a_mail_server_no_link_is_made_and_the_invitation_waits(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.MAIL_CONFIGURED = False
    ana = add()

    sync(ana.pk)

    assert account_of(ana).invitation == "waiting"
    assert tenant.calls(*TICKETS) == []
    assert mailoutbox == []


def test_an_invitation_that_may_not_go_out_now_is_no_failed_try(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    right_after(monkeypatch, "give role", lambda: switch.pause("admin:1"))
    ana = add()

    sync(ana.pk)

    assert mailoutbox == []
    assert (account_of(ana).invitation, account_of(ana).invitation_attempts) == ("wanted", 0)
    switch.resume("admin:1")
    sync(ana.pk)
    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


def test_a_link_waits_as_long_as_the_account_keeps_an_older_address(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none")
    sync(ana.pk)
    pauses.begin(
        Misconfigured("Not allowed.", code="insufficient_scope", capability="update"), "test"
    )
    change_employee(ana.pk, {"email": "ana.new@example.com"}, boss(1))
    invite_again([ana.pk], actor="admin:1")

    sync(ana.pk)

    assert mailoutbox == []
    assert tenant.calls(*TICKETS) == []
    assert "isn't the one in the form yet" in account_of(ana).invitation_error
    assert account_of(ana).invitation == "waiting"
    pauses.probed({"update"}, "test", None)
    time_passes(ana.pk)
    sync(ana.pk)
    assert [mail.to for mail in mailoutbox] == [["ana@example.com"], ["ana.new@example.com"]]
    assert account_of(ana).invitation == "sent"


def test_the_link_is_in_no_row_of_the_database(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    from django.apps import apps

    ana = add()
    sync(ana.pk)
    link = next(word for word in str(mailoutbox[0].body).split() if "ticket=" in word)
    secret = link.partition("ticket=")[2].rstrip("#")

    rows = [
        str(row) for model in apps.get_models() for row in model._default_manager.all().values()
    ]

    assert len(secret) > 10
    assert not [row for row in rows if secret in row]


def test_a_link_made_for_a_wrong_address_does_not_stay_the_only_one(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add(email="ana@exmaple.example.com")
    sync(ana.pk)

    change_employee(ana.pk, {"email": "ana@example.com"}, boss(1))
    sync(ana.pk)

    assert mailoutbox[-1].to == ["ana@example.com"]
    assert "ticket=" in str(mailoutbox[-1].body)


@pytest.mark.parametrize("invitation", ["none", "work"])
def test_a_notice_that_no_mail_server_took_reaches_the_old_address_later(
    tenant: RunningTenant,
    mailoutbox: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
    invitation: str,
) -> None:
    def away(self: EmailMessage, fail_silently: bool = False) -> int:
        raise SMTPServerDisconnected("gone")

    ana = add(invitation)
    sync(ana.pk)
    mailoutbox.clear()
    change_employee(ana.pk, {"email": "ana.new@example.com"}, boss(1))
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        sync(ana.pk)
    assert account_of(ana).notice_to == "ana@example.com"
    assert account_of(ana).due_at is not None
    assert account_of(ana).is_clean

    time_passes(ana.pk)
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox].count(["ana@example.com"]) == 1
    assert account_of(ana).notice_to == ""
    assert account_of(ana).due_at is None


def test_the_old_address_is_told_whoever_changed_it_and_by_whichever_door(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    for number, method in enumerate(["hybrid", "auth0"]):
        ana = add("none", email=f"first{number}@example.com", auth_method=method)
        sync(ana.pk)

        change_employee(ana.pk, {"email": f"second{number}@example.com"}, boss(1))
        sync(ana.pk)
        last = Change.objects.filter(employee_id=ana.pk).latest("pk")
        assert mending.restore(ana.pk, last.pk, boss(1)), "an undo"
        sync(ana.pk)
        by_sql(ana, email=f"third{number}@example.com")
        sync(ana.pk)

        told = [mail.to for mail in mailoutbox if "was changed" in mail.subject]
        assert told == [[f"{which}{number}@example.com"] for which in ("first", "second", "first")]
        mailoutbox.clear()


def test_an_address_that_was_changed_behind_a_pin_is_told_when_the_account_opens_again(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none")
    sync(ana.pk)
    change_employee(ana.pk, {"auth_method": "pin"}, boss(1))
    change_employee(ana.pk, {"email": "ana.new@example.com"}, boss(1))
    sync(ana.pk)
    assert mailoutbox == [], "nobody signs in with the new address yet"

    change_employee(ana.pk, {"auth_method": "auth0"}, boss(1))
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


def test_the_first_of_two_old_addresses_is_told_where_no_mail_went_out_in_between(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none")
    sync(ana.pk)
    settings.MAIL_CONFIGURED = False
    for email in ("taken.over@example.com", "again@example.com"):
        change_employee(ana.pk, {"email": email}, boss(1))
        sync(ana.pk)

    settings.MAIL_CONFIGURED = True
    time_passes(ana.pk)
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


def test_whoever_has_the_address_back_is_not_told_that_it_is_no_longer_theirs(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none")
    sync(ana.pk)
    settings.MAIL_CONFIGURED = False
    for email in ("typing.error@example.com", "ana@example.com"):
        change_employee(ana.pk, {"email": email}, boss(1))
        sync(ana.pk)

    settings.MAIL_CONFIGURED = True
    time_passes(ana.pk)
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox] == [["typing.error@example.com"]]


def test_without_a_mail_server_the_notice_to_an_old_address_waits(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none")
    sync(ana.pk)
    settings.MAIL_CONFIGURED = False
    change_employee(ana.pk, {"email": "ana.new@example.com"}, boss(1))
    sync(ana.pk)
    assert mailoutbox == []

    settings.MAIL_CONFIGURED = True
    time_passes(ana.pk)
    sync(ana.pk)

    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


def test_a_placeholder_that_was_the_old_address_is_told_nothing(
    tenant: RunningTenant, state: TenantState, mailoutbox: list[EmailMessage]
) -> None:
    ana = add("none", email="ana@example.com")
    markers = {"employee_id": ana.pk, "installation": state.installation}
    user_id = existing(tenant, email=f"{ana.pk}@company.com", app_metadata=markers)
    by_sql(ana, auth0_user_id=user_id)

    sync(ana.pk)

    assert [user["email"] for user in tenant.users()] == ["ana@example.com"]
    assert mailoutbox == []
    assert account_of(ana).notice_to == ""


def test_auth0s_own_mail_needs_no_mail_server_of_ours(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.MAIL_CONFIGURED = False

    sync(add("auth0").pk)

    assert [mail["to"] for mail in tenant.outbox()] == [["ana@example.com"]]
