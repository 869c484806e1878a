"""How long going back to before the console takes: ``python -m bench.rolling_back``.

A hundred thousand people with an account, a PIN, a line in the history, keys by which they are
found, and three lines in the sync log each; then the drill (``make rollback-drill``), as a program.
"""

import sys

from bench.alone import show
from bench.comparing import INSERT, KNOW, NAMED, person
from bench.installation import Installation

PEOPLE = 100_000
LOG_LINES = 3  # each
PIN = "INSERT INTO employee_auth (employee_id, pin, pin_set_at) VALUES (%s, %s, %s)"
HASH = "$2b$10$abcdefghijklmnopqrstuuu3Qz0cF7G6v5Q3m5hJp8m1c2d3e4f5g"
LOG = (
    "INSERT INTO auth0_sync_logs (employee_id, auth0_user_id, action, status, response_data,"
    " created_at, actor, duration_ms, attempt, error_code, request_id)"
    " VALUES (%s, %s, %s, 'success', '{}', %s, 'sweep', 90, 1, '', '')"
)
AT = "2026-01-01 00:00:00"
# What the sweep notes of rows that other programs have added.
NOTICE = "from auth0sync.sweep import look_at_all; [None for _ in look_at_all()]"


def measure(installation: Installation, people: int = PEOPLE) -> list[str]:
    """Add the people with all that belongs to them, run the drill, and return what it said."""
    name = installation.ask(NAMED).split()[-1]
    numbers = range(1, people + 1)
    installation.database.insert(INSERT, [person(n, name) for n in numbers])
    installation.database.insert(PIN, [(n, HASH, AT) for n in numbers])
    lines = [
        (n, f"auth0|emp-{name}-{n}-1", action, AT)
        for action in ("create account", "give role", "send invitation")[:LOG_LINES]
        for n in numbers
    ]
    installation.database.insert(LOG, lines)
    installation.ask(KNOW)
    installation.ask(NOTICE)
    return [f"{people:,} people", *installation.drill().splitlines()]


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
