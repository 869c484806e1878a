"""Signing in with a PIN: log-in, whose token this is, log-out, and one's own new PIN.

The JSON contract and the kiosk's pages both come here. The session is ``login_token``, which the
Flask application reads and writes too. Source: docs/legacy-contract.md, "PIN log-in".
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from employees import lockout
from employees.actors import actor_at_kiosk
from employees.counters import count
from employees.errors import EmployeesError, InvalidValue
from employees.history import record_event
from employees.lockout import Door, Wait
from employees.models import AuthMethod, Employee, EmployeeAuth
from employees.pins import check_pin, hash_pin, is_hashed, weakness

SESSION = timedelta(days=1)
LARGEST_NUMBER = 2**31 - 1  # employees.id is an INT
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
SAME = "The new PIN is the old one: choose another."


class Refused(EmployeesError):
    """Number or PIN is wrong, or the person may not sign in with a PIN: which, nobody is told."""

    def __init__(self) -> None:
        super().__init__("Invalid credentials")


class MustWait(EmployeesError):
    """Too many wrong PINs for this number, or from here, right or not what was typed now.

    seconds, minutes: what is left to wait, rounded up. is_here: it isn't the number that has to
    wait, but the kiosk or address, which has tried too many numbers.
    """

    def __init__(self, wait: Wait) -> None:
        self.seconds = wait.seconds
        self.is_here = wait.is_here
        self.minutes = -(-wait.seconds // 60)
        plural = "" if self.minutes == 1 else "s"
        where = " from here" if wait.is_here else ""
        super().__init__(f"Too many wrong PINs{where}. Try again in {self.minutes} minute{plural}.")


class NoSession(EmployeesError):
    """The token is unknown or over, or its person may not sign in with a PIN any more."""

    def __init__(self) -> None:
        super().__init__("Invalid or expired session")


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in with a PIN, as the row was when it was read."""

    token: str
    employee: Employee


