"""What the operators are told: once when it begins, once when it is over, and never a secret."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connections
from pytest_django import Settings

from auth0sync.alerts import alert, gone, open_keys, over, tell
from auth0sync.models import Incident
from tests.auth0sync.people import right_after_query
from tests.ports import free_port

pytestmark = pytest.mark.django_db


class Webhook:
    """A small server that remembers what was posted to it."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.status = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posted.append(json.loads(body))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/k3y"


@pytest.fixture
def webhook(settings: Settings) -> Iterator[Webhook]:
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, args=(0.01,))
    thread.start()
    settings.ALERT_WEBHOOK_URL = hook.url
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]


def test_an_incident_is_mailed_and_posted(
    webhook: Webhook, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.ENVIRONMENT_NAME = "Test"

    assert alert("token", "Auth0 refuses the console", "Check AUTH0_CLIENT_SECRET.")

    [mail] = mailoutbox
    assert mail.to == ["ops@example.com"]
    assert mail.subject == "Identity console (Test): Auth0 refuses the console"
    assert "Check AUTH0_CLIENT_SECRET." in mail.body
    [posted] = webhook.posted
    assert posted == {
        "key": "token",
        "state": "begun",
        "subject": mail.subject,
        "text": f"{mail.subject}\nCheck AUTH0_CLIENT_SECRET.",
    }


def test_the_same_incident_is_told_once(mailoutbox: list[EmailMessage]) -> None:
    assert alert("token", "Refused", "…")

    assert not alert("token", "Refused", "…")

    assert len(mailoutbox) == 1
    assert open_keys() == {"token"}


def test_the_end_is_told_once_too(webhook: Webhook, mailoutbox: list[EmailMessage]) -> None:
    alert("token", "Refused", "…")

    assert over("token", "It works again.")
    assert not over("token")

    assert [mail.subject for mail in mailoutbox] == [
        "Identity console: Refused",
        "Identity console: Over: Refused",
    ]
    assert mailoutbox[1].body.startswith("It works again.\n\nIt lasted less than a minute.")
    assert [posted["state"] for posted in webhook.posted] == ["begun", "over"]
    assert open_keys() == set()


def test_what_never_began_is_not_over(mailoutbox: list[EmailMessage]) -> None:
    assert not over("token")

    assert mailoutbox == []


def test_what_begins_again_is_told_again(mailoutbox: list[EmailMessage]) -> None:
    alert("token", "Refused", "…")
    gone("token")
    Incident.objects.update(returns=3)
    over("token")

    assert alert("token", "Refused again", "…")

    assert mailoutbox[-1].subject == "Identity console: Refused again"
    incident = Incident.objects.get()
    assert (incident.ended_at, incident.returns, incident.gone_at) == (None, 0, None)


def test_without_anybody_to_tell_it_is_only_logged(
    settings: Settings, mailoutbox: list[EmailMessage], caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALERT_EMAILS = []

    assert alert("token", "Refused", "…")

    assert mailoutbox == []
    assert "Alert: Refused (token)" in caplog.text


def test_a_subject_is_one_line(mailoutbox: list[EmailMessage]) -> None:
    tell("Two\nlines\r\nBcc: x@example.com", "…")

    assert mailoutbox[0].subject == "Identity console: Two lines Bcc: x@example.com"


def test_a_mail_server_that_fails_stops_nobody(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: EmailBackend, messages: Any) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", fail)

    assert alert("token", "Refused", "…")

    assert len(webhook.posted) == 1
    assert "couldn't be mailed" in caplog.text


def test_a_webhook_that_is_not_there_stops_nobody_and_its_address_is_not_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{free_port()}/hooks/k3y"

    with caplog.at_level(logging.WARNING):
        assert alert("token", "Refused", "…")

    assert "couldn't be posted: ConnectError" in caplog.text
    assert "k3y" not in caplog.text


def test_a_webhook_that_refuses_is_logged(
    webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500

    alert("token", "Refused", "…")

    assert "webhook answered 500" in caplog.text


def test_whoever_comes_second_to_an_incident_tells_nobody(mailoutbox: list[EmailMessage]) -> None:
    def another_process_is_first() -> None:
        Incident.objects.create(pk="token", subject="Refused")

    with right_after_query("auth0_incidents", another_process_is_first):
        began = alert("token", "Refused", "…")

    assert not began
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_of_several_that_notice_at_once_one_tells(mailoutbox: list[EmailMessage]) -> None:
    start = threading.Barrier(4)
    told = []

    def run() -> None:
        start.wait(10)
        try:
            told.append(alert("token", "Refused", "…"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(told) == [False, False, False, True]
    assert len(mailoutbox) == 1
