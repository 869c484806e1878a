"""How a crowd is worked off: ``python -m bench.draining [--database URL]``.

Three hundred people who are due, at ten calls a second; somebody who leaves while two thousand are
worked off; and how soon the last call goes out after the link to Auth0 was switched off.
"""

import sys
import time
from typing import Any

from bench.alone import show
from bench.installation import Installation

DUE, CROWD = 300, 2_000
ONE_BY_ONE = {"AUTH0_BULK_MIN": "1000000"}  # for many at once: bench.importing_accounts
CEILING = 10  # calls a second: the default of AUTH0_RATE_LIMIT, and what the demo plan allows
BURST = 10  # calls that the tenant's bucket holds at the start
PATIENCE_S = 300
UNDER_WAY_S = 15  # the crowd is worked off for so long before somebody leaves
SILENT_S = 4  # after the switch: whatever goes out late is seen
ADD = """
from employees.authority import Actor
from employees.services import add_employee
for n in range({start}, {end}):
    add_employee(
        {{"name": f"Sample Person {{n}}", "email": f"p{{n}}@example.com", "auth_method": "hybrid"}},
        "work", Actor("bench", is_program=True))
"""
LEAVE = """
import time
from employees.authority import Actor
from employees.models import Employee
from employees.services import deactivate
leaver = Employee.objects.get(email="p0@example.com")
deactivate(leaver.pk, Actor("bench", is_program=True))
print(time.time(), leaver.auth0_user_id)
"""
SWITCH_OFF = """
import time
from auth0sync import switch
switch.pause("bench", "measuring")
print(time.time())
"""


def measure(installation: Installation) -> list[str]:
    """Run the three, one after the other; returns the lines. Raises: BenchFailed."""
    installation.ask(ADD.format(start=0, end=DUE))
    installation.start_worker(**ONE_BY_ONE)
    calls = installation.wait_for_calls(_has_links_for_all, PATIENCE_S)
    took_s = calls[-1]["at"] - calls[0]["at"]
    share = (len(calls) - BURST) / took_s / CEILING
    lines = [
        f"drain of {DUE} due people at {CEILING} calls a second: {len(calls)} calls"
        f" ({len(calls) / DUE:.2f} a person) in {took_s:.0f} s, {share:.0%} of the limit"
    ]
    installation.stop_worker()
    installation.ask(ADD.format(start=DUE, end=DUE + CROWD))
    installation.start_worker(**ONE_BY_ONE)
    before = time.time()
    installation.wait_for_calls(lambda made: bool(made) and made[-1]["at"] > before, PATIENCE_S)
    time.sleep(UNDER_WAY_S)
    at, user_id = installation.ask(LEAVE).split()
    path = f"/api/v2/users/{user_id}"

    def blocked(made: list[dict[str, Any]]) -> list[float]:
        return [c["at"] for c in made if (c["method"], c["path"]) == ("PATCH", path)]

    made = installation.wait_for_calls(
        lambda made: bool(blocked(made)) and blocked(made)[-1] > float(at), PATIENCE_S
    )
    lines.append(
        f"somebody deactivated while {CROWD} are worked off: blocked after"
        f" {min(t for t in blocked(made) if t > float(at)) - float(at):.2f} s"
    )
    off_at = float(installation.ask(SWITCH_OFF))
    time.sleep(SILENT_S)
    late_s = max(call["at"] for call in installation.tenant.management_calls()) - off_at
    lines.append(f"switched off meanwhile: the last call came in {max(late_s, 0):.2f} s later")
    return lines


def _has_links_for_all(calls: list[dict[str, Any]]) -> bool:
    links = [call for call in calls if call["path"].endswith("/password-change")]
    return len(links) >= DUE


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
