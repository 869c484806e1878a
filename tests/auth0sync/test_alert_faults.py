"""What goes wrong on the way to the operators: it costs a message too many, never one too few."""

import logging
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, connections
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from auth0sync import alert_channels, alert_delivery, alerts
from auth0sync.alerts import alert, over, tell
from auth0sync.models import Incident, Telling
from employees.counters import totals
from identity_console.logs import configuration
from tests.auth0sync.test_alert_delivery import no_mail_server, wait_is_over
from tests.auth0sync.test_alerts import Webhook, webhook

__all__ = ["webhook"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]


@contextmanager
def listening(*said: bytes, every_s: float = 0) -> Iterator[str]:
    """A server that says this to each who asks, a piece at a time, and doesn't hang up."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            with suppress(OSError):  # whoever asked has hung up
                for piece in said:
                    self.request.sendall(piece)
                    time.sleep(every_s)
                self.request.recv(1)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/k3y"
        server.shutdown()
        thread.join()


# --- A process that dies ----------------------------------------------------------------------


def dies(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def test_what_was_begun_by_a_process_that_died_before_it_told_is_told_by_the_next(
    mailoutbox: list[EmailMessage],
) -> None:
    with pytest.MonkeyPatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(alerts, "_write", dies)
        alert("token", "Refused", "…")

    assert alert("token", "Refused", "…")

    assert len(mailoutbox) == 1


def test_and_so_is_that_it_is_over(mailoutbox: list[EmailMessage]) -> None:
    alert("token", "Refused", "…")
    with pytest.MonkeyPatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(alerts, "_write", dies)
        over("token")

    assert over("token")

    assert [mail.subject for mail in mailoutbox][1:] == ["Identity console: Over: Refused"]


def test_one_that_dies_between_sending_and_writing_so_down_sends_once_too_often(
    mailoutbox: list[EmailMessage],
) -> None:
    with pytest.MonkeyPatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(alert_delivery, "_sent", dies)
        alert("token", "Refused", "…")
    alert_delivery.deliver()
    assert len(mailoutbox) == 1, "the claim holds for a minute"

    wait_is_over()
    alert_delivery.deliver()
    alert_delivery.deliver()

    assert len(mailoutbox) == 2


def test_of_two_that_end_it_at_once_one_tells(mailoutbox: list[EmailMessage]) -> None:
    alert("token", "Refused", "…")

    def another_is_first(incident: Incident) -> str:
        Incident.objects.update(ended_at=Now())
        return ""

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(alerts, "how_it_went", another_is_first)
        assert not over("token")

    assert len(mailoutbox) == 1


# --- Slow channels ----------------------------------------------------------------------------


def two_are_due() -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        tell("First", "…", key="a")
        tell("Second", "…", key="b")
    wait_is_over()


@pytest.mark.parametrize(("taken_over", "sent"), [(False, ["First", "Second"]), (True, ["First"])])
def test_whoever_sends_slowly_keeps_the_claim_and_sends_nothing_that_another_has_taken_over(
    taken_over: bool,
    sent: list[str],
    mailoutbox: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_are_due()
    send, left = EmailBackend.send_messages, []

    def slowly(self: EmailBackend, messages: list[EmailMessage]) -> int:
        second = Telling.objects.get(key="b")
        left.append(second.due_at - timezone.now())
        Telling.objects.filter(pk=second.pk).update(due_at=Now())
        if taken_over:
            Telling.objects.filter(pk=second.pk).update(claim="another")
        return int(send(self, messages))

    monkeypatch.setattr(EmailBackend, "send_messages", slowly)

    alert_delivery.deliver()

    assert [mail.subject.rpartition(" ")[2] for mail in mailoutbox] == sent
    assert min(left) > timedelta(seconds=50)


def test_a_webhook_that_sends_its_answer_a_byte_at_a_time_is_given_up_all_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_channels, "TIMEOUT_S", 0.5)
    with listening(b"HTTP/1.1 204 No Content\r\n", *[b"x" for _ in range(150)], every_s=0.2) as url:
        settings.ALERT_WEBHOOK_URL = settings.ALERT_HEARTBEAT_URL = url
        began = time.monotonic()
        alert("token", "Refused", "…")
        alert_channels.ping()
        took = time.monotonic() - began

    assert took < 15
    assert "TimeoutError" in Telling.objects.get(channel="webhook").error


def test_an_answer_that_never_ends_isnt_read(settings: Settings) -> None:
    with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nmore") as url:
        settings.ALERT_WEBHOOK_URL = url
        alert("token", "Refused", "…")

    assert Telling.objects.get(channel="webhook").sent_at


def test_a_redirect_isnt_followed(
    webhook: Webhook, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    there = webhook.url.encode()
    with listening(b"HTTP/1.1 307 Elsewhere\r\nLocation: " + there + b"\r\n\r\n") as url:
        settings.ALERT_WEBHOOK_URL = settings.ALERT_HEARTBEAT_URL = url
        alert("token", "Refused", "…")
        alert_channels.ping()

    assert webhook.posted == []
    assert "webhook answered 307" in Telling.objects.get(channel="webhook").error
    assert "ALERT_HEARTBEAT_URL answered 307" in caplog.text


# --- Whatever else ----------------------------------------------------------------------------


def test_an_error_that_nobody_foresaw_is_the_channels(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: EmailBackend, messages: object) -> int:
        raise UnicodeError("ops@example.com")

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    settings.ALERT_WEBHOOK_URL = settings.ALERT_HEARTBEAT_URL = "https://127.0.0.1:k3y/"

    alert("token", "Refused", "…")
    alert_channels.ping()

    errors = dict(Telling.objects.values_list("channel", "error"))
    assert errors == {
        "mail": "The mail server took no mail (UnicodeError).",
        "webhook": "The webhook doesn't answer (InvalidURL).",
    }
    assert "k3y" not in caplog.text and "ops@" not in caplog.text


def test_without_a_database_the_thread_ends_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseError("Lost k3y.")

    monkeypatch.setattr(alert_delivery, "deliver", away)
    monkeypatch.setattr(connections, "close_all", lambda: None)

    alert_delivery._run()

    assert "couldn't be sent: the database doesn't answer" in caplog.text
    assert "k3y" not in caplog.text


def test_what_was_put_off_by_a_clock_that_was_ahead_is_sent(mailoutbox: list[EmailMessage]) -> None:
    two_are_due()
    first, second = Telling.objects.order_by("pk")
    Telling.objects.filter(pk=first.pk).update(due_at=Now() + timedelta(hours=1))
    Telling.objects.filter(pk=second.pk).update(due_at=Now() + timedelta(minutes=15))

    alert_delivery._deliver("mail")

    assert [mail.subject for mail in mailoutbox] == ["Identity console: First"]


def test_how_messages_go_is_counted_by_channel(
    webhook: Webhook,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_mail_server(monkeypatch)

    with django_capture_on_commit_callbacks(execute=True):
        alert("token", "Refused", "…")

    assert sorted(
        (labels["channel"], labels["outcome"], n) for labels, n in totals()["console_alerts"]
    ) == [
        ("mail", "failed", 1),
        ("webhook", "sent", 1),
    ]


def test_libraries_write_no_address_into_the_log(settings: Settings, webhook: Webhook) -> None:
    """Of their own accord httpx and httpcore would, with each call."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    level = configuration("console")["loggers"]["httpx"]["level"]
    before = root.level, logging.getLogger("httpx").level
    root.addHandler(handler)
    root.setLevel("INFO")
    logging.getLogger("httpx").setLevel(level)
    settings.ALERT_HEARTBEAT_URL = webhook.url
    try:
        alert("token", "Refused", "…")
        alert_channels.ping()
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        logging.getLogger("httpx").setLevel(before[1])

    assert "Alert: Refused" in out.getvalue()
    assert "k3y" not in out.getvalue()
