"""Two clusters with one, two and four workers each: ``python -m bench.clusters [--database URL]``.

New people wait, then two ``manage.py qcluster`` start, as on two machines that share the database.
First with the limit lifted on both sides, where the tenant's own speed is what clients without a
database get from it alone; then at the default ten calls a second. One by one: no import jobs.
"""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from bench.alone import show
from bench.errors import BenchFailed
from bench.installation import Installation

CLUSTERS = 2
WORKERS = (1, 2, 4)  # of each cluster
PEOPLE, LIFTED_PEOPLE = 60, 200  # for each number of workers
CEILING = 10  # calls a second: the default of AUTH0_RATE_LIMIT, and what the demo plan allows
BURST = 10  # calls that the tenant's bucket holds at the start
LIFTED = 100_000  # calls a second: no limit at all
AT_ONCE = (1, 4)  # plain clients at the tenant
PLAIN_CALLS = 300
PATIENCE_S = 600
LOOK_EVERY_S = 0.25
CREATE, ROLE = "POST /api/v2/users", "POST /api/v2/users/{id}/roles"
ADD = """
from employees.authority import Actor
from employees.services import add_employee
for n in range({start}, {end}):
    add_employee(
        {{"name": f"Sample Person {{n}}", "email": f"c{{n}}@example.com", "auth_method": "hybrid"}},
        "none", Actor("bench", is_program=True))
"""
ACCOUNTS = """
from employees.models import Employee
with_account = Employee.objects.exclude(auth0_user_id=None).values_list("auth0_user_id", flat=True)
print(len(with_account), len(set(with_account)))
"""


@dataclass(frozen=True)
class Round:
    """What the tenant saw of one crowd that was worked off.

    took_s: from the first call to the last. refused: answers 429. doubled: calls that weren't
    needed, because somebody else had made them.
    """

    people: int
    calls: int
    took_s: float
    refused: int
    doubled: int


def measure(
    installation: Installation, people: int = PEOPLE, lifted_people: int = LIFTED_PEOPLE
) -> list[str]:
    """Run all of it; returns the lines. Raises: BenchFailed, also for an account made twice."""
    lines, start = [], 0
    installation.tenant.set(latency_s=0, limited=False)
    own = {clients: _own_speed(installation.tenant.url, clients) for clients in AT_ONCE}
    lines.append(
        "the tenant alone, limit lifted: "
        + ", ".join(f"{speed:.0f} calls a second to {n} at once" for n, speed in own.items())
    )
    for workers in WORKERS:
        found = _work_off(installation, workers, start, lifted_people, LIFTED)
        start += lifted_people
        rate = found.calls / found.took_s
        lines.append(
            f"{_said(workers, found)}: {rate:.0f} calls and {found.people / found.took_s:.0f}"
            f" accounts a second, {rate / max(own.values()):.0%} of the tenant's own speed"
        )
    # Only now: a limit that was learned once is kept, so that lifting it would not be noticed.
    installation.tenant.set(latency_s=0, limited=True)
    for workers in WORKERS:
        found = _work_off(installation, workers, start, people, CEILING)
        start += people
        rate = (found.calls - BURST) / found.took_s
        lines.append(f"{_said(workers, found)}: {rate:.1f} calls a second, {rate / CEILING:.0%}")
    accounts, different = (int(word) for word in installation.ask(ACCOUNTS).split())
    if not accounts == different == start:
        raise BenchFailed(f"{start} people have {accounts} accounts, {different} different ones.")
    return lines


def _work_off(
    installation: Installation, workers: int, start: int, people: int, ceiling: int
) -> Round:
    """Add so many people, and let two clusters make their accounts."""
    installation.ask(ADD.format(start=start, end=start + people))
    before, began = _calls(installation), time.time()
    settings = {"AUTH0_RATE_LIMIT": str(ceiling), "AUTH0_BULK_MIN": str(LIFTED)}
    installation.start_clusters(CLUSTERS, workers, settings)
    ends = time.monotonic() + PATIENCE_S
    while (_calls(installation) - before)[ROLE] < people:
        installation.must_run()
        if time.monotonic() > ends:
            raise BenchFailed(f"{people} people weren't done within {PATIENCE_S} s.")
        time.sleep(LOOK_EVERY_S)
    installation.stop_clusters()
    made = [c for c in installation.tenant.management_calls() if c["at"] > began]
    counted = _calls(installation) - before
    return Round(
        people=people,
        calls=len(made),
        took_s=made[-1]["at"] - made[0]["at"],
        refused=sum(call["status"] == httpx.codes.TOO_MANY_REQUESTS for call in made),
        doubled=sum(max(0, counted[call] - people) for call in (CREATE, ROLE)),
    )


def _calls(installation: Installation) -> Counter[str]:
    return Counter(installation.tenant.count()["calls"])


def _said(workers: int, found: Round) -> str:
    each = "worker" if workers == 1 else "workers"
    return (
        f"{CLUSTERS} clusters, {workers} {each} each: {found.people} people, {found.calls} calls in"
        f" {found.took_s:.1f} s, {found.refused} refused, {found.doubled} doubled"
    )


def _own_speed(url: str, clients: int) -> float:
    """Calls a second that the tenant answers to plain clients which make accounts and roles."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        body = {
            "grant_type": "client_credentials",
            "client_id": "console-m2m",
            "client_secret": "not-a-secret",
            "audience": f"https://{url.removeprefix('http://')}/api/v2/",
        }
        token = client.post("/oauth/token", json=body).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        roles = client.get("/api/v2/roles").raise_for_status().json()
        role = (roles["roles"] if isinstance(roles, dict) else roles)[0]["id"]
        each = PLAIN_CALLS // clients
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            for done in [pool.submit(_make, client, role, n, each) for n in range(clients)]:
                done.result()
        return clients * each / (time.perf_counter() - began)


def _make(client: httpx.Client, role: str, number: int, calls: int) -> None:
    for n in range(calls // 2):
        email = f"plain.{calls}.{number}.{n}@example.com"
        user: dict[str, Any] = {
            "connection": "Username-Password-Authentication",
            "email": email,
            "password": f"Plain-{number}-{n}-long-enough!",
        }
        made = client.post("/api/v2/users", json=user).raise_for_status().json()
        answer = client.post(f"/api/v2/users/{made['user_id']}/roles", json={"roles": [role]})
        answer.raise_for_status()


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
