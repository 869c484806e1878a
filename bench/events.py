"""What Auth0's events cost: ``python -m bench.events [--database URL]``.

Ten thousand deliveries of events about people with accounts, a fifth of them repeats, shuffled; two
receivers take them from two senders each while the poller reads the same events in Auth0's log. It
has to end in the right state, each event counted once, whatever came first. Measured are the
receivers' answers, and how long it takes until every account was looked at.
"""

import json
import random
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from bench.alone import show
from bench.browser import TIMEOUT_S
from bench.errors import BenchFailed
from bench.figures import median, slowest
from bench.installation import Installation

DELIVERED = 10_000
REPEATED = 5  # one in so many is a repeat
PEOPLE = 100
BATCH = 50  # events in one delivery
RECEIVERS = 2
SENDERS = 2 * RECEIVERS
PATIENCE_S = 300
TYPES = ("sv", "s", "f", "scp", "slo", "svr")
INSERT = (
    "INSERT INTO employees (name, email, auth_method, auth0_role, is_active)"
    " VALUES (%s, %s, 'hybrid', 'production_associate', 1)"
)
LOOK = """
import json
from auth0sync.models import Account, AccountLook, SyncLog, TenantEvent
from employees.counters import totals
from employees.models import Employee
open_still = TenantEvent.objects.filter(state__in=[0, 2])
crowd = TenantEvent.objects.filter(type__in=TYPES)
print(json.dumps({
    "users": list(Account.objects.exclude(origin="").values_list("user_id", flat=True)),
    "clean": sum(each.is_clean for each in Account.objects.exclude(origin="")),
    "rows": crowd.count(),
    "read": crowd.filter(is_read=True).count(),
    "open": open_still.count() + AccountLook.objects.filter(wanted=True).count(),
    "verified": Employee.objects.filter(auth0_sync_status="verified").count(),
    "counted": sum(n for labels, n in totals().get("auth0_events", []) if labels["type"] in TYPES),
    "reads": SyncLog.objects.filter(actor="auth0_events", action="read account").count(),
}))
""".replace("TYPES", repr(TYPES))


@dataclass(frozen=True)
class Sent:
    """All deliveries. took_ms: of each answer; took_s: of all together."""

    took_ms: list[float]
    took_s: float


def measure(
    installation: Installation, delivered: int = DELIVERED, people: int = PEOPLE
) -> list[str]:
    """Deliver so many, and wait until all is worked off; returns the lines. Raises: BenchFailed."""
    token = secrets.token_urlsafe(32)
    settings = {"AUTH0_WEBHOOK_TOKEN": token, "AUTH0_RATE_LIMIT": "1000"}
    installation.tell(**settings, AUTH0_LOG_POLL_SECONDS="1")
    users = _people(installation, people)
    verified = users[::2]
    for user_id in verified:
        installation.tenant.verify(user_id)
    events = _events(installation, users, delivered - delivered // REPEATED)
    told = events + random.Random(1).sample(events, delivered - len(events))
    random.Random(2).shuffle(told)
    ports = installation.start_receivers(RECEIVERS)
    began = time.monotonic()
    sent = _deliver(ports, told, token)
    found = _wait(installation, len(events))
    settled_s = time.monotonic() - began
    if (found["rows"], found["counted"]) != (len(events), len(events)):
        raise BenchFailed(
            f"{len(events)} events are {found['rows']} rows, {found['counted']} counts."
        )
    if found["verified"] != len(verified):
        raise BenchFailed(f"{found['verified']} of {len(verified)} people are verified.")
    return [
        f"{delivered} events of {people} people, 1 in {REPEATED} a repeat, {RECEIVERS} receivers, "
        f"{SENDERS} senders, {BATCH} a delivery, and the poller beside them",
        f"  answers: median {median(sent.took_ms):.0f} ms, 95 % {slowest(sent.took_ms):.0f} ms, "
        f"{delivered / sent.took_s:,.0f} events a second",
        f"  all worked off after {settled_s:.1f} s: {found['rows']} rows, {found['counted']:.0f} "
        f"counted, {found['read']} read in the log too, {found['reads']} accounts read, "
        f"{found['verified']} of {len(verified)} verified",
    ]


def _people(installation: Installation, number: int) -> list[str]:
    """So many people with accounts; returns their accounts' ids."""
    installation.tenant.set(latency_s=0.0, limited=False)
    rows = [(f"Sample Person {n}", f"events{n}@example.com") for n in range(number)]
    installation.database.insert(INSERT, rows)
    installation.start_worker()
    ends = time.monotonic() + PATIENCE_S
    while (found := _look(installation))["clean"] < number:
        if time.monotonic() > ends:
            raise BenchFailed(f"{found['clean']} of {number} people have accounts.")
        time.sleep(1)
    users: list[str] = found["users"]
    return users


def _events(installation: Installation, users: list[str], number: int) -> list[dict[str, Any]]:
    """So many events of these people, as they now stand in the tenant's log."""
    installation.stop_worker()
    installation.tenant.forget_log()
    installation.tenant.note_in_log(users, list(TYPES), number)
    installation.start_worker()
    found = [each for each in installation.tenant.log() if each["type"] in TYPES]
    if len(found) != number:
        raise BenchFailed(f"The log has {len(found)} of {number} events.")
    return [{"log_id": each["log_id"], "data": each} for each in found]


def _deliver(ports: list[int], events: list[dict[str, Any]], token: str) -> Sent:
    """Each sender its part, one delivery after the other, as a stream does it."""
    batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as pool:
        parts = [
            pool.submit(_send, ports[n % len(ports)], batches[n::SENDERS], token)
            for n in range(SENDERS)
        ]
        took_ms = [each for part in parts for each in part.result()]
    return Sent(took_ms, time.monotonic() - began)


def _send(port: int, batches: list[list[dict[str, Any]]], token: str) -> list[float]:
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https"}
    took_ms = []
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False, headers=headers) as client:
        for batch in batches:
            body = "\n".join(map(json.dumps, batch))
            began = time.perf_counter()
            answer = client.post(f"http://127.0.0.1:{port}/webhooks/auth0", content=body)
            took_ms.append((time.perf_counter() - began) * 1000)
            if answer.status_code != httpx.codes.OK:
                raise BenchFailed(f"A receiver answered {answer.status_code}: {answer.text[:200]}")
    return took_ms


def _wait(installation: Installation, number: int) -> dict[str, Any]:
    """Until the poller has read all, and every account was looked at."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        found = _look(installation)
        if found["read"] >= number and not found["open"]:
            return found
        if time.monotonic() > ends:
            raise BenchFailed(f"It didn't come to its end: {found}")
        installation.must_run()
        time.sleep(0.5)


def _look(installation: Installation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(installation.ask(LOOK).splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
