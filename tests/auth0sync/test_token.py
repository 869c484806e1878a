"""The machine token: fetched once for all, renewed in time, and never left lying about."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import token
from auth0sync.errors import Misconfigured, SyncError, Transient
from auth0sync.models import TenantState
from auth0sync.token import drop_token, get_token
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
    assert get_token() == first

    time.sleep(0.3)

    assert get_token() != first


def test_a_process_takes_over_what_another_has_renewed_meanwhile(tenant: RunningTenant) -> None:
    get_token()
    mine = token._held
    ends_in(-1, 200)
    another_process()
    renewed = get_token()
    assert mine is not None
    token._held = token._Held(mine.token, renew_at=0, ends_at=mine.ends_at)

    assert get_token() == renewed
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

    with pytest.raises(Transient) as waited:
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


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 524])
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
