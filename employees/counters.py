"""Counting what happens, over all processes and machines: totals that never fall.

One row a series in a table of its own, apart from every log, so that pruning those lowers nothing.
Each call is one statement that adds to its rows, committed at once: inside a transaction it waits
for the commit, so that the rows, which all processes write, are held by nobody for long, and what
was rolled back isn't counted. What can't be counted is logged and left out: it never breaks what
is counted. The names stand in :mod:`employees.counted`.
"""

import logging
import re
from collections.abc import Mapping

from django.db import Error as DatabaseError
from django.db import connection, transaction

from employees.contention import again_after_deadlock
from employees.counted import ANY, BUCKETS, COUNTERS, TIMES, Counted, Name, Timed
from employees.models import Counter

logger = logging.getLogger(__name__)

WORD = re.compile(r"[a-z][a-z_]{0,39}")
OTHER = "other"  # in the place of a value that a label mustn't have
INFINITE = "+Inf"
SUM = "sum"  # the label of a histogram's row that holds all its seconds

Amounts = Mapping[str, float]  # the row's key (see _key) → by how much its total rises
Labels = Mapping[str, str]


def count(name: Name, amount: float = 1, **labels: str) -> None:
    """Add to a total. amount: not below 0. labels: all that ``counted`` names for it."""
    record(counted(name, amount, **labels))


def observe(name: Timed, seconds: float, **labels: str) -> None:
    """Add a duration to a histogram."""
    record(timed(name, seconds, **labels))


def counted(name: Name, amount: float = 1, **labels: str) -> Amounts:
    """What :func:`count` adds, to be recorded with others in one statement."""
    if amount <= 0:
        return {}
    return _amounts({"": amount}, name, COUNTERS.get(name), labels)


def timed(name: Timed, seconds: float, **labels: str) -> Amounts:
    """What :func:`observe` adds, to be recorded with others in one statement."""
    bucket = next((f"{edge}" for edge in BUCKETS if seconds <= edge), INFINITE)
    parts = {f"le={bucket}": 1.0, SUM: max(seconds, 0.0)}
    return _amounts(parts, name, TIMES.get(name), labels)


def record(*parts: Amounts) -> None:
    """Add all of these, in one statement; after the commit where a transaction is open."""
    amounts: dict[str, float] = {}
    for part in parts:
        for series, amount in part.items():
            amounts[series] = amounts.get(series, 0) + amount
    if not amounts:
        return
    if connection.in_atomic_block:
        transaction.on_commit(lambda: _add(amounts), robust=True)
    else:
        _add(amounts)


def totals() -> dict[str, list[tuple[Labels, float]]]:
    """All that was ever counted, by name; one query.

    Of a histogram there is a row for each bucket, with the label ``le``, which holds what fell into
    that bucket alone; and one with the label SUM for all seconds.
    """
    found: dict[str, list[tuple[Labels, float]]] = {}
    for key, total in Counter.objects.values_list("series", "total"):
        name, _, inner = key.rstrip("}").partition("{")
        pairs = (word.partition("=") for word in inner.split(",") if word)
        labels = {label: value for label, _, value in pairs}
        found.setdefault(name, []).append((labels, total))
    return found


def _amounts(parts: Amounts, name: str, what: Counted | None, labels: Mapping[str, str]) -> Amounts:
    """Nothing, and a line in the log, for what ``counted`` doesn't know."""
    if what is None or what.labels.keys() != labels.keys():
        logger.error("%s isn't counted with the labels %s.", name, ", ".join(labels) or "none")
        return {}
    values = {label: _value(what.labels[label], text) for label, text in labels.items()}
    return {_key(name, part, values): amount for part, amount in parts.items()}


def _value(allowed: tuple[str, ...], text: str) -> str:
    word = str(text).lower().replace(" ", "_").replace("-", "_")
    is_allowed = WORD.fullmatch(word) if allowed is ANY else word in allowed
    return word if is_allowed else OTHER


def _key(name: str, part: str, values: Labels) -> str:
    """Such as ``auth0_api_response_time{capability=read,le=0.5}``."""
    words = [f"{label}={values[label]}" for label in sorted(values)]
    return f"{name}{{{','.join([*words, part] if part else words)}}}"


def _add(amounts: Amounts) -> None:
    """The statement. Nothing is open around it, so nothing is left half done when it fails."""
    try:
        _upsert(amounts)
    except DatabaseError:
        logger.exception("Something couldn't be counted.")


@again_after_deadlock
def _upsert(amounts: Amounts) -> None:
    """Rows are named in one order, so that two processes wait for each other rather than forever.

    That may happen all the same where a row is new: then the database ends one, which begins again.
    """
    rows = sorted(amounts.items())
    if_there = (
        "ON DUPLICATE KEY UPDATE total = total + VALUES(total)"
        if connection.vendor == "mysql"
        else "ON CONFLICT (series) DO UPDATE SET total = total + excluded.total"
    )
    holes = ", ".join(["(%s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO console_counters (series, total) VALUES {holes} {if_there}",  # noqa: S608
            [value for row in rows for value in row],
        )
