"""Who is joining, when they start, and who isn't ready for it in time (requirement M3).

Somebody starts when a planned joining has its time; when they were brought back, after a day or
more away; else on the day in the row (``hire_date``), or, without one, when they were added.
Whoever joined in the last BACK days, or joins within AHEAD, is a joiner. Ready means that nothing
is missing that ``employees.readiness`` asks for; of somebody whose time is still to come, only what
can be there before it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from employees.actors import visible_to
from employees.authority import Actor
from employees.counting import LARGE, is_large, kept, sight_of
from employees.models import Employee, Invitation, InvitationChoice, PlannedMove, Receipt
from employees.planning import STANDING, State
from employees.readiness import Missing, with_missing
from employees.zones import today_in

BACK = timedelta(days=30)
AHEAD = timedelta(days=60)
RED_DAYS = 2  # working days before the start, and whoever isn't ready is on the red list
AWAY = timedelta(days=1)  # somebody who was gone for less hasn't joined
SATURDAY = 5
HERE = Q(is_active=True, archived_at__isnull=True)


@dataclass(frozen=True)
class Days:
    """The days that count, by the clocks of the workspaces.

    today: the latest of theirs. since, until: joiners start in between. red: the last day of which
    the starters have to be ready by now.
    """

    today: date
    zone: ZoneInfo

    @classmethod
    def now(cls) -> "Days":
        """As of this moment."""
        names = {settings.DEFAULT_WORKSPACE_TIME_ZONE, *settings.WORKSPACE_TIME_ZONES.values()}
        zones = sorted(map(ZoneInfo, names), key=str)
        latest = max(zones, key=today_in)
        return cls(today_in(latest), latest)

    @property
    def since(self) -> datetime:
        """The beginning of the first day."""
        return self._begins(self.today - BACK)

    @property
    def until(self) -> datetime:
        """The end of the last day."""
        return self._begins(self.today + AHEAD + timedelta(days=1))

    @property
    def red(self) -> date:
        """RED_DAYS working days from today; what is between, such as a weekend, counts as near."""
        day, left = self.today, RED_DAYS
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < SATURDAY
        return day

    @property
    def red_until(self) -> datetime:
        """The end of that day."""
        return self._begins(self.red + timedelta(days=1))

    def _begins(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


def joiners(people: QuerySet[Employee], days: Days) -> QuerySet[Any]:
    """Those of ``people`` who join, or have joined lately.

    Each with ``missing`` (``readiness.Missing``), and what :func:`starts_of` reads: ``plan_at``,
    ``plan_state``, ``back_at``; ``planned_at``, ``returned_at``: since when they are known to come;
    and ``invited_as``, one of ``Invitation``. The few who are planned or came back are asked for
    first, so that the people are gone through once.
    """
    planned = list(_plans(days).values_list("employee", "state"))
    coming = [employee for employee, state in planned if state in STANDING]
    came = {employee for employee, state in planned if state == State.DONE}
    came |= set(_returns(days).values_list("employee_id", flat=True))
    return _described(
        people.filter((HERE & (_new(days) | Q(pk__in=came))) | Q(pk__in=coming)), days
    )


def joiner(employee_id: int, days: Days) -> Any | None:
    """One person as :func:`joiners` gives them, by one query; None for who doesn't join."""
    person = _described(Employee.objects.filter(pk=employee_id), days)
    came, coming = Q(back_at__isnull=False), ~Q(plan_state="")
    return person.filter((HERE & (_new(days) | came)) | coming).first()


def _plans(days: Days) -> QuerySet[PlannedMove]:
    join = PlannedMove.objects.filter(kind=PlannedMove.Kind.JOIN)
    return join.filter(at__gte=days.since, at__lt=days.until)


def _returns(days: Days) -> QuerySet[Receipt]:
    back = Receipt.objects.filter(brought_back_at__gte=days.since)
    return back.filter(brought_back_at__gte=F("began_at") + AWAY)


def _new(days: Days) -> Q:
    hired = Q(hire_date__gte=days.today - BACK, hire_date__lte=days.today + AHEAD)
    return hired | Q(hire_date=None, created_at__gte=days.since)


def _described(people: QuerySet[Employee], days: Days) -> QuerySet[Any]:
    theirs = _plans(days).filter(employee=OuterRef("pk")).order_by("-pk")
    standing = theirs.filter(state__in=STANDING)
    done = theirs.filter(state=State.DONE)
    returned = _returns(days).filter(employee_id=OuterRef("pk")).order_by("-pk")
    brought_back = Subquery(returned.values("brought_back_at")[:1])
    choice = InvitationChoice.objects.filter(pk=OuterRef("pk"))
    annotated: QuerySet[Any] = with_missing(people).annotate(
        plan_state=Coalesce(Subquery(standing.values("state")[:1]), Value("")),
        plan_at=Subquery(standing.values("at")[:1]),
        planned_at=Subquery(standing.values("planned_at")[:1]),
        returned_at=brought_back,
        back_at=Coalesce(brought_back, Subquery(done.values("at")[:1])),
        invited_as=Coalesce(Subquery(choice.values("kind")), Value(Invitation.WORK)),
    )
    return annotated


def not_ready(found: QuerySet[Any]) -> QuerySet[Any]:
    """Those of ``joiners`` who lack something, or whose planned joining was refused."""
    lacking = found.filter(Q(plan_state=State.FAILED) | ~Q(missing=""))
    # The account of somebody who is planned is made when their time has come.
    return lacking.exclude(plan_state=State.OPEN, missing__in=(Missing.ACCOUNT, Missing.VERIFIED))


def red(found: QuerySet[Any], days: Days) -> QuerySet[Any]:
    """Those of ``joiners`` who aren't ready and start within RED_DAYS working days, or have."""
    moved_at = Coalesce("plan_at", "back_at")
    near = (
        Q(moved_at__lt=days.red_until)
        | Q(moved_at=None, hire_date__lte=days.red)
        | Q(moved_at=None, hire_date=None)
    )
    late: QuerySet[Any] = not_ready(found).annotate(moved_at=moved_at).filter(near)
    return late


def in_order(found: QuerySet[Any], *, newest_first: bool) -> QuerySet[Any]:
    """Sorted by when they start."""
    day = Cast("hire_date", DateTimeField())
    starts = Coalesce("plan_at", "back_at", day, "created_at", output_field=DateTimeField())
    found = found.annotate(starts=starts)
    return found.order_by("-starts", "-pk") if newest_first else found.order_by("starts", "pk")


def starts_of(person: Employee, zone: ZoneInfo) -> date:
    """The day on which somebody from :func:`joiners` starts, by the clock of a zone."""
    columns = vars(person)
    moved_at = columns["plan_at"] or columns["back_at"]
    if moved_at is None and person.hire_date is not None:
        return person.hire_date
    at: datetime = moved_at or columns["created_at"]
    return at.astimezone(zone).date()


def count_joiners(people: QuerySet[Employee], whose: object) -> tuple[int, int]:
    """How many of ``people`` join, and how many of these are on the red list.

    It has to look at everybody, so ``counting.kept`` holds for it. whose: tells ``people`` from
    others.
    """

    def ask() -> tuple[tuple[int, int], int]:
        days = Days.now()
        found = joiners(people, days)
        counts = found.order_by().count(), red(found, days).order_by().count()
        return counts, LARGE if is_large() else 0

    return kept(("joiners", whose), ask)


def count_red(actor: Actor) -> int:
    """How many on the red list ``actor`` sees."""
    return count_joiners(visible_to(actor), (sight_of(actor), {}))[1]
