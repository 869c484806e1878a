"""How soon whoever leaves is proven to be locked out: ``python -m bench.leaving [--database URL]``.

Fifty people with accounts leave at one moment. The tenant answers every call 200 ms late, and one
call in ten fails with a 503. Measured is from the deactivation to the complete receipt, by the
database's clock, and what the receipts say.
"""

import json
import sys
import time
from collections import Counter

from bench.alone import show
from bench.errors import BenchFailed
from bench.figures import median, slowest
from bench.installation import Installation

PEOPLE = 50
GOAL_S = 60  # for 95 of 100 (requirement M2)
LATENCY_S = 0.2
FAILING = {"match": {"path": "/api/v2/.*"}, "kind": "status", "status": 503, "rate": 0.1, "seed": 7}
PATIENCE_S = 300
LOOK_S = 5
ADD = f"""
from employees.authority import Actor
from employees.services import add_employee
for n in range({PEOPLE}):
    add_employee(
        {{"name": f"Sample Person {{n}}", "email": f"p{{n}}@example.com", "auth_method": "hybrid"}},
        "work", Actor("bench", is_program=True))
"""
LEAVE = """
from employees.authority import Actor
from employees.models import Employee
from employees.services import deactivate
for pk in Employee.objects.filter(is_active=True).values_list("pk", flat=True):
    deactivate(pk, Actor("bench", is_program=True))
"""
LOOK = """
import json
from employees.models import ReceiptDoor, Receipt
done = Receipt.objects.exclude(completed_at=None)
took = [(r.completed_at - r.began_at).total_seconds() for r in done]
print(json.dumps([took, list(ReceiptDoor.objects.values_list("name", "outcome"))]))
"""


def measure(installation: Installation) -> list[str]:
    """Have them leave, and wait for the last receipt; returns the lines. Raises: BenchFailed."""
    installation.ask(ADD)
    installation.start_worker()
    addresses = [f"p{n}@example.com" for n in range(PEOPLE)]
    if missing := installation.tenant.wait_for_mails(addresses, PATIENCE_S):
        raise BenchFailed(f"{len(missing)} of {PEOPLE} people had no account.")
    before = len(installation.tenant.management_calls())
    installation.tenant.set(latency_s=LATENCY_S, limited=True)
    installation.tenant.add_fault(FAILING)
    installation.ask(LEAVE)
    ends = time.monotonic() + PATIENCE_S
    took: list[float] = []
    while len(took) < PEOPLE:
        if time.monotonic() > ends:
            raise BenchFailed(f"{PEOPLE - len(took)} receipts weren't complete in {PATIENCE_S} s.")
        installation.must_run()
        time.sleep(LOOK_S)
        took, doors = json.loads(installation.ask(LOOK))
    calls = installation.tenant.management_calls()[before:]
    failed = sum(call["status"] == 503 for call in calls)
    found = Counter(outcome for _name, outcome in doors)
    met = "met" if slowest(took) < GOAL_S else "NOT MET"
    return [
        f"{PEOPLE} leave at once; the tenant answers {LATENCY_S * 1000:.0f} ms late, "
        f"{failed} of {len(calls)} calls failed",
        f"  complete receipt after {median(took):.1f} s (median), {slowest(took):.1f} s (p95), "
        f"{max(took):.1f} s (the last)   goal p95 under {GOAL_S} s: {met}",
        "  doors: " + ", ".join(f"{number} {outcome}" for outcome, number in found.most_common()),
    ]


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
