"""Every write to a person.

Other programs write these tables too: each function locks the row, compares, saves only the
columns that differ, writes the change down, and sends ``employee_changed``, all in one transaction.
``actor`` is who asks: what they may not do (``authority``) is refused here, whichever page, command
or program it came through.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from employees.authority import Actor, Operation, operation_of, why_not, why_not_grant
from employees.console_sessions import end_sessions_of
from employees.errors import (
    AlreadyAdded,
    EmailTaken,
    InvalidValue,
    LastAdministrator,
    NotAllowed,
    Overtaken,
    UnknownEmployee,
)
from employees.history import notice_changes, record_change, values_of
from employees.models import (
    Auth0Role,
    AuthMethod,
    Employee,
    EmployeeAuth,
    Invitation,
    InvitationChoice,
    PlannedMove,
    SentForm,
)
from employees.removal import why_not_remove
from employees.selectors import (
    administrators,
    holder_of,
    invitation_of,
    shop_floor_departments,
)
from employees.signals import employee_changed
from employees.values import clean_value, proposed_auth_method

FORMS_KEPT = timedelta(days=1)
LEAST = Auth0Role.PRODUCTION_ASSOCIATE
TOKENS_AT_ONCE = 500  # rows; a write transaction stays short


@transaction.atomic
def add_employee(
    values: Mapping[str, Any],
    invitation: str,
    actor: Actor,
    form_key: str = "",
    *,
    is_active: bool = True,
    batch: str = "",
) -> Employee:
    """Add a person and return the row as the database holds it.

    values: columns that people write (``values.CLEANERS``); ``name`` is required. A blank
    ``auth_method`` is proposed by the department.
    invitation: one of ``Invitation``; blank means work.
    form_key: a name for the form that was sent; the same form adds one person only.
    is_active: False for somebody who starts later (``planning.add_joining``).
    batch: as in :func:`deactivate`.
    Raises: NotAllowed, AlreadyAdded, InvalidValue and EmailTaken.
    """
    _refuse(why_not(actor, Operation.ADD))
    _refuse_second_sending(form_key)
    columns = _cleaned({"name": "", **values})
    _refuse(why_not_grant(actor, None, columns.get("auth0_role") or LEAST), "auth0_role")
    if not values.get("auth_method"):
        columns["auth_method"] = proposed_auth_method(
            columns.get("department"), shop_floor_departments()
        )
    _refuse_taken_email(columns.get("email"))
    employee = Employee(**columns, is_active=is_active)
    _save(employee, columns.get("email"))
    _choose_invitation(employee.pk, invitation or Invitation.WORK, before=Invitation.WORK)
    added = Employee.objects.get(pk=employee.pk)
    record_change(added.pk, None, values_of(added), actor, "added", batch=batch)
    if form_key:
        SentForm.objects.filter(pk=form_key).update(employee_id=added.pk)
    _tell(added.pk, actor, values_of(added))
    return added


@transaction.atomic
def change_employee(
    employee_id: int,
    changes: Mapping[str, Any],
    actor: Actor,
    invitation: str | None = None,
    *,
    seen: Mapping[str, Any] | None = None,
    batch: str = "",
) -> set[str]:
    """Write the given columns of a person, and no other; return what really changed.

    Two people who change one row at the same moment thus keep each other's columns. A new
    ``auth_method`` ends at once what was opened by the door that it closes.
    invitation: one of ``Invitation``; None leaves it. It counts as "invitation" in the result.
    seen: what the columns held when the values were chosen; None overwrites whatever they hold.
    batch: as in :func:`deactivate`.
    Raises: UnknownEmployee, NotAllowed, LastAdministrator, Overtaken, InvalidValue and EmailTaken.
    """
    employee = locked(employee_id, with_admins=bool({"auth0_role", "auth_method"} & set(changes)))
    before = values_of(employee)
    columns = _cleaned(changes)
    changed = {name for name, value in columns.items() if getattr(employee, name) != value}
    invited = invitation_of(employee_id)
    asked = changed | ({"invitation"} if invitation not in (None, invited) else set())
    _refuse_change(actor, employee, asked, columns)
    for name in sorted(changed & set(seen or {})):
        if seen and getattr(employee, name) != seen[name]:
            raise Overtaken(name)
    if "email" in changed:
        _refuse_taken_email(columns["email"], except_id=employee_id)
    if changed:
        for name in changed:
            setattr(employee, name, columns[name])
        _save(employee, columns.get("email"), update_fields=changed)
    extra = {}
    if invitation is not None and _choose_invitation(employee_id, invitation, before=invited):
        changed.add("invitation")
        extra["invitation"] = (invited, invitation)
    if changed:
        if "auth_method" in changed:
            _end_sessions_of_closed_door(employee)
        after = values_of(employee)
        record_change(employee_id, before, after, actor, "changed", extra=extra, batch=batch)
        _tell(employee_id, actor, changed)
    return changed


@transaction.atomic
def deactivate(employee_id: int, actor: Actor, batch: str = "") -> bool:
    """Switch a person off; their sessions end, and their lock-out receipt begins.

    Returns True when the row changed; calling again is a no-op and returns False.
    batch: a name for all that is done at one click (``history.new_batch``), for ``undo``.
    Raises: UnknownEmployee, NotAllowed and LastAdministrator.
    Source: docs/legacy-contract.md, "PIN log-in".
    """
    employee = locked(employee_id, with_admins=True)
    _refuse(why_not(actor, Operation.DEACTIVATE, employee))
    is_change = employee.is_active
    if is_change:
        refuse_losing_last_admin(employee)
        _write(employee, actor, "deactivated", batch, is_active=False)
    _end_sessions(employee_id)  # after: the receipt tries the token that was there
    return is_change


@transaction.atomic
def reactivate(employee_id: int, actor: Actor, batch: str = "") -> bool:
    """Switch a person on again, out of the archive too; True when the row changed.

    Raises: UnknownEmployee and NotAllowed.
    """
    employee = locked(employee_id)
    _refuse(why_not(actor, Operation.REACTIVATE, employee))
    if employee.is_active and employee.archived_at is None:
        return False
    _write(employee, actor, "reactivated", batch, is_active=True, archived_at=None)
    return True


@transaction.atomic
def archive(employee_id: int, actor: Actor, batch: str = "") -> bool:
    """Put a person away, deactivated; True when the row changed.

    Raises: UnknownEmployee, NotAllowed and LastAdministrator.
    """
    employee = locked(employee_id, with_admins=True)
    _refuse(why_not(actor, Operation.ARCHIVE, employee))
    refuse_losing_last_admin(employee)
    is_change = employee.archived_at is None or employee.is_active
    if is_change:
        archived_at = employee.archived_at or timezone.now().replace(microsecond=0)
        _write(employee, actor, "archived", batch, is_active=False, archived_at=archived_at)
    _end_sessions(employee_id)
    return is_change


@transaction.atomic
def restore(employee_id: int, actor: Actor, batch: str = "") -> bool:
    """Take a person out of the archive, still inactive; True when the row changed.

    Another program may have set ``is_active`` of somebody archived: they would sign in at once.
    Raises: UnknownEmployee and NotAllowed.
    """
    employee = locked(employee_id)
    _refuse(why_not(actor, Operation.RESTORE, employee))
    if employee.archived_at is None:
        return False
    _write(employee, actor, "restored", batch, is_active=False, archived_at=None)
    return True


@transaction.atomic
def put_back(employee_id: int, changes: Mapping[str, list[Any]], actor: Actor) -> bool:
    """Take a deactivation back; False when somebody changed the person's state since.

    changes: column → [before, after], as the history keeps them (``Change.changes``).
    Raises: UnknownEmployee and NotAllowed.
    """
    employee = locked(employee_id)
    _refuse(why_not(actor, Operation.REACTIVATE, employee))
    now = values_of(employee)
    columns = {name: changes[name] for name in ("is_active", "archived_at") if name in changes}
    if any(now[name] != after for name, (_before, after) in columns.items()):
        return False
    before = {name: pair[0] for name, pair in columns.items()}
    if before.get("archived_at"):
        before["archived_at"] = datetime.fromisoformat(before["archived_at"])
    _write(employee, actor, "undone", "", **before)
    return True


@transaction.atomic
def write_merge(
    employee_id: int,
    columns: Mapping[str, Any],
    actor: Actor,
    action: str,
    *,
    batch: str,
    extra: Mapping[str, tuple[Any, Any]],
) -> None:
    """Write what goes from one row of a person to their other one, or back (``review_merging``).

    columns: as the row will hold them, also what else only programs write. extra: as for
    ``history.record_change``.
    Raises: UnknownEmployee, NotAllowed, LastAdministrator and EmailTaken.
    """
    employee = locked(employee_id, with_admins=True)
    going = columns.get("is_active") is False
    for name in columns:
        _refuse(why_not(actor, operation_of_merge(name, going), employee), name)
    if going:
        refuse_losing_last_admin(employee)
    before = values_of(employee)
    for name, value in columns.items():
        setattr(employee, name, value)
    _save(employee, columns.get("email"), update_fields=set(columns))
    record_change(employee_id, before, values_of(employee), actor, action, extra=extra, batch=batch)
    if going:
        _end_sessions(employee_id)  # after: the receipt tries the token that was there
    elif columns.get("is_active"):
        _drop_planned_joining(employee_id, actor, action)
    _tell(employee_id, actor, {*columns, *extra})


def operation_of_merge(column: str, going: bool) -> Operation:
    """Which operation it is that a merge writes this column; going: of the row that is put away."""
    if column in ("is_active", "archived_at"):
        return Operation.ARCHIVE if going else Operation.REACTIVATE
    return operation_of(column)


@transaction.atomic
def remove_addition(employee_id: int, actor: Actor) -> None:
    """Take back that a person was added: the row goes, with the PIN; the history keeps it.

    Raises: UnknownEmployee, LastAdministrator, and NotAllowed, also when the row has to stay.
    """
    employee = locked(employee_id, with_admins=True)
    _refuse(why_not(actor, Operation.ADD) or why_not(actor, Operation.ARCHIVE, employee))
    refuse_losing_last_admin(employee)
    _refuse(why_not_remove(employee))
    before = values_of(employee)
    EmployeeAuth.objects.filter(employee_id=employee_id).delete()
    InvitationChoice.objects.filter(pk=employee_id).delete()
    PlannedMove.objects.filter(employee_id=employee_id).delete()
    try:
        with transaction.atomic():
            Employee.objects.filter(pk=employee_id).delete()
    except IntegrityError:  # a table that the console can't see
        raise NotAllowed("Another program has noted something of this person.") from None
    record_change(employee_id, before, None, actor, "removed")
    _tell(employee_id, actor, before)


def clear_tokens_of_refused() -> int:
    """End the kiosk sessions of people who may not use a PIN; return how many rows had one.

    They are inactive, archived, or sign in with Auth0 alone (``signing_in.may_use_pin``). For those
    who became so by SQL, and for sessions that the Flask application began all the same: it asks
    only whether somebody is active. A leaver's receipt begins first, so that it tries the token
    that was there. Reads only, when there is nothing to do; at most TOKENS_AT_ONCE rows a call, so
    that the sweep's slices stay short; never touches ``employees``.
    """
    gone = Q(is_active=False) | Q(archived_at__isnull=False)
    refused = Employee.objects.filter(gone | Q(auth_method=AuthMethod.AUTH0))
    open_sessions = EmployeeAuth.objects.filter(
        Q(login_token__isnull=False) | Q(token_expires__isnull=False),
        employee_id__in=refused.values("pk"),
    )
    found = dict(open_sessions.values_list("pk", "employee_id")[:TOKENS_AT_ONCE])
    if not found:
        return 0
    notice_changes(set(found.values()))
    # The condition again: somebody may have been let in again and signed in since the read.
    open_sessions.filter(pk__in=list(found)).update(login_token=None, token_expires=None)
    return len(found)


def locked(employee_id: int, with_admins: bool = False) -> Employee:
    """The row, locked.

    with_admins: the change may take an administrator away. Where this is one, all of them are
    locked, in the order of their keys: two who remove each other's colleague at the same moment
    would otherwise both find one left.
    """
    people = Employee.objects.filter(pk=employee_id)
    if with_admins and people.filter(auth0_role=Auth0Role.ADMIN).exists():
        people = Employee.objects.filter(Q(pk=employee_id) | Q(auth0_role=Auth0Role.ADMIN))
    for employee in people.select_for_update().order_by("pk"):
        if employee.pk == employee_id:
            return employee
    raise UnknownEmployee(employee_id)


def _write(employee: Employee, actor: Actor, action: str, batch: str, **columns: Any) -> None:
    """Save these columns of a locked row, write the change down and tell the listeners."""
    before = values_of(employee)
    for name, value in columns.items():
        setattr(employee, name, value)
    employee.save(update_fields=list(columns))
    record_change(employee.pk, before, values_of(employee), actor, action, batch=batch)
    if columns.get("is_active") or columns.get("archived_at"):
        _drop_planned_joining(employee.pk, actor, action)
    _tell(employee.pk, actor, columns)


def _drop_planned_joining(employee_id: int, actor: Actor, action: str) -> None:
    """Whoever was switched on, or put away, by hand doesn't join later as well.

    A planned leaving stays: whoever comes back before its time still leaves then.
    """
    standing = PlannedMove.objects.filter(
        employee_id=employee_id,
        kind=PlannedMove.Kind.JOIN,
        state__in=(PlannedMove.State.OPEN, PlannedMove.State.FAILED),
    )
    # By their keys, or MariaDB may search, and lock, the plans of others as well.
    PlannedMove.objects.filter(pk__in=list(standing.values_list("pk", flat=True))).update(
        state=PlannedMove.State.DROPPED,
        ended_by=actor.name[:100],
        ended_at=Now(),
        note=f"They were {'archived' if action == 'archived' else 'switched on'} by hand.",
    )


def _refuse_second_sending(form_key: str) -> None:
    """Take this form for ours; a second one waits here until the first is saved.

    Raises: AlreadyAdded.
    """
    if not form_key:
        return
    SentForm.objects.filter(at__lt=Now() - FORMS_KEPT).delete()
    try:
        with transaction.atomic():
            SentForm.objects.create(pk=form_key, employee_id=0)
    except IntegrityError:
        first = SentForm.objects.get(pk=form_key)
        raise AlreadyAdded(first.employee_id) from None


def _refuse(reason: str, field: str | None = None) -> None:
    if reason:
        raise NotAllowed(reason, field)


def _refuse_change(
    actor: Actor, employee: Employee, asked: set[str], columns: Mapping[str, Any]
) -> None:
    """Hold what would really change against the rules; each refusal names its field."""
    _refuse(why_not(actor, Operation.VIEW, employee))
    for name in sorted(asked):
        _refuse(why_not(actor, operation_of(name), employee), name)
    if "auth0_role" in asked:
        _refuse(why_not_grant(actor, employee.pk, columns["auth0_role"]), "auth0_role")
    if columns.get("auth0_role", employee.auth0_role) != Auth0Role.ADMIN:
        if "auth0_role" in asked:
            refuse_losing_last_admin(employee, "auth0_role")
    elif "auth_method" in asked and columns["auth_method"] == AuthMethod.PIN:
        refuse_losing_last_admin(employee, "auth_method")


def refuse_losing_last_admin(employee: Employee, field: str | None = None) -> None:
    """Raises: LastAdministrator, when nobody else could administer the console by Auth0."""
    if employee.auth0_role != Auth0Role.ADMIN:
        return  # without looking for the others in the whole table, a thousand times for a thousand
    if list(administrators().values_list("pk", flat=True)) == [employee.pk]:
        raise LastAdministrator(field)


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


def _choose_invitation(employee_id: int, kind: str, before: str) -> bool:
    """Remember how somebody is invited; True when it changed. Work is kept as no row at all."""
    if kind not in Invitation.values:
        raise InvalidValue("invitation", f"Choose one of: {', '.join(Invitation.values)}.")
    if kind == before:
        return False
    if kind == Invitation.WORK:
        InvitationChoice.objects.filter(pk=employee_id).delete()
    else:
        InvitationChoice.objects.update_or_create(pk=employee_id, defaults={"kind": kind})
    return True


def _end_sessions(employee_id: int) -> None:
    end_sessions_of(employee_id)
    _clear_tokens(employee_id)


def _end_sessions_of_closed_door(employee: Employee) -> None:
    """End what somebody opened by the door that their ``auth_method`` no longer has."""
    if employee.auth_method == AuthMethod.PIN:
        end_sessions_of(employee.pk)
    elif employee.auth_method == AuthMethod.AUTH0:
        _clear_tokens(employee.pk)


def _clear_tokens(employee_id: int) -> None:
    # Some installations hold two auth rows for one person: clear them all.
    EmployeeAuth.objects.filter(employee_id=employee_id).update(
        login_token=None, token_expires=None
    )


def _tell(employee_id: int, actor: Actor, fields: Iterable[str]) -> None:
    employee_changed.send(
        sender=Employee,
        employee_id=employee_id,
        actor=actor.name,
        fields=set(fields),
        together=actor.together,
        mass=actor.mass,
    )
