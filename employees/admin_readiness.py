"""The page "Who can't work today": everybody with something missing, and the step that mends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from employees.actors import actor_of
from employees.admin_base import Pages
from employees.authority import Operation, why_not
from employees.counting import sight_of
from employees.emails import is_usable
from employees.filters import departments_for, workspaces_for
from employees.models import Employee
from employees.readiness import Missing, count_not_ready, not_ready

ROWS = 50  # on one page
_KEPT = "_employees_not_ready"


@dataclass(frozen=True)
class Mending:
    """The one step that mends what is missing.

    posts: the address takes a POST and does it; otherwise it leads to where it is done. why_not:
    why this person can't take the step; it stands in the place of the button.
    """

    label: str
    url: str = ""
    posts: bool = False
    detail: str = ""
    why_not: str = ""


class _Counted(Paginator[Employee]):
    """Pages of something that has been counted already."""

    def __init__(self, people: QuerySet[Employee], count: int) -> None:
        super().__init__(people, ROWS)
        self.count = count


class CannotWork(Pages[Employee]):
    """Adds the page to the pages of people."""

    admin_site: admin.AdminSite
    count_in_review: Callable[[HttpRequest], int]

    def get_urls(self) -> list[URLPattern]:
        """The page's address, before those that would take its name for a number."""
        view = self.admin_site.admin_view(self.cannot_work_view)
        name = "employees_employee_cannot_work"
        return [path("cannot-work/", view, name=name), *super().get_urls()]

    def count_not_ready(self, request: HttpRequest) -> int:
        """How many people in sight can't work today; asked once for a request."""
        kept = vars(request)
        if _KEPT not in kept:
            kept[_KEPT] = sum(
                count_not_ready(
                    self.get_queryset(request), whose=(sight_of(actor_of(request)), {})
                ).values()
            )
        count: int = kept[_KEPT]
        return count

    def cannot_work_view(self, request: HttpRequest) -> HttpResponse:
        """The people in sight with what is missing; ``?missing=``, ``?workspace=`` and so on."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        asked = {name: request.GET.get(name, "") for name in ("missing", "department", "workspace")}
        places = {name: asked[name] for name in ("department", "workspace") if asked[name]}
        people = self.get_queryset(request).filter(**places)
        counts = count_not_ready(people, whose=(sight_of(actor), places))
        everybody = sum(counts.values())
        if not places:
            vars(request)[_KEPT] = everybody
        rows, total = not_ready(people), everybody
        if asked["missing"] in Missing.values:
            rows = rows.filter(missing=asked["missing"])
            total = counts.get(Missing(asked["missing"]), 0)
        page = _Counted(rows.order_by("pk"), total).get_page(request.GET.get("p"))
        found = list(page.object_list)
        context = {
            **self.admin_site.each_context(request),
            "title": "Who can’t work today",
            "groups": [(name.value, name.label, count) for name, count in counts.items()],
            "everybody": everybody,
            "asked": asked,
            "departments": departments_for(actor),
            "workspaces": workspaces_for(actor),
            "page": page,
            "rows": self._rows(request, found),
            "in_review": self.count_in_review(request),
        }
        return TemplateResponse(request, "admin/people/cannot_work.html", context)

    def mendings(self, request: HttpRequest, people: Sequence[Employee]) -> dict[int, Mending]:
        """The step for each of ``people``, by number; another app may know better ones."""
        return {person.pk: self.mending(request, person) for person in people}

    def mending(self, request: HttpRequest, person: Employee) -> Mending:
        """The step for one person: to the field, or the page, where it is done."""
        page = reverse("admin:employees_employee_change", args=[person.pk])
        pin = reverse("admin:employees_employee_random_pin", args=[person.pk])
        label, url, operation = {
            Missing.PIN: ("Set a PIN", pin, Operation.SET_PIN),
            Missing.EMAIL: ("Edit the e-mail", f"{page}#id_email", Operation.CHANGE_SIGN_IN),
            Missing.ACCOUNT: ("Open the page", page, Operation.VIEW),
            Missing.VERIFIED: ("Open the page", page, Operation.VIEW),
        }[missing_of(person)]
        return Mending(label, url, why_not=why_not(actor_of(request), operation, person))

    def _rows(
        self, request: HttpRequest, people: Sequence[Employee]
    ) -> list[tuple[Employee, str, Mending]]:
        steps = self.mendings(request, people)
        return [(person, missing_of(person).label, steps[person.pk]) for person in people]


def missing_of(person: Employee) -> Missing:
    """What somebody from ``not_ready`` lacks.

    An e-mail that only looks like one to the database is no account that is still to come.
    """
    missing = Missing(vars(person)["missing"])
    if missing == Missing.ACCOUNT and not is_usable(person.email):
        return Missing.EMAIL
    return missing
