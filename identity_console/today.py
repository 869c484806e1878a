"""Who joins and who leaves today, by the company's clock: for the start page."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from employees.actors import visible_to
from employees.authority import Actor
from employees.models import Change, Employee, PlannedMove
from employees.selectors import planned_moves
from employees.zones import clock_of, today_in, zone_of

CAME = ("added", "reactivated", "restored")
KINDS = (PlannedMove.Kind.JOIN, PlannedMove.Kind.LEAVE)
A_DAY = timedelta(days=1)
SHOWN = 6  # on each side; how many more there are is said
LOOKED_AT = 2_000  # lines of one day: after an import of thousands nobody wants to read them all


@dataclass(frozen=True)
class Mover:
    """Somebody who joins or leaves; when: such as "at 09:02 CST" or "at 17:00 CST, as planned"."""

    name: str
    url: str
    when: str
    is_over: bool


@dataclass(frozen=True)
class Side:
    """Those who join, or those who leave, in the order of their times; more: beyond those shown."""

    movers: list[Mover]
    more: int


def movers(actor: Actor) -> dict[str, Side]:
    """``joining`` and ``leaving``: who has today, and who still will; of those in sight."""
    zone = zone_of(None)
    began = datetime.combine(today_in(zone), time(0), zone)
    # Both through the index of the times of changes, which is by their sources.
    today = Change.objects.filter(at__gte=began, source__in=Change.Source.values).order_by("-pk")
    came = _times(today.filter(action__in=CAME).values_list("employee_id", "at"))
    gone = today.filter(receipt__isnull=False, receipt__brought_back_at=None)
    went = _times(gone.values_list("employee_id", "receipt__began_at"))
    open_ones = planned_moves().filter(state=PlannedMove.State.OPEN, at__lt=began + A_DAY)
    plans = list(open_ones.values_list("kind", "employee_id", "at")[:LOOKED_AT])
    people = visible_to(actor).in_bulk({*came, *went, *(pk for _, pk, _ in plans)})
    here = {pk for pk, each in people.items() if each.is_active and each.archived_at is None}
    joined = {pk: at for pk, at in came.items() if pk in here}
    join, leave = ({pk: at for which, pk, at in plans if which == kind} for kind in KINDS)
    return {
        "joining": _side(people, joined, join, zone),
        "leaving": _side(people, went, leave, zone),
    }


def _times(rows: QuerySet[Change, tuple[int, datetime]]) -> dict[int, datetime]:
    """Person → when, the last time of several; rows: the newest first."""
    found: dict[int, datetime] = {}
    for employee_id, at in rows[:LOOKED_AT]:
        found.setdefault(employee_id, at)
    return found


def _side(
    people: dict[int, Employee],
    over: dict[int, datetime],
    to_come: dict[int, datetime],
    zone: ZoneInfo,
) -> Side:
    times = [(at, pk, True) for pk, at in over.items() if pk in people]
    times += [(at, pk, False) for pk, at in to_come.items() if pk in people and pk not in over]
    times.sort()
    return Side(
        [_mover(people[pk], at, zone, is_over=is_over) for at, pk, is_over in times[:SHOWN]],
        max(0, len(times) - SHOWN),
    )


def _mover(person: Employee, at: datetime, zone: ZoneInfo, *, is_over: bool) -> Mover:
    local = timezone.localtime(at, zone)
    clock = f"{local:%H:%M} {clock_of(at, zone)}"
    return Mover(
        name=str(person),
        url=reverse("admin:employees_employee_change", args=[person.pk]),
        when=clock if is_over else f"planned for {clock}",
        is_over=is_over,
    )
