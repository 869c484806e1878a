"""Every write to a person.

Other programs write these tables too: each function locks the row, compares, saves only the
columns that differ, and sends ``employee_changed`` inside its transaction. ``actor`` says who
asked, such as ``admin:7``.
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from employees.errors import EmailTaken, InvalidValue, UnknownEmployee
from employees.models import Employee, EmployeeAuth, Invitation, InvitationChoice
from employees.selectors import holder_of, invitation_of, shop_floor_departments
from employees.signals import employee_changed
from employees.values import clean_value, proposed_auth_method

TOKENS_AT_ONCE = 500  # rows; a write transaction stays short


@transaction.atomic
def add_employee(values: Mapping[str, Any], invitation: str, actor: str) -> Employee:
    """Add a person and return the row as the database holds it.

    values: columns that people write (``values.CLEANERS``); ``name`` is required. A blank
    ``auth_method`` is proposed by the department.
    invitation: one of ``Invitation``; blank means work.
    Raises: InvalidValue and EmailTaken.
    """
    columns = _cleaned({"name": "", **values})
    if not values.get("auth_method"):
        columns["auth_method"] = proposed_auth_method(
            columns.get("department"), shop_floor_departments()
        )
    _refuse_taken_email(columns.get("email"))
    employee = Employee(**columns)
    _save(employee, columns.get("email"))
    _choose_invitation(employee.pk, invitation or Invitation.WORK)
    _tell(employee.pk, actor)
    return Employee.objects.get(pk=employee.pk)


@transaction.atomic
def change_employee(
    employee_id: int, changes: Mapping[str, Any], actor: str, invitation: str | None = None
) -> set[str]:
    """Write the given columns of a person, and no other; return what really changed.

    Two people who change one row at the same moment thus keep each other's columns.
    invitation: one of ``Invitation``; None leaves it. It counts as "invitation" in the result.
    Raises: UnknownEmployee, InvalidValue and EmailTaken.
    """
    employee = _locked(employee_id)
    columns = _cleaned(changes)
    changed = {name for name, value in columns.items() if getattr(employee, name) != value}
    if "email" in changed:
        _refuse_taken_email(columns["email"], except_id=employee_id)
    if changed:
        for name in changed:
            setattr(employee, name, columns[name])
        _save(employee, columns.get("email"), update_fields=changed)
    if invitation is not None and _choose_invitation(employee_id, invitation):
        changed.add("invitation")
    if changed:
        _tell(employee_id, actor)
    return changed


@transaction.atomic
def deactivate(employee_id: int, actor: str) -> bool:
    """Switch a person off and end their kiosk session.

    Returns True when the row changed; calling again is a no-op and returns False.
    Raises: UnknownEmployee.
    Source: docs/legacy-contract.md, "PIN log-in".
    """
    employee = _locked(employee_id)
    _clear_tokens(employee_id)
    if not employee.is_active:
        return False
    employee.is_active = False
    employee.save(update_fields=["is_active"])
    _tell(employee_id, actor)
    return True


@transaction.atomic
def reactivate(employee_id: int, actor: str) -> bool:
    """Switch a person on again, out of the archive too; True when the row changed.

    Raises: UnknownEmployee.
    """
    employee = _locked(employee_id)
    if employee.is_active and employee.archived_at is None:
        return False
    employee.is_active = True
    employee.archived_at = None
    employee.save(update_fields=["is_active", "archived_at"])
    _tell(employee_id, actor)
    return True


@transaction.atomic
def archive(employee_id: int, actor: str) -> bool:
    """Put a person away, deactivated; True when the row changed.

    Raises: UnknownEmployee.
    """
    employee = _locked(employee_id)
    _clear_tokens(employee_id)
    if employee.archived_at is not None and not employee.is_active:
        return False
    employee.is_active = False
    employee.archived_at = employee.archived_at or timezone.now().replace(microsecond=0)
    employee.save(update_fields=["is_active", "archived_at"])
    _tell(employee_id, actor)
    return True


@transaction.atomic
def restore(employee_id: int, actor: str) -> bool:
    """Take a person out of the archive, still inactive; True when the row changed.

    Raises: UnknownEmployee.
    """
    employee = _locked(employee_id)
    if employee.archived_at is None:
        return False
    employee.archived_at = None
    employee.save(update_fields=["archived_at"])
    _tell(employee_id, actor)
    return True


def clear_tokens_of_inactive() -> int:
    """End the kiosk sessions of inactive and archived people; return how many rows had one.

    For those who were switched off by SQL. Reads only, when there is nothing to do; at most
    TOKENS_AT_ONCE rows a call, so that the sweep's slices stay short; never touches ``employees``.
    """
    inactive = Employee.objects.filter(Q(is_active=False) | Q(archived_at__isnull=False))
    open_sessions = EmployeeAuth.objects.filter(
        Q(login_token__isnull=False) | Q(token_expires__isnull=False),
        employee_id__in=inactive.values("pk"),
    )
    ids = list(open_sessions.values_list("pk", flat=True)[:TOKENS_AT_ONCE])
    if not ids:
        return 0
    # The condition again: somebody may have been reactivated and signed in since the read.
    return open_sessions.filter(pk__in=ids).update(login_token=None, token_expires=None)


def _locked(employee_id: int) -> Employee:
    employee = Employee.objects.select_for_update().filter(pk=employee_id).first()
    if employee is None:
        raise UnknownEmployee(employee_id)
    return employee


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role_id" if name == "role" else name: clean_value(name, value)
        for name, value in values.items()
    }


def _refuse_taken_email(email: str | None, except_id: int | None = None) -> None:
    other = holder_of(email, except_id)
    if other is not None:
        raise EmailTaken(other.pk, other.name)


def _save(employee: Employee, email: str | None, update_fields: set[str] | None = None) -> None:
    """Save, and name the holder when the unique key refuses the e-mail.

    That happens when two people save it at once, and on MariaDB for josé@ beside jose@.
    """
    try:
        with transaction.atomic():
            employee.save(update_fields=update_fields, force_insert=update_fields is None)
    except IntegrityError as error:
        others = Employee.objects.filter(email=email).exclude(pk=employee.pk)
        other = others.only("id", "name").first() if email else None
        if other is None and "email" not in str(error).lower():
            raise
        raise EmailTaken(other.pk if other else None, other.name if other else "") from error


def _choose_invitation(employee_id: int, kind: str) -> bool:
    """Remember how somebody is invited; True when it changed. Work is kept as no row at all."""
    if kind not in Invitation.values:
        raise InvalidValue("invitation", f"Choose one of: {', '.join(Invitation.values)}.")
    if kind == invitation_of(employee_id):
        return False
    if kind == Invitation.WORK:
        InvitationChoice.objects.filter(pk=employee_id).delete()
    else:
        InvitationChoice.objects.update_or_create(pk=employee_id, defaults={"kind": kind})
    return True


def _clear_tokens(employee_id: int) -> None:
    # Some installations hold two auth rows for one person: clear them all.
    EmployeeAuth.objects.filter(employee_id=employee_id).update(
        login_token=None, token_expires=None
    )


def _tell(employee_id: int, actor: str) -> None:
    employee_changed.send(sender=Employee, employee_id=employee_id, actor=actor)
