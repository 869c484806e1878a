"""The page "Balance sheet": what the last comparison found, and the button for another one."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync import reconcile_runs
from auth0sync.admin_balance_cases import cases
from auth0sync.balance import Group, balance_standing, differences, groups, in_group
from auth0sync.balance_words import Run, asked_by, progress, top
from auth0sync.difference_words import WORDS, parts_of
from auth0sync.models import Comparison, Difference
from auth0sync.reconcile_policy import TAKEABLE
from employees.actors import actor_of, names_of
from employees.admin_base import Pages
from employees.authority import Actor
from employees.errors import EmployeesError
from employees.models import Employee

Decision, State = Difference.Decision, Difference.State
ROWS = 50  # differences on one page
NIGHTS = 14  # comparisons in the history
STATES = (
    (State.OPEN, "To decide"),
    (State.FIXING, "On their way"),
    (State.IGNORED, "Left as they are"),
    (State.LISTED, "To delete by hand"),
)


class _Counted(Paginator[Difference]):
    """Pages of something that has been counted already."""

    def __init__(self, found: Any, count: int) -> None:
        super().__init__(found, ROWS)
        self.count = count


class BalancePage(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page, its button, and how far a comparison is."""
        view = self.admin_site.admin_view
        return [
            path("balance/", view(self.balance_view), name="auth0sync_balance"),
            path("balance/compare/", view(self.compare_view), name="auth0sync_balance_compare"),
            path("balance/progress/", view(self.progress_view), name="auth0sync_balance_progress"),
            *super().get_urls(),
        ]

    def balance_view(self, request: HttpRequest) -> HttpResponse:
        """The sheet, the differences in sight, and the last comparisons."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        found = groups(actor)
        asked = _asked(request, found)
        page = _Counted(
            in_group(differences(actor).filter(state=asked["state"]), asked["group"]),
            sum(g.counts[asked["state"]] for g in found if asked["group"] in ("", g.name)),
        ).get_page(request.GET.get("p"))
        standing = balance_standing()
        sees_all = not actor.is_bound_to_a_place
        waiting = sum(group.counts[State.OPEN] for group in found)
        context = {
            **self.admin_site.each_context(request),
            "title": "Balance sheet",
            "standing": standing,
            "top": top(standing, waiting, sees_all=sees_all),
            "progress": progress(standing.under_way) if standing.under_way else None,
            "why_no_compare": reconcile_runs.why_not_want(actor),
            "sheet": standing.last if sees_all else None,
            "history": _history() if sees_all else [],
            "asked": asked,
            "may_rule": actor.is_admin,
            "origin": "balance",
            **_choices(found, asked),
            "together": _together(found, asked, actor),
            "page": page,
            "cases": cases(list(page.object_list), actor),
        }
        return TemplateResponse(request, "admin/auth0sync/balance.html", context)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """The button; whoever comes without pressing it lands on the page."""
        actor = actor_of(request)
        if not actor.may_write or actor.is_bound_to_a_place:
            raise PermissionDenied
        if request.method == "POST":
            try:
                reconcile_runs.want(actor)
            except EmployeesError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                text = "It is being compared. You can go on working meanwhile."
                self.message_user(request, text, messages.SUCCESS)
        else:
            self.message_user(
                request, "Nothing was done: press the button again.", messages.WARNING
            )
        return HttpResponseRedirect(reverse("admin:auth0sync_balance"))

    def progress_view(self, request: HttpRequest) -> JsonResponse:
        """How far the comparison is that is under way, as JSON; ``words`` is "" for none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = reconcile_runs.under_way()
        found = progress(run) if run else None
        return JsonResponse(
            {"words": found.words if found else "", "percent": found.percent if found else None}
        )


def _asked(request: HttpRequest, found: list[Group]) -> dict[str, str]:
    """What to show, from the address; what isn't known is everything that is to be decided."""
    state = request.GET.get("state", "")
    group = request.GET.get("group", "")
    return {
        "state": state if state in dict(STATES) else str(State.OPEN),
        "group": group if group in [each.name for each in found] else "",
    }


def _choices(found: list[Group], asked: dict[str, str]) -> dict[str, Any]:
    """What can be chosen to be shown, with its numbers."""
    state = asked["state"]
    return {
        "groups": found,
        "states": [
            (value, label, sum(group.counts[value] for group in found)) for value, label in STATES
        ],
        "shown_groups": [(g, g.counts[state]) for g in found if g.counts[state]],
        "everything": sum(group.counts[state] for group in found),
    }


def _together(found: list[Group], asked: dict[str, str], actor: Actor) -> list[tuple[str, str]]:
    """What can be done with all that is shown: label, and the page that says what it does."""
    kind, field = parts_of(asked["group"])
    count = sum(each.counts[State.OPEN] for each in found if each.name == asked["group"])
    if count < 2 or asked["state"] != State.OPEN or not actor.may_write:
        return []
    is_takeable = field in TAKEABLE or kind in (Difference.Kind.ROLE, Difference.Kind.VERIFIED)
    ways = [
        (f"Fix all {count} in Auth0…", Decision.FIX, bool(WORDS[kind].fix)),
        (f"Take all {count} over…", Decision.TAKE_OVER, is_takeable),
        (f"Leave all {count} as they are…", Decision.IGNORE, True),
    ]
    page = reverse("admin:auth0sync_together")
    return [
        (label, f"{page}?{urlencode({'group': asked['group'], 'decision': decision})}")
        for label, decision, can_be in ways
        if can_be
    ]


def _history() -> list[Run]:
    runs = list(Comparison.objects.order_by("-pk")[:NIGHTS])
    names = names_of({run.asked_by for run in runs})
    return [Run(run, asked_by(run, names)) for run in runs]
