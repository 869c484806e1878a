"""Is this a person who was here before? Asked while somebody types; and the way to bring them back.

Bringing back is a page first: it says what of the newly typed details would change. Then both, the
reactivation and the change, are done together or not at all.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from employees import planning, services
from employees.actors import actor_of
from employees.admin_base import Pages, only_by_button
from employees.authority import Actor, Operation, why_not
from employees.errors import EmployeesError
from employees.forms import EmployeeForm
from employees.models import Employee
from employees.plan_forms import beginning_of
from employees.podfactory_words import said_of_joining
from employees.rehire import LookAlike, look_alikes, said_of
from employees.selectors import shop_floor_departments
from employees.values import clean_value, proposed_auth_method
from employees.zones import in_full, zone_of

TYPED = ("name", "phone_number", "email", "personal_email")


class Rehiring(Pages[Employee]):
    """Adds the two addresses to the pages of people."""

    admin_site: admin.AdminSite
    get_form: Callable[..., type[EmployeeForm]]

    def get_urls(self) -> list[URLPattern]:
        """The addresses, before those that would take their names for a number."""
        view, name = self.admin_site.admin_view, "employees_employee_"
        ask, bring_back = never_cache(self.rehire_view), self.bring_back_view
        return [
            path("rehire/", view(ask), name=f"{name}rehire"),
            path("<int:employee_id>/bring-back/", view(bring_back), name=f"{name}bring_back"),
            *super().get_urls(),
        ]

    def rehire_view(self, request: HttpRequest) -> HttpResponse:
        """Who looks like what was typed so far; only for those who may add people."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        typed = {name: request.POST.get(name, "")[:255] for name in TYPED}
        found = [described(one, actor) for one in look_alikes(typed, actor)]
        return JsonResponse({"found": found})

    @only_by_button
    def bring_back_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """What a newcomer's form would make of somebody who left; then, confirmed, it does."""
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:
            raise Http404
        title = f"Bring back {person.name}"  # the form moves its own
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        page = reverse("admin:employees_employee_change", args=[person.pk])
        if person.is_active and person.archived_at is None:
            self.message_user(request, f"{person.name} works here already.", messages.INFO)
            return HttpResponseRedirect(page)
        form = self.get_form(request, person, change=True)(
            typed_over(person, request.POST), instance=person
        )
        actor, zone = actor_of(request), zone_of(person.workspace)
        refused = why_not(actor, Operation.REACTIVATE, person)
        starts_at = None
        try:
            starts_at = typed_start(request.POST.get("starts_on", ""), zone)
        except EmployeesError as error:
            refused = refused or str(error)
        when = in_full(starts_at, zone) if starts_at else ""
        if form.is_valid() and not refused and "confirmed" in request.POST:
            try:
                bring_back(person.pk, form, actor, starts_at)
            except EmployeesError as error:
                refused = str(error)
            else:
                comes = f"comes back on {when}" if when else "is back"
                said = (
                    f"{form.cleaned_data['name']} {comes}, with the number {person.pk} as before."
                )
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "person": Employee.objects.get(pk=person.pk),  # as it is still
            "changes": [
                (form[name].label, shown(form, name, form[name].initial), shown(form, name, new))
                for name, new in form.cleaned_data.items()
                if name in form.changed_data
            ],
            "form": form,
            "lost": said_of_joining(
                [(person.pk, form.cleaned_data.get("name", person.name), person.email)], actor
            ),
            "refused": refused,
            "when": when,
            "typed": [
                (name, request.POST[name])
                for name in (*form.fields, "starts_on")
                if name in request.POST
            ],
        }
        return TemplateResponse(request, "admin/employees/bring_back.html", context)


@transaction.atomic
def bring_back(
    employee_id: int, form: EmployeeForm, actor: Actor, starts_at: datetime | None = None
) -> None:
    """Reactivate somebody, now or at ``starts_at``, and write what the form has changed.

    Raises: what the two services raise; then nothing is written.
    """
    if starts_at is None:
        services.reactivate(employee_id, actor)
    else:
        planning.plan_joining(employee_id, starts_at, actor)
    invitation = form.cleaned_data["invitation"] if "invitation" in form.changed_data else None
    services.change_employee(employee_id, form.columns, actor, invitation, seen=form.seen)


def typed_start(typed: str, zone: ZoneInfo) -> datetime | None:
    """When the day that was typed for a newcomer begins; None for now. Raises: InvalidValue."""
    day = clean_value("hire_date", typed)  # a day like any other
    return beginning_of(day, zone) if day else None


def typed_over(person: Employee, typed: Any) -> dict[str, Any]:
    """What a form about ``person`` would hold, with what was typed for a newcomer over it.

    A field that was left blank takes nothing away from what is known.
    """
    form = EmployeeForm(instance=person)
    data = {bound.name: bound.value() for bound in form}
    data |= {name: typed[name] for name in data if typed.get(name)}
    if "auth_method" in typed and not typed["auth_method"]:
        departments = shop_floor_departments()
        data["auth_method"] = proposed_auth_method(data["department"], departments)
    return {name: "" if value is None else value for name, value in data.items()}


def shown(form: EmployeeForm, name: str, value: Any) -> str:
    """A value as the form's field calls it; "–" for nothing."""
    if isinstance(value, date):
        return value.strftime("%-d %b %Y")
    value = getattr(value, "pk", value)
    choices = getattr(form.fields[name], "choices", [])
    words = {str(getattr(key, "value", key)): str(label) for key, label in choices}
    return words.get(str(value), str(value)) if value not in (None, "") else "–"


def described(one: LookAlike, actor: Actor) -> dict[str, Any]:
    """A sentence about somebody, where to go, and what can be done there.

    brings_back: the address takes a newcomer's form, by POST.
    """
    person = one.employee
    page = reverse("admin:employees_employee_change", args=[person.pk])
    text, reason = said_of(one), why_not(actor, Operation.REACTIVATE, person)
    if one.works_here or one.joins:
        return {"text": text, "url": page, "do": "Look", "brings_back": False}
    if reason:
        return {"text": f"{text} {reason}", "url": page, "do": "Look", "brings_back": False}
    url = reverse("admin:employees_employee_bring_back", args=[person.pk])
    return {"text": text, "url": url, "do": "Bring back", "brings_back": True, "id": person.pk}
