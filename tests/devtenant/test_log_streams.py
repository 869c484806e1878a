"""Log streams: what the API takes, and what arrives."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from devtenant.log_streams import MOST_HERE, new_stream, remove_stream
from devtenant.state import Tenant
from devtenant.streaming import ATTEMPTS, TIMEOUT_S, note_delivery, stream
from tests.devtenant.running import ROOT, RunningTenant

pytestmark = pytest.mark.once
SINK = {"httpEndpoint": "https://127.0.0.1:1/hook", "httpAuthorization": "Bearer secret"}
STREAM = {"name": "Console", "type": "http", "sink": SINK}
DAY_S = 86_400


class Receiver(ThreadingHTTPServer):
    """Takes what a stream sends; refuses the first ``refusals`` times, hangs until ``open``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.bodies: list[str] = []
        self.authorizations: set[str] = set()
        self.refusals = 0
        self.asked = 0
        self.open = threading.Event()
        self.open.set()

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
        self.server.asked += 1
        self.server.open.wait(60)
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
    with listening() as server:
        yield server
        tenant.reset()


@contextmanager
def listening() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.open.set()
            server.shutdown()
            thread.join()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


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
    wait_until(lambda: bool(receiver.bodies), "nothing came")

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


def test_a_fault_keeps_a_batch_back(tenant: RunningTenant, receiver: Receiver) -> None:
    tenant.fault(kind="stream_delay", delay_s=1.5, times=1)
    begun = time.monotonic()

    send(tenant, receiver, 2)

    receiver.ids(2)
    assert time.monotonic() - begun >= 1.5
    assert [fault["fired"] for fault in tenant.faults()] == [1]


def test_what_is_in_no_category_is_in_other(tenant: RunningTenant, receiver: Receiver) -> None:
    tenant.control(stream={"url": receiver.url, "authorization": "Bearer secret"})
    (stream,) = tenant.api("GET", "/log-streams").json()
    path = f"/log-streams/{stream['id']}"
    tenant.api("PATCH", path, {"filters": [{"type": "category", "name": "other"}]})

    tenant.ask("POST", "/_logs", {"types": ["s", "pwd_leak", "limit_wc"], "users": [], "count": 6})

    receiver.ids(2)
    lines = [line for body in receiver.bodies for line in body.split("\n")]
    assert {json.loads(line)["data"]["type"] for line in lines} == {"pwd_leak"}


def test_a_category_that_is_none_is_refused(tenant: RunningTenant) -> None:
    wrong = {**STREAM, "filters": [{"type": "category", "name": "user.sucess"}]}

    assert tenant.api("POST", "/log-streams", wrong).status_code == 400


# A receiver that doesn't answer


def test_one_that_hangs_holds_up_no_other(tenant: RunningTenant, receiver: Receiver) -> None:
    with listening() as hanging:
        hanging.open.clear()
        tenant.control(stream={"url": hanging.url, "authorization": "Bearer secret"})
        tenant.ask("POST", "/_logs", {"types": ["s"], "users": ["auth0|a"], "count": 1})
        wait_until(lambda: hanging.asked > 0, "the one that hangs was never asked")

        send(tenant, receiver, 3)

        receiver.ids(3)
        assert hanging.asked < ATTEMPTS, "the other waited until this one was given up"
        tenant.reset()


def test_one_that_hangs_does_not_hold_up_the_end() -> None:
    with RunningTenant() as tenant, listening() as hanging:
        hanging.open.clear()
        send(tenant, hanging, 1)
        wait_until(lambda: hanging.asked > 0, "it was never asked")
        begun = time.monotonic()

        assert tenant.stop() == 0

        assert time.monotonic() - begun < TIMEOUT_S


def test_what_hung_arrives_when_it_answers_again(tenant: RunningTenant, receiver: Receiver) -> None:
    receiver.open.clear()
    send(tenant, receiver, 3)
    wait_until(lambda: receiver.asked > 0, "it was never asked")

    receiver.open.set()

    assert len(set(receiver.ids(3))) == 3


def test_a_header_that_cannot_be_sent_ends_no_stream(
    tenant: RunningTenant, receiver: Receiver
) -> None:
    tenant.control(stream={"url": receiver.url, "authorization": "Bearer\nsecret"})
    tenant.ask("POST", "/_logs", {"types": ["s"], "users": ["auth0|a"], "count": 2})

    tenant.control(stream={"url": receiver.url, "authorization": "Bearer secret"})

    assert len(set(receiver.ids(2))) == 2


def test_there_are_no_more_streams_than_threads_for_them(tenant: RunningTenant) -> None:
    answers = [
        tenant.client.post(
            f"{tenant.base_url}/_control", json={"stream": {"url": f"http://127.0.0.1:{port}/"}}
        )
        for port in [*range(1, MOST_HERE + 2), 1]  # the last is there already
    ]

    assert [answer.status_code for answer in answers] == [*[200] * MOST_HERE, 400, 200]
    assert answers[-2].json() == {"error": "There are 8 streams on this machine already."}


