"""Plans for tests, and the time that they wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

from django.db.models.functions import Now
from django.utils import timezone

from employees.models import Employee, PlannedMove
from employees.planning import carry_out_due


def in_days(days: float) -> datetime:
    """A moment so many days from now, in whole seconds."""
    return (timezone.now() + timedelta(days=days)).replace(microsecond=0)


@contextmanager
def at_time(*moment: int) -> Iterator[datetime]:
    """As if it were this moment, in UTC; for the database's clock see :func:`time_comes`."""
    now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]
    with mock.patch("django.utils.timezone.now", return_value=now):
        yield now


def time_comes(late: timedelta = timedelta(0)) -> int:
    """The time of every open plan comes, and the sweep after it; returns how many have ended."""
    open_plans = PlannedMove.objects.filter(state="open").order_by("at")
    for number, plan in enumerate(open_plans):
        moment = Now() - late - timedelta(seconds=9 - number)
        PlannedMove.objects.filter(pk=plan.pk).update(at=moment)
    return carry_out_due(20)


def plan_of(employee: Employee, kind: str = "leave") -> PlannedMove:
    """Their newest plan of a kind."""
    return PlannedMove.objects.filter(employee=employee, kind=kind).latest("pk")


def works(employee: Employee) -> bool:
    """Whether the row lets them in now."""
    row = Employee.objects.get(pk=employee.pk)
    return row.is_active and row.archived_at is None
