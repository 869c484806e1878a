"""The page "Ready by the first day": a line for each joiner, first who isn't ready in time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format

from auth0sync.advice import advice
from auth0sync.delivery import TARGET, days_counted, deliveries, note_return, together
from auth0sync.joiners import Days, count_joiners, in_order, joiner, joiners, red, starts_of
from auth0sync.models import Account, Attention, TenantState
from auth0sync.stations import Known, Station, known_of, line
from employees.actors import actor_of
from employees.admin_base import Pages, only_by_button
from employees.admin_readiness import Mending, missing_of
from employees.authority import Operation, why_not
from employees.counting import sight_of
from employees.filters import departments_for, workspaces_for
from employees.models import Employee
from employees.planning import State
from employees.readiness import Missing
from employees.zones import today_in, zone_of

ROWS = 50  # on one page
RED_ROWS = 20  # above the others; the rest is behind a link


@dataclass(frozen=True)
class Row:
    """One joiner as the page has it.

    missing: in a few words; "" for nothing. step: what mends it; None where nothing is to be done.
    """

    person: Employee
    starts: str
    near: str
    stations: Sequence[Station]
    missing: str
    step: Mending | None


class _Counted(Paginator[Any]):
    """Pages of something that has been counted already."""

    def __init__(self, people: Any, count: int) -> None:
        super().__init__(people, ROWS)
        self.count = count


class JoinersPage(Pages[Employee]):
    """Adds the page to the pages of people, and what a person's page says of it."""

    admin_site: admin.AdminSite
    mendings: Callable[[HttpRequest, Sequence[Employee]], dict[int, Mending]]

    def get_urls(self) -> list[URLPattern]:
        """The page, and the button for a mail that came back."""
        view = self.admin_site.admin_view
        return [
            path("joiners/", view(self.joiners_view), name="auth0sync_joiners"),
            path(
                "<int:employee_id>/mail-came-back/",
                view(self.mail_came_back_view),
                name="auth0sync_mail_came_back",
            ),
            *super().get_urls(),
        ]

    def joiners_view(self, request: HttpRequest) -> HttpResponse:
        """The joiners in sight; ``?workspace=``, ``?department=``, and ``?show=red`` alone."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor, days = actor_of(request), Days.now()
        asked = {name: request.GET.get(name, "") for name in ("show", "department", "workspace")}
        places = {name: asked[name] for name in ("department", "workspace") if asked[name]}
        people = self.get_queryset(request).filter(**places)
        everybody, late = count_joiners(people, (sight_of(actor), places))
        found, only_red = joiners(people, days), asked["show"] == "red"
        urgent = in_order(red(found, days), newest_first=False)
        rows = urgent if only_red else in_order(found, newest_first=True)
        page = _Counted(rows, late if only_red else everybody).get_page(request.GET.get("p"))
        above = [] if only_red or page.number > 1 or not late else list(urgent[:RED_ROWS])
        shown = self._lines(request, [*above, *page.object_list])
        kinds = [] if actor.is_bound_to_a_place else deliveries()
        context = {
            **self.admin_site.each_context(request),
            "title": "Ready by the first day",
            "asked": asked,
            "departments": departments_for(actor),
            "workspaces": workspaces_for(actor),
            "everybody": everybody,
            "late": late,
            "more_late": late - len(above) if above else 0,
            "above": shown[: len(above)],
            "page": page,
            "rows": shown[len(above) :],
            "mails": [*kinds, together(kinds)] if len(kinds) > 1 else kinds,
            "mail_rate": together(kinds),
            "target": TARGET,
            "mail_days": days_counted(),
        }
        return TemplateResponse(request, "admin/auth0sync/joiners.html", context)

    def line_of(self, person: Employee, account: Account | None, now: datetime) -> Row | None:
        """The line of one person, whose page has the steps; None for who isn't joining.

        account: theirs. now: the database's clock.
        """
        found = joiner(person.pk, Days.now())
        if found is None:
            return None
        known = known_of([found], {account.pk: account} if account else {})
        return _row(found, known[found.pk], None, now)

    @only_by_button
    def mail_came_back_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Somebody has seen that the mail to this person came back."""
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:
            raise Http404
        actor = actor_of(request)
        if why_not(actor, Operation.INVITE, person):
            raise PermissionDenied
        if note_return(employee_id, actor):
            said, level = "Noted. Correct the e-mail, then send the mail again.", messages.SUCCESS
        else:
            said, level = "No mail is out just now: look again in a moment.", messages.WARNING
        self.message_user(request, said, level)
        page = reverse("admin:employees_employee_change", args=[employee_id])
        return HttpResponseRedirect(page)

    def _lines(self, request: HttpRequest, people: Sequence[Any]) -> list[Row]:
        """The lines of people from ``joiners``; the same number of queries for any number."""
        accounts = Account.objects.in_bulk([each.pk for each in people])
        known, now = known_of(people, accounts), _now()
        incomplete = [each for each in people if each.missing and not _comes_later(each)]
        steps = self.mendings(request, incomplete) if incomplete else {}
        return [_row(each, known[each.pk], steps.get(each.pk), now) for each in people]


def _row(person: Any, known: Known, step: Mending | None, now: datetime) -> Row:
    zone = zone_of(person.workspace)
    starts = starts_of(person, zone)
    missing = ""
    if person.plan_state == State.FAILED:
        missing = "The planned joining was refused"
        step = Mending("See why", reverse("admin:employees_employee_planned"))
    elif person.missing and _comes_later(person):
        missing = "Nothing: the account is made when they start"
    elif person.missing:
        missing = missing_of(person).label
    saved_at = person.planned_at or person.returned_at or person.created_at
    return Row(
        person=person,
        starts=date_format(starts, "D j M Y"),
        near=_near(starts, today_in(zone)),
        stations=line(person, known, saved_at, now),
        missing=missing,
        step=step and _advised(step, known),
    )


def _comes_later(person: Any) -> bool:
    later = (Missing.ACCOUNT, Missing.VERIFIED)
    return person.plan_state == State.OPEN and missing_of(person) in later


def _advised(step: Mending, known: Known) -> Mending:
    """The step, with what to do about an account that needs a person."""
    account = known.account
    if account is None or not account.attention:
        return step
    what_to_do = advice(Attention(account.attention), account.error_code).what_to_do
    if what_to_do in step.detail:  # the account's own sentence says it already
        return step
    detail = f"{step.detail} {what_to_do}".strip()
    return Mending(step.label, step.url, step.posts, detail, step.why_not)


def _near(day: date, today: date) -> str:
    """How far away a day is, in words."""
    ahead = (day - today).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get(ahead) or (f"in {ahead} days" if ahead > 0 else f"{-ahead} days ago")


def _now() -> datetime:
    """The database's clock."""
    return TenantState.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=1)
