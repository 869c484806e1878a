"""Tickets, the tenant's own mails, and the mailbox for the console's (facts: tickets, jobs)."""

import smtplib
import time
from email.message import EmailMessage
from typing import Any

import pytest

from tests.devtenant.builders import CONNECTION, make_user
from tests.devtenant.running import RunningTenant


def ticket(tenant: RunningTenant, kind: str = "password-change", **body: Any) -> str:
    """Ask for a ticket and return its link."""
    answer = tenant.api("POST", f"/tickets/{kind}", body)
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["ticket"]
    return link


def test_a_password_ticket_is_a_link_and_no_mail(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, verify_email=False)

    link = ticket(tenant, user_id=user_id, ttl_sec=3600, mark_email_as_verified=True)

    assert link.startswith(f"{tenant.base_url}/u/reset-password?ticket=")
    assert link.endswith("#")
    assert tenant.outbox() == []
    [kept] = tenant.state()["tickets"]
    assert (kept["ttl_sec"], kept["mark_email_as_verified"]) == (3600, True)
    assert link.partition("ticket=")[2].rstrip("#") not in str(tenant.state())


def test_a_password_ticket_lives_five_days_unless_told_otherwise(tenant: RunningTenant) -> None:
    ticket(tenant, user_id=make_user(tenant))

    assert any(kept["ttl_sec"] == 432000 for kept in tenant.state()["tickets"])


def test_a_password_ticket_is_made_by_connection_and_email_too(tenant: RunningTenant) -> None:
    make_user(tenant)
    key = tenant.state()["connections"][0]["id"]

    assert ticket(tenant, connection_id=key, email="ADA@example.com")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"user_id": "auth0|nobody"}, 404),
        ({"user_id": "auth0|nobody", "email": "ada@example.com"}, 400),
        ({"user_id": "auth0|nobody", "ttl": 5}, 400),
        ({"connection_id": "Users", "email": "ada@example.com"}, 400),
        ({"user_id": "x", "result_url": "https://a.example", "client_id": "c"}, 400),
    ],
)
def test_a_ticket_that_makes_no_sense_is_refused(
    tenant: RunningTenant, body: dict[str, Any], status: int
) -> None:
    assert tenant.api("POST", "/tickets/password-change", body).status_code == status


def test_the_page_behind_a_password_ticket_says_who_it_is_for(tenant: RunningTenant) -> None:
    link = ticket(tenant, user_id=make_user(tenant))

    page = tenant.client.get(link)

    assert page.status_code == 200
    assert "ada@example.com" in page.text


def test_the_page_behind_an_expired_ticket_says_so(tenant: RunningTenant) -> None:
    link = ticket(tenant, user_id=make_user(tenant), ttl_sec=1)
    time.sleep(1.1)

    page = tenant.client.get(link)

    assert page.status_code == 410
    assert "expired" in page.text


def test_a_verification_link_verifies_once(tenant: RunningTenant) -> None:
    link = ticket(tenant, "email-verification", user_id=make_user(tenant))

    first, second = tenant.client.get(link), tenant.client.get(link)

    assert "The e-mail is verified." in first.text
    assert "used before" in second.text
    assert tenant.users()[0]["email_verified"] is True


def test_a_verification_link_does_not_verify_another_email(tenant: RunningTenant) -> None:
    link = ticket(tenant, "email-verification", user_id=make_user(tenant, user_id="emp-1"))
    tenant.api("PATCH", "/users/auth0%7Cemp-1", {"email": "new@example.com"})

    tenant.client.get(link)

    assert tenant.users()[0]["email_verified"] is False


def test_the_verification_job_puts_a_clickable_mail_into_the_outbox(
    tenant: RunningTenant,
) -> None:
    user_id = make_user(tenant, verify_email=False)

    answer = tenant.api("POST", "/jobs/verification-email", {"user_id": user_id})

    assert answer.status_code == 201
    assert answer.json()["status"] == "pending"
    [mail] = tenant.outbox()
    assert (mail["to"], mail["source"]) == (["ada@example.com"], "tenant")
    tenant.client.get(mail["links"][0])
    assert tenant.users()[0]["email_verified"] is True


def test_a_job_ends_after_a_while(tenant: RunningTenant) -> None:
    user_id = make_user(tenant)
    job = tenant.api("POST", "/jobs/verification-email", {"user_id": user_id}).json()

    time.sleep(0.6)

    assert tenant.api("GET", f"/jobs/{job['id']}").json()["status"] == "completed"


@pytest.mark.parametrize(("email", "mails"), [("ada@example.com", 1), ("nobody@example.com", 0)])
def test_a_forgotten_password_is_answered_the_same_for_everybody(
    tenant: RunningTenant, email: str, mails: int
) -> None:
    make_user(tenant, verify_email=False)
    body = {"client_id": "console-login", "email": email, "connection": CONNECTION}

    answer = tenant.client.post(f"{tenant.base_url}/dbconnections/change_password", json=body)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "We've just sent you an email to reset your password."
    assert len(tenant.outbox()) == mails


def test_forgotten_passwords_are_limited_per_email(tenant: RunningTenant) -> None:
    body = {"client_id": "console-login", "email": "a@b.example", "connection": CONNECTION}
    url = f"{tenant.base_url}/dbconnections/change_password"

    statuses = [tenant.client.post(url, json=body).status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]


def send(tenant: RunningTenant, text: str, html: str = "") -> None:
    """Send a mail as the console does."""
    mail = EmailMessage()
    mail["From"] = "Console <console@example.com>"
    mail["To"] = "ada@example.com"
    mail["Subject"] = "Willkommen, Ada – grüezi"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", tenant.smtp_port, timeout=10) as smtp:
        smtp.send_message(mail, to_addrs=["ada@example.com", "hidden@example.com"])


def test_a_mail_of_the_console_lands_in_the_outbox(tenant: RunningTenant) -> None:
    send(tenant, "Open http://127.0.0.1:8000/a?x=1&y=2.\n")

    [mail] = tenant.outbox()
    assert mail["subject"] == "Willkommen, Ada – grüezi"
    assert mail["from"] == "Console <console@example.com>"
    assert mail["to"] == ["ada@example.com", "hidden@example.com"]
    assert mail["links"] == ["http://127.0.0.1:8000/a?x=1&y=2"]
    assert mail["source"] == "smtp"


def test_links_of_the_html_part_are_found_too(tenant: RunningTenant) -> None:
    send(tenant, "Plain.\n", '<p><a href="http://127.0.0.1:8000/b?x=1&amp;y=2">b</a></p>')

    [mail] = tenant.outbox()
    assert mail["text"].strip() == "Plain."
    assert mail["links"] == ["http://127.0.0.1:8000/b?x=1&y=2"]


def test_the_outbox_page_escapes_what_a_mail_says(tenant: RunningTenant) -> None:
    send(tenant, "<script>alert(1)</script> http://127.0.0.1:8000/ok\n")

    page = tenant.client.get(f"{tenant.base_url}/outbox/1")

    assert "<script>" not in page.text
    assert '<a href="http://127.0.0.1:8000/ok" rel="noreferrer">' in page.text


def test_the_newest_mail_comes_first_and_the_outbox_can_be_emptied(
    tenant: RunningTenant,
) -> None:
    send(tenant, "one\n")
    send(tenant, "two\n")

    texts = [mail["text"].strip() for mail in tenant.outbox()]
    tenant.clear_outbox()

    assert texts == ["two", "one"]
    assert tenant.outbox() == []
