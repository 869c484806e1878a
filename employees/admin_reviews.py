"""The review list: people whom other programs added, who they probably are, and what to do.

A row on it is completed in its form, merged into that of somebody who is here already
(``admin_review_merge``), or left as it is, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from employees.actors import actor_of, names_of
from employees.admin_base import Pages
from employees.admin_history import LABELS, in_words, set_backs_of
from employees.authority import Actor, Operation, why_not
from employees.errors import EmployeesError
from employees.history import SQL_ACTOR, values_of
from employees.models import Employee, PodFactoryMapping, Review
from employees.review_outside import OWNERS, who_added
from employees.review_suggestions import Suggestion, suggestions
from employees.reviews import State, Why, count_in_review, in_review, leave
from employees.zones import moment, zone_of

ROWS = 25  # on one page
FOUND = 10  # people whom a search finds
REASONS = (
    "New here, and complete as they are.",
    "Signs in with a PIN and has no e-mail.",
    "Somebody else of the same name.",
)
_KEPT = "_employees_in_review"


@dataclass(frozen=True)
class Waiting:
    """Somebody on the list.

    missing: what has to be looked at, in words. is_revived: they were merged before, so that
    filling something in decides nothing. by: who added them, as far as anything tells.
    """

    employee: Employee
    missing: list[str]
    is_revived: bool
    by: str
    since: datetime
    suggestions: list[Suggestion]
    why_not: str


class _Counted(Paginator[Review]):
    """Pages of something that has been counted already."""

    def __init__(self, reviews: QuerySet[Review], count: int) -> None:
        super().__init__(reviews, ROWS)
        self.count = count


class ReviewPages(Pages[Employee]):
    """Adds the list, and the page of one row on it, to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The two addresses, before those that would take a name for a number."""
        view = self.admin_site.admin_view
        return [
            path("review/", view(self.reviews_view), name="employees_employee_reviews"),
            path(
                "<int:employee_id>/review/",
                view(self.review_view),
                name="employees_employee_review",
            ),
            *super().get_urls(),
        ]

    def count_in_review(self, request: HttpRequest) -> int:
        """How many people in sight wait; asked once for a request."""
        kept = vars(request)
        if _KEPT not in kept:
            kept[_KEPT] = count_in_review(actor_of(request))
        count: int = kept[_KEPT]
        return count

    def reviews_view(self, request: HttpRequest) -> HttpResponse:
        """Everybody in sight who waits, the longest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        count = self.count_in_review(request)
        page = _Counted(in_review(actor), count).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "To be reviewed",
            "page": page,
            "count": count,
            "rows": waiting_rows(list(page.object_list), actor),
        }
        return TemplateResponse(request, "admin/reviews/list.html", context)

    def review_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """One row, with what decides it; by POST it is left as it is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        review = Review.objects.filter(pk=employee_id).first()
        if person is None:  # out of sight is like not there
            raise Http404
        refused = ""
        if request.method == "POST":
            if not self.has_change_permission(request, person):
                raise PermissionDenied
            try:
                leave(person.pk, request.POST.get("reason", ""), actor_of(request))
            except EmployeesError as error:
                refused = str(error)
            else:
                said = f"{person.name} (number {person.pk}) is off the list, and stays as they are."
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:employees_employee_reviews"))
        (row,) = waiting_rows([review or Review(pk=person.pk)], actor_of(request))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Who is {person.name}?",
            "row": row,
            "review": review,
            "decided": decided(review),
            "facts": facts_of(person),
            "refused": refused,
            "reasons": REASONS,
            "typed": request.POST.get("reason", ""),
            "q": request.GET.get("q", ""),
            "found": self._found(request, person),
        }
        return TemplateResponse(request, "admin/reviews/one.html", context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page; what somebody on the list lacks is marked, and their other rows are named."""
        if obj is not None:
            reviews = Review.objects.filter(Q(pk=obj.pk) | Q(kept_id=obj.pk, state=State.MERGED))
            context["reviews"] = found = list(reviews)
            context["set_backs"] = set_backs_of(obj)
            context["owners"] = OWNERS
            own = next((each for each in found if each.pk == obj.pk), None)
            if own is not None and own.state == State.OPEN:
                context["in_review"] = [str(Why(each).label) for each in own.why]
                fields = context["adminform"].form.fields
                for name in set(own.why) & set(fields):
                    fields[name].widget.attrs["data-missing"] = ""
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _found(self, request: HttpRequest, person: Employee) -> list[Employee]:
        """Whom the search on the page finds, by name, e-mail or number."""
        term = request.GET.get("q", "").strip()
        if not term:
            return []
        people, _ = self.get_search_results(request, self.get_queryset(request), term)
        return list(people.exclude(pk=person.pk)[:FOUND])


def waiting_rows(reviews: Sequence[Review], actor: Actor) -> list[Waiting]:
    """What the list shows of these, but of rows that are gone; a constant number of queries."""
    people = Employee.objects.in_bulk([review.pk for review in reviews])
    mappings = PodFactoryMapping.objects.filter(employee__in=list(people))
    mapped = set(mappings.values_list("employee_id", flat=True))
    found = suggestions(list(people.values()), actor)
    return [
        Waiting(
            employee=person,
            missing=[str(Why(each).label) for each in review.why],
            is_revived=Why.REVIVED in review.why,
            by=who_added(person.connecteam_user_id, person.pk in mapped),
            since=review.since,
            suggestions=found[person.pk],
            why_not=why_not(actor, Operation.CHANGE, person),
        )
        for review in reviews
        if (person := people.get(review.pk)) is not None
    ]


def decided(review: Review | None) -> str:
    """What became of somebody who doesn't wait any more, in a sentence; "" for who does."""
    if review is None:
        return "Nobody has to look at this person: they were here before, or added in the console."
    if review.state == State.OPEN:
        return ""
    names = {SQL_ACTOR: "another program", **names_of([review.decided_by])}
    by = names.get(review.decided_by, review.decided_by)
    when = f" by {by}, {moment(review.decided_at)}" if review.decided_at else ""
    is_merged = review.state == State.MERGED
    into = f": the one with the number {review.kept_id}" if is_merged else ""
    note = f" “{review.note}”" if review.note else ""
    return f"Decided{when}: {review.get_state_display()}{into}.{note}"


def facts_of(person: Employee) -> list[tuple[str, str]]:
    """What is known of a row, label and value; what is empty is left out."""
    roles = {person.role.pk: person.role.role_name} if person.role else {}
    zone = zone_of(person.workspace)
    return [
        (LABELS[name], in_words(name, value, zone, roles))
        for name, value in values_of(person).items()
        if value not in (None, "", False)
    ]
