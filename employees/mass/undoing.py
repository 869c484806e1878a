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
from employees.models import AuthMethod, Change, EmployeeAuth, EmployeeUser
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


def take_back(row: MassRow, change: MassChange, actor: Actor) -> int:
    """Take this row back; return the person's number.

    Part of the caller's transaction. Raises: NotTakenBack, and whatever the services raise.
    """
    employee_id, batch = row.employee_id or 0, change.undo_batch
    lines = list(Change.objects.filter(batch=change.batch, employee_id=employee_id).order_by("pk"))
    changed = {name: pair for line in lines for name, pair in line.changes.items()}
    opened = row.outcome != MassRow.Outcome.CHANGE or not SIGN_IN_COLUMNS.isdisjoint(changed)
    since = row.done_at
    at_kiosk = row.outcome != MassRow.Outcome.CHANGE or not _had_pin_before(changed)
    if opened and since and (found := signed_in_since(employee_id, since, at_kiosk=at_kiosk)):
        raise NotTakenBack(found)
    if row.outcome == MassRow.Outcome.NEW:
        services.archive(employee_id, actor, batch)
        return employee_id
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


def _had_pin_before(changed: Mapping[str, Any]) -> bool:
    """Whether only the way in by Auth0 was added: the kiosk was open to them all along."""
    before = changed.get("auth_method", [None])[0]
    return before in (AuthMethod.PIN, AuthMethod.HYBRID)