def number_of(text: str) -> int | None:
    """The employee number that was typed or scanned; None for what can't be one."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        return None
    number = int(digits)
    return number if 0 < number <= LARGEST_NUMBER else None


def may_use_pin(employee: Employee) -> bool:
    """Whether the row lets this person in by PIN: active, not archived, not Auth0 alone."""
    gone = not employee.is_active or employee.archived_at is not None
    return not gone and employee.auth_method != AuthMethod.AUTH0


def who_may_enter(number: int) -> Employee | None:
    """The person whom the right PIN lets in at this moment; None when it lets nobody in.

    The last thing that a log-in asks, and what the lock-out receipt asks, which has no PIN.
    number: employee number.
    """
    employee = Employee.objects.filter(pk=number).first()
    return employee if employee is not None and may_use_pin(employee) else None


def sign_in(number: int | None, pin: str, door: Door) -> Session:
    """Check number and PIN, begin a session of one day and end the one before.

    number: :func:`number_of`. A plain PIN becomes a bcrypt hash by this, and no plain copy stays.
    Raises: Refused and MustWait, after exactly one bcrypt check like the good answer.
    """
    try:
        session = _begin_session(number, pin, door)
    except Refused:
        count("kiosk_refusals", reason="wrong_pin")
        raise
    except MustWait as wait:
        count("kiosk_refusals", reason="place_waits" if wait.is_here else "number_waits")
        raise
    count("kiosk_logins")
    return session


def _begin_session(number: int | None, pin: str, door: Door) -> Session:
    row = _with_right_pin(number, pin, door)
    token = secrets.token_urlsafe(32)
    now = _now()
    columns: dict[str, Any] = {
        "login_token": token,
        "token_expires": now + SESSION,
        "last_login": now,
        "pin_plain": None,
    }
    if not is_hashed(row.pin or ""):
        columns["pin"] = hash_pin(pin)
    employee = _write(row, columns)
    lockout.refund(door, employee.pk)
    return Session(token, employee)


def session_of(token: str) -> Session | None:
    """Whose session this token is; None when there is none (any more). One query, on an index."""
    now = timezone.now()
    for row in _holders(token).select_related("employee"):
        is_open = row.token_expires is not None and row.token_expires > now
        if is_open and _is_same(row.login_token, token) and may_use_pin(row.employee):
            return Session(token, row.employee)
    return None


def sign_out(token: str) -> None:
    """End the session, in every row that holds it; nothing happens where there is none."""
    ids = [row.employee_id for row in _holders(token) if _is_same(row.login_token, token)]
    if ids:
        _holders(token).filter(employee_id__in=ids).update(login_token=None, token_expires=None)


def confirm(session: Session, pin: str, door: Door) -> None:
    """Make sure that whoever is signed in is still the one who touches the screen.

    Raises: Refused and MustWait, where the PIN is wrong, which counts as a try.
    """
    _with_right_pin(session.employee.pk, pin, door)
    lockout.refund(door, session.employee.pk)


def change_pin(token: str, current: str, new: str, door: Door) -> None:
    """Give the signed-in person the PIN that they chose; their session goes on.

    Raises: NoSession; InvalidValue, where the new PIN won't do; Refused and MustWait, where the
    current one is wrong, which counts as a try.
    """
    session = session_of(token)
    if session is None:
        raise NoSession
    employee = session.employee
    weak = weakness(new, employee.pk, employee.hire_date)
    if weak is not None:
        raise InvalidValue("new_pin", weak)
    if new == current:
        raise InvalidValue("new_pin", SAME)
    row = _with_right_pin(employee.pk, current, door)
    columns = {"pin": hash_pin(new), "pin_plain": None, "pin_set_at": _now()}
    with transaction.atomic():
        _write(row, columns)
        actor = actor_at_kiosk(employee)
        record_event(employee.pk, actor, "PIN changed")
    lockout.refund(door, employee.pk)


def _with_right_pin(number: int | None, pin: str, door: Door) -> EmployeeAuth:
    """The row whose PIN this is, after one counted try and one bcrypt check.

    Raises: Refused and MustWait.
    """
    wait = lockout.charge(door, number)
    row = None if number is None or wait else _row_that_counts(_rows(number))
    usable = row is not None and may_use_pin(row.employee)
    is_right = check_pin(pin, row.pin if row is not None and usable else None)
    if wait:
        raise MustWait(wait)
    if row is None or not is_right:
        lockout.sweep()
        raise Refused
    return row


def _write(row: EmployeeAuth, columns: dict[str, Any]) -> Employee:
    """Write the columns to every row of this person, once more sure that the PIN still counts.

    The person may have been switched off, or given another PIN, since it was checked; both are
    looked at again under the rows' lock. Raises: Refused.
    """
    with transaction.atomic():
        rows = EmployeeAuth.objects.filter(employee_id=row.employee_id)
        counting = _row_that_counts(rows.select_for_update())
        # Read after the lock: whoever switches this person off clears these rows before or after.
        employee = who_may_enter(row.employee_id)
        if employee is None or counting is None or not _is_still(row.pin, counting.pin):
            raise Refused
        rows.update(**columns)
    return employee


def _is_still(checked: str | None, stored: str | None) -> bool:
    """The PIN that was checked, or its hash by now: of a second touch, or of the nightly scrub."""
    if stored == checked:
        return True
    return checked is not None and not is_hashed(checked) and check_pin(checked, stored)


def _rows(number: int) -> QuerySet[EmployeeAuth]:
    return EmployeeAuth.objects.filter(employee_id=number).select_related("employee")


def _row_that_counts(rows: QuerySet[EmployeeAuth]) -> EmployeeAuth | None:
    """Of two rows for one person the one whose PIN was set last; a row without a PIN is none."""
    with_pin = rows.exclude(pin=None).exclude(pin="")
    return with_pin.order_by(F("pin_set_at").desc(nulls_last=True), "-pk").first()


def _holders(token: str) -> QuerySet[EmployeeAuth]:
    """Rows that may hold this token: MariaDB and MySQL compare without case."""
    is_token = TOKEN.fullmatch(token) is not None
    return (
        EmployeeAuth.objects.filter(login_token=token) if is_token else EmployeeAuth.objects.none()
    )


def _is_same(stored: str | None, token: str) -> bool:
    return compare_digest((stored or "").encode(), token.encode())


def _now() -> datetime:
    return timezone.now().replace(microsecond=0)
