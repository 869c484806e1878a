"""``make chaos``: see docs/chaos.md.

``python -m tests.chaos [--seed N] [--broker orm|redis] [--database sqlite|mariadb] [--people N]
[--short]``; the exit status is 1 when anything was lost, doubled or wrong.
"""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import Plan, Run
from tests.servers import Missing


def main(arguments: list[str]) -> int:
    """Run it once and print the figures; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--broker", choices=["orm", "redis"], default="orm")
    parser.add_argument("--database", choices=["sqlite", "mariadb"], default="sqlite")
    parser.add_argument("--people", type=int)
    parser.add_argument("--short", action="store_true", help="30 people, within a minute")
    chosen = parser.parse_args(arguments)
    plan = Plan(
        seed=chosen.seed,
        broker=chosen.broker,
        database=chosen.database,
        people=chosen.people or (30 if chosen.short else 500),
        short=chosen.short,
    )
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: the servers end with the run
        signal.signal(number, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="identity-console-chaos-"))
    for name in [name for name in os.environ if name.startswith(("AUTH0_", "QUEUE_"))]:
        del os.environ[name]
    try:
        faults = Run(plan, folder).run()
    except Missing as missing:
        sys.stdout.write(f"SKIPPED: chaos: {missing}\n")
        return 1
    if faults:
        sys.stdout.write(f"\nWhat the programs printed is in {folder}\n")
    else:
        shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
