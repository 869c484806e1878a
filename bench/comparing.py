"""What comparing a large tenant costs: ``python -m bench.comparing [--database URL]``.

Ten thousand people with an account each, then a hundred thousand; all but ten accounts are as the
rows want them. Measured inside one process of the console, as the worker starts it for the night,
with the tenant's own limit: reading who holds which role is most of the calls.
"""

import json
import sys
import time
from itertools import pairwise
from typing import Any

from bench.alone import show
from bench.installation import Installation

SIZES = (10_000, 100_000)
AT_ONCE = 10_000  # accounts that are made in the tenant by one request
EDITED = 10
EVERY_S = 0.05  # how often memory is looked at
INSERT = (
    "INSERT INTO employees (name, email, phone_number, department, workspace, auth_method,"
    " auth0_user_id, auth0_sync_status, auth0_account_created_at, auth0_email_verified_at,"
    " is_active) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)"
)
KNOW = "from bench.comparing import know; know()"
COMPARE = "from bench.comparing import compare; compare()"
NAMED = "from auth0sync.models import TenantState as T; print(T.objects.get(pk=1).installation)"


def measure(installation: Installation, sizes: tuple[int, ...] = SIZES) -> list[str]:
    """Add people and accounts up to each size, compare, and return the lines."""
    name = installation.ask(NAMED).split()[-1]
    found: list[dict[str, Any]] = []
    for before, size in pairwise((0, *sizes)):
        installation.database.insert(INSERT, [person(n, name) for n in range(before + 1, size + 1)])
        for first in range(before + 1, size + 1, AT_ONCE):
            installation.tenant.seed(min(AT_ONCE, size + 1 - first), first, _account(name))
        if before == 0:
            edited = {**_account(name), "name": "Somebody Else"}  # and nothing else
            installation.tenant.seed(EDITED, 1, edited)
        installation.ask(KNOW)
        found.append(json.loads(installation.ask(COMPARE).splitlines()[-1]))
    return _report(found)


def person(n: int, name: str) -> tuple[Any, ...]:
    """The values of ``INSERT`` for somebody who has an account. name: of the installation."""
    at = "2026-01-01 00:00:00"
    user_id = f"auth0|emp-{name}-{n}-1"
    place = ("601-555-0100", "Packing", "MS", "hybrid")
    return (f"Sample Person {n}", f"p{n}@example.com", *place, user_id, "verified", at, at)


def _account(name: str) -> dict[str, Any]:
    """What the tenant is to have for the same people; as plan.desired says, checked by the sum."""
    return {
        "user_id": f"emp-{name}-{{n}}-1",
        "email": "p{n}@example.com",
        "email_verified": True,
        "name": "Sample Person {n}",
        "given_name": "Sample",
        "family_name": "Person {n}",
        "user_metadata": {
            "employee_id": "{n}",
            "full_name": "Sample Person {n}",
            "department": "Packing",
            "phone_number": "601-555-0100",
            "timezone": "America/Chicago",
            "is_shop_floor": True,
        },
        "app_metadata": {
            "employee_id": "{n}",
            "internal_id": "{n}",
            "installation": name,
            "created_by": "productivity_system",
            "podfactory_enabled": False,
            "podfactory_sync_status": "pending",
            "department_code": "P",
            "role_code": "associate",
            "access_level": "shop_floor",
            "workspace": "MS",
        },
    }


def know() -> None:
    """Inside a process of the console: write what sweep and workers would have, of clean people."""
    from auth0sync import brake
    from auth0sync.account import Seen
    from auth0sync.models import Account, Origin
    from auth0sync.plan import desired
    from auth0sync.rows import read_facts
    from employees.models import Employee

    known = set(Account.objects.values_list("pk", flat=True))
    everybody = Employee.objects.order_by("pk").values_list("pk", flat=True)
    new = [pk for pk in everybody if pk not in known]
    name = brake.installation()
    for at in range(0, len(new), 500):
        accounts = []
        for pk, facts in read_facts(new[at : at + 500]).items():
            wanted = desired(facts, installation=name)
            seen = Seen(
                user_id=facts.auth0_user_id,
                email=wanted.email,
                email_verified=True,
                name=wanted.name,
                given_name=wanted.given_name,
                family_name=wanted.family_name,
                blocked=False,
                user_metadata={k: v for k, v in wanted.user_metadata.items() if v is not None},
                app_metadata={k: v for k, v in wanted.app_metadata.items() if v is not None},
                roles=("production_associate",),
            )
            account = Account(pk=pk, fingerprint=facts.fingerprint(), email_key=facts.email)
            account.user_id, account.origin = facts.auth0_user_id, Origin.CREATED
            account.seen, account.seen_at = seen.as_json(), None
            accounts.append(account)
        Account.objects.bulk_create(accounts)


def compare() -> None:
    """Inside a process of the console: compare as ``auth0_reconcile`` does, and print figures."""
    import threading

    import psutil

    from auth0sync.models import Comparison
    from auth0sync.reconcile import compare as compare_all
    from auth0sync.reconcile_runs import Lease

    process, over = psutil.Process(), threading.Event()
    idle = process.memory_info().rss
    most = [idle]

    def watch() -> None:
        while not over.wait(EVERY_S):
            most.append(max(most.pop(), process.memory_info().rss))

    lease = Lease()
    assert lease.take()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began = time.perf_counter()
    row = compare_all(lease, "bench")
    took = time.perf_counter() - began
    lease.give_back()
    over.set()
    watcher.join()
    assert row.state == Comparison.State.DONE, row.error
    assert row.differing == EDITED and row.unexplained == 0, (row.kinds, row.unexplained)
    assert row.began_at and row.export_at and row.finished_at
    print(
        json.dumps(
            {
                "people": row.rows,
                "took_s": took,
                "roles_s": (row.export_at - row.began_at).total_seconds(),
                "rest_s": (row.finished_at - row.export_at).total_seconds(),
                "more_mb": (most[0] - idle) / 1e6,
                "idle_mb": idle / 1e6,
            }
        )
    )


def _report(found: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"Comparing {each['people']:,} people with as many accounts: {each['took_s']:.0f} s"
        f" ({each['roles_s']:.0f} s reading roles at the tenant's limit, {each['rest_s']:.0f} s"
        f" list and comparison), {each['more_mb']:.1f} MB more than the {each['idle_mb']:.0f} MB"
        " of an idle process"
        for each in found
    ]
    first, last = found[0], found[-1]
    times = last["people"] / first["people"]
    return [
        *lines,
        f"  {times:.0f} times the people: {last['took_s'] / first['took_s']:.1f} times as long in"
        f" all, {last['rest_s'] / first['rest_s']:.1f} times for list and comparison",
    ]


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
