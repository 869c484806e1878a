"""The company of before the console, enrolled: ``python -m bench.enrolling [--database URL]``.

The 83 people of ``load_sample_data --legacy`` have PINs alone, and PodFactory finds them all. They
are given accounts by one command, with the safety brake as it comes. Measured is until everybody
has the account and the invitation, and whom PodFactory finds then.
"""

import json
import re
import sys
import time

from bench.alone import show
from bench.errors import BenchFailed
from bench.installation import Installation

PATIENCE_S = 300
LOOK_S = 1
ADDRESSES = """
import json
from employees.models import Employee
print(json.dumps([email.lower() for email in Employee.objects.values_list("email", flat=True)]))
"""
LOOK = """
import json
from auth0sync.models import Account
from employees.models import Employee
names = dict(Employee.objects.values_list("pk", "name"))
accounts = list(Account.objects.exclude(origin=""))
print(json.dumps({
    "accounts": len(accounts),
    "done": sum(each.is_clean for each in accounts),
    "held": Account.objects.exclude(batch=None).count(),
    "named": sum(each.seen["name"] == names[each.pk] for each in accounts),
}))
"""


def measure(installation: Installation) -> list[str]:
    """Enrol them and wait until nothing is left to do; returns the lines. Raises: BenchFailed."""
    installation.tell(AUTH0_SAFETY_THRESHOLD="5,10%")
    installation.manage("load_sample_data", "--legacy", "--fast-pins")
    before = _found(installation)
    installation.start_worker()
    began = time.monotonic()
    said = installation.manage("auth0_enroll", "--all", "--apply", "--verbosity", "0")
    command_s = time.monotonic() - began
    addresses = json.loads(installation.ask(ADDRESSES))
    if missing := installation.tenant.wait_for_mails(addresses, PATIENCE_S):
        raise BenchFailed(f"{len(missing)} of {len(addresses)} people had no invitation.")
    look = json.loads(installation.ask(LOOK))
    while look["done"] < len(addresses):
        if time.monotonic() > began + PATIENCE_S:
            raise BenchFailed(f"{len(addresses) - look['done']} accounts weren't done in time.")
        installation.must_run()
        time.sleep(LOOK_S)
        look = json.loads(installation.ask(LOOK))
    took_s = time.monotonic() - began
    calls = len(installation.tenant.management_calls())
    return [
        f"{len(addresses)} people who were there before the console are enrolled",
        f"  {said.splitlines()[0]}",
        f"  command {command_s:.1f} s; accounts and invitations {took_s:.0f} s, {calls} calls; "
        f"{look['held']} held by the brake",
        f"  accounts with the row's name: {look['named']} of {look['accounts']}",
        f"  PodFactory finds {before} before, {_found(installation)} after",
    ]


def _found(installation: Installation) -> str:
    """Such as "83 of 83"."""
    said = installation.manage("podfactory_report")
    found = re.search(r"would find (\d+ of \d+)", said)
    return found[1] if found else said


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
