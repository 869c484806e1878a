"""Ten thousand new accounts through import jobs: ``python -m bench.importing_accounts``.

With ``--database URL`` on a MariaDB or MySQL server; ``--plan essentials`` for that plan's limits.
Beside it the same for three hundred people, one by one. Nobody is invited: a mail takes a call of
its own, whatever way the account was made.
"""

import argparse
import json
import sys
import time
from typing import Any

from bench import report
from bench.alone import installed
from bench.errors import BenchFailed
from bench.installation import Installation

PEOPLE, ALONE = 10_000, 300
PER_SECOND = {"demo": 10.0, "essentials": 150 / 60}  # calls that the plan lets through
IMPORTED_PER_S = 200.0  # users a job and second, in the stand-in
JOBS_AT_ONCE = 2
PATIENCE_S = 1_800
ADD = """
from auth0sync.due import note
from auth0sync.models import SyncLog
from employees.models import Employee, InvitationChoice
roles = ["production_associate"] * 17 + ["team_lead", "manager", "finance"]
first = (Employee.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
ids = list(range(first, first + {people}))
Employee.objects.bulk_create([Employee(
    id=n, name=f"Sample Person {{n}}", email=f"p{{n}}@example.com", department="Heat Press",
    workspace="MS", auth_method="hybrid", auth0_role=roles[n % 20]) for n in ids], batch_size=500)
InvitationChoice.objects.bulk_create(
    [InvitationChoice(employee_id=n, kind="none") for n in ids], batch_size=500)
for start in range(0, len(ids), 500):
    note(ids[start:start + 500], actor="bench", confirmed=True)
logged = SyncLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
print(first, logged)
"""
LOOK = """
import json
from django.db.models import F, Max, Min
from auth0sync.models import Account, ImportJob, SyncLog
ours = Account.objects.filter(pk__gte={first})
log = SyncLog.objects.filter(pk__gt={logged})
log = log.aggregate(first=Min("created_at"), last=Max("created_at"))
print(json.dumps({{
    "left": ours.exclude(due_seq=F("done_seq")).count(),
    "failed": ours.exclude(error_code="").count(),
    "jobs": ImportJob.objects.count(),
    "problems": ImportJob.objects.exclude(error="").count(),
    "took_s": (log["last"] - log["first"]).total_seconds() if log["last"] else 0,
}}))
"""


def measure(
    installation: Installation, people: int = PEOPLE, alone: int = ALONE, plan: str = "demo"
) -> list[str]:
    """Add the people, work them off by jobs, and some more one by one; returns the lines.

    Raises: BenchFailed.
    """
    found = _work_off(installation, people)
    calls, took_s = found["calls"], found["took_s"]
    bound_s = max(calls / PER_SECOND[plan], people / IMPORTED_PER_S / JOBS_AT_ONCE)
    lines = [
        f"{people} new accounts by {found['jobs']} import jobs ({plan}): {calls} calls"
        f" ({calls / people:.3f} an account) in {took_s:.0f} s, of which the limits alone take"
        f" {bound_s:.0f} s",
        f"  {found['failed']} failed, {found['problems']} jobs with a problem",
    ]
    found = _work_off(installation, alone, AUTH0_BULK_MIN="1000000")
    calls, took_s = found["calls"], found["took_s"]
    return [
        *lines,
        f"{alone} one by one ({plan}): {calls} calls ({calls / alone:.2f} an account)"
        f" in {took_s:.0f} s; {people} would take {took_s / alone * people / 60:.0f} minutes",
    ]


def _work_off(installation: Installation, people: int, **settings: str) -> dict[str, Any]:
    """Add so many, start the worker, and wait until nobody is left; how it went."""
    first, logged = installation.ask(ADD.format(people=people)).split()[-2:]
    look = LOOK.format(first=first, logged=logged)
    calls_before, users_before = _made(installation)
    installation.start_worker(**settings)
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        time.sleep(1)
        installation.must_run()
        _, users = _made(installation)
        if users < users_before + people:
            continue
        found: dict[str, Any] = json.loads(installation.ask(look).splitlines()[-1])
        if not found["left"]:
            installation.stop_worker()
            calls, _ = _made(installation)
            return {**found, "calls": calls - calls_before}
    raise BenchFailed(f"{people} accounts weren't made within {PATIENCE_S} s.")


def _made(installation: Installation) -> tuple[int, int]:
    """How many calls were made, and how many users there are."""
    return installation.tenant.called(), installation.tenant.count()["users"]


def main() -> int:
    """Measure what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", metavar="URL", help="a MariaDB or MySQL server; else SQLite")
    parser.add_argument("--plan", choices=sorted(PER_SECOND), default="demo")
    parser.add_argument("--people", type=int, default=PEOPLE)
    options = parser.parse_args()
    print(report.heading(), flush=True)
    try:
        with installed(options.database or "", options.plan) as installation:
            print(installation.database.label, flush=True)
            for line in measure(installation, options.people, plan=options.plan):
                print(line, flush=True)
    except BenchFailed as failure:
        print(f"The bench failed: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
