"""What the sweep costs a large company: ``python -m bench.sweeping [--database URL]``.

A hundred thousand people, two in five of them with an account, nobody due and no row moved.
Measured inside one process of the console, as ``manage.py qcluster`` runs the sweep.
"""

import json
import sys
import time
from typing import Any

from bench.alone import show
from bench.installation import Installation

PEOPLE = 100_000
DEPARTMENTS = ("Heat Press", "Packing", "Picker", "Embroidery", "Office")
INSERT = (
    "INSERT INTO employees (name, email, phone_number, department, workspace, auth_method,"
    " auth0_user_id, auth0_sync_status, is_active) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1)"
)
AGE = "UPDATE employees SET updated_at = '2026-01-01 00:00:00'"
KNOW = "from bench.sweeping import know_everybody; know_everybody()"
LOOK = "from bench.sweeping import look; look()"
WITH_ACCOUNT_EACH = 5, 2  # two in five
ROUNDS = 5  # of the short ones


def measure(installation: Installation, people: int = PEOPLE) -> list[str]:
    """Add so many people, let the sweep know them all, and measure; returns the lines."""
    installation.database.insert(INSERT, [_person(n) for n in range(people)])
    installation.database.insert(AGE, [()])
    installation.ask(KNOW)
    return _report(people, json.loads(installation.ask(LOOK).splitlines()[-1]))


def _person(n: int) -> tuple[Any, ...]:
    of, how_many = WITH_ACCOUNT_EACH
    has_account = n % of < how_many
    return (
        f"Sample Person {n}",
        f"p{n}@example.com" if has_account else None,
        f"601-555-{n % 10_000:04}",
        DEPARTMENTS[n % len(DEPARTMENTS)],
        ("MS", "TX")[n % 2],
        "hybrid" if has_account else "pin",
        f"auth0|emp-bench-{n}-1" if has_account else None,
        "verified" if has_account else None,
    )


def look() -> None:
    """Inside a process of the console: measure, and print the figures as JSON."""
    import psutil
    from django.db import connection

    from auth0sync import due, sweep, worker

    assert not due.next_due(1), "somebody is due"
    process = psutil.Process()
    before = process.memory_info().rss
    due_ms = [_timed(lambda: due.next_due(2)) for _ in range(ROUNDS)]
    moved_ms = [_timed(sweep.note_moved) for _ in range(ROUNDS)]
    began = time.perf_counter()
    slices, most = _pass_over(worker.BETWEEN_SLICES_S)
    found = {
        "due_ms": max(due_ms),
        "moved_ms": max(moved_ms) if connection.vendor == "mysql" else None,
        "pass_s": time.perf_counter() - began,
        "work_s": sum(slices) / 1000,
        "slices": len(slices),
        "longest_ms": max(slices),
        "more_mb": (most - before) / 1e6,
    }
    assert not due.next_due(1), "somebody is due"
    print(json.dumps(found))


def _pass_over(pause_s: float) -> tuple[list[float], int]:
    """One pass as the worker makes it: its slices in milliseconds, and the most memory in bytes."""
    import psutil

    from auth0sync.sweep import Sweeper

    sweeper, process = Sweeper(), psutil.Process()
    slices: list[float] = []
    most = 0
    while not slices or sweeper.is_under_way:
        slices.append(_timed(sweeper.tick))
        most = max(most, process.memory_info().rss)
        time.sleep(pause_s)
    sweeper.stop()
    return slices, most


def _timed(do: Any) -> float:
    started = time.perf_counter()
    do()
    return (time.perf_counter() - started) * 1000


def know_everybody() -> None:
    """Inside a process of the console: write what sweep and workers would have, of clean people."""
    from auth0sync.account import Seen
    from auth0sync.models import Account, Attention, InvitationState, Origin
    from auth0sync.plan import desired
    from auth0sync.rows import read_facts
    from employees.history import take_baseline
    from employees.models import Employee

    take_baseline()
    last = 0
    while ids := list(
        Employee.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:500]
    ):
        accounts = []
        for pk, facts in read_facts(ids).items():
            account = Account(pk=pk, fingerprint=facts.fingerprint(), email_key=facts.email)
            if facts.wants_account:
                wanted = desired(facts, installation="bench")
                account.user_id, account.origin = facts.auth0_user_id, Origin.CREATED
                account.invitation = InvitationState.SENT
                seen = Seen(
                    blocked=False,
                    user_id=account.user_id,
                    email=wanted.email,
                    email_verified=True,
                    name=wanted.name,
                    given_name=wanted.given_name,
                    family_name=wanted.family_name,
                    user_metadata=wanted.user_metadata,
                    app_metadata=wanted.app_metadata,
                    roles=("production_associate",),
                )
                account.seen = seen.as_json()
            elif facts.asks_for_account:
                account.attention = Attention.EMAIL
            accounts.append(account)
        Account.objects.bulk_create(accounts)
        last = ids[-1]


def _report(people: int, found: dict[str, Any]) -> list[str]:
    moved = "" if found["moved_ms"] is None else f", rows moved lately {found['moved_ms']:.0f} ms"
    return [
        f"{people:,} people, nobody due: who is due {found['due_ms']:.0f} ms{moved}",
        f"  pass over all rows {found['pass_s']:.1f} s with its pauses, {found['work_s']:.1f} s"
        f" without: {found['slices']} slices, the longest {found['longest_ms']:.0f} ms;"
        f" {found['more_mb']:.1f} MB more memory",
    ]


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
