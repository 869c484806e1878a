"""What other programs write of people: which of them it probably was, and what keeps coming back.

SQL says nothing of itself, so this is a guess from the columns that each program is known to write,
and is worded as one. Pure rules. Source: docs/legacy-contract.md, "Rows that appear or change
without Django".
"""

from collections import Counter
from collections.abc import Iterable

from employees.models import Change

CONNECTEAM, PODFACTORY, FLASK = "Connecteam", "PodFactory", "the Flask application"
NIGHTLY = {"connecteam_user_id", "name", "is_active"}  # what Connecteam's sync writes
OFTEN = 2  # times: then it is more than somebody's change of mind

# For people to read: columns, and who writes them.
OWNERS = (
    (
        "Name, active",
        "The console. For people whom Connecteam knows its nightly sync writes them too: what "
        "differs there comes back, so change it there as well.",
    ),
    ("Connecteam user id", "Connecteam. The console moves it when two rows are merged."),
    (
        "E-mail",
        "The console. Somebody whom a sync adds has what that program knows, or a number at a "
        "domain that nobody can be written to.",
    ),
    (
        "Personal e-mail, phone, department, role, workspace, dates, notes, archived",
        "The console and the Flask application.",
    ),
    ("Signs in with, Auth0 role", "The console alone."),
    ("PodFactory mappings", "PodFactory. The console moves them when two rows are merged."),
)


def probably(change: Change, connecteam: str | None, is_mapped: bool) -> str:
    """Which program wrote this line, as "probably Connecteam"; "" where nothing tells.

    connecteam: the person's id there, where they have one. is_mapped: PodFactory knows them.
    """
    if change.source != Change.Source.SQL:
        return ""
    columns = {name for name, (_, after) in change.changes.items() if after not in (None, "")}
    if change.action == "added":
        if "connecteam_user_id" in columns:
            return f"probably {CONNECTEAM}"
        return f"probably {PODFACTORY}" if is_mapped and "department" not in columns else ""
    written = change.changes.keys()
    if change.action == "deleted" or not written:
        return ""
    if "archived_at" in written:
        return f"probably {FLASK}"
    if not (connecteam and written <= NIGHTLY):
        return ""
    return f"{CONNECTEAM} or {FLASK}" if written == {"is_active"} else f"probably {CONNECTEAM}"


def program_of(column: str, connecteam: str | None) -> str:
    """Which program a field that was set back is of, to begin a sentence with."""
    return f"Probably {CONNECTEAM}" if connecteam and column in NIGHTLY else "Another program"


def who_added(connecteam: str | None, is_mapped: bool) -> str:
    """Which program made the row of somebody on the review list, in a few words."""
    if connecteam:
        return f"probably by {CONNECTEAM}"
    return f"probably by {PODFACTORY}" if is_mapped else "by another program"


def set_backs(changes: Iterable[Change]) -> dict[tuple[int, str], int]:
    """Person and column → how many times SQL has put back what was there before a change here.

    changes: in the order in which they were made.
    """
    before: dict[tuple[int, str], object] = {}
    found: Counter[tuple[int, str]] = Counter()
    for change in changes:
        for column, (was, became) in change.changes.items():
            key = (change.employee_id, column)
            if change.source != Change.Source.SQL:
                before[key] = was
            elif key in before and before.pop(key) == became:
                found[key] += 1
    return dict(found)
