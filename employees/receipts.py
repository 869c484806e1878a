"""The lock-out receipt: when somebody leaves, every door is closed, and then really tried.

It begins in the transaction in which the leaving becomes known (``history``), whoever caused it,
and ends the kiosk session there. What lets people in somewhere registers a :class:`Side`, which
closes and tries its own doors; this app's are in ``doors``. They are tried right after the commit,
and by the sweep until nothing is left to try: a receipt that is complete, or whose person was
brought back, costs nothing any more. Source: requirement M2.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from employees.models import Change, EmployeeAuth, Receipt, ReceiptDoor

Outcome = ReceiptDoor.Outcome
NOT_YET = (Outcome.WAITING, Outcome.OPEN)  # these are tried again
SOONEST = timedelta(seconds=2)  # until the next try; the first one, after the commit, isn't counted
LATEST = timedelta(minutes=5)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # before all receipts
AT_ONCE = 50  # receipts in one slice of the sweep
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leaver:
    """For whom the doors are tried; the row may be gone.

    tokens: what was their session at the kiosk, where it is still known. Never stored.
    """

    employee_id: int
    began_at: datetime
    tokens: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class Found:
    """How a door was found. note: a sentence for whoever reads the receipt.

    closed_at, tried_at: None is the moment at which this is written down; only what is closed has
    the first, and what waits has neither. live_until: as in ``ReceiptDoor``.
    """

    outcome: Outcome
    note: str = ""
    closed_at: datetime | None = None
    tried_at: datetime | None = None
    live_until: datetime | None = None


@dataclass(frozen=True)
class Side:
    """Doors that are looked at together.

    titles: each door's name → what people call it, in the order of the receipt. look: closes what
    can be closed here, tries all of them, and says how each was found; nothing where the person
    turns out to be back. It may run at the same time in several processes.
    """

    titles: Mapping[str, str]
    look: Callable[[Leaver], Mapping[str, Found]]


Values = Mapping[str, Any]  # as history.values_of
_sides: list[Side] = []


def register(side: Side) -> None:
    """Have these doors on every receipt that begins from now on; called when the apps are ready."""
    _sides.append(side)


def titles() -> dict[str, str]:
    """What people call each door."""
    return {name: title for side in _sides for name, title in side.titles.items()}


def follow(
    change: Change, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    """Begin the receipt of somebody who leaves by this change, end that of somebody who is back.

    before, after: as for ``history.record_change``; part of the transaction that made the change.
    """
    was_here, is_here = _is_here(before), _is_here(after)
    # Only SQL can bring a row back with the number of somebody who was here.
    is_added = before is None and change.source != Change.Source.SQL
    if was_here and not is_here:
        _begin(change)
    elif is_here and not was_here and not is_added:
        theirs = Receipt.objects.filter(employee_id=change.employee_id, brought_back_at=None)
        theirs.update(brought_back_at=Now(), try_at=None)


def try_now(employee_id: int) -> None:
    """Try what isn't proven yet of this person, since something of theirs was closed just now."""
    for receipt in Receipt.objects.filter(employee_id=employee_id, try_at__isnull=False):
        _work_off_safely(receipt)


def work_off_due(until: float) -> None:
    """Try what is due, the longest due first; one indexed read when nothing is.

    until: ``time.monotonic()`` after which no other receipt is begun.
    """
    due = Receipt.objects.filter(try_at__lte=Now())
    for receipt in due.order_by("try_at")[:AT_ONCE]:
        # Put off first: another process lets it be, and one that fails doesn't hold up the others.
        if due.filter(pk=receipt.pk).update(try_at=Now() + LATEST):
            _work_off_safely(receipt)
        if time.monotonic() >= until:
            return