@pytest.mark.parametrize("way", ["delete", "reset"])
def test_a_stream_that_is_gone_leaves_no_thread(way: str) -> None:
    tenant = Tenant()
    keeper = threading.Thread(target=stream, args=(tenant,), daemon=True)
    keeper.start()
    with tenant.change():
        row = new_stream(tenant, STREAM)
    wait_until(lambda: len(senders()) == 1, "it has no thread")

    with tenant.change():
        if way == "reset":
            tenant.clear()
        else:
            remove_stream(tenant, row)

    wait_until(lambda: not senders(), "its thread is still there")
    tenant.stopping.set()
    with tenant.change():
        tenant.log_grew.notify_all()
    keeper.join(10)
    assert not keeper.is_alive()


def senders() -> list[str]:
    """The threads that send, in this process."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.endswith("(serve)")]


# A week of failures


def status_of(tenant: RunningTenant) -> str:
    (stream,) = tenant.api("GET", "/log-streams").json()
    assert "failing_since" not in stream
    status: str = stream["status"]
    return status


def fail_once_more(receiver: Receiver) -> None:
    """Wait for the end of a batch that begins from now on."""
    seen = receiver.asked
    wait_until(lambda: receiver.asked >= seen + 2 * ATTEMPTS, "it isn't tried again")


def test_a_stream_pauses_after_a_week_of_failures(
    tenant: RunningTenant, receiver: Receiver
) -> None:
    receiver.refusals = 1_000
    send(tenant, receiver, 1)
    fail_once_more(receiver)
    tenant.control(age_streams_s=6 * DAY_S)
    fail_once_more(receiver)
    assert status_of(tenant) == "active"

    tenant.control(age_streams_s=DAY_S)

    wait_until(lambda: status_of(tenant) == "paused", "it goes on")
    asked = receiver.asked
    time.sleep(3)
    assert receiver.asked == asked, "it goes on, paused"


@pytest.mark.parametrize(("deliveries", "status"), [([None], "paused"), (["9001", None], "active")])
def test_a_delivery_ends_the_failures(deliveries: list[str | None], status: str) -> None:
    tenant = Tenant()
    with tenant.change():
        row = new_stream(tenant, STREAM)
        tenant.log_streams.put(row["id"], {**row, "failing_since": time.time() - 8 * DAY_S})

    for sent_to in deliveries:
        note_delivery(tenant, row["id"], sent_to)

    assert tenant.log_streams.rows[row["id"]]["status"] == status


def test_one_that_is_started_again_has_a_week_again(
    tenant: RunningTenant, receiver: Receiver
) -> None:
    receiver.refusals = 1_000
    send(tenant, receiver, 1)
    fail_once_more(receiver)
    tenant.control(age_streams_s=6 * DAY_S)
    (stream,) = tenant.api("GET", "/log-streams").json()

    tenant.api("PATCH", f"/log-streams/{stream['id']}", {"status": "active"})
    fail_once_more(receiver)
    tenant.control(age_streams_s=2 * DAY_S)
    fail_once_more(receiver)

    assert status_of(tenant) == "active"


def test_a_restart_does_not_begin_the_week_anew(tmp_path: Path) -> None:
    with listening() as receiver, RunningTenant(state=tmp_path / "tenant.sqlite3") as tenant:
        receiver.refusals = 1_000
        send(tenant, receiver, 1)
        fail_once_more(receiver)
        receiver.open.clear()

        tenant.kill()
        tenant.start()
        tenant.unlimited()
        tenant.control(age_streams_s=8 * DAY_S)  # before anything fails again
        receiver.open.set()

        wait_until(lambda: status_of(tenant) == "paused", "it goes on")


# The option of the command


def test_the_command_sends_the_log_where_it_is_told() -> None:
    with (
        listening() as receiver,
        listening() as second,
        RunningTenant(streams=[receiver.url, second.url], stream_token="s3cret") as tenant,
    ):
        tenant.reset()
        tenant.ask("POST", "/_logs", {"types": ["s"], "users": ["auth0|a"], "count": 2})

        receiver.ids(2)
        second.ids(2)

    assert receiver.authorizations == second.authorizations == {"Bearer s3cret"}


def test_the_command_sends_nothing_without_a_token() -> None:
    with RunningTenant(streams=["http://127.0.0.1:1/hook"]) as tenant:
        assert tenant.api("GET", "/log-streams").json() == []


@pytest.mark.parametrize(
    ("urls", "status", "words"),
    [
        (["https://127.0.0.1/"], 2, "is no http address of this machine"),
        (["http://console.example.com/"], 2, "is no http address of this machine"),
        (
            [f"http://127.0.0.1:{port}/" for port in range(1, MOST_HERE + 2)],
            1,
            "There are 8 streams on this machine already.",
        ),
    ],
)
def test_the_command_refuses_a_stream_in_words(urls: list[str], status: int, words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "devtenant", "--port=0", "--smtp-port=0"]
        + [f"--stream={url}" for url in urls],
        cwd=ROOT,
        env={"DEVTENANT_STREAM_TOKEN": "s3cret"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == status
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
