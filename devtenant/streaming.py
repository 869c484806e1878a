"""The thread that sends the log to its streams: at least once (facts: log streams, HTTP)."""

import contextlib
import http.client
import json
import random
import time
from typing import Any
from urllib.parse import urlsplit

from devtenant.log_streams import wanted_by
from devtenant.state import Tenant
from devtenant.tenant_log import after

BATCH = 100  # records
ATTEMPTS = 3
PAUSE_S = 0.2  # seconds between two attempts
AGAIN_S = 2.0  # seconds until a batch that nobody took is tried again
GIVEN_UP_S = 7 * 86_400  # seconds of failure until a stream is paused
TIMEOUT_S = 5.0


def stream(tenant: Tenant) -> None:
    """Send what is new until the tenant stops: the body of a thread."""
    failing: dict[str, float] = {}  # stream: since when (monotonic)
    while not tenant.stopping.is_set():
        tenant.log_grew.wait()
        tenant.log_grew.clear()
        with tenant.lock:
            keys = [key for key, row in tenant.log_streams.rows.items() if active(row)]
        later = False
        for key in keys:
            while not tenant.stopping.is_set() and (sent := send_next(tenant, key)) is not None:
                if sent:
                    failing.pop(key, None)
                    continue
                since = failing.setdefault(key, time.monotonic())
                if time.monotonic() - since > GIVEN_UP_S:
                    pause(tenant, key)
                later = True
                break
        if later and not tenant.stopping.wait(AGAIN_S):
            tenant.log_grew.set()


def active(row: dict[str, Any]) -> bool:
    """Whether a stream is to be served."""
    return bool(row["status"] == "active")


def pause(tenant: Tenant, key: str) -> None:
    """Stop serving a stream that nobody has taken for a week."""
    with tenant.change():
        if key in tenant.log_streams.rows:
            row = {**tenant.log_streams.rows[key], "status": "paused"}
            tenant.log_streams.put(key, row)


def send_next(tenant: Tenant, key: str) -> bool | None:
    """Send the next batch of a stream; None when nothing is new, False when nobody took it."""
    with tenant.lock:
        row = tenant.log_streams.rows.get(key)
        if row is None or not active(row):
            return None
        found = after(tenant, row["sent_to"] or "0", BATCH)
        if not found:
            return None
        records = [record for record in found if wanted_by(row, record)]
        fault = tenant.faults.pick_for_stream(row["sink"]["httpEndpoint"])
    kind = fault.kind if fault else ""
    if fault is not None and kind == "stream_delay":
        tenant.stopping.wait(fault.delay_s)
    if kind == "stream_shuffle":
        random.shuffle(records)
    if records and not took(tenant, row["sink"], records):
        return False
    if kind == "stream_lost_answer":
        return False  # taken, but the answer never came back: all of it goes out again
    if kind == "stream_duplicate" and records:
        took(tenant, row["sink"], records)
    with tenant.change():
        if key in tenant.log_streams.rows:
            now = tenant.log_streams.rows[key]
            tenant.log_streams.put(key, {**now, "sent_to": found[-1]["log_id"]})
    return True


def took(tenant: Tenant, sink: dict[str, Any], records: list[dict[str, Any]]) -> bool:
    """Whether the receiver took a batch within ATTEMPTS."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(OSError, http.client.HTTPException):
            if 200 <= post(sink, body_of(sink, records)) < 300:
                return True
        if tenant.stopping.wait(PAUSE_S):
            break
    return False


def body_of(sink: dict[str, Any], records: list[dict[str, Any]]) -> bytes:
    """A batch in the stream's format."""
    items = [{"log_id": record["log_id"], "data": record} for record in records]
    match sink.get("httpContentFormat", "JSONLINES"):
        case "JSONARRAY":
            text = json.dumps(items)
        case "JSONOBJECT":
            text = json.dumps({"logs": items})  # believed
        case _:
            text = "\n".join(map(json.dumps, items))
    return text.encode()


def post(sink: dict[str, Any], body: bytes) -> int:
    """Send one body; returns the status.

    Raises: OSError, HTTPException.
    """
    url = urlsplit(sink["httpEndpoint"])
    secure = url.scheme == "https"
    maker = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = maker(url.hostname or "", url.port, timeout=TIMEOUT_S)
    headers = {"Content-Type": sink.get("httpContentType") or "application/json"}
    if sink.get("httpAuthorization"):
        headers["Authorization"] = sink["httpAuthorization"]
    headers |= {each["header"]: each["value"] for each in sink.get("httpCustomHeaders", [])}
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
