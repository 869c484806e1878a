"""Planned joining and leaving (requirement M7): said today, carried out when its time has come.

Who may plan is who may do it now (``authority``); a row of ``PlannedMove`` is what they said. The
sweep calls :func:`carry_out_due`, which does it through ``services``, in their name. Ending access
needs no more than that; opening it needs that they still may, since nobody who has left opens a
door. Everything happens under the lock of the person's row: at most one plan of a kind stands.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from employees import services
from employees.actors import actor_named
from employees.authority import Actor, Operation, planner, why_not, why_not_grant
from employees.errors import (
    AlreadyPlanned,
    EmployeesError,
    InvalidValue,
    NotAllowed,
    UnknownEmployee,
)
from employees.history import SQL_ACTOR, new_batch, notice_changes, record_change, values_of
from employees.models import Change, Employee, PlannedMove
from employees.zones import in_full, zone_of

Kind, State = PlannedMove.Kind, PlannedMove.State
STANDING = (State.OPEN, State.FAILED)  # what somebody may still cancel
AT_MOST = timedelta(days=731)  # ahead; further away a year was mistyped
COLUMN = {Kind.JOIN: "joins_at", Kind.LEAVE: "leaves_at"}  # in the history
LINES = frozenset(
    line
    for kind in Kind
    for line in (
        f"{kind.label} planned",
        *(f"planned {kind.label} {end}" for end in (State.CANCELLED, State.DROPPED, State.FAILED)),
    )
)


@transaction.atomic
def add_joining(
    values: Mapping[str, Any],
    invitation: str,
    actor: Actor,
    at: datetime,
    form_key: str = "",
    *,
    batch: str = "",
) -> Employee:
    """Add a person who starts at ``at``; until then the row is inactive, and no door is open.

    values, invitation, form_key, batch, and what is raised: as for ``services.add_employee``; and
    InvalidValue for a time that has passed, or is too far away.
    """
    employee = services.add_employee(
        values, invitation, actor, form_key, is_active=False, batch=batch
    )
    _refuse_time(at, zone_of(employee.workspace), "Leave it empty, and they start now.")
    _plan(employee, Kind.JOIN, at, actor, is_newcomer=True)
    return employee


@transaction.atomic
def plan_joining(employee_id: int, at: datetime, actor: Actor, reason: str = "") -> PlannedMove:
    """Have somebody who is switched off, or in the archive, switched on at ``at``.

    Saying the same twice is no error, and plans it once.
    Raises: UnknownEmployee, NotAllowed, AlreadyPlanned, and InvalidValue for a time that can't be,
    or somebody who works here already.
    """
    employee = services.locked(employee_id)
    _refuse(why_not(actor, Operation.REACTIVATE, employee))
    _refuse_time(at, zone_of(employee.workspace), "Reactivate them now instead.")
    if works_here(employee):
        raise InvalidValue("at", f"{employee.name} works here already.")
    return _plan(employee, Kind.JOIN, at, actor, reason=reason)


@transaction.atomic
def plan_leaving(employee_id: int, at: datetime, actor: Actor, reason: str = "") -> PlannedMove:
    """Have somebody deactivated at ``at``; also somebody who joins before that, as planned.

    Saying the same twice is no error, and plans it once.
    Raises: UnknownEmployee, NotAllowed, LastAdministrator, AlreadyPlanned, and InvalidValue for a
    time that can't be, or somebody who is switched off.
    """
    employee = services.locked(employee_id, with_admins=True)
    _refuse(why_not(actor, Operation.DEACTIVATE, employee))
    services.refuse_losing_last_admin(employee)
    zone = zone_of(employee.workspace)
    _refuse_time(at, zone, "Deactivate them now instead.")
    if not works_here(employee):
        joining = _standing(employee.pk, Kind.JOIN).filter(state=State.OPEN).first()
        if joining is None:
            raise InvalidValue("at", f"{employee.name} is switched off already.")
        if at <= joining.at:
            starts = in_full(joining.at, zone)
            raise InvalidValue("at", f"{employee.name} joins only on {starts}: leave after that.")
    return _plan(employee, Kind.LEAVE, at, actor, reason=reason)


@transaction.atomic
def cancel(plan_id: int, actor: Actor) -> bool:
    """Take a plan back; False when it was over, or cancelled, already.

    Raises: UnknownEmployee and NotAllowed.
    """
    found = PlannedMove.objects.filter(pk=plan_id).first()
    if found is None:
        return False
    employee = services.locked(found.employee_id)
    _refuse(why_not_touch(actor, found, employee))
    plan = _standing(employee.pk, found.kind).filter(pk=plan_id).first()
    if plan is None:
        return False
    _end(plan, State.CANCELLED, actor)
    _write_down(employee, plan, actor, f"planned {Kind(plan.kind).label} cancelled")
    return True


def carry_out_due(limit: int) -> int:
    """Carry out the plans whose time has come, the earliest first; return how many have ended.

    Each in a transaction of its own, so that one that is refused stops no other. Called again, or
    by two processes at once, it does nothing twice. What is late is carried out all the same.
    limit: plans at most.
    """
    due = PlannedMove.objects.filter(state=State.OPEN, at__lte=Now()).order_by("at", "pk")
    return sum(_carry_out(plan) for plan in list(due[:limit]))


def why_not_touch(actor: Actor, plan: PlannedMove, employee: Employee) -> str:
    """Why ``actor`` may not cancel, or carry out, this plan; "" when they may.

    Whoever added somebody for a later day needs no more than the right to add them, with the role
    that the row has by now.
    """
    if plan.kind == Kind.LEAVE:
        return why_not(actor, Operation.DEACTIVATE, employee)
    if plan.is_newcomer and plan.planned_by == actor.name:
        return why_not(actor, Operation.ADD) or why_not_grant(actor, None, employee.auth0_role)
    return why_not(actor, Operation.REACTIVATE, employee)


def works_here(employee: Employee) -> bool:
    """Whether they are active, and not in the archive."""
    return employee.is_active and employee.archived_at is None


def _plan(
    employee: Employee,
    kind: PlannedMove.Kind,
    at: datetime,
    actor: Actor,
    *,
    reason: str = "",
    is_newcomer: bool = False,
) -> PlannedMove:
    """Write the plan of a locked person down. Raises: AlreadyPlanned."""
    zone = zone_of(employee.workspace)
    standing = list(_standing(employee.pk, kind))
    for other in standing:
        if other.state == State.OPEN and other.at == at:
            return other
        if other.state == State.OPEN:
            raise AlreadyPlanned(Kind(kind).label, in_full(other.at, ZoneInfo(other.zone)))
    plan = PlannedMove(
        employee=employee,
        kind=kind,
        at=at,
        zone=zone.key,
        reason=" ".join(reason.split())[:200],
        planned_by=actor.name[:100],
        is_newcomer=is_newcomer,
    )
    _write_down(employee, plan, actor, f"{Kind(kind).label} planned", begins=True)
    plan.save(force_insert=True)
    for failed in standing:
        _end(failed, State.DROPPED, actor, "It was planned anew.")
    return plan


@transaction.atomic
def _carry_out(due: PlannedMove) -> bool:
    """Do what is planned, or say why not; False when somebody else has ended it meanwhile."""
    actor = planner(due.planned_by)
    try:
        employee = services.locked(due.employee_id, with_admins=due.kind == Kind.LEAVE)
    except UnknownEmployee as gone:
        return _end(due, State.DROPPED, actor, str(gone))
    plan = PlannedMove.objects.filter(pk=due.pk, state=State.OPEN).first()
    if plan is None:
        return False
    label = Kind(plan.kind).label
    if reason := _nothing_left(plan, employee):
        _end(plan, State.DROPPED, actor, reason)
        _write_down(employee, plan, actor, f"planned {label} dropped")
        return True
    try:
        with transaction.atomic():
            _end(plan, State.DONE, actor)
            _move(plan, employee, actor)
    except EmployeesError as refused:
        _end(plan, State.FAILED, actor, str(refused))
        _write_down(employee, plan, actor, f"planned {label} failed")
    return True


def _move(plan: PlannedMove, employee: Employee, actor: Actor) -> None:
    """The step itself. Raises: NotAllowed and LastAdministrator."""
    if plan.kind == Kind.LEAVE:
        services.deactivate(employee.pk, actor, new_batch())
        return
    if why_not_touch(actor_named(plan.planned_by), plan, employee):
        raise NotAllowed("Who planned it may not do it any more: somebody else has to decide.")
    services.reactivate(employee.pk, actor, new_batch())


def _nothing_left(plan: PlannedMove, employee: Employee) -> str:
    """Why the time of a plan comes too late, since the row was changed meanwhile; "" to go on."""
    if plan.kind == Kind.LEAVE:
        return "" if employee.is_active else "They were switched off before."
    if works_here(employee):
        return "They were switched on before."
    notice_changes([employee.pk])
    by_sql = Change.objects.filter(employee_id=employee.pk, actor=SQL_ACTOR, at__gt=plan.planned_at)
    state = Q(changes__has_key="is_active") | Q(changes__has_key="archived_at")
    if by_sql.filter(state).exists():
        return "Another program has changed since whether they work here."
    return ""


def _standing(employee_id: int, kind: str) -> QuerySet[PlannedMove]:
    return PlannedMove.objects.filter(employee_id=employee_id, kind=kind, state__in=STANDING)


def _end(plan: PlannedMove, state: PlannedMove.State, actor: Actor, note: str = "") -> bool:
    """Close a plan whose person is locked; always True."""
    PlannedMove.objects.filter(pk=plan.pk).update(
        state=state, ended_by=actor.name[:100], ended_at=Now(), note=note[:200]
    )
    return True


def _write_down(
    employee: Employee, plan: PlannedMove, actor: Actor, action: str, begins: bool = False
) -> None:
    """A line in the history, which says for when it is, or was, planned."""
    at, values = plan.at.isoformat(), values_of(employee)
    pair = (None, at) if begins else (at, None)
    extra = {COLUMN[Kind(plan.kind)]: pair}
    record_change(employee.pk, values, values, actor, action, extra=extra)


def _refuse(reason: str) -> None:
    if reason:
        raise NotAllowed(reason)


def _refuse_time(at: datetime, zone: ZoneInfo, instead: str) -> None:
    now = timezone.now()
    if at <= now:
        said = f"That has passed: it is {in_full(now, zone)}. {instead}"
        raise InvalidValue("at", said)
    if at > now + AT_MOST:
        raise InvalidValue("at", "That is more than two years away: look at the year again.")
