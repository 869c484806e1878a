"""A comparison in words, for the command's terminal and for other programs."""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from auth0sync.field_words import in_words
from auth0sync.models import Comparison, Difference
from auth0sync.sides import as_text

SHOWN_MOST = 50  # differences, on a terminal
PAGE = 500  # differences
TOLD = ("kind", "state", "employee_id", "user_id", "field", "auth0", "wanted")
NUMBERS = (
    "rows",
    "rows_wanted",
    "rows_shut",
    "rows_untouched",
    "accounts",
    "paired",
    "alone",
    "foreign",
    "leftover",
    "elsewhere",
    "equal",
    "moving",
    "differing",
    "ignored",
    "unexplained",
)


def lines(row: Comparison, found: QuerySet[Difference]) -> Iterator[str]:
    """The balance sheet, and the most urgent differences."""
    yield (
        f"People: {row.rows} = {row.rows_wanted} with an account wanted + {row.rows_shut} whose "
        f"account is shut + {row.rows_untouched} with one that isn't the console's."
    )
    yield (
        f"Accounts: {row.accounts} = {row.paired} of these people + {row.foreign} of other "
        f"installations + {row.leftover} of nobody here; {row.elsewhere} in other connections."
    )
    yield (
        f"Equal: {row.equal}; being changed just now: {row.moving}; different: {row.differing}; "
        f"without an account: {row.alone}; unexplained: {row.unexplained}."
    )
    yield from row.notes
    for difference in found[:SHOWN_MOST]:
        yield line(difference)
    more = found.count() - SHOWN_MOST
    if more > 0:
        yield f"… and {more} more, on the balance sheet in the admin."


def line(row: Difference) -> str:
    """One difference: whom it is about, and what differs."""
    whom = f"employee {row.employee_id}" if row.employee_id else row.user_id
    what = row.get_kind_display()
    if row.field and row.kind != Difference.Kind.EMAIL_DOUBLE:
        values = f"{as_text(row.auth0) or '-'} in Auth0, {as_text(row.wanted) or '-'} here"
        what = f"{in_words(row.field)}: {values}"
    why = f" ({row.about['error']})" if row.about.get("error") else ""
    state = "" if row.state == Difference.State.OPEN else f" [{row.get_state_display()}]"
    return f"   {whom}: {what}{why}{state}"


def as_json(row: Comparison, found: QuerySet[Difference]) -> Iterator[str]:
    """The same for a program, piece by piece: numbers, and every difference."""
    head = {
        "comparison": row.pk,
        "began_at": row.began_at.isoformat() if row.began_at else None,
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        **{name: getattr(row, name) for name in NUMBERS},
        "kinds": row.kinds,
        "notes": row.notes,
    }
    yield json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "differences": ['
    between = "\n    "
    for difference in _all(found):
        yield between + json.dumps(difference)
        between = ",\n    "
    yield "\n  ]\n}\n"


def _all(found: QuerySet[Difference]) -> Iterator[dict[str, Any]]:
    """By pages: there may be 100,000."""
    last = 0
    while page := list(found.filter(pk__gt=last).order_by("pk").values("pk", *TOLD)[:PAGE]):
        last = page[-1]["pk"]
        yield from ({name: each[name] for name in TOLD} for each in page)
