"""The machine token: fetched once for all, renewed in time, and never left lying about."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import pace, token
from auth0sync.claim import Claim
from auth0sync.due import next_due
from auth0sync.engine import sync
from auth0sync.errors import Misconfigured, NotNow, SyncError, Transient
from auth0sync.models import SyncLog, TenantState
from auth0sync.token import drop_token, get_token, have_token
from tests.auth0sync.people import account_of, add, row_of
from tests.devtenant.running import RunningTenant
from tests.ports import free_port


def fetches(tenant: RunningTenant) -> int:
    return len(tenant.calls("POST", "/oauth/token"))


def another_process() -> None:
    """What this process holds in memory is what another one hasn't got."""
    token._held = None


def ends_in(renew_s: float, end_s: float) -> None:
    TenantState.objects.update(
        token_renew_at=Now() + timedelta(seconds=renew_s),
        token_expires_at=Now() + timedelta(seconds=end_s),
    )


def another_process_renews() -> None:
    TenantState.objects.update(token_lease_until=Now() + timedelta(seconds=30))


def seconds_left(column: str) -> float:
    state = TenantState.objects.annotate(left=F(column) - Now()).get()
    left: timedelta = state.left
    return left.total_seconds()


@contextlib.contextmanager
def answering(
    status: int, body: bytes, content_type: str = "application/json", **headers: str
) -> Iterator[str]:
    """A server that gives one and the same answer to everything; yields its root address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(status)  # without a Date of its own
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_DELETE = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def everything_said(error: BaseException | None, log: pytest.LogCaptureFixture) -> str:
    """The error with all its causes, and the log."""
    said = [log.text, *(str(record.__dict__) for record in log.records)]
    while error is not None:
        said += [str(error), repr(error), str(error.__dict__)]
        error = error.__cause__ or error.__context__
    return "\n".join(said)


# One token for all


def test_a_token_is_fetched_once_and_used_again(tenant: RunningTenant) -> None:
    first = get_token()

    assert get_token() == first
    assert fetches(tenant) == 1


def test_another_process_uses_the_stored_token(tenant: RunningTenant) -> None:
    first = get_token()
    another_process()

    assert get_token() == first
    assert fetches(tenant) == 1


def test_the_database_never_holds_the_token_in_clear(tenant: RunningTenant) -> None:
    held = get_token()

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM auth0_tenant_state")
        [row] = cursor.fetchall()
    assert TenantState.objects.get().token
    assert not [value for value in row if held in str(value)]


def test_a_new_token_is_stored_with_its_end(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_TOKEN_REFRESH_BUFFER = 300

    get_token()

    assert seconds_left("token_expires_at") == pytest.approx(86_400, abs=10)
    assert seconds_left("token_renew_at") == pytest.approx(86_100, abs=10)
    assert TenantState.objects.get().token_lease_until is None


def test_a_token_that_lives_shorter_than_the_buffer_is_renewed_after_half_its_life(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_TOKEN_REFRESH_BUFFER = 100_000

    get_token()

    assert seconds_left("token_renew_at") == pytest.approx(43_200, abs=10)


def test_a_token_is_renewed_before_its_end(tenant: RunningTenant) -> None:
    first = get_token()
    ends_in(-1, 200)
    another_process()

    assert get_token() != first
    assert fetches(tenant) == 2


def test_this_process_renews_too_when_the_time_has_come(
    tenant: RunningTenant, settings: Settings
) -> None:
    first = get_token()
    ends_in(0.2, 200)
    another_process()
    assert have_token() == first

    time.sleep(0.3)

    assert have_token() != first


def test_a_process_takes_over_what_another_has_renewed_meanwhile(tenant: RunningTenant) -> None:
    get_token()
    mine = token._held
    ends_in(-1, 200)
    another_process()
    renewed = get_token()
    assert mine is not None
    token._held = token._Held(mine.token, renew_at=0, ends_at=mine.ends_at)

    assert have_token() == renewed
    assert fetches(tenant) == 2


def test_while_another_process_renews_the_old_token_goes_on_being_used(
    tenant: RunningTenant,
) -> None:
    first = get_token()
    ends_in(-1, 200)
    another_process()
    another_process_renews()

    started = time.monotonic()
    assert get_token() == first
    assert get_token() == first

    assert time.monotonic() - started < 1
    assert fetches(tenant) == 1


def test_a_token_that_has_ended_is_not_used_while_another_process_renews(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 0.2
    get_token()
    ends_in(-2, -1)
    another_process()
    another_process_renews()

    with pytest.raises(NotNow) as waited:
        get_token()

    assert waited.value.code == "token_wait"


def test_a_process_that_died_while_renewing_is_waited_for_no_longer_than_its_lease(
    tenant: RunningTenant,
) -> None:
    TenantState.objects.update(token_lease_until=Now() + timedelta(seconds=0.5))

    get_token()

    assert fetches(tenant) == 1


def test_a_failed_renewal_lets_the_next_process_try_at_once(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=503, times=1)
    with pytest.raises(Transient):
        get_token()

    started = time.monotonic()
    get_token()

    assert time.monotonic() - started < 1


@pytest.mark.django_db(transaction=True)
def test_of_several_processes_that_start_at_once_one_fetches_for_all(
    tenant: RunningTenant,
) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="slow", delay_s=0.3)
    start = threading.Barrier(4)
    tokens = []

    def run() -> None:
        start.wait(10)
        try:
            tokens.append(token._renewed().token)  # each as if it held nothing in memory
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert fetches(tenant) == 1
    assert len(tokens) == 4
    assert len(set(tokens)) == 1


def test_whoever_was_overtaken_while_renewing_leaves_the_lease_of_the_other(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = token.ask

    def slow(*args: str) -> object:
        TenantState.objects.update(token_lease="another's")
        another_process_renews()
        return ask(*args)

    monkeypatch.setattr(token, "ask", slow)

    get_token()

    state = TenantState.objects.get()
    assert state.token_lease == "another's"
    assert state.token_lease_until is not None


def test_a_call_that_is_under_way_is_not_held_up_by_a_renewal(tenant: RunningTenant) -> None:
    first = get_token()
    held = token._held
    assert held is not None
    token._held = token._Held(held.token, renew_at=0, ends_at=held.ends_at)
    ends_in(-1, 200)

    assert get_token() == first
    assert fetches(tenant) == 1
    assert have_token() != first


# A renewal that fails


@pytest.mark.parametrize("status", [429, 503])
def test_while_a_renewal_fails_the_old_token_goes_on_and_auth0_is_asked_no_more(
    tenant: RunningTenant, status: int
) -> None:
    first = get_token()
    ends_in(-1, 200)
    another_process()
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=status)

    assert have_token() == first
    another_process()
    assert have_token() == first

    assert fetches(tenant) == 2
    assert seconds_left("token_wait_until") > 0


def test_after_the_wait_the_renewal_is_tried_again(tenant: RunningTenant) -> None:
    first = get_token()
    ends_in(-1, 200)
    another_process()
    TenantState.objects.update(token_wait_until=Now() - timedelta(seconds=1))

    assert have_token() != first
    assert TenantState.objects.get().token_wait_until is None


def test_a_client_that_is_refused_at_a_renewal_is_told_at_once(
    tenant: RunningTenant, settings: Settings
) -> None:
    get_token()
    ends_in(-1, 200)
    another_process()
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=401)

    with pytest.raises(Misconfigured):
        have_token()


def test_a_429_lets_nobody_ask_before_auth0_said(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=429, retry_after=7)

    for _ in range(2):
        with pytest.raises(NotNow) as told:
            get_token()
        assert told.value.code == "token_429"
        assert 1 < (told.value.retry_after_s or 0) <= 7

    assert fetches(tenant) == 1


def test_a_429_counts_no_attempt_and_is_no_failure_of_the_tenant(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=429, retry_after=7)
    ana = add()

    sync(ana.pk)

    account = account_of(ana)
    assert (account.attempts, account.lease) == (0, "")
    assert next_due(1) == []
    assert TenantState.objects.get().failures_in_row == 0
    assert not SyncLog.objects.exists()


def test_an_outage_of_the_token_service_counts_as_one_of_the_tenant(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=503)
    ana = add()

    sync(ana.pk)

    assert account_of(ana).attempts == 1
    assert TenantState.objects.get().failures_in_row == 1
    assert SyncLog.objects.get().action == "get token"


def test_a_slow_token_is_fetched_before_the_lease_is_renewed_and_a_slot_taken(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            order.append(name)
            return real(*args)

        return called

    monkeypatch.setattr(Claim, "renew", noted("lease", Claim.renew))
    monkeypatch.setattr(token, "ask", noted("token", token.ask))
    monkeypatch.setattr(pace, "take_slot", noted("slot", pace.take_slot))

    sync(add().pk)

    assert order[:3] == ["token", "lease", "slot"]


def test_a_task_whose_time_went_into_the_token_starts_no_call(
    tenant: RunningTenant, settings: Settings
) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="slow", delay_s=1)
    ana = add()

    sync(ana.pk, until=time.monotonic() + settings.AUTH0_TIMEOUT + 0.5)

    assert tenant.calls(path_regex="/api/v2/.*") == []
    assert account_of(ana).attempts == 0


# Dropping


def test_a_dropped_token_is_fetched_anew_by_every_process(tenant: RunningTenant) -> None:
    first = get_token()

    drop_token(first)

    second = get_token()
    assert second != first
    another_process()
    assert get_token() == second
    assert fetches(tenant) == 2


def test_dropping_an_old_token_leaves_the_renewed_one(tenant: RunningTenant) -> None:
    second = get_token()

    drop_token("an older one")

    assert get_token() == second
    another_process()
    assert get_token() == second


def test_dropping_when_nothing_is_held_does_nothing(tenant: RunningTenant) -> None:
    drop_token("x")

    assert TenantState.objects.get().token == ""


def test_a_token_that_was_fetched_for_a_scope_is_kept_when_one_is_missing_still(
    tenant: RunningTenant,
) -> None:
    drop_token(get_token(), for_scope=True)
    held = get_token()

    assert not drop_token(held, for_scope=True)

    assert get_token() == held
    assert drop_token(held)


def test_half_a_minute_later_a_token_is_fetched_for_a_scope_again(tenant: RunningTenant) -> None:
    drop_token(get_token(), for_scope=True)
    held = get_token()
    TenantState.objects.update(token_at=Now() - timedelta(seconds=31))

    assert drop_token(held, for_scope=True)

    assert get_token() != held


def test_a_token_is_replaced_once_for_all_who_miss_a_scope(tenant: RunningTenant) -> None:
    held = get_token()

    assert drop_token(held, for_scope=True)

    assert get_token() != held
    # Another process, whose token is the old one, takes over the new one.
    assert drop_token(held, for_scope=True)
    get_token()
    assert fetches(tenant) == 2


def test_all_who_miss_a_scope_replace_the_token_once(tenant: RunningTenant) -> None:
    people = [add(email=f"p{number}@example.com") for number in range(3)]
    tenant.control(scopes={"console-m2m": ["read:users"]})
    tenant.control(expire_tokens=True)

    for person in people:
        sync(person.pk)

    assert fetches(tenant) == 2


def test_a_scope_granted_just_after_the_token_was_fetched_is_found_at_once(
    tenant: RunningTenant,
) -> None:
    scopes = tenant.state()["control"].get("scopes")
    tenant.control(scopes={"console-m2m": ["read:users"]})
    get_token()
    tenant.control(scopes=scopes)
    ana = add()

    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"


# The key of the stored token


@pytest.mark.parametrize("setting", ["AUTH0_CLIENT_SECRET", "AUTH0_CLIENT_ID"])
def test_after_a_change_of_the_client_the_stored_token_is_unreadable(
    tenant: RunningTenant, settings: Settings, setting: str
) -> None:
    get_token()
    another_process()
    setattr(settings, setting, "changed")

    assert token._shared() is None


def test_after_a_change_of_the_tenant_the_stored_token_is_unreadable(
    tenant: RunningTenant, settings: Settings
) -> None:
    get_token()
    settings.AUTH0_DOMAIN = "another.example.com"

    assert token._shared() is None


def test_an_unreadable_token_is_fetched_anew(tenant: RunningTenant) -> None:
    get_token()
    another_process()
    TenantState.objects.update(token="gAAAAA-not-ours")

    get_token()

    assert fetches(tenant) == 2


# Refused


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("AUTH0_CLIENT_SECRET", "wr0ng-s3cret-of-ours", "token_401"),
        ("AUTH0_CLIENT_ID", "nobody", "token_401"),
        ("AUTH0_DOMAIN", "another.example.com", "token_403"),
    ],
)
def test_a_client_that_auth0_refuses_is_a_fault_of_the_set_up(
    tenant: RunningTenant, settings: Settings, setting: str, value: str, code: str
) -> None:
    setattr(settings, setting, value)

    with pytest.raises(Misconfigured) as refused:
        get_token()

    assert refused.value.code == code
    assert refused.value.capability == "token"
    assert "AUTH0_CLIENT_SECRET" in str(refused.value)


@pytest.mark.parametrize("fault", ["refused", "unreachable", "reset", "503", "garbage"])
def test_the_secret_is_in_no_error_and_in_no_log(
    tenant: RunningTenant, settings: Settings, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    settings.AUTH0_CLIENT_SECRET = "not-a-secret" if fault == "garbage" else "wr0ng-s3cret-of-ours"
    match = {"path": "/oauth/token"}
    if fault == "unreachable":
        settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"
    elif fault == "reset":
        tenant.fault(match=match, kind="reset")
    elif fault == "503":
        tenant.fault(match=match, kind="status", status=503)
    elif fault == "garbage":
        tenant.fault(match=match, kind="wrong_body", body="<html>")

    with caplog.at_level(logging.DEBUG), pytest.raises(SyncError) as failed:
        get_token()

    assert settings.AUTH0_CLIENT_SECRET not in everything_said(failed.value, caplog)


def test_the_token_is_in_no_log(tenant: RunningTenant, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        held = get_token()

    assert "Machine token renewed" in caplog.text
    assert held not in everything_said(None, caplog)


# Not reached


def test_nobody_listening_is_transient(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(Transient) as failed:
        get_token()

    assert failed.value.code == "token_ConnectError"


def test_no_answer_in_time_is_transient(settings: Settings, tenant: RunningTenant) -> None:
    settings.AUTH0_TIMEOUT = 0.3
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        settings.AUTH0_BASE_URL = f"http://127.0.0.1:{deaf.getsockname()[1]}"

        with pytest.raises(Transient) as failed:
            get_token()

    assert failed.value.code == "token_ReadTimeout"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524])
def test_a_tenant_in_trouble_is_transient(tenant: RunningTenant, status: int) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=status)

    with pytest.raises(Transient) as failed:
        get_token()

    assert failed.value.code == f"token_{status}"


@pytest.mark.parametrize(
    "answer",
    [
        "<html>",
        "",
        [],
        "x",
        {},
        {"access_token": "x"},
        {"expires_in": 86_400},
        {"access_token": None, "expires_in": 86_400},
        {"access_token": "", "expires_in": 86_400},
        {"access_token": {"a": 1}, "expires_in": 86_400},
        {"access_token": "x", "expires_in": None},
        {"access_token": "x", "expires_in": "soon"},
        {"access_token": "x", "expires_in": 0},
        {"access_token": "x", "expires_in": -5},
        {"access_token": "x", "expires_in": float("inf")},
        {"access_token": "x", "expires_in": 10**30},
    ],
    ids=str,
)
def test_an_answer_without_a_usable_token_is_transient(
    tenant: RunningTenant, settings: Settings, answer: Any
) -> None:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    with answering(200, body.encode()) as root:
        settings.AUTH0_BASE_URL = root

        with pytest.raises(Transient) as failed:
            get_token()

    assert failed.value.code == "token_answer"
    assert TenantState.objects.get().token == ""


def test_an_answer_that_cannot_be_unpacked_is_transient(
    tenant: RunningTenant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(200, b"no gzip", Content_Encoding="gzip") as root:
        settings.AUTH0_BASE_URL = root

        with caplog.at_level(logging.DEBUG), pytest.raises(Transient) as failed:
            get_token()

    assert failed.value.code == "token_DecodingError"
    assert settings.AUTH0_CLIENT_SECRET not in everything_said(failed.value, caplog)
