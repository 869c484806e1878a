"""The page before all differences of one kind are decided alike: what it would do, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.admin_balance_cases import day_chosen, days_proposed
from auth0sync.balance import differences, in_group
from auth0sync.difference_words import heading, parts_of
from auth0sync.foreseeing import following
from auth0sync.models import Difference
from auth0sync.reconcile_crowds import Preview, fix_all, ignore_all, preview, take_all
from employees.actors import actor_of, visible_to
from employees.admin_base import Pages
from employees.authority import Actor
from employees.errors import EmployeesError
from employees.models import Employee
from employees.selectors import among

Decision, State = Difference.Decision, Difference.State
NAMES = 30  # shown; the rest is a number


@dataclass(frozen=True)
class Way:
    """A decision about many. title: of its page. done: of those whom it was about. leads_to: where
    they stand then.
    """

    title: str
    button: str
    done: str
    leads_to: str


WAYS: Mapping[str, Way] = {
    Decision.FIX: Way(
        "Fix all in Auth0", "Fix {} in Auth0", "being brought in line in Auth0", State.FIXING
    ),
    Decision.TAKE_OVER: Way(
        "Take all over into the console", "Take {} over", "being taken over", State.FIXING
    ),
    Decision.IGNORE: Way(
        "Leave all as they are", "Leave as they are: {}", "left as they are", State.IGNORED
    ),
}


class TogetherPage(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Its address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.together_view)
        return [path("balance/together/", view, name="auth0sync_together"), *super().get_urls()]

    def together_view(self, request: HttpRequest) -> HttpResponse:
        """``?group=…&decision=…``: what it would do for all of them; its button does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        asked = request.POST if request.method == "POST" else request.GET
        group, decision = asked.get("group", ""), asked.get("decision", "")
        back = reverse("admin:auth0sync_balance")
        kind, field = parts_of(group)
        if not kind or decision not in WAYS:
            self.message_user(request, "Choose what is to be done, and of what.", messages.WARNING)
            return HttpResponseRedirect(back)
        rows = in_group(differences(actor), group).filter(state=State.OPEN)
        found, way = preview(rows, actor, Decision(decision)), WAYS[decision]
        typed: dict[str, str] = {}
        if request.method == "POST" and request.POST.get("stamp") != found.stamp:
            text = "Nothing was done: there are others now than you saw. Look again."
            self.message_user(request, text, messages.WARNING)
        elif request.method == "POST":
            try:
                number = _decide(request, found, actor)
            except EmployeesError as error:
                self.message_user(request, str(error), messages.ERROR)
                typed = {name: request.POST.get(name, "") for name in ("reason", "until")}
            else:
                self.message_user(request, _done(number, way, found.held), messages.SUCCESS)
                return HttpResponseRedirect(f"{back}?state={way.leads_to}")
        context = {
            **self.admin_site.each_context(request),
            "title": f"{way.title}: {heading(group)}",
            "found": found,
            "group": group,
            "decision": decision,
            "follows": following("roles" if kind == Difference.Kind.ROLE else field),
            "button": way.button.format(found.differences),
            "back": f"{back}?{urlencode({'group': group})}",
            **_some(rows, actor, found.people),
            **days_proposed(typed),
        }
        return TemplateResponse(request, "admin/auth0sync/together.html", context)


def _some(rows: QuerySet[Difference], actor: Actor, number: int) -> dict[str, Any]:
    """The names of some of those whom it concerns, and how many more there are."""
    ids = rows.values_list("employee_id", flat=True)[:NAMES]
    some = {pk for pk in ids if pk is not None}
    people = list(visible_to(actor).filter(among(some)).order_by("pk"))
    return {"people": people, "more": max(0, number - len(some))}


def _decide(request: HttpRequest, found: Preview, actor: Actor) -> int:
    """Do it; returns for how many. Raises EmployeesError."""
    if found.decision == Decision.FIX:
        return fix_all(found, actor)
    if found.decision == Decision.TAKE_OVER:
        return take_all(found, actor)
    until = day_chosen(request.POST.get("until", ""))
    return ignore_all(found, actor, reason=request.POST.get("reason", ""), until=until)


def _done(number: int, way: Way, held: int) -> str:
    """What was asked for, in a sentence."""
    if not number:
        return "Nothing was left to decide."
    which = "1 difference is" if number == 1 else f"{number} differences are"
    held_too = f" The safety brake holds {held} until a second person agrees." if held else ""
    return f"{which} {way.done}.{held_too}"
