"""Asked by the form while somebody types: is this a person who was here before?"""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from employees.actors import actor_of
from employees.admin_base import Pages
from employees.models import Employee
from employees.rehire import LookAlike, look_alikes

TYPED = ("name", "phone_number", "email", "personal_email")


class Rehiring(Pages[Employee]):
    """Adds the address to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(never_cache(self.rehire_view))
        return [path("rehire/", view, name="employees_employee_rehire"), *super().get_urls()]

    def rehire_view(self, request: HttpRequest) -> HttpResponse:
        """Who looks like what was typed so far; only for those who may add people."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        typed = {name: request.POST.get(name, "")[:255] for name in TYPED}
        found = look_alikes(typed, actor_of(request))
        return JsonResponse({"found": [described(one) for one in found]})


def described(one: LookAlike) -> dict[str, str]:
    """A sentence about somebody, where their page is, and what can be done."""
    person = one.employee
    page = reverse("admin:employees_employee_change", args=[person.pk])
    place = ", ".join(filter(None, [person.department, person.workspace]))
    who = f"{person.name} (number {person.pk}{f', {place}' if place else ''})"
    same = " and ".join(one.same)
    if one.works_here:
        return {"text": f"{who} works here already: the same {same}.", "url": page, "do": "Look"}
    left = person.archived_at or person.updated_at
    when = f" in {left:%B %Y}" if left else ""
    bring_back = reverse("admin:employees_employee_reactivate", args=[person.pk])
    text = f"{who} left{when}: the same {same}."
    return {"text": text, "url": bring_back, "do": "Bring back"}
