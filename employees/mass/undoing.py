"""Taking a row of a mass change back.

Who was added is archived, and thus locked out; nobody is deleted. Columns get their old values
where nobody has written others since. Whoever has signed in since with what it gave them is left
alone: they work with it by now.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from employees import services
from employees.authority import SIGN_IN_COLUMNS, Actor
from employees.errors import EmployeesError
from employees.mass.deeds import columns_of
from employees.mass.models import MassChange, MassRow
from employees.models import AuthMethod, Change, Employee, EmployeeAuth, EmployeeUser
from employees.selectors import invitation_of

Look = Callable[[int, datetime], str]
_looks: list[Look] = []


class NotTakenBack(EmployeesError):
    """The row stays as it was carried out; the message says why."""


def register(look: Look) -> None:
    """Have ``look`` asked too before an undo; from ``ready()``.

    It takes an employee's number and a time, and says in a sentence how they have signed in since,
    "" for not at all.
    """
    _looks.append(look)


def signed_in_since(employee_id: int, at: datetime, *, at_kiosk: bool = True) -> str:
    """How this person has signed in since, in a sentence; "" when they haven't.

    at_kiosk: whether it counts that they have signed in there.
    """
    second = at.replace(microsecond=0)  # the kiosk's times have no more
    kiosk = EmployeeAuth.objects.filter(employee_id=employee_id, last_login__gte=second)
    if at_kiosk and kiosk.exists():
        return "They have signed in at the kiosk since."
    if EmployeeUser.objects.filter(employee_id=employee_id, signed_in_at__gte=at).exists():
        return "They have signed in to the console since."
    return next(filter(None, (look(employee_id, at) for look in _looks)), "")


def signed_in(change: MassChange, most: int) -> tuple[list[tuple[Employee, str]], int]:
    """Who would be left alone by an undo, for having signed in since, and how; and how many more.

    Those of whom a row says so are found at once; they alone are then looked at one by one.
    most: people.
    """
    at = change.begun_at
    rows = MassRow.objects.filter(change=change, state=MassRow.State.DONE)
    ids = rows.values("employee_id")
    kiosk = EmployeeAuth.objects.filter(employee_id__in=ids, last_login__gte=at)
    console = EmployeeUser.objects.filter(employee_id__in=ids, signed_in_at__gte=at)
    proven = Employee.objects.filter(pk__in=ids, auth0_email_verified_at__gte=at)
    known = {
        *kiosk.values_list("employee_id", flat=True),
        *console.values_list("employee_id", flat=True),
        *proven.values_list("pk", flat=True),
    }
    people = Employee.objects.in_bulk(sorted(known)[:most])
    of_them = rows.filter(employee_id__in=list(people)).order_by("line")
    found = [
        (people[row.employee_id], reason)
        for row in of_them
        if row.employee_id and (reason := why_kept(row, change))
    ]
    return found, max(0, len(known) - most)


def why_kept(row: MassRow, change: MassChange) -> str:
    """Why this row isn't taken back: the person has signed in since; "" when it can be."""
    is_change = row.outcome == MassRow.Outcome.CHANGE
    changed = _changed(row, change) if is_change else {}
    if row.done_at is None or (is_change and SIGN_IN_COLUMNS.isdisjoint(changed)):
        return ""
    at_kiosk = not (is_change and _had_pin_before(changed))
    return signed_in_since(row.employee_id or 0, row.done_at, at_kiosk=at_kiosk)


def take_back(row: MassRow, change: MassChange, actor: Actor) -> int:
    """Take this row back; return the person's number.

    Part of the caller's transaction. Raises: NotTakenBack, and whatever the services raise.
    """
    employee_id, batch = row.employee_id or 0, change.undo_batch
    if reason := why_kept(row, change):
        raise NotTakenBack(reason)
    if row.outcome == MassRow.Outcome.NEW:
        services.archive(employee_id, actor, batch)
        return employee_id
    changed = _changed(row, change)
    if row.outcome == MassRow.Outcome.BACK:
        was_archived = changed.pop("archived_at", [None])[0]
        changed.pop("is_active", None)
        go = services.archive if was_archived else services.deactivate
        go(employee_id, actor, batch)
    invited = changed.pop("invitation", None)
    if invited and invitation_of(employee_id) != invited[1]:
        raise NotTakenBack("Somebody has changed how they are invited since.")
    before = {name: pair[0] for name, pair in changed.items()}
    after = {name: pair[1] for name, pair in changed.items()}
    services.change_employee(
        employee_id,
        columns_of(before),
        actor,
        invited[0] if invited else None,
        seen=columns_of(after),
        batch=batch,
    )
    return employee_id


def _changed(row: MassRow, change: MassChange) -> dict[str, Any]:
    """What carrying this row out has really changed, from the history: column → the pair."""
    # By the person's index alone: that of the batch leads through everybody's lines, for each.
    lines = Change.objects.filter(employee_id=row.employee_id or 0, at__gte=change.begun_at)
    ours = [line for line in lines.order_by("pk") if line.batch == change.batch]
    return {name: pair for line in ours for name, pair in line.changes.items()}


def _had_pin_before(changed: Mapping[str, Any]) -> bool:
    """Whether only the way in by Auth0 was added: the kiosk was open to them all along."""
    before = changed.get("auth_method", [None])[0]
    return before in (AuthMethod.PIN, AuthMethod.HYBRID)
