"""The page that shows one account step by step, with what would be done: a dry run."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.explain import Explanation, explain
from auth0sync.models import Account
from auth0sync.side_by_side import compared_since, living
from auth0sync.status import Weather, is_moving, standing, why_no_sync
from employees.actors import actor_of
from employees.admin_base import Pages
from employees.admin_history import lines_of
from employees.authority import Operation, why_not
from employees.models import Change, Employee
from employees.receipt_words import shown
from employees.receipts import of_person
from employees.selectors import joining_days
from employees.zones import zone_of


class StepView(Pages[Employee]):
    """Adds the page to the pages of people; whoever may see a person may see it."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page's address."""
        view = self.admin_site.admin_view(self.steps_view)
        return [
            path("<int:employee_id>/steps/", view, name="auth0sync_steps"),
            *super().get_urls(),
        ]

    def steps_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Row, wanted, Auth0 as last seen, difference, calls, and what holds it up."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        actor = actor_of(request)
        # Whose row is gone is in nobody's department.
        is_in_sight = person or not actor.is_bound_to_a_place
        found = explain(employee_id) if is_in_sight else None
        if found is None or (person is None and found.row):
            raise Http404
        if person is None:
            return self._gone(request, found)
        account = Account.objects.filter(pk=employee_id).first()
        joins = joining_days([person]).get(employee_id, "")
        state = standing(person, account, Weather.today(), joins)
        refused = why_not(actor, Operation.SYNC, person)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Step by step: {person.name}",
            "person": person,
            "found": found,
            "standing": state,
            "joins": joins,
            "is_moving": is_moving(state, account),
            "compared_at": compared_since(account) if account else None,
            "differs": living(employee_id).exists(),
            "why_no_sync": refused or why_no_sync(person, account),
            "back": reverse("admin:employees_employee_change", args=[employee_id]),
        }
        return TemplateResponse(request, "admin/auth0sync/steps.html", context)

    def _gone(self, request: HttpRequest, found: Explanation) -> HttpResponse:
        """The same of a row that was deleted: the account may still have to be closed."""
        last = list(Change.objects.filter(employee_id=found.employee_id).order_by("-id")[:1])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Step by step: number {found.employee_id}",
            "found": found,
            "gone": next(iter(lines_of(last, zone_of(None))), None),
            "receipts": shown(of_person(found.employee_id)),  # their own page is gone
            "back": reverse("admin:auth0sync_attention"),
        }
        return TemplateResponse(request, "admin/auth0sync/steps.html", context)
