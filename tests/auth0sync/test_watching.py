"""What the look finds out by itself: failures, slow answers, limits, and that nothing moves."""

import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from auth0sync import alert_channels, incidents, switch, watch_calls, watch_queue, watch_web
from auth0sync.models import Account, Bucket, Incident, SyncLog, TenantEvent, TenantState
from auth0sync.sweep import Sweeper
from tests.auth0sync.people import add
from tests.auth0sync.test_incidents import gone_for_good, subjects
from tests.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tenant")]


@pytest.fixture(autouse=True)
def addresses(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_EMAILS = ["ops@example.com"]
    monkeypatch.setattr(watch_web, "_next_look", 0.0)


def ago(**time_: float) -> Combinable:
    return Now() - timedelta(**time_)


def call(number: int = 1, **columns: object) -> None:
    rows = [
        SyncLog(action="update user", **{"status": "success", **columns}) for _ in range(number)
    ]
    SyncLog.objects.bulk_create(rows)


def needing_a_person(number: int, minutes: int = 10) -> None:
    Account.objects.bulk_create([Account(pk=900 + i, attention=2) for i in range(number)])
    Account.objects.update(attention_at=ago(minutes=minutes))


def test_more_than_five_who_failed_within_the_hour_are_told_by_their_numbers(
    mailoutbox: list[EmailMessage],
) -> None:
    needing_a_person(5)
    incidents.look()
    assert mailoutbox == []

    Account.objects.create(pk=999, attention=1, attention_at=ago(minutes=1))
    incidents.look()

    assert subjects(mailoutbox) == ["more than 5 accounts failed within an hour"]
    assert "6 people" in mailoutbox[0].body
    assert "999, 900, 901" in mailoutbox[0].body, "whoever left comes first"


def test_failures_of_earlier_are_no_news(mailoutbox: list[EmailMessage]) -> None:
    needing_a_person(9, minutes=61)

    incidents.look()

    assert mailoutbox == []


def test_failures_that_go_on_are_told_once_though_their_number_falls_now_and_then(
    mailoutbox: list[EmailMessage],
) -> None:
    for _ in range(3):
        needing_a_person(6)
        incidents.look()
        Account.objects.filter(pk=900).delete()
        gone_for_good(29)
        Account.objects.all().delete()
    assert len(mailoutbox) == 1

    gone_for_good(31)

    assert subjects(mailoutbox)[1].startswith("Over: more than 5 accounts")


def test_a_slow_answer_is_told_once_until_none_was_slow_for_half_an_hour(
    mailoutbox: list[EmailMessage],
) -> None:
    call(duration_ms=5_000)
    incidents.look()
    assert mailoutbox == []

    call(duration_ms=6_200)
    incidents.look()
    call(duration_ms=7_000)
    incidents.look()
    assert len(mailoutbox) == 1
    assert "1 of 2 calls" in mailoutbox[0].body and "6.2 seconds" in mailoutbox[0].body

    SyncLog._base_manager.update(created_at=ago(minutes=11))
    gone_for_good(29)
    assert len(mailoutbox) == 1
    gone_for_good(31)
    assert subjects(mailoutbox)[1].startswith("Over: Auth0 took more than 5 seconds")


def test_what_comes_and_goes_is_told_once(mailoutbox: list[EmailMessage]) -> None:
    for _ in range(5):
        TenantState.objects.update(down_since=ago(minutes=6))
        incidents.look()
        TenantState.objects.update(down_since=None)
        incidents.look()
    assert len(mailoutbox) == 1

    gone_for_good()

    assert len(mailoutbox) == 2
    assert "came back 4 times" in mailoutbox[1].body


def test_refused_calls_are_told_above_one_per_cent(mailoutbox: list[EmailMessage]) -> None:
    call(296)
    call(2, status="waiting", error_code="too_many_requests")
    incidents.look()
    call(1, status="waiting", error_code="too_many_requests")
    incidents.look()
    assert subjects(mailoutbox) == ["Auth0 refuses calls: too many"]
    assert "3 of 299 calls" in mailoutbox[0].body


def test_a_few_refused_calls_of_few_are_not_told(mailoutbox: list[EmailMessage]) -> None:
    call(2)
    call(2, status="waiting", error_code="too_many_requests")

    incidents.look()

    assert mailoutbox == []


def test_a_wait_of_more_than_a_minute_is_told(mailoutbox: list[EmailMessage]) -> None:
    Bucket.objects.update(next_at=Now() + timedelta(seconds=50))
    incidents.look()
    assert mailoutbox == []

    Bucket.objects.update(next_at=Now() + timedelta(seconds=90))
    incidents.look()

    assert subjects(mailoutbox) == ["Auth0's limit has everything stand still"]


@pytest.mark.parametrize(("answered_s", "told"), [(90, True), (40, False), (None, True)])
def test_short_waits_one_after_the_other_are_a_standstill_too(
    answered_s: int | None, told: bool, mailoutbox: list[EmailMessage]
) -> None:
    Bucket.objects.update(next_at=Now() + timedelta(seconds=20))
    if answered_s is not None:
        call(created_at=ago(seconds=answered_s))
    call(status="waiting", error_code="too_many_requests", created_at=ago(seconds=5))

    incidents.look()

    assert bool(mailoutbox) is told


def test_calls_that_get_through_between_the_waits_are_none(mailoutbox: list[EmailMessage]) -> None:
    Bucket.objects.update(next_at=Now() + timedelta(seconds=20))
    call(status="waiting", error_code="too_many_requests", created_at=ago(seconds=100))
    call(created_at=ago(seconds=80))

    incidents.look()

    assert mailoutbox == []


def test_without_a_bucket_nothing_stands_still() -> None:
    Bucket.objects.all().delete()

    assert watch_calls.found_in(watch_calls.calls()) == {}


def test_only_the_newest_stretch_of_the_log_is_read(settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 0.1
    call(1, duration_ms=9_000)
    call(300)

    assert watch_calls.calls().every == 220


def test_a_token_that_could_not_be_renewed_is_told(mailoutbox: list[EmailMessage]) -> None:
    soon = Now() + timedelta(seconds=20)
    TenantState.objects.update(
        token_renew_at=ago(seconds=5), token_expires_at=soon, token_wait_until=soon
    )

    incidents.look()

    assert subjects(mailoutbox) == ["the token for Auth0 couldn't be renewed"]
    TenantState.objects.update(down_since=Now())
    assert watch_queue.renewal() == {}, "that it is down is told by itself"


def test_somebody_due_while_nothing_moves_is_told(mailoutbox: list[EmailMessage]) -> None:
    ana = add()
    Account.objects.update(due_at=ago(minutes=11))
    call(created_at=ago(minutes=9))
    incidents.look()
    assert mailoutbox == [], "somebody was worked on"

    SyncLog._base_manager.update(created_at=ago(minutes=11))
    incidents.look()

    assert subjects(mailoutbox) == ["nothing has synced although it should have"]
    assert f"employees {ana.pk}." in mailoutbox[0].body


def test_who_waits_for_the_switch_or_a_minute_is_no_standstill() -> None:
    add()
    assert watch_queue.standstill() == {}

    Account.objects.update(due_at=ago(minutes=11))
    assert watch_queue.standstill()

    switch.pause("auth0_pause", "Moving.")
    assert watch_queue.standstill() == {}


def test_workers_that_do_not_answer_are_told(mailoutbox: list[EmailMessage]) -> None:
    TenantState.objects.update(answered_at=ago(minutes=3.5))
    incidents.look()
    assert mailoutbox == []

    TenantState.objects.update(answered_at=ago(minutes=4.5))
    incidents.look()
    watch_queue.has_answered()
    gone_for_good()

    assert subjects(mailoutbox) == ["no worker answers", "Over: no worker answers"]


def test_the_web_server_tells_that_nobody_sweeps(
    client: Client, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    TenantState.objects.update(looked_at=ago(minutes=6), watched_at=ago(minutes=2))
    client.get("/readyz")
    monkeypatch.setattr(watch_web, "_next_look", 0.0)
    client.get("/readyz")

    assert subjects(mailoutbox) == ["nothing has synced: the worker isn't running"]

    Sweeper().tick()
    gone_for_good()
    assert subjects(mailoutbox)[1].startswith("Over: nothing has synced")


@pytest.mark.parametrize(("watched_s", "looks"), [(50, False), (70, True)])
def test_all_web_servers_together_look_once_a_minute(watched_s: int, looks: bool) -> None:
    TenantState.objects.update(looked_at=ago(minutes=6), watched_at=ago(seconds=watched_s))

    watch_web.look()

    assert Incident.objects.exists() is looks


def test_one_web_server_asks_the_database_once_a_minute() -> None:
    watch_web.look()

    with CaptureQueriesContext(connection) as asked:
        watch_web.look()

    assert len(asked) == 0


def test_a_clock_that_was_ahead_and_was_put_back_does_not_keep_it_quiet() -> None:
    TenantState.objects.update(looked_at=ago(hours=-1), watched_at=ago(hours=-1))

    watch_web.look()

    assert Incident.objects.get().pk == "silent:sweep"


def test_a_web_server_says_nothing_while_somebody_sweeps(client: Client) -> None:
    TenantState.objects.update(looked_at=ago(minutes=6))
    watch_queue.swept()

    assert client.get("/readyz").status_code == 200

    assert not Incident.objects.exists()


def test_a_web_server_without_its_database_answers_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError

    with connection.execute_wrapper(fail):
        watch_web.look()

    assert "Can't look whether the sweep runs" in caplog.text


class Watcher:
    """A watcher outside, which counts how often it was asked."""

    def __init__(self, status: int = 200) -> None:
        watcher = self
        self.asked = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watcher.asked += 1
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/k3y"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def end(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_the_sweep_gives_a_watcher_outside_a_sign_of_life_once_a_minute(
    settings: Settings,
) -> None:
    watcher = Watcher()
    settings.ALERT_HEARTBEAT_URL = watcher.url
    settings.AUTH0_SWEEP_SECONDS = 0
    sweeper = Sweeper()

    sweeper.tick()
    sweeper.tick()

    deadline = time.monotonic() + 30
    while not watcher.asked:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert watcher.asked == 1
    watcher.end()


def test_and_none_while_nothing_moves(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_HEARTBEAT_URL = "http://127.0.0.1:1/ping"
    pings: list[int] = []
    monkeypatch.setattr(alert_channels, "ping", lambda: pings.append(1))
    TenantState.objects.update(answered_at=ago(minutes=5))

    Sweeper().tick()

    assert Incident.objects.get().pk == "silent:workers"
    assert pings == []


def test_a_watcher_that_is_away_is_logged_without_its_address(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALERT_HEARTBEAT_URL = f"http://127.0.0.1:{free_port()}/ping/k3y"
    alert_channels.ping()
    watcher = Watcher(status=404)
    settings.ALERT_HEARTBEAT_URL = watcher.url
    alert_channels.ping()
    watcher.end()

    assert "couldn't be sent: ConnectError" in caplog.text
    assert "answered 404" in caplog.text
    assert "k3y" not in caplog.text


def limit_event(number: int, **columns: object) -> None:
    TenantEvent.objects.create(
        log_id=f"9{number}", type="api_limit_warning", at=timezone.now(), **columns
    )


def test_what_auth0s_own_log_says_of_its_limit_is_told(mailoutbox: list[EmailMessage]) -> None:
    limit_event(1, is_read=True)

    incidents.look()

    assert subjects(mailoutbox) == ["Auth0 warns that the tenant's limit of calls is near"]
    assert "“The tenant’s limit of calls is near” (1)" in mailoutbox[0].body


def test_what_only_the_stream_says_of_the_limit_may_be_made_up(
    mailoutbox: list[EmailMessage],
) -> None:
    limit_event(1)
    limit_event(2, is_read=True)
    TenantEvent.objects.filter(log_id="92").update(received_at=ago(minutes=11))

    incidents.look()

    assert mailoutbox == []
