"""The lock-out receipt in words: for the person's page and for one line of the history."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from employees.actors import names_of
from employees.history import SQL_ACTOR
from employees.models import Receipt, ReceiptDoor
from employees.receipts import NOT_YET, Outcome, titles

TONES = {
    Outcome.CLOSED: "good",
    Outcome.WAITING: "waiting",
    Outcome.OPEN: "attention",
    Outcome.LEFT_ALONE: "attention",
}


@dataclass(frozen=True)
class ShownDoor:
    """One door. tone: good, waiting, attention or quiet."""

    title: str
    tone: str
    door: ReceiptDoor


@dataclass(frozen=True)
class ShownReceipt:
    """One receipt. who: "" where another program did it. is_moving: whether more may come."""

    receipt: Receipt
    who: str
    summary: str
    tone: str
    is_moving: bool
    doors: Sequence[ShownDoor]


def shown(receipts: QuerySet[Receipt]) -> list[ShownReceipt]:
    """These receipts (``receipts.of_person``) as the page shows them."""
    found = list(receipts)
    names = names_of({receipt.change.actor for receipt in found})
    called = titles()
    return [
        ShownReceipt(
            receipt=receipt,
            who="" if actor == SQL_ACTOR else names.get(actor, actor),
            summary=summary(receipt),
            tone=_tone(receipt),
            is_moving=receipt.try_at is not None,
            doors=[
                _shown_door(door, called)
                for door in sorted(receipt.doors.all(), key=lambda door: door.pk)
            ],
        )
        for receipt in found
        for actor in [receipt.change.actor]
    ]


def summary(receipt: Receipt) -> str:
    """How far it is, in a sentence."""
    doors = list(receipt.doors.all())
    count = Counter(door.outcome for door in doors)
    closed = f"{_doors(count[Outcome.CLOSED])} closed and tried"
    rest = "".join(
        f", {count[outcome]} {text}"
        for outcome, text in (
            (Outcome.ABSENT, "not there"),
            (Outcome.NOT_IN_PLAN, "not in this plan"),
            (Outcome.LEFT_ALONE, "left alone"),
            (Outcome.WAITING, "waiting" if receipt.brought_back_at is None else "not reached"),
        )
        if count[outcome]
    )
    if receipt.completed_at:
        back = " Brought back since." if receipt.brought_back_at else ""
        took = in_words(receipt.completed_at - receipt.began_at)
        return f"Locked out in {took}: {closed}{rest}.{back}"
    if receipt.brought_back_at:
        return f"Brought back before all doors were closed: {closed}{rest}."
    if count[Outcome.OPEN]:
        are = "is" if count[Outcome.OPEN] == 1 else "are"
        return f"{_doors(count[Outcome.OPEN])} {are} open; {closed}{rest}."
    return f"{closed}{rest}."


def in_words(took: timedelta) -> str:
    """A duration: under a second, 4 s, 12 min, 5 h or 3 days."""
    seconds = int(took.total_seconds())
    if seconds < 1:
        return "under a second"
    for unit_s, unit, most in ((1, "s", 120), (60, "min", 120), (3600, "h", 48)):
        if seconds < unit_s * most:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds // 86_400} days"


def _shown_door(door: ReceiptDoor, called: Mapping[str, str]) -> ShownDoor:
    tone = TONES.get(Outcome(door.outcome), "quiet")
    return ShownDoor(called.get(door.name, door.name), tone, door)


def _doors(number: int) -> str:
    return f"{number} door{'' if number == 1 else 's'}"


def _tone(receipt: Receipt) -> str:
    outcomes = {door.outcome for door in receipt.doors.all()}
    if receipt.brought_back_at:
        return "quiet"
    if outcomes & {Outcome.OPEN, Outcome.LEFT_ALONE}:
        return "attention"
    return "waiting" if outcomes & set(NOT_YET) else "good"
