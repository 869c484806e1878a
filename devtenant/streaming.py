"""The threads that send the log to its streams: at least once (facts: log streams, HTTP)."""

import contextlib
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from devtenant.faults import Fault
from devtenant.log_streams import wanted_by
from devtenant.state import Tenant
from devtenant.tenant_log import after

BATCH = 100  # records
ATTEMPTS = 3
PAUSE_S = 0.2  # seconds between two attempts
AGAIN_S = 2.0  # seconds until a batch that nobody took is tried again
GIVEN_UP_S = 7 * 86_400  # seconds of failure until a stream is paused
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Batch:
    """What goes to a stream at once.

    sink: the stream's. records: those that its filters let through. last: the log_id of the last
    record that was looked at.
    """

    sink: dict[str, Any]
    records: list[dict[str, Any]]
    last: str
    fault: Fault | None


def stream(tenant: Tenant) -> None:
    """Give each stream a thread of its own until the tenant stops: the body of a thread.

    One that hangs holds up nobody else. There are as many threads as there may be streams.
    """
    served: set[str] = set()
    with tenant.log_grew:
        while not tenant.stopping.is_set():
            for key in tenant.log_streams.rows.keys() - served:
                served.add(key)
                threading.Thread(target=serve, args=(tenant, key, served), daemon=True).start()
            tenant.log_grew.wait()


def serve(tenant: Tenant, key: str, served: set[str]) -> None:
    """Send one stream what is new, until it is removed: the body of a thread."""
    while (batch := next_batch(tenant, key, served)) is not None:
        taken = delivered(tenant, batch)
        note_delivery(tenant, key, batch.last if taken else None)
        if not taken:
            tenant.stopping.wait(AGAIN_S)


def next_batch(tenant: Tenant, key: str, served: set[str]) -> Batch | None:
    """Wait until there is something to send; None when the stream is gone, or the tenant stops.

    served: the streams that have a thread. This one leaves it in the same moment, so that one of
    the same id that is made then gets a thread again.
    """
    with tenant.log_grew:
        while not tenant.stopping.is_set() and (row := tenant.log_streams.rows.get(key)):
            if row["status"] == "active" and (found := after(tenant, row["sent_to"] or "0", BATCH)):
                records = [record for record in found if wanted_by(row, record)]
                fault = tenant.faults.pick_for_stream(row["sink"]["httpEndpoint"])
                return Batch(row["sink"], records, found[-1]["log_id"], fault)
            tenant.log_grew.wait()
        served.discard(key)
        return None


def delivered(tenant: Tenant, batch: Batch) -> bool:
    """Whether the receiver took a batch, and said so."""
    records = list(batch.records)
    kind = batch.fault.kind if batch.fault else ""
    if batch.fault is not None and kind == "stream_delay":
        tenant.stopping.wait(batch.fault.delay_s)
    if kind == "stream_shuffle":
        random.shuffle(records)
    if records and not took(tenant, batch.sink, records):
        return False
    if kind == "stream_lost_answer":
        return False  # taken, but the answer never came back: all of it goes out again
    if kind == "stream_duplicate" and records:
        took(tenant, batch.sink, records)
    return True


def note_delivery(tenant: Tenant, key: str, sent_to: str | None) -> None:
    """Keep how far a stream is, or that it failed (None): after a week of it the stream pauses."""
    with tenant.change():
        row = tenant.log_streams.rows.get(key)
        if row is None:
            return
        if sent_to is not None:
            row = {**row, "sent_to": max(row["sent_to"], sent_to), "failing_since": None}
        elif row.get("failing_since") is None:
            row = {**row, "failing_since": time.time()}
        elif time.time() - row["failing_since"] > GIVEN_UP_S:
            row = {**row, "status": "paused", "failing_since": None}
        else:
            return
        tenant.log_streams.put(key, row)


def took(tenant: Tenant, sink: dict[str, Any], records: list[dict[str, Any]]) -> bool:
    """Whether the receiver took a batch within ATTEMPTS."""
    body = body_of(sink, records)
    for _ in range(ATTEMPTS):
        # ValueError: a header that can't be sent at all.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            if 200 <= post(sink, body) < 300:
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

    Raises: OSError, HTTPException; ValueError for an address or a header that can't be sent.
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
