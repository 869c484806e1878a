"""The emergency door: for the local administrator alone, shut after wrong tries, always told."""

import logging
import re
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPServerDisconnected

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from employees.models import EmployeeUser
from tests.auth0sync.visiting import Visitor, heading
from tests.builders import make_employee

PASSWORD = "a-long-enough-passphrase"
DOOR = "/login/local/"
DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture
def admin(db: None, settings: Settings) -> User:
    settings.ALERT_EMAILS = ["ops@example.com"]
    return User.objects.create_superuser("admin", "", PASSWORD)


def enter(browser: Client, password: str = PASSWORD, username: str = "admin", **more: str) -> int:
    answer = browser.post(DOOR, {"username": username, "password": password, **more})
    return int(answer.status_code)


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_the_local_administrator_enters_and_the_operators_are_told(
    visitor: Visitor,
    admin: User,
    mailoutbox: list[EmailMessage],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert enter(visitor.console) == 302

    assert visitor.console.get("/admin/").status_code == 200
    assert mailoutbox[0].to == ["ops@example.com"]
    assert "“admin” signed in, from 127.0.0.1" in mailoutbox[0].body
    assert ("auth0sync.break_glass", logging.WARNING) in {
        (record.name, record.levelno) for record in caplog.records
    }
    assert PASSWORD not in caplog.text + str(mailoutbox[0].message())


def test_what_a_stranger_types_as_a_name_is_no_link_for_the_operators(
    visitor: Visitor, admin: User, mailoutbox: list[EmailMessage]
) -> None:
    enter(visitor.console, "wrong", "<!all> <https://a.example|[Mend](now)> J.Doe+1@a-b_c")

    assert "“??all???https???a.example??Mend??now???J.Doe+1@a-b_c” was" in mailoutbox[0].body


def test_their_own_page_says_that_nobody_is_behind_the_account(
    visitor: Visitor, admin: User
) -> None:
    enter(visitor.console)

    page = visitor.console.get("/").content.decode()

    assert "signed in as the local administrator" in page
    assert 'href="/admin/"' in page


@pytest.mark.parametrize("columns", [{}, {"is_staff": True}, {"is_superuser": True}])
def test_the_right_password_of_anybody_else_opens_nothing(
    visitor: Visitor, admin: User, columns: dict[str, bool]
) -> None:
    other = User.objects.create_user("other", password=PASSWORD)
    for name, value in columns.items():
        setattr(other, name, value)
    other.save()
    if other.is_superuser:
        EmployeeUser.objects.create(user=other, employee=make_employee(auth_method="auth0"))

    assert enter(visitor.console, username="other") == 200
    assert not is_in(visitor.console)


def test_a_wrong_name_and_a_wrong_password_sound_the_same(visitor: Visitor, admin: User) -> None:
    said = {
        visitor.console.post(DOOR, {"username": name, "password": "wrong"})
        .content.decode()
        .partition('role="alert">')[2]
        .partition("</p>")[0]
        for name in ("admin", "nobody")
    }

    assert len(said) == 1
    assert "don't open this door" in said.pop()


def test_five_wrong_passwords_shut_the_door_for_a_quarter_of_an_hour(
    visitor: Visitor, admin: User, mailoutbox: list[EmailMessage]
) -> None:
    tries = [enter(visitor.console, "wrong") for _ in range(5)]

    assert tries == [200, 200, 200, 200, 429]
    answer = visitor.console.post(DOOR, {"username": "admin", "password": PASSWORD})
    assert (answer.status_code, heading(answer)) == (429, "Too many wrong passwords")
    assert b"15 minutes" in answer.content
    assert not is_in(visitor.console)
    assert [mail.subject.partition(": ")[2] for mail in mailoutbox] == [
        "emergency log-in was refused",
        "emergency log-in was locked out",
    ]


def test_a_try_while_it_is_shut_does_not_keep_it_shut(visitor: Visitor, admin: User) -> None:
    for _ in range(7):
        enter(visitor.console, "wrong")
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=15))

    assert enter(visitor.console) == 302


def test_nobody_locks_the_administrator_out_from_another_address(
    visitor: Visitor, admin: User
) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(6):
        enter(stranger, "wrong")

    assert enter(visitor.console) == 302


