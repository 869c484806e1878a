"""Taking a deactivation back, for ten minutes (requirement P2)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from employees import services
from employees.authority import Actor
from employees.errors import EmployeesError
from employees.history import notice_changes
from employees.models import Change, Employee

WITHIN = timedelta(minutes=10)
STATE = {"is_active", "archived_at"}
LEAVING = ("deactivated", "archived")


@dataclass
class Undone:
    """What became of each: put back, changed by somebody since, or refused and why."""

    restored: list[int] = field(default_factory=list)
    changed_since: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


def undoable(batch: str) -> list[Change]:
    """What was done at one click and can still be taken back; [] when that is over, or unknown."""
    recent = Change.objects.filter(batch=batch, action__in=LEAVING, at__gte=Now() - WITHIN)
    return list(recent.order_by("employee_id")) if batch else []


def last_leaving(employee: Employee) -> Change | None:
    """The deactivation of this person that can still be taken back, or None."""
    recent = Change.objects.filter(employee_id=employee.pk, at__gte=Now() - WITHIN)
    moves = [*LEAVING, "reactivated", "restored", "undone"]
    change = recent.filter(action__in=moves).order_by("-id").first()
    is_leaving = change is not None and change.action in LEAVING and change.batch
    return change if is_leaving and not employee.is_active else None


def ends_at(change: Change) -> str:
    """How long the undo is still offered, such as "7 minutes"."""
    left = change.at + WITHIN - timezone.now()
    minutes = max(1, round(left.total_seconds() / 60))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def undo(batch: str, actor: Actor, ids: Collection[int] | None = None) -> Undone:
    """Put back everybody of ``batch`` who is still as it left them; a transaction for each.

    A second call finds them changed, and does nothing.
    ids: of these only, since whoever is out of the actor's sight isn't spoken of; None for all.
    """
    found = Undone()
    changes = [one for one in undoable(batch) if ids is None or one.employee_id in ids]
    moved = _moved_since(changes)
    for change in changes:
        if change.employee_id in moved:
            found.changed_since.append(change.employee_id)
            continue
        try:
            restored = services.put_back(change.employee_id, change.changes, actor)
        except EmployeesError as error:
            found.refused.append((change.employee_id, str(error)))
            continue
        (found.restored if restored else found.changed_since).append(change.employee_id)
    return found


def _moved_since(changes: list[Change]) -> set[int]:
    """Whose state somebody changed after that click, by SQL too."""
    ids = [change.employee_id for change in changes]
    notice_changes(ids)
    clicked = {change.employee_id: change.pk for change in changes}
    later = Change.objects.filter(employee_id__in=ids, pk__gt=min(clicked.values(), default=0))
    return {
        change.employee_id
        for change in later
        if change.pk > clicked[change.employee_id] and STATE & change.changes.keys()
    }
