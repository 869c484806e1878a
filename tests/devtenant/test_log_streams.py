"""Log streams: what the API takes, and what arrives."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once
SINK = {"httpEndpoint": "https://127.0.0.1:1/hook", "httpAuthorization": "Bearer secret"}
STREAM = {"name": "Console", "type": "http", "sink": SINK}


class Receiver(ThreadingHTTPServer):
    """Takes what a stream sends, or refuses the first ``refusals`` times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.bodies: list[str] = []
        self.authorizations: set[str] = set()
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def ids(self, number: int) -> list[str]:
        """The log_ids that have come, as soon as there are so many."""
        deadline = time.monotonic() + 30
        while True:
            lines = [line for body in self.bodies for line in body.splitlines()]
            if len(lines) >= number:
                return [json.loads(line)["log_id"] for line in lines]
            assert time.monotonic() < deadline, f"{len(lines)} came"
            time.sleep(0.02)


class Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.authorizations.add(self.headers["Authorization"])
        refused, self.server.refusals = self.server.refusals > 0, self.server.refusals - 1
        if not refused:
            self.server.bodies.append(body)
        self.send_response(503 if refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def receiver(tenant: RunningTenant) -> Iterator[Receiver]:
    """Without a stream to it; that is gone before the receiver is."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        tenant.reset()
        server.shutdown()
        thread.join()


def send(tenant: RunningTenant, receiver: Receiver, count: int, form: str = "JSONLINES") -> Any:
    to = {"url": receiver.url, "authorization": "Bearer secret", "format": form}
    tenant.control(stream=to)
    return tenant.ask("POST", "/_logs", {"types": ["s"], "users": ["auth0|a"], "count": count})


def test_a_stream_is_made_read_changed_and_removed(tenant: RunningTenant) -> None:
    made = tenant.api("POST", "/log-streams", STREAM)
    path = f"/log-streams/{made.json()['id']}"

    assert (made.status_code, made.json()["status"], made.json()["sink"]) == (200, "active", SINK)
    assert tenant.api("GET", "/log-streams").json() == [made.json()]
    assert tenant.api("PATCH", path, {"status": "paused"}).json()["status"] == "paused"
    assert tenant.api("GET", path).json()["status"] == "paused"
    assert tenant.api("DELETE", path).status_code == 204
    assert tenant.api("GET", path).status_code == 404


def test_plain_http_and_too_many_are_refused(tenant: RunningTenant) -> None:
    plain = {**STREAM, "sink": {"httpEndpoint": "http://127.0.0.1:1/"}}
    paused = [tenant.api("POST", "/log-streams", STREAM).status_code for _ in range(3)]

    assert tenant.api("POST", "/log-streams", plain).json()["errorCode"] == "invalid_body"
    assert paused == [200, 200, 409]


def test_all_that_is_logged_arrives_in_order(tenant: RunningTenant, receiver: Receiver) -> None:
    send(tenant, receiver, 250)

    ids = receiver.ids(250)

    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert receiver.authorizations == {"Bearer secret"}


def test_a_refused_batch_comes_again(tenant: RunningTenant, receiver: Receiver) -> None:
    receiver.refusals = 4

    send(tenant, receiver, 2)

    assert len(set(receiver.ids(2))) >= 2


@pytest.mark.parametrize("kind", ["stream_duplicate", "stream_lost_answer"])
def test_a_fault_sends_a_batch_twice(tenant: RunningTenant, receiver: Receiver, kind: str) -> None:
    tenant.fault(kind=kind, times=1)

    send(tenant, receiver, 3)

    ids = receiver.ids(6)
    assert len(set(ids)) < len(ids)


@pytest.mark.parametrize(("form", "kind"), [("JSONARRAY", list), ("JSONOBJECT", dict)])
def test_the_other_formats_are_one_document(
    tenant: RunningTenant, receiver: Receiver, form: str, kind: type
) -> None:
    send(tenant, receiver, 1, form)
    deadline = time.monotonic() + 30
    while not receiver.bodies and time.monotonic() < deadline:
        time.sleep(0.02)

    assert isinstance(json.loads(receiver.bodies[0]), kind)


def test_a_stream_by_http_stays_on_this_machine(tenant: RunningTenant) -> None:
    body = {"stream": {"url": "http://console.example.com/"}}

    assert tenant.client.post(f"{tenant.base_url}/_control", json=body).status_code == 400


def test_a_filter_lets_through_what_is_in_its_categories(
    tenant: RunningTenant, receiver: Receiver
) -> None:
    failed = {"type": "category", "name": "auth.login.fail"}
    tenant.control(stream={"url": receiver.url, "authorization": "Bearer secret"})
    (stream,) = tenant.api("GET", "/log-streams").json()
    tenant.api("PATCH", f"/log-streams/{stream['id']}", {"filters": [failed]})

    tenant.ask("POST", "/_logs", {"types": ["s", "fp", "sv"], "users": ["auth0|a"], "count": 9})

    receiver.ids(3)
    kinds = [
        json.loads(line)["data"]["type"] for body in receiver.bodies for line in body.split("\n")
    ]
    assert kinds == ["fp", "fp", "fp"]


@pytest.mark.parametrize(
    "change",
    [
        {"sink": {"httpContentFormat": "JSONLINES"}},  # it would replace the whole sink
        {"filters": [{"type": "category"}]},
        {"filters": [{"name": "user.success"}]},
    ],
)
def test_a_change_that_would_leave_a_stream_without_a_way_is_refused(
    tenant: RunningTenant, change: dict[str, Any]
) -> None:
    made = tenant.api("POST", "/log-streams", STREAM).json()

    assert tenant.api("PATCH", f"/log-streams/{made['id']}", change).status_code == 400
    assert tenant.api("GET", f"/log-streams/{made['id']}").json() == made


def test_a_stream_may_begin_with_what_was_logged_before(tenant: RunningTenant) -> None:
    refused = tenant.api("POST", "/log-streams", {**STREAM, "startFrom": "yesterday"})
    assert refused.status_code == 400
    assert "startFrom" in refused.json()["message"]

    assert (
        tenant.api("POST", "/log-streams", {**STREAM, "startFrom": "2026-01-01"}).status_code == 200
    )


def test_an_operator_names_a_paused_stream_again_and_it_goes_on(
    tenant: RunningTenant, receiver: Receiver
) -> None:
    tenant.control(stream={"url": receiver.url, "authorization": "Bearer secret"})
    (stream,) = tenant.api("GET", "/log-streams").json()
    tenant.api("PATCH", f"/log-streams/{stream['id']}", {"status": "paused"})
    tenant.ask("POST", "/_logs", {"types": ["s"], "users": ["auth0|a"], "count": 2})
    assert receiver.bodies == []

    tenant.control(stream={"url": receiver.url, "authorization": "Bearer secret"})

    assert len(receiver.ids(2)) >= 2
