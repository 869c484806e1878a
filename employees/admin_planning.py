"""The pages on which joining and leaving are planned, shown and cancelled (requirement M7)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from employees import planning
from employees.actors import actor_of, names_of
from employees.admin_base import Pages, number_in, only_by_button
from employees.authority import Actor, Operation, why_not
from employees.errors import EmployeesError
from employees.forecast import WAYS
from employees.models import Employee, PlannedMove
from employees.plan_forms import JoiningForm, LeavingForm
from employees.planning import Kind, State, works_here
from employees.podfactory_words import said_of_joining
from employees.selectors import planned_moves
from employees.zones import in_full, zone_of

AHEAD = timedelta(days=30)  # shown on the list without being asked
BACK = timedelta(days=7)  # as long is shown what became of a plan
LATE = timedelta(minutes=1)  # after its time, and a plan is called late
ROWS = 50  # on one page


@dataclass(frozen=True)
class Planning:
    """One of the two things that can be planned, and how its page says so."""

    kind: PlannedMove.Kind
    name: str
    label: str
    sentence: str
    operation: Operation
    form: type[JoiningForm]
    service: Callable[[int, datetime, Actor, str], PlannedMove]
    effects: Sequence[str]


PLANNINGS = {
    each.name: each
    for each in (
        Planning(
            Kind.LEAVE,
            "plan-leaving",
            "Plan leaving",
            "Deactivates {} at the time that you choose.",
            Operation.DEACTIVATE,
            LeavingForm,
            planning.plan_leaving,
            (
                *WAYS["deactivate"].effects,
                "Until then nothing changes, and the plan can be cancelled. Afterwards it can be "
                "undone for ten minutes, as if somebody had done it by hand.",
            ),
        ),
        Planning(
            Kind.JOIN,
            "plan-joining",
            "Plan to bring back",
            "Reactivates {} when the day begins that you choose.",
            Operation.REACTIVATE,
            JoiningForm,
            planning.plan_joining,
            (
                "At the beginning of that day the Auth0 account is unblocked, or made, and the "
                "PIN works again.",
                "Until then nobody can sign in as them, and the plan can be cancelled.",
            ),
        ),
    )
}


@dataclass(frozen=True)
class Shown:
    """A plan as a page shows it. can_cancel: whether its reader may."""

    plan: PlannedMove
    employee: Employee
    sentence: str
    what: str
    when: str
    by: str
    needs_somebody: bool
    can_cancel: bool


class PlanningPages(Pages[Employee]):
    """Adds the pages to those of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The addresses, before those that would take their names for a number."""
        view, name = self.admin_site.admin_view, "employees_employee_"
        return [
            path("joining-leaving/", view(self.planned_view), name=f"{name}planned"),
            path(
                "<int:employee_id>/cancel-plan/",
                view(self.cancel_plan_view),
                name=f"{name}cancel_plan",
            ),
            *(
                path(
                    f"<int:employee_id>/{each.name}/",
                    view(self._plan_view(each)),
                    name=f"{name}{each.name.replace('-', '_')}",
                )
                for each in PLANNINGS.values()
            ),
            *super().get_urls(),
        ]

    def plans_of(self, request: HttpRequest, employee: Employee) -> dict[str, Any]:
        """What is planned for a person, what became of it lately, and what may be planned."""
        actor = actor_of(request)
        recently = Q(state__in=(State.DONE, State.DROPPED), ended_at__gte=timezone.now() - BACK)
        still = Q(pk__in=planned_moves().filter(employee=employee).values("pk"))
        plans = employee.planned_moves.filter(still | recently).order_by("at", "pk")
        found = shown_to(actor, plans.select_related("employee"))
        open_kinds = {one.plan.kind for one in found if one.plan.state == State.OPEN}
        can_be = {Kind.LEAVE} if works_here(employee) or Kind.JOIN in open_kinds else {Kind.JOIN}
        ways = [
            (each.label, reverse(_page(each), args=[employee.pk]))
            for each in PLANNINGS.values()
            if each.kind in can_be - open_kinds and not why_not(actor, each.operation, employee)
        ]
        return {"found": found, "ways": ways}

    def planned_view(self, request: HttpRequest) -> HttpResponse:
        """Who of those in sight comes and goes, the earliest first; ``?all=1`` beyond 30 days."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor, now = actor_of(request), timezone.now()
        in_sight = Q()
        if actor.is_bound_to_a_place:
            in_sight = Q(employee__in=self.get_queryset(request).order_by().values("pk"))
        plans = planned_moves().filter(in_sight).select_related("employee").order_by("at", "pk")
        refused = plans.filter(state=State.FAILED)
        ahead = plans.filter(state=State.OPEN)
        later = 0
        if not request.GET.get("all"):
            later = ahead.filter(at__gt=now + AHEAD).count()
            ahead = ahead.filter(at__lte=now + AHEAD)
        page = Paginator(ahead, ROWS).get_page(request.GET.get("p"))
        ended = PlannedMove.objects.filter(in_sight, ended_at__gte=now - BACK)
        ended = ended.filter(state__in=(State.DONE, State.DROPPED)).select_related("employee")
        groups = (list(refused[:ROWS]), list(page.object_list), list(ended.order_by("-id")[:ROWS]))
        found = iter(shown_to(actor, [plan for group in groups for plan in group]))
        refused_rows, rows, ended_rows = ([next(found) for _ in group] for group in groups)
        context = {
            **self.admin_site.each_context(request),
            "title": "Joining and leaving",
            "refused": refused_rows,
            "rows": rows,
            "ended": ended_rows,
            "later": later,
            "days": AHEAD.days,
            "page": page,
        }
        return TemplateResponse(request, "admin/people/planned.html", context)

    @only_by_button
    def cancel_plan_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """The button beside a plan."""
        person = self._whom(request, employee_id)
        number = number_in(request.POST.get("plan", ""))
        plan = person.planned_moves.filter(pk=number).first() if number else None
        try:
            cancelled = plan is not None and planning.cancel(plan.pk, actor_of(request))
        except EmployeesError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            if plan is not None and cancelled:
                said = f"Cancelled: the {Kind(plan.kind).label} of {person.name}."
                self.message_user(request, said, messages.SUCCESS)
            else:
                text = "Nothing was done: that plan was cancelled, or is over, already."
                self.message_user(request, text, messages.WARNING)
        if request.POST.get("from") == "list":
            return HttpResponseRedirect(reverse("admin:employees_employee_planned"))
        return HttpResponseRedirect(reverse(PERSON, args=[person.pk]))

    def _plan_view(self, each: Planning) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, employee_id: int) -> HttpResponse:
            person = self._whom(request, employee_id)
            if reason := why_not(actor_of(request), each.operation, person):
                self.message_user(request, reason, messages.ERROR)
                return HttpResponseRedirect(reverse(PERSON, args=[person.pk]))
            return self._plan(request, each, person)

        return view

    def _plan(self, request: HttpRequest, each: Planning, person: Employee) -> HttpResponse:
        """The page with the form; sent, it plans, and leads back to the person."""
        zone = zone_of(person.workspace)
        form = each.form(request.POST or None, zone=zone)
        if request.method == "POST" and form.is_valid() and form.at is not None:
            reason = form.cleaned_data["reason"]
            try:
                plan = each.service(person.pk, form.at, actor_of(request), reason)
            except EmployeesError as error:
                form.add_error(None, str(error))
            else:
                said = " ".join(filter(None, [_to_come(plan, person, zone), form.said]))
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(reverse(PERSON, args=[person.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{each.label}: {person.name}",
            "sentence": each.sentence.format(person.name),
            "planning": each,
            "person": person,
            "form": form,
            "lost": _lost_to_podfactory(each, person, actor_of(request)),
            "zone": zone.key.replace("_", " "),
            "now": in_full(timezone.now(), zone),
        }
        return TemplateResponse(request, "admin/employees/plan.html", context)

    def _whom(self, request: HttpRequest, employee_id: int) -> Employee:
        """The person of the page; out of sight is like not there."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:
            raise Http404
        return person


PERSON = "admin:employees_employee_change"


def _lost_to_podfactory(
    each: Planning, person: Employee, actor: Actor
) -> list[tuple[str, list[str]]]:
    """What PodFactory would miss if they worked here again."""
    if each.kind != Kind.JOIN:
        return []
    return said_of_joining([(person.pk, person.name, person.email)], actor)


def _page(each: Planning) -> str:
    return f"admin:employees_employee_{each.name.replace('-', '_')}"


def shown_to(actor: Actor, plans: Iterable[PlannedMove]) -> list[Shown]:
    """The plans in words; two queries for all the names. They have their employees with them."""
    found = list(plans)
    names = names_of({name for plan in found for name in (plan.planned_by, plan.ended_by)} - {""})
    return [_shown(plan, actor, names.get(plan.planned_by, plan.planned_by)) for plan in found]


def _shown(plan: PlannedMove, actor: Actor, by: str) -> Shown:
    zone = ZoneInfo(plan.zone)
    stands = plan.state in planning.STANDING
    return Shown(
        plan=plan,
        employee=plan.employee,
        sentence=_sentence(plan, zone),
        what=_verb(plan),
        when=in_full(plan.at, zone),
        by=by,
        needs_somebody=plan.state == State.FAILED,
        can_cancel=stands and not planning.why_not_touch(actor, plan, plan.employee),
    )


def _sentence(plan: PlannedMove, zone: ZoneInfo) -> str:
    """What a plan says, or what became of it."""
    if plan.state == State.OPEN:
        return _to_come(plan, plan.employee, zone)
    planned = f"The {Kind(plan.kind).label} planned for {in_full(plan.at, zone)}"
    if plan.state == State.FAILED:
        return f"{planned} wasn’t carried out. {plan.note}"
    if plan.state == State.DROPPED:
        return f"{planned} had nothing left to do. {plan.note}"
    if plan.ended_at and plan.ended_at > plan.at + LATE:
        return f"{planned} was carried out late, on {in_full(plan.ended_at, zone)}."
    return f"{planned} was carried out."


def _to_come(plan: PlannedMove, person: Employee, zone: ZoneInfo) -> str:
    said = f"{person.name} {_verb(plan).lower()} on {in_full(plan.at, zone)}."
    if timezone.now() > plan.at + LATE:
        return f"{said} That is overdue: it happens as soon as the worker runs."
    return said


def _verb(plan: PlannedMove) -> str:
    if plan.kind == Kind.LEAVE:
        return "Leaves"
    return "Starts" if plan.is_newcomer else "Comes back"
