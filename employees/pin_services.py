"""Setting somebody else's PIN. A PIN is in no log, no history line and no message of an error.

Some installations hold two auth rows for one person: both are written, always.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Max
from django.utils import timezone

from employees import lockout
from employees.authority import Actor, Operation, why_not
from employees.errors import EmployeesError, InvalidValue, NotAllowed, UnknownEmployee
from employees.history import record_event
from employees.models import AuthMethod, Employee, EmployeeAuth
from employees.pins import hash_pin, random_pin, weakness

NEVER = ""  # the marker of somebody whose PIN nobody has set yet
AUTH0_ONLY = "Signs in with Auth0 only: there is no PIN to set."
NOT_SAVED = "The database didn't take it: try again."
logger = logging.getLogger(__name__)


class ChangedMeanwhile(EmployeesError):
    """The PIN isn't the one that the page was made for; a page that is sent twice ends here."""

    def __init__(self) -> None:
        super().__init__("The PIN was changed meanwhile: nothing was done. Look again.")


@dataclass(frozen=True)
class NewPin:
    """A PIN that was just made, for the one page or slip that shows it; never stored."""

    employee: Employee
    pin: str

    def __repr__(self) -> str:
        return f"NewPin(employee={self.employee.pk})"


def set_pin(employee_id: int, pin: str, actor: Actor, seen: str | None = None) -> None:
    """Give a person this PIN, and end their session at the kiosk.

    seen: the person's :func:`markers` when the page was made; None doesn't look.
    Raises: UnknownEmployee, NotAllowed, ChangedMeanwhile; InvalidValue for a PIN that won't do.
    """
    employee = Employee.objects.filter(pk=employee_id).first()
    if employee is None:
        raise UnknownEmployee(employee_id)
    _refuse(why_no_pin(employee, actor))
    weak = weakness(pin, employee.pk, employee.hire_date)
    if weak is not None:
        raise InvalidValue("pin", weak)
    _store(employee_id, hash_pin(pin), actor, "PIN set", seen)


def set_random_pin(employee_id: int, actor: Actor, seen: str | None = None) -> NewPin:
    """Give a person a random PIN and return it, this once; their session at the kiosk ends.

    seen, and what is raised: as for :func:`set_pin`.
    """
    employee = Employee.objects.filter(pk=employee_id).first()
    if employee is None:
        raise UnknownEmployee(employee_id)
    _refuse(why_no_pin(employee, actor))
    pin = random_pin(employee.pk, employee.hire_date)
    stored = _store(employee_id, hash_pin(pin), actor, "PIN reset", seen)
    return NewPin(stored, pin)


def set_random_pins(
    seen: Mapping[int, str], actor: Actor
) -> tuple[list[NewPin], list[tuple[int, str]]]:
    """Random PINs for many, a transaction each: what can't be done stops nobody else.

    seen: employee number → :func:`markers` as the page had it. Returns the new PINs in that order,
    and the number and the reason of each person who was skipped.
    """
    made: list[NewPin] = []
    skipped: list[tuple[int, str]] = []
    for employee_id, marker in seen.items():
        try:
            made.append(set_random_pin(employee_id, actor, marker))
        except EmployeesError as error:
            skipped.append((employee_id, str(error)))
        except DatabaseError:
            # Those before have new PINs already, which nobody would ever see.
            logger.exception("The PIN of employee %s couldn't be set", employee_id)
            skipped.append((employee_id, NOT_SAVED))
    return made, skipped


def remove_pin(employee_id: int, actor: Actor, seen: str | None = None) -> None:
    """Take a person's PIN away and end their session: they can't sign in with one any more.

    Raises: UnknownEmployee, NotAllowed and ChangedMeanwhile.
    """
    _store(employee_id, None, actor, "PIN removed", seen)


def unlock(employee_id: int, actor: Actor) -> None:
    """Let a person try again at once, at every door; their PIN stays as it is.

    Raises: UnknownEmployee and NotAllowed.
    """
    employee = Employee.objects.filter(pk=employee_id).first()
    if employee is None:
        raise UnknownEmployee(employee_id)
    _refuse(why_not(actor, Operation.SET_PIN, employee))
    lockout.unlock(employee_id)
    record_event(employee_id, actor, "PIN unlocked")


def why_no_pin(employee: Employee, actor: Actor) -> str:
    """Why ``actor`` may not set this person's PIN, as a sentence; "" when they may."""
    reason = why_not(actor, Operation.SET_PIN, employee)
    if not reason and employee.auth_method == AuthMethod.AUTH0:
        return AUTH0_ONLY
    return reason


def markers(employee_ids: Iterable[int]) -> dict[int, str]:
    """When each person's PIN was set last, as a text to be given back to the services."""
    ids = list(employee_ids)
    rows = EmployeeAuth.objects.filter(employee_id__in=ids).values_list("employee_id")
    set_at = dict(rows.annotate(Max("pin_set_at")))
    return {pk: _marker(set_at.get(pk)) for pk in ids}


def has_pin(employee_id: int) -> bool:
    """Whether there is a PIN, which may be unusable for another reason."""
    rows = EmployeeAuth.objects.filter(employee_id=employee_id)
    return rows.exclude(pin=None).exclude(pin="").exists()


def _store(
    employee_id: int, hashed: str | None, actor: Actor, action: str, seen: str | None
) -> Employee:
    """Write hash or NULL to every row of the person, under the row's lock, and write it down.

    The rules are asked once more: the row may have moved while the PIN was hashed.
    """
    with transaction.atomic():
        employee = Employee.objects.select_for_update().filter(pk=employee_id).first()
        if employee is None:
            raise UnknownEmployee(employee_id)
        may_remove = hashed is None  # also what somebody left behind who signs in with Auth0 now
        _refuse(
            why_not(actor, Operation.SET_PIN, employee)
            if may_remove
            else why_no_pin(employee, actor)
        )
        before = markers([employee_id])[employee_id]
        if seen is not None and seen != before:
            raise ChangedMeanwhile
        rows = EmployeeAuth.objects.filter(employee_id=employee_id)
        columns = {
            "pin": hashed,
            "pin_plain": None,
            "pin_set_at": timezone.now().replace(microsecond=0),
            "login_token": None,
            "token_expires": None,
        }
        if not rows.update(**columns):
            EmployeeAuth.objects.create(employee_id=employee_id, **columns)
        lockout.unlock(employee_id)
        record_event(employee_id, actor, action)
    return employee


def _marker(at: datetime | None) -> str:
    return at.isoformat() if at else NEVER


def _refuse(reason: str) -> None:
    if reason:
        raise NotAllowed(reason)
