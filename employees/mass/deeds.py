"""What carrying out a row does to the person, through the services."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from employees import planning, services
from employees.authority import Actor
from employees.mass.kinds import NoLonger, kind_of
from employees.mass.models import MassChange, MassRow
from employees.plan_forms import beginning_of
from employees.zones import zone_of

DAYS = ("hire_date", "grace_period_end")
ELSEWHERE = ("invitation", "starts_on")  # in MassRow.values, and no columns of a person


def carry_out(row: MassRow, change: MassChange, actor: Actor) -> int:
    """Add, change or bring back the person of this row; return their number.

    Part of the caller's transaction. Raises: NoLonger, and whatever the services raise.
    """
    if moved := kind_of(change).look_again(row, change, actor):
        raise NoLonger(moved)
    if row.outcome == MassRow.Outcome.NEW:
        return _add(row, change, actor)
    employee_id = row.employee_id or 0
    if row.outcome == MassRow.Outcome.BACK:
        services.reactivate(employee_id, actor, change.batch)
    services.change_employee(
        employee_id,
        columns_of(row.values),
        actor,
        row.values.get("invitation"),
        seen=columns_of(row.before),
        batch=change.batch,
    )
    return employee_id


def _add(row: MassRow, change: MassChange, actor: Actor) -> int:
    values = merged(row, change)
    columns, invitation = columns_of(values), values.get("invitation") or ""
    columns.setdefault("workspace", None)  # not what the database takes for want of another
    starts_at = None  # now
    if values.get("starts_on"):
        starts_on = date.fromisoformat(values["starts_on"])
        starts_at = beginning_of(starts_on, zone_of(columns.get("workspace")))
        columns.setdefault("hire_date", starts_on)
    if starts_at is None:
        return services.add_employee(columns, invitation, actor, batch=change.batch).pk
    return planning.add_joining(columns, invitation, actor, starts_at, batch=change.batch).pk


def merged(row: MassRow, change: MassChange) -> dict[str, Any]:
    """The values of a newcomer: the row's, and what goes for all where it says nothing."""
    return {**change.options.get("defaults", {}), **row.values}


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns among the values of a row, as the database holds them."""
    return {
        name: date.fromisoformat(value) if name in DAYS and value else value
        for name, value in values.items()
        if name not in ELSEWHERE
    }
