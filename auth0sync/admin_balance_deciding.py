"""The page of one difference: its sides, each way out with what it would do, and the buttons."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format

from auth0sync import reconcile_decisions as decisions
from auth0sync.admin_balance_cases import Case, cases, day_chosen, days_proposed
from auth0sync.balance import visible_differences
from auth0sync.difference_words import group_of, heading, way_out
from auth0sync.foreseeing import calls_of_fixing, following, put_right_with_it
from auth0sync.models import Difference
from auth0sync.origins import FROM, page_of
from employees.actors import actor_of
from employees.admin_base import Pages, number_in
from employees.authority import Actor
from employees.errors import EmployeesError, NotAllowed
from employees.models import Employee

Decision, State = Difference.Decision, Difference.State
REOPEN, LOOK_AFTER = "reopen", "look-after"  # beside the decisions


class DecidingPages(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.difference_view)
        name = "auth0sync_difference"
        return [path("balance/<int:difference_id>/", view, name=name), *super().get_urls()]

    def difference_view(self, request: HttpRequest, difference_id: int) -> HttpResponse:
        """One difference, and what somebody decides about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        found = visible_differences(actor).filter(pk=difference_id).first()
        if found is None:  # out of sight is like not there
            raise Http404
        typed: dict[str, str] = {}
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            try:
                said = _decide(request, found, actor)
            except EmployeesError as error:
                self.message_user(request, str(error), messages.ERROR)
                typed = {name: request.POST.get(name, "") for name in ("reason", "until", "person")}
                found = visible_differences(actor).get(pk=difference_id)
            else:
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(_way_back(request, found))
        return TemplateResponse(
            request,
            "admin/auth0sync/difference_page.html",
            {**self.admin_site.each_context(request), **_context(request, found, actor, typed)},
        )


def _context(
    request: HttpRequest, found: Difference, actor: Actor, typed: dict[str, str]
) -> dict[str, Any]:
    (case,) = cases([found], actor)
    ways = _ways(case, actor)
    return {
        "title": f"Difference: {case.who}",
        "case": case,
        "ways": ways,
        "calls": calls_of_fixing(found) if Decision.FIX in ways else [],
        "with_it": [heading(group_of(each)) for each in put_right_with_it(found)],
        "follows": following(found.field),
        "why_none": decisions.why_not(actor, found, None, case.person),
        "is_over": found.state == State.CLOSED,
        "can_reopen": found.state in (State.IGNORED, State.LISTED),
        "is_mine": found.owner == actor.name,
        **days_proposed(typed),
        "came_from": _origin(request),
        "back": _way_back(request, found),
    }


def _ways(case: Case, actor: Actor) -> dict[str, dict[str, str]]:
    """Decision → its label, and why it can't be made by this person."""
    if case.difference.state == State.FIXING:
        return {}
    return {
        str(decision): {
            "label": way_out(case.difference, decision, case.who),
            "why_not": decisions.why_not(actor, case.difference, decision, case.person),
        }
        for decision in decisions.offers(case.difference)
    }


def _decide(request: HttpRequest, found: Difference, actor: Actor) -> str:
    """Do what the button says; returns what was done, in a sentence. Raises EmployeesError."""
    asked = request.POST.get("decision", "")
    version = number_in(request.POST.get("version", ""))
    if asked not in _DO or version is None:
        raise NotAllowed("Nothing was done: press the button again.")
    return _DO[asked](request, found.pk, actor, version)


def _fix(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    decisions.fix(pk, actor, version=version)
    return "It is being brought in line in Auth0."


def _take_over(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    decisions.take_over(pk, actor, version=version)
    return "Taken over into the console."


def _ignore(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    until = day_chosen(request.POST.get("until", ""))
    reason = request.POST.get("reason", "")
    decisions.ignore(pk, actor, version=version, reason=reason, until=until)
    return f"Left as it is until {date_format(until, 'j M Y')}; then it comes back."


def _delete(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    reason = request.POST.get("reason", "")
    decisions.list_for_deletion(pk, actor, version=version, reason=reason)
    return "It is on the list of what is to be deleted in Auth0 by hand."


def _link(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    employee_id = number_in(request.POST.get("person", ""))
    if employee_id is None:
        raise NotAllowed("Say whose account it is: the number of the person.")
    decisions.link(pk, employee_id, actor, version=version)
    return f"The account is being linked to number {employee_id}."


def _reopen(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    decisions.reopen(pk, actor, version=version)
    return "It is to be decided again."


def _look_after(request: HttpRequest, pk: int, actor: Actor, version: int) -> str:
    decisions.look_after(pk, actor, version=version)
    return "You look after it."


_DO: dict[str, Callable[[HttpRequest, int, Actor, int], str]] = {
    Decision.FIX: _fix,
    Decision.TAKE_OVER: _take_over,
    Decision.IGNORE: _ignore,
    Decision.DELETE: _delete,
    Decision.LINK: _link,
    REOPEN: _reopen,
    LOOK_AFTER: _look_after,
}


def _origin(request: HttpRequest) -> str:
    return request.POST.get(FROM, "") or request.GET.get(FROM, "")


def _way_back(request: HttpRequest, found: Difference) -> str:
    """Where the button stood: the three-way view of the person, or the balance sheet."""
    if _origin(request) == "three-way" and found.employee_id is not None:
        return page_of("three-way", found.employee_id)
    return f"{reverse('admin:auth0sync_balance')}"