def test_somebody_with_a_whole_network_of_ipv6_has_no_more_tries(admin: User) -> None:
    tries = [enter(Client(REMOTE_ADDR=f"2001:db8:1::{n}"), "wrong") for n in range(1, 6)]

    assert tries == [200, 200, 200, 200, 429]
    assert enter(Client(REMOTE_ADDR="2001:db8:1:1::1")) == 302


def test_a_name_longer_than_any_user_has_is_refused_and_kept_nowhere(
    visitor: Visitor, admin: User
) -> None:
    assert enter(visitor.console, "wrong", username="a" * 5_000) == 200
    assert not AccessAttempt.objects.exists()


def test_the_address_is_the_callers_own_behind_a_trusted_proxy(
    visitor: Visitor, admin: User
) -> None:
    for number in range(6):  # what stands on the left anybody can write
        forwarded = f"10.9.8.{number}, 203.0.113.9"
        visitor.console.post(
            DOOR, {"username": "admin", "password": "wrong"}, HTTP_X_FORWARDED_FOR=forwarded
        )

    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"203.0.113.9"}
    assert enter(visitor.console) == 302


@pytest.mark.parametrize("document", ["deployment.md", "security.md"])
def test_the_documented_proxy_lets_nobody_choose_the_address_they_are_counted_by(
    document: str,
) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```nginx(.*?)```", text, re.DOTALL)

    assert blocks
    for block in blocks:
        assert "proxy_set_header X-Forwarded-For $remote_addr;" in block


def test_a_forwarded_address_of_a_stranger_is_not_believed(visitor: Visitor, admin: User) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(6):
        stranger.post(
            DOOR,
            {"username": "admin", "password": "wrong"},
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
        )

    assert AccessAttempt.objects.get().ip_address == "203.0.113.9"


def test_no_password_and_no_form_token_is_kept_of_a_wrong_try(
    visitor: Visitor, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    enter(visitor.console, "almost-" + PASSWORD, csrfmiddlewaretoken="f" * 64)

    kept = repr(list(AccessAttempt.objects.values())) + caplog.text
    assert PASSWORD not in kept
    assert "ffff" not in kept


def test_a_strangers_tries_are_mailed_once_a_minute(
    visitor: Visitor, admin: User, mailoutbox: list[EmailMessage]
) -> None:
    for number in range(10):
        enter(visitor.console, "wrong", f"name-{number}")

    assert len(mailoutbox) == 1


def test_a_name_that_somebody_typed_is_no_line_of_the_log(
    visitor: Visitor, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        enter(visitor.console, "wrong", "x\nroot signed in" + "y" * 90)

    lines = [record.getMessage() for record in caplog.records]
    assert any("Emergency" in line for line in lines)
    assert all("\n" not in line and len(line) < 150 for line in lines)


class NoMail(BaseEmailBackend):
    def send_messages(self, email_messages: object) -> int:
        raise SMTPServerDisconnected("gone")


def test_a_mail_that_fails_lets_the_administrator_in(
    visitor: Visitor, admin: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.NoMail"

    assert enter(visitor.console) == 302
    assert "couldn't be mailed" in caplog.text


def test_without_addresses_only_the_log_is_told(
    visitor: Visitor, admin: User, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALERT_EMAILS = []

    assert enter(visitor.console) == 302
    assert mailoutbox == []


def test_it_leads_to_this_site_only(visitor: Visitor, admin: User) -> None:
    answer = visitor.console.post(
        DOOR, {"username": "admin", "password": PASSWORD, "next": "https://evil.example.com"}
    )

    assert answer["Location"] == "/admin/"


def test_signing_out_again_stays_here(visitor: Visitor, admin: User) -> None:
    enter(visitor.console)

    assert visitor.console.post("/logout/")["Location"] == "/login/"
    assert not is_in(visitor.console)


def test_an_administrator_who_is_none_any_more_is_out_at_once(
    visitor: Visitor, admin: User
) -> None:
    enter(visitor.console)
    User.objects.update(is_superuser=False)

    assert not is_in(visitor.console)


@pytest.mark.parametrize("path", [DOOR, "/login/auth0/", "/logout/", "/me/password/"])
def test_no_form_of_another_site_is_taken(visitor: Visitor, admin: User, path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)

    assert browser.post(path, {"username": "admin", "password": PASSWORD}).status_code == 403
