"""Two rows of one person become one: what goes to the row that is kept, and the way back.

The other row is never deleted, since tables of other programs point to it: it is deactivated and
archived with a note. Two things go along so that the programs find the kept row from then on:

- Connecteam's id. Its nightly sync looks for a row by the id or the e-mail, and would write the
  other row again if that kept either: so the e-mail is taken off it as well.
- PodFactory's mappings: their ``employee_id`` becomes that of the kept row, and nothing else.

What would happen is said by ``review_preview`` first.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from employees import services
from employees.authority import Actor
from employees.errors import NotAllowed, UnknownEmployee
from employees.history import new_batch, notice_changes, values_of
from employees.models import Change, Employee, PodFactoryMapping, Review
from employees.review_preview import (
    BRINGS_BACK,
    differing,
    finds_by_email,
    is_away,
    token_of,
    why_not_merge,
)
from employees.reviews import State, waiting

MERGED, MERGED_INTO = "merged", "merged into another"  # in the history of the kept row, the other
TAKEN_APART = "merge undone"
SAME_AS, MAPPINGS = "same_as", "podfactory"  # what no column holds


@transaction.atomic
def merge(employee_id: int, kept_id: int, takes: Collection[str], actor: Actor, token: str) -> None:
    """Say that both rows are one person's: put the first away, and keep the second.

    takes: columns of ``review_preview`` whose value comes from the row that goes. token: of the
    preview that was shown. A second click finds it done (AlreadyDecided).
    Raises: UnknownEmployee, AlreadyDecided, NotAllowed, LastAdministrator and EmailTaken.
    """
    other, kept = _both(employee_id, kept_id)
    waiting(employee_id)
    _refuse(why_not_merge(other, kept, actor))
    if token_of(other, kept) != token:
        raise NotAllowed("Somebody changed one of the two rows while you were here: look again.")
    columns = _taken_over(other, kept, takes)
    batch = new_batch()
    mappings = _move_mappings({"employee_id": other.pk}, to=kept.pk)
    Review.objects.filter(pk=other.pk).update(
        state=State.MERGED,
        kept_id=kept.pk,
        batch=batch,
        mapping_ids=mappings,
        decided_by=actor.name[:100],
        decided_at=Now(),
        note="",
    )
    frees_email = "email" in columns or finds_by_email(other)
    away = _put_away(other, kept, frees_email)
    # First, or the e-mail would be taken.
    extra = _extra(kept, (len(mappings), 0))
    services.write_merge(other.pk, away, actor, MERGED_INTO, batch=batch, extra=extra)
    extra = _extra(other, (0, len(mappings)))
    services.write_merge(kept.pk, columns, actor, MERGED, batch=batch, extra=extra)


def why_not_undo(review: Review | None) -> str:
    """Why this merge can't be taken back; "" when it can: nothing that it wrote has changed."""
    if review is None or review.state != State.MERGED:
        return "There is no merge to undo."
    people = Employee.objects.in_bulk([review.pk, review.kept_id])
    lines = _lines_of(review)
    if len(people) < 2 or people.keys() != {line.employee_id for line in lines}:
        return "One of the two rows, or what the history says of them, is gone."
    notice_changes(people)
    for line in lines:
        now = values_of(people[line.employee_id])
        for name, (_, after) in _columns_of(line).items():
            if now[name] != after:
                return f"{people[line.employee_id].name} ({line.employee_id}) was changed since."
    moved = PodFactoryMapping.objects.filter(pk__in=review.mapping_ids, employee=review.kept_id)
    if moved.count() != len(review.mapping_ids):
        return "A PodFactory mapping was changed since."
    return ""


