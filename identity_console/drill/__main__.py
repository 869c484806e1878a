"""``make rollback-drill``: back to before the console on a copy of DATABASE_URL, and forward again.

Does on a copy what docs/runbook.md says under "Back to before the console", lets the other
programs' statements run on the result, comes back, and compares. Says how long each step took.
The database itself is only read, and the programs may go on working with it. Ends with 1 when
anything isn't as it has to be.
"""

import os
import signal
import sys
from types import FrameType

import django

ENDS = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the drill on the console's own database; returns the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")
    django.setup()
    from django.db import connection

    from identity_console.drill.copies import CopyRefused
    from identity_console.drill.steps import DrillFailed, drill

    for number in ENDS:  # as Ctrl-C does: else the copy, with everybody in it, would stay
        signal.signal(number, _end)
    try:
        for line in drill(connection):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except (CopyRefused, DrillFailed) as failure:
        sys.stdout.flush()
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
