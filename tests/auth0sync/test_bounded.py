"""An answer that comes drop by drop ends in time, whoever asked."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx
import pytest
from pytest_django import Settings

from auth0sync import token
from auth0sync.bounded import get
from auth0sync.doctor import LINES, findings
from auth0sync.errors import Transient
from auth0sync.models import TenantState

pytestmark = pytest.mark.once
AT_MOST_S = 8.0


class Dripping(ThreadingHTTPServer):
    """Answers with a body that never ends, a blank every 0.1 s, until it is told to stop."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Drip)
        self.is_over = Event()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Drip(BaseHTTPRequestHandler):
    server: Dripping

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        until = time.monotonic() + 3 * AT_MOST_S  # a client that never gives up is let go, too
        while not self.server.is_over.wait(0.1) and time.monotonic() < until:
            try:
                self.wfile.write(b" ")
            except OSError:  # gone, as it should
                return

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    server = Dripping()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.is_over.set()
    server.shutdown()
    server.server_close()


def test_a_body_has_to_be_whole_within_the_time_for_an_answer(dripping: Dripping) -> None:
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        get(dripping.root, 1.0)

    assert time.monotonic() - began < AT_MOST_S


@pytest.mark.django_db
def test_nobody_waits_longer_for_a_token_or_for_what_the_doctor_asks(
    dripping: Dripping, state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_BASE_URL, settings.AUTH0_TIMEOUT = dripping.root, 1
    settings.AUTH0_DOMAIN = "tenant.example.com"
    names = ("Tenant", "Issuer and keys")

    began = time.monotonic()
    refusal = token.ask("client", "not-a-secret", "application")
    tenant, keys = findings([line for line in LINES if line.what in names])

    assert time.monotonic() - began < AT_MOST_S
    assert isinstance(refusal, Transient)
    assert "can't be reached (ReadTimeout)" in tenant.text
    assert keys.state == "unknown"