def work_off(receipt: Receipt, tokens: Sequence[str] = ()) -> None:
    """Close and try what isn't proven yet, write down how it was found, and plan the next try."""
    left = set(receipt.doors.filter(outcome__in=NOT_YET).values_list("name", flat=True))
    leaver = Leaver(receipt.employee_id, receipt.began_at, tokens)
    looked: dict[str, Found] = {}
    try:
        for side in _sides:
            if left & side.titles.keys():
                looked |= {k: found for k, found in side.look(leaver).items() if k in left}
    finally:  # also where one side can't be looked at
        _write(receipt, looked)
    _plan(receipt)


def open_doors() -> dict[str, list[int]]:
    """Name of a door that was tried and found open → the numbers of the people it is open to."""
    found: dict[str, list[int]] = {}
    # Said so that SQLite begins with these few receipts: it would read all doors there ever were.
    tried = Receipt.objects.filter(try_at__gt=LONG_AGO)
    doors = ReceiptDoor.objects.filter(outcome=Outcome.OPEN, receipt__in=tried)
    rows = doors.order_by().values_list("pk", "name", "receipt__employee_id")
    for _, name, employee_id in sorted(rows):  # here, for the same reason
        found.setdefault(name, []).append(employee_id)
    return found


def of_person(employee_id: int) -> QuerySet[Receipt]:
    """A person's receipts with their doors, the newest first."""
    receipts = Receipt.objects.filter(employee_id=employee_id).order_by("-id")
    return receipts.select_related("change").prefetch_related("doors")


def _is_here(values: Values | None) -> bool:
    return bool(values and values.get("is_active") and not values.get("archived_at"))


def _begin(change: Change) -> None:
    employee_id = change.employee_id
    rows = EmployeeAuth.objects.filter(employee_id=employee_id)  # there may be two
    held = list(rows.select_for_update())
    tokens = [row.login_token for row in held if row.login_token]
    if any(row.login_token or row.token_expires for row in held):
        rows.update(login_token=None, token_expires=None)
    receipt = Receipt.objects.create(
        employee_id=employee_id, change=change, try_at=timezone.now() + SOONEST
    )
    ReceiptDoor.objects.bulk_create([ReceiptDoor(receipt=receipt, name=name) for name in titles()])
    # Of a crowd that SQL switched off only those with a token are tried here, the others in slices.
    if tokens or change.source != Change.Source.SQL:
        transaction.on_commit(lambda: _work_off_safely(receipt, tokens))


def _work_off_safely(receipt: Receipt, tokens: Sequence[str] = ()) -> None:
    """A fault here must end neither the request that has saved the leaving, nor the sweep."""
    try:
        receipt.refresh_from_db()
        work_off(receipt, tokens)
    except DatabaseError:
        logger.warning("Receipt %s wasn't worked off; it is tried again.", receipt.pk)
    except Exception:
        logger.exception("Receipt %s can't be worked off; it is tried again.", receipt.pk)


@transaction.atomic
def _write(receipt: Receipt, looked: Mapping[str, Found]) -> None:
    """Write it down, unless another process has, or the person was brought back meanwhile."""
    theirs = Receipt.objects.filter(pk=OuterRef("receipt_id"), brought_back_at=None)
    doors = ReceiptDoor.objects.filter(Exists(theirs), receipt=receipt, outcome__in=NOT_YET)
    for found in dict.fromkeys(looked.values()):  # several are often found alike
        same = doors.filter(name__in=[name for name, each in looked.items() if each == found])
        columns: dict[str, Any] = {"outcome": found.outcome, "note": found.note[:500]}
        if found.outcome == Outcome.WAITING:
            same = same.exclude(**columns)
        else:
            columns |= {"tried_at": found.tried_at or Now(), "live_until": found.live_until}
        if found.outcome == Outcome.CLOSED:
            columns["closed_at"] = found.closed_at or Now()
        same.update(**columns)


def _plan(receipt: Receipt) -> None:
    ours = Receipt.objects.filter(pk=receipt.pk, try_at__isnull=False)
    if receipt.doors.filter(outcome__in=NOT_YET).exists():
        age = timezone.now() - receipt.began_at
        ours.update(try_at=Now() + min(max(age / 2, SOONEST), LATEST))
    else:
        ours.update(try_at=None, completed_at=Now())