@transaction.atomic
def undo_merge(employee_id: int, actor: Actor, batch: str) -> None:
    """Take a merge back: both rows as they were, and the person waits on the list again.

    employee_id: of the row that was put away. batch: ``Review.batch`` of the merge that was shown;
    the row may have been merged into another one since.
    Raises: UnknownEmployee, NotAllowed and EmailTaken.
    """
    shown = Review.objects.filter(pk=employee_id, state=State.MERGED, batch=batch)
    review = shown.first()
    if review is None or review.kept_id is None:
        raise NotAllowed(why_not_undo(None))
    other, kept = _both(employee_id, review.kept_id)
    _refuse(why_not_undo(shown.first()))  # again, since nobody can decide it any more
    lines = {line.employee_id: line for line in _lines_of(review)}
    batch = new_batch()
    _move_mappings({"pk__in": review.mapping_ids, "employee_id": kept.pk}, to=other.pk)
    Review.objects.filter(pk=other.pk).update(state=State.OPEN, kept_id=None, mapping_ids=[])
    for pk in (kept.pk, other.pk):  # the kept one lets go of the e-mail first
        line = lines[pk]
        extra = {
            name: (after, before)
            for name, (before, after) in line.changes.items()
            if name in (SAME_AS, MAPPINGS)
        }
        services.write_merge(pk, _before(line), actor, TAKEN_APART, batch=batch, extra=extra)


def _both(employee_id: int, kept_id: int) -> tuple[Employee, Employee]:
    """The two rows, locked in the order of their keys, after a look at what SQL wrote."""
    notice_changes(sorted({employee_id, kept_id}))
    rows = Employee.objects.select_for_update().filter(pk__in=[employee_id, kept_id])
    found = {row.pk: row for row in rows.order_by("pk")}
    for number in (employee_id, kept_id):
        if number not in found:
            raise UnknownEmployee(number)
    return found[employee_id], found[kept_id]


def _taken_over(other: Employee, kept: Employee, takes: Collection[str]) -> dict[str, Any]:
    columns = {name: getattr(other, name) for name in differing(other, kept) if name in takes}
    if other.connecteam_user_id:
        columns["connecteam_user_id"] = other.connecteam_user_id
    if BRINGS_BACK in takes and is_away(kept):
        columns |= {"is_active": True, "archived_at": None}
    return columns


def _put_away(other: Employee, kept: Employee, frees_email: bool) -> dict[str, Any]:
    said = f"Same person as {kept.name} (number {kept.pk})."
    away = {
        "is_active": False,
        "archived_at": other.archived_at or timezone.now().replace(microsecond=0),
        "notes": "\n".join(filter(None, [other.notes, said])),
    }
    if other.connecteam_user_id:
        away["connecteam_user_id"] = None
    return {**away, "email": None} if frees_email and other.email else away


def _extra(twin: Employee, mappings: tuple[int, int]) -> dict[str, tuple[Any, Any]]:
    """What the history says beside the columns. mappings: how many before and after."""
    extra: dict[str, tuple[Any, Any]] = {SAME_AS: (None, f"{twin.name} (number {twin.pk})")}
    return {**extra, MAPPINGS: mappings} if any(mappings) else extra


def _move_mappings(where: Mapping[str, Any], to: int) -> list[int]:
    """Have these mappings point to another row; their ids. By their keys: others stay unlocked."""
    ids = list(
        PodFactoryMapping.objects.filter(**where).order_by("pk").values_list("pk", flat=True)
    )
    PodFactoryMapping.objects.filter(pk__in=ids).update(employee_id=to)
    return ids


def _lines_of(review: Review) -> list[Change]:
    return list(Change.objects.filter(batch=review.batch).exclude(batch="").order_by("pk"))


def _columns_of(line: Change) -> dict[str, list[Any]]:
    return {name: pair for name, pair in line.changes.items() if name not in (SAME_AS, MAPPINGS)}


def _before(line: Change) -> dict[str, Any]:
    """What the columns of a line held before, as the row holds it."""
    read = {"archived_at": datetime.fromisoformat, "hire_date": date.fromisoformat}
    return {
        name: read[name](before) if name in read and before else before
        for name, (before, _) in _columns_of(line).items()
    }


def _refuse(reason: str) -> None:
    if reason:
        raise NotAllowed(reason)
