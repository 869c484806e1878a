"""What the start page of the admin says: what to do next, for whom, and what was done last."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from auth0sync.admin_enrolment import COUNTED_MOST
from auth0sync.balance import balance_standing, groups
from auth0sync.balance_words import top
from auth0sync.budget import budget
from auth0sync.enrolment_words import without_accounts
from auth0sync.joiners import count_red
from auth0sync.moving import silence
from auth0sync.status import STANDINGS, Weather, clock
from employees.actors import actor_of, names_of, visible_to
from employees.authority import Actor
from employees.counting import LARGE, is_large, kept, sight_of
from employees.models import Change, Employee
from identity_console.charts import charts
from identity_console.today import movers

LATEST = 8  # changes
LOOKED_AT = 10_000  # changes
GROUPS = 4  # kinds of differences


@dataclass(frozen=True)
class Tile:
    """A number that leads to the people behind it."""

    count: int
    what: str
    hint: str
    url: str


@dataclass(frozen=True)
class Line:
    """One change: of whom, what, by whom, and when."""

    person: str
    url: str
    action: str
    by: str
    at: datetime


def overview(request: HttpRequest) -> dict[str, Any]:
    """The start page's context; two dozen queries beside those of every page."""
    pages: Any = admin.site.get_model_admin(Employee)
    if not pages.has_view_permission(request):
        return {"tiles": [], "lines": []}
    people = visible_to(actor_of(request))
    cannot_work = pages.count_not_ready(request)
    listed = reverse("admin:employees_employee_changelist")
    tiles = [
        Tile(
            cannot_work,
            "can’t work today",
            "With what is missing, and the step that mends it.",
            reverse("admin:employees_employee_cannot_work"),
        ),
        Tile(
            count_red(actor_of(request)),
            "not ready to start",
            "They join within days, or have: what is missing, and what mends it.",
            reverse("admin:auth0sync_joiners"),
        ),
        Tile(
            _count_waiting(people, whose=sight_of(actor_of(request))),
            "wait for Auth0",
            "The console goes on by itself.",
            f"{listed}?account=waiting",
        ),
        Tile(
            pages.count_needing_attention(request),
            "need attention",
            "With what happened, and what mends it.",
            reverse("admin:auth0sync_attention"),
        ),
        Tile(
            pages.count_in_review(request),
            "to be reviewed",
            "Added by other programs: are they new, or here already?",
            reverse("admin:employees_employee_reviews"),
        ),
    ]
    bound = actor_of(request).is_bound_to_a_place
    return {
        "budget": None if bound or not settings.AUTH0_DOMAIN else _budget(),
        "balance": _balance(actor_of(request)) if settings.AUTH0_DOMAIN else None,
        "can_add": pages.has_add_permission(request),
        "without_account": _without_account(pages, request),
        "charts": [] if bound else charts(),
        "today": movers(actor_of(request)),
        "tiles": tiles,
        "lines": _latest(request),
    }


def _without_account(pages: Any, request: HttpRequest) -> str:
    """That some could get an account, as a link says it; "" for nobody, or who may give none."""
    count = pages.count_enrollable(request)
    return without_accounts(count, COUNTED_MOST) if count else ""


def _count_waiting(people: QuerySet[Employee], whose: object) -> int:
    """How many of ``people`` wait; whose: tells them from others."""

    def ask() -> tuple[int, int]:
        waiting = people.filter(STANDINGS["waiting"][1]).order_by().count()
        return waiting, LARGE if is_large() else 0

    return kept(("waiting", whose), ask)


def _budget() -> dict[str, Any]:
    """The calls to Auth0: how many go out, what waits, and when that is finished."""
    found, weather = budget(), Weather.today()
    finished = clock(found.finished_at, found.now) if found.finished_at else ""
    return {
        "figures": found,
        "ceiling": settings.AUTH0_RATE_LIMIT,
        "standstill": weather.standstill() or " ".join(silence(weather)),
        "finished": finished,
    }


def _balance(actor: Actor) -> dict[str, Any]:
    """Whether console and Auth0 agree: "0 unexplained", or what differs."""
    open_groups = [(each.label, each.counts["open"]) for each in groups(actor)]
    open_groups = [(label, count) for label, count in open_groups if count]
    to_decide = sum(count for _, count in open_groups)
    found = top(balance_standing(), to_decide, sees_all=not actor.is_bound_to_a_place)
    return {"top": found, "groups": open_groups[:GROUPS], "more": len(open_groups[GROUPS:])}


def _latest(request: HttpRequest) -> list[Line]:
    """The newest changes of people in sight, and of rows that are gone.

    Whoever is bound to a place reads theirs among the last LOOKED_AT of everybody: where people
    of one place rarely change, the whole history would be gone through.
    """
    actor = actor_of(request)
    changes = Change.objects.order_by("-id")
    if actor.is_bound_to_a_place:
        last = changes.values_list("pk", flat=True).first() or 0
        mine = visible_to(actor).values("pk")
        changes = changes.filter(pk__gt=last - LOOKED_AT, employee_id__in=mine)
    newest = list(changes[:LATEST])
    people = visible_to(actor).in_bulk({change.employee_id for change in newest})
    names = names_of({change.actor for change in newest})
    return [
        Line(
            person=str(people.get(change.employee_id) or f"Number {change.employee_id}"),
            url=reverse(
                "admin:employees_employee_change"
                if change.employee_id in people
                else "admin:auth0sync_steps",  # where a row that is gone can still be looked at
                args=[change.employee_id],
            ),
            action=change.action,
            by=names.get(change.actor) or str(change.get_source_display()),
            at=change.at,
        )
        for change in newest
    ]
