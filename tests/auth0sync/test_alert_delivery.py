"""Nothing that is to be told is lost, nothing is told twenty times, and quiet hours are quiet."""

import threading
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import alert_delivery, alerts
from auth0sync.alerts import alert, over, tell
from auth0sync.models import Incident, SyncLog, Telling
from auth0sync.quiet_hours import Hours, in_words, is_quiet
from tests.auth0sync.test_alerts import Webhook, webhook

__all__ = ["webhook"]

pytestmark = pytest.mark.django_db
CHICAGO = ZoneInfo("America/Chicago")
NIGHT: Hours = (clock(22), clock(6), CHICAGO)
really_in_background = alert_delivery.in_background


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]


def quiet_now(settings: Settings) -> None:
    now = timezone.now()
    begin, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    settings.ALERT_QUIET_HOURS = (begin, end, ZoneInfo("UTC"))


def no_mail_server(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mail server is away; returns the tries."""
    tries: list[int] = []

    def fail(self: EmailBackend, messages: Any) -> int:
        tries.append(len(messages))
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    return tries


def wait_is_over() -> None:
    Telling.objects.filter(sent_at=None).update(due_at=Now())


def test_what_could_not_be_mailed_is_mailed_when_the_server_is_back(
    mailoutbox: list[EmailMessage], webhook: Webhook
) -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        alert("token", "Refused", "…")
        wait_is_over()
        alert_delivery.deliver()
    assert len(webhook.posted) == 1, "the other channel isn't told again"

    wait_is_over()
    Telling.objects.update(written_at=Now() - timedelta(minutes=10))
    alert_delivery.deliver()

    assert [mail.subject for mail in mailoutbox] == ["Identity console: Refused"]
    assert "This is of" in mailoutbox[0].body
    assert set(Telling.objects.values_list("error", "claim")) == {("", "")}
    assert len(webhook.posted) == 1


def test_while_the_server_is_away_it_is_tried_once_for_all_and_less_and_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = no_mail_server(monkeypatch)
    for number in range(3):
        tell(f"Something {number}", "…", key="a")
    wait_is_over()
    tries.clear()

    alert_delivery.deliver()
    alert_delivery.deliver()

    assert len(tries) == 1
    wait = Telling.objects.order_by("pk")[0].due_at - timezone.now()
    assert wait > timedelta(seconds=100), "after three failures"
    assert "ConnectionRefusedError" in Telling.objects.order_by("pk")[0].error


def test_it_is_tried_once_in_a_quarter_of_an_hour_at_least_for_two_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = no_mail_server(monkeypatch)
    tell("Something", "…", key="a")
    Telling.objects.update(attempts=190, due_at=Now(), written_at=Now() - timedelta(hours=47))

    alert_delivery.deliver()

    assert len(tries) == 2
    wait = Telling.objects.get().due_at - timezone.now()
    assert timedelta(minutes=14) < wait < timedelta(minutes=16)


def test_the_first_mail_that_goes_out_brings_the_rest(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        tell("First", "…", key="a")
        tell("Second", "…", key="b")
    first = Telling.objects.order_by("pk")[0]
    Telling.objects.filter(pk=first.pk).update(due_at=Now())

    alert_delivery.deliver()
    alert_delivery.deliver()

    assert len(mailoutbox) == 2


def test_a_backlog_is_one_mail(mailoutbox: list[EmailMessage]) -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        for number in range(5):
            tell(f"Something {number}", "…", key=f"key-{number}")
    wait_is_over()

    alert_delivery.deliver()

    [mail] = mailoutbox
    assert "5 notices since" in mail.subject
    assert "Something 0" in mail.body and "Something 4" in mail.body


@pytest.mark.parametrize(("number", "mails"), [(3, 3), (4, 1)])
def test_up_to_three_at_once_are_told_apart(
    number: int, mails: int, mailoutbox: list[EmailMessage]
) -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        for each in range(number):
            tell(f"Something {each}", "…", key=f"key-{each}")
    wait_is_over()

    alert_delivery.deliver()

    assert len(mailoutbox) == mails


def test_what_is_two_days_old_is_given_up(mailoutbox: list[EmailMessage]) -> None:
    with pytest.MonkeyPatch.context() as away:
        no_mail_server(away)
        tell("Old", "…")
    Telling.objects.update(due_at=Now(), written_at=Now() - timedelta(days=3))

    alert_delivery.deliver()

    assert mailoutbox == []


def test_what_was_told_long_ago_is_forgotten() -> None:
    tell("Old", "…")
    Telling.objects.update(written_at=Now() - timedelta(days=91))
    tell("New", "…")

    alert_delivery.prune()

    assert Telling.objects.get().subject == "Identity console: New"


def test_it_is_forgotten_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_delivery, "PAGE", 2)
    for _ in range(3):
        tell("Old", "…")
    Telling.objects.update(written_at=Now() - timedelta(days=91))

    alert_delivery.prune()

    assert Telling.objects.count() == 1


def test_what_another_process_is_sending_is_left_to_it(mailoutbox: list[EmailMessage]) -> None:
    row = {"channel": "mail", "key": "a", "state": "begun", "subject": "x", "text": "…"}
    Telling.objects.create(**row, claim="another", due_at=Now() + timedelta(seconds=60))

    alert_delivery.deliver()

    assert mailoutbox == []


def test_in_quiet_hours_only_what_is_urgent_is_told(
    settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    quiet_now(settings)

    alert("slow", "Auth0 is slow", "…")
    alert("door:pin", "open to somebody who left", "…")
    tell("emergency log-in signed in", "…", key="break-glass")

    assert [mail.subject for mail in mailoutbox] == [
        "Identity console: open to somebody who left",
        "Identity console: emergency log-in signed in",
    ]


def test_what_waited_for_the_morning_is_one_mail_and_what_is_over_by_then_one_line(
    settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    quiet_now(settings)
    for _ in range(2):
        alert("outage", "Auth0 doesn't answer", "See the status page.")
        over("outage")
    alert("slow", "Auth0 is slow", "Look at the network.")
    assert mailoutbox == []

    settings.ALERT_QUIET_HOURS = None
    alert_delivery.deliver()

    [mail] = mailoutbox
    assert "2 notices since" in mail.subject
    assert "Auth0 doesn't answer, 2 times. It is over." in mail.body
    assert "See the status page." not in mail.body
    assert "Look at the network." in mail.body


def test_the_end_of_something_urgent_waits_for_the_morning(
    settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    quiet_now(settings)
    alert("switch:paused", "switched off", "…")
    over("switch:paused")
    assert len(mailoutbox) == 1

    settings.ALERT_QUIET_HOURS = None
    alert_delivery.deliver()

    assert mailoutbox[1].subject == "Identity console: Over: switched off"


def test_an_end_among_others_in_the_morning_says_when_and_how_it_went(
    settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    alert("outage", "Auth0 doesn't answer", "…")
    quiet_now(settings)
    over("outage")
    alert("slow", "Auth0 is slow", "Look at the network.")

    settings.ALERT_QUIET_HOURS = None
    alert_delivery.deliver()

    assert ": Over: Auth0 doesn't answer\n  Nothing is left to do." in mailoutbox[1].body
    assert "It lasted less than a minute." in mailoutbox[1].body


def test_how_it_went_is_said_at_the_end(mailoutbox: list[EmailMessage]) -> None:
    alert("token", "Refused", "…")
    for status in ("success", "success", "failed"):
        SyncLog.objects.create(action="update user", status=status)
    Incident.objects.update(began_at=Now() - timedelta(minutes=125), returns=3)

    over("token")

    said = mailoutbox[1].body
    assert "It lasted 2 hours and 5 minutes." in said
    assert "It went and came back 3 times." in said
    assert "Meanwhile: 2 calls to Auth0 went well, 1 didn't." in said


def test_no_more_than_so_many_calls_are_counted_at_the_end(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "CALLS_MOST", 2)
    alert("token", "Refused", "…")
    for _ in range(3):
        SyncLog.objects.create(action="update user", status="success")

    over("token")

    assert "Meanwhile: more than 2 calls to Auth0 went well, 0 didn't." in mailoutbox[1].body


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_mail_server(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_delivery, "in_background", really_in_background)
    slow = threading.Event()
    send = EmailBackend.send_messages

    def wait(self: EmailBackend, messages: Any) -> int:
        slow.wait(30)
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", wait)

    alert("token", "Refused", "…")

    assert mailoutbox == []
    slow.set()
    deadline = time.monotonic() + 30
    while any(thread.name == "alerts" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(mailoutbox) == 1
    alert_delivery.in_background()  # nothing is due, so nothing is started
    assert not any(thread.name == "alerts" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (datetime(2026, 11, 28, 21, 59, tzinfo=CHICAGO), False),
        (datetime(2026, 11, 28, 22, 0, tzinfo=CHICAGO), True),
        (datetime(2026, 11, 29, 5, 59, tzinfo=CHICAGO), True),
        (datetime(2026, 11, 29, 6, 0, tzinfo=CHICAGO), False),
        # The night in which the clock is put forward: 06:00 there is an hour earlier in UTC.
        (datetime(2026, 3, 8, 10, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 8, 11, 0, tzinfo=UTC), False),
        # And back: the hour from one to two comes twice, and is quiet twice.
        (datetime(2026, 11, 1, 11, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 1, 12, 0, tzinfo=UTC), False),
    ],
)
@pytest.mark.once
def test_quiet_hours_go_by_the_clock_on_the_wall(at: datetime, quiet: bool) -> None:
    assert is_quiet(NIGHT, at) is quiet


@pytest.mark.once
def test_quiet_hours_by_day_and_none() -> None:
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    midday: Hours = (clock(11), clock(13), ZoneInfo("UTC"))
    assert is_quiet(midday, noon)
    assert not is_quiet(midday, noon + timedelta(hours=1))
    assert not is_quiet(None, noon)
    assert in_words(midday) == "11:00 to 13:00, UTC"
    assert in_words(None) == ""
