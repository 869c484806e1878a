"""The page "Changed outside the console": what other programs wrote lately, newest first."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from employees.actors import actor_of, visible_to
from employees.admin_base import Pages, number_in
from employees.admin_history import LABELS, Line, lines_of
from employees.authority import Actor
from employees.history import TRACKED
from employees.models import Change, Employee
from employees.review_outside import OWNERS
from employees.zones import zone_of

ROWS = 50  # on one page
DAYS = (1, 7, 30, 90)
AS_USUAL = 7  # days


@dataclass(frozen=True)
class Written:
    """A line, and whose it is. employee: None where the row is gone."""

    employee_id: int
    employee: Employee | None
    line: Line


class OutsidePage(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page's address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.outside_view)
        return [path("outside/", view, name="employees_employee_outside"), *super().get_urls()]

    def outside_view(self, request: HttpRequest) -> HttpResponse:
        """``?days=``, ``?field=`` and ``?person=`` choose; ``?before=`` goes on from a line.

        Nobody counts the lines: a nightly sync may have written a hundred thousand.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {name: request.GET.get(name, "") for name in ("days", "field", "person")}
        days = number_in(asked["days"])
        days = days if days in DAYS else AS_USUAL
        changes = written_outside(actor_of(request), days, asked["field"], asked["person"])
        before = number_in(request.GET.get("before", ""))
        if before:
            changes = older_than(before, changes)
        found = list(changes[: ROWS + 1])
        page = found[:ROWS]
        context = {
            **self.admin_site.each_context(request),
            "title": "Changed outside the console",
            "asked": asked,
            "days": days,
            "choices": DAYS,
            "fields": [(name, LABELS[name]) for name in TRACKED],
            "rows": self._written(request, page),
            "older": page[-1].pk if len(found) > ROWS else None,
            "is_first": not before,
            "owners": OWNERS,
        }
        return TemplateResponse(request, "admin/reviews/outside.html", context)

    def _written(self, request: HttpRequest, changes: list[Change]) -> list[Written]:
        people = self.get_queryset(request).in_bulk({change.employee_id for change in changes})
        zone = zone_of(actor_of(request).workspace)
        lines = lines_of(changes, zone)
        return [
            Written(change.employee_id, people.get(change.employee_id), line)
            for change, line in zip(changes, lines, strict=True)
        ]


def written_outside(actor: Actor, days: int, field: str, person: str) -> QuerySet[Change]:
    """The lines of other programs, the newest first, of the people whom ``actor`` may see.

    days: how far back. field: one of ``history.TRACKED``, or "" for all. person: a number, or a
    part of a name; "" for everybody. Read along one index, from the newest to the last of these
    days: what was written before isn't looked at.
    """
    since = timezone.now() - timedelta(days=days)
    found = Change.objects.filter(source=Change.Source.SQL, at__gte=since).order_by("-at", "-id")
    if field in TRACKED:
        found = found.filter(changes__has_key=field)
    number = number_in(person)
    people = visible_to(actor)
    if number is not None:
        return found.filter(employee_id=number) if _sees(actor, number) else found.none()
    if person.strip():
        people = people.filter(name__icontains=person.strip())
    elif not actor.is_bound_to_a_place:
        return found
    return found.filter(employee_id__in=people.values("pk"))


def older_than(line: int, changes: QuerySet[Change]) -> QuerySet[Change]:
    """Those of them that come after this line, in the order of ``written_outside``.

    Its time stays in the database: SQLite's clock writes fewer digits than Django compares with.
    """
    at = Subquery(Change.objects.filter(pk=line).values("at"))
    return changes.filter(at__lte=at).exclude(at=at, pk__gte=line)


def _sees(actor: Actor, number: int) -> bool:
    """Whether a line about this number may be shown; rows that are gone aren't of one place."""
    return not actor.is_bound_to_a_place or visible_to(actor).filter(pk=number).exists()
