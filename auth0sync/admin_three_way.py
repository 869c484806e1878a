"""The page that shows one person on three sides: as last seen, in the console, in Auth0."""

from collections.abc import Mapping

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from auth0sync.admin_balance_cases import Case, cases
from auth0sync.models import Account
from auth0sync.origins import came_from, page_of
from auth0sync.side_by_side import Field, side_by_side
from auth0sync.status import Weather, is_moving, standing, why_no_sync
from employees.actors import actor_of
from employees.admin_base import Pages
from employees.authority import Operation, why_not
from employees.models import Employee
from employees.selectors import joining_days


class ThreeWayView(Pages[Employee]):
    """Adds the page to the pages of people; whoever may see a person may see it."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page's address."""
        view = self.admin_site.admin_view(self.three_way_view)
        return [
            path("<int:employee_id>/three-way/", view, name="auth0sync_three_way"),
            *super().get_urls(),
        ]

    def three_way_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Field by field: who moved, who wrote it here, which side counts, and the way out."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:  # out of sight is like not there
            raise Http404
        account = Account.objects.filter(pk=employee_id).first()
        joins = joining_days([person]).get(employee_id, "")
        state = standing(person, account, Weather.today(), joins)
        origin = came_from(request)
        found = side_by_side(employee_id)
        fields = [*found.plain, *found.others]
        noted = [*found.whole, *(field.difference for field in fields if field.difference)]
        shown = {case.difference.pk: case for case in cases(noted, actor_of(request))}
        context = {
            **self.admin_site.each_context(request),
            "title": f"Console and Auth0: {person.name}",
            "person": person,
            "found": found,
            "plain": _with_cases(found.plain, shown),
            "others": _with_cases(found.others, shown),
            "whole": [shown[each.pk] for each in found.whole],
            "standing": state,
            "is_moving": is_moving(state, account),
            "why_no_sync": why_not(actor_of(request), Operation.SYNC, person)
            or why_no_sync(person, account),
            "came_from": origin,
            "origin": "three-way",
            "back": page_of(origin, employee_id),
        }
        return TemplateResponse(request, "admin/auth0sync/three_way.html", context)


def _with_cases(fields: list[Field], shown: Mapping[int, Case]) -> list[tuple[Field, Case | None]]:
    """Each field with what the comparison has to say of it."""
    return [(field, shown[field.difference.pk] if field.difference else None) for field in fields]
