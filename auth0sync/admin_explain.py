"""The page that shows one account step by step, with what would be done: a dry run."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.explain import explain
from auth0sync.models import Account
from auth0sync.status import Weather, is_moving, standing, why_no_sync
from employees.actors import actor_of
from employees.admin_base import Pages
from employees.authority import Operation, why_not
from employees.models import Employee


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
        found = explain(employee_id) if person else None
        if person is None or found is None:
            raise Http404
        account = Account.objects.filter(pk=employee_id).first()
        state = standing(person, account, Weather.today())
        refused = why_not(actor_of(request), Operation.SYNC, person)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Step by step: {person.name}",
            "person": person,
            "found": found,
            "standing": state,
            "is_moving": is_moving(state, account),
            "why_no_sync": refused or why_no_sync(person, account),
            "back": reverse("admin:employees_employee_change", args=[employee_id]),
        }
        return TemplateResponse(request, "admin/auth0sync/steps.html", context)
