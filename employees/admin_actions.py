"""Deactivate, reactivate, archive, restore: first a page that says whom it touches, then a button.

One click is one batch, so that a deactivation can be undone together for ten minutes.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from employees.actors import actor_of, names_of
from employees.admin_base import Pages, only_by_button
from employees.authority import Actor, Operation, why_not
from employees.errors import EmployeesError
from employees.forecast import WAYS, Forecast, Leaving, forecast
from employees.history import new_batch
from employees.models import Employee
from employees.podfactory_words import said_of_joining
from employees.undo import ends_at, last_leaving, undo, undoable

AT_ONCE = 1_000  # people; more are refused
NAMES = 50  # shown on the page; the others are counted
SALT = "employees.leaving"
GOOD_FOR_S = 3_600  # seconds from the page to its button
LIST = "admin:employees_employee_changelist"
PAGE = "admin:employees_employee_change"


class LeavingActions(Pages[Employee]):
    """The four actions of the list, and the same from a person's page."""

    admin_site: admin.AdminSite
    leaving_actions: ClassVar[tuple[str, ...]] = tuple(f"{name}_selected" for name in WAYS)

    @admin.action(description=WAYS["deactivate"].label, permissions=["change"])
    def deactivate_selected(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Switch people off and end their sessions."""
        return self._preview_selected(request, WAYS["deactivate"], people)

    @admin.action(description=WAYS["reactivate"].label, permissions=["change"])
    def reactivate_selected(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Switch people on, out of the archive too."""
        return self._preview_selected(request, WAYS["reactivate"], people)

    @admin.action(description=WAYS["archive"].label, permissions=["change"])
    def archive_selected(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Put people away, deactivated."""
        return self._preview_selected(request, WAYS["archive"], people)

    @admin.action(description=WAYS["restore"].label, permissions=["change"])
    def restore_selected(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Take people out of the archive; they stay inactive."""
        return self._preview_selected(request, WAYS["restore"], people)

    def get_urls(self) -> list[URLPattern]:
        """The pages of the four ways and of the undo."""
        view, name = self.admin_site.admin_view, "employees_employee_"
        return [
            path("leaving/", view(self.confirmed_view), name=f"{name}leaving"),
            path("undo/<str:batch>/", view(self.undo_view), name=f"{name}undo"),
            *(
                path(
                    f"<int:employee_id>/{way.name}/",
                    view(self._page_view(way)),
                    name=f"{name}{way.name}",
                )
                for way in WAYS.values()
            ),
            *super().get_urls(),
        ]

    def leaving_of(self, request: HttpRequest, employee: Employee) -> dict[str, Any]:
        """The buttons on a person's page: what this person may do to them, and an open undo."""
        actor = actor_of(request)
        ways = [
            (way, reverse(f"admin:employees_employee_{way.name}", args=[employee.pk]))
            for way in WAYS.values()
            if not way.is_so(employee) and not why_not(actor, way.operation, employee)
        ]
        change = last_leaving(employee)
        if change is None or not ways:
            return {"ways": ways, "undo": None}
        by = names_of([change.actor]).get(change.actor, change.actor)
        return {"ways": ways, "undo": change, "undo_by": by, "undo_left": ends_at(change)}

    def _page_view(self, way: Leaving) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, employee_id: int) -> HttpResponse:
            person = self._in_sight(request).filter(pk=employee_id).first()
            if person is None:
                raise Http404
            return self._preview(request, way, [person])

        return view

    def _preview_selected(
        self, request: HttpRequest, way: Leaving, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        chosen = list(people.order_by("pk")[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            text = f"That is more than {AT_ONCE} people at once: choose fewer, with the filters."
            self.message_user(request, text, messages.ERROR)
            return None
        return self._preview(request, way, chosen)

    def brake_notice(self, way: Leaving, people: Sequence[Employee]) -> str:
        """What holds this up after the button, in a sentence; "" for nothing."""
        return ""

    def _preview(
        self, request: HttpRequest, way: Leaving, people: Sequence[Employee]
    ) -> HttpResponse:
        """The page before the button."""
        found = forecast(way, people, actor_of(request))
        ids = [person.pk for person in found.touched]
        back = reverse(PAGE, args=[people[0].pk]) if len(people) == 1 else reverse(LIST)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{way.label}: {_whom(people)}",
            "way": way,
            "forecast": found,
            "brake": self.brake_notice(way, found.touched),
            "lost": _lost_to_podfactory(found, actor_of(request))[:NAMES],
            "touched": found.touched[:NAMES],
            "touched_more": len(found.touched[NAMES:]),
            "already": found.already[:NAMES],
            "already_more": len(found.already[NAMES:]),
            "refused": found.refused[:NAMES],
            "refused_more": len(found.refused[NAMES:]),
            "signed": signing.dumps({"way": way.name, "ids": ids}, salt=SALT, compress=True),
            "back": back,
        }
        return TemplateResponse(request, "admin/employees/leaving.html", context)

    @only_by_button
    def confirmed_view(self, request: HttpRequest) -> HttpResponse:
        """The button: a transaction for each person, and each is looked at again."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            sent = signing.loads(request.POST.get("people", ""), salt=SALT, max_age=GOOD_FOR_S)
        except signing.BadSignature:
            text = "That page is too old, or not from here: choose the people again."
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(reverse(LIST))
        way, batch = WAYS[sent["way"]], new_batch()
        actor = replace(actor_of(request), together=tuple(sent["ids"]))
        changed, reasons = 0, Counter[str]()
        for employee_id in sent["ids"]:
            try:
                changed += way.service(employee_id, actor, batch)
            except EmployeesError as error:
                reasons[str(error)] += 1
        self._say_what_happened(request, way, changed, len(sent["ids"]), reasons, batch)
        if len(sent["ids"]) == 1:
            return HttpResponseRedirect(reverse(PAGE, args=sent["ids"]))
        return HttpResponseRedirect(reverse(LIST))

    def _say_what_happened(
        self,
        request: HttpRequest,
        way: Leaving,
        changed: int,
        asked: int,
        reasons: Counter[str],
        batch: str,
    ) -> None:
        so_already = asked - changed - reasons.total()
        said = [f"{changed} {'person' if changed == 1 else 'people'} {way.done}."]
        if so_already:
            said.append(f"{so_already} {'was' if so_already == 1 else 'were'} so already.")
        said += [f"Not {way.done}: {number}. {reason}" for reason, number in reasons.items()]
        text: str = " ".join(said)
        if way.can_be_undone and changed:
            url = reverse("admin:employees_employee_undo", args=[batch])
            text = format_html('{} <a href="{}">Undo</a> (for ten minutes)', text, url)
        level = messages.WARNING if reasons else messages.SUCCESS
        self.message_user(request, text, level)

    def undo_view(self, request: HttpRequest, batch: str) -> HttpResponse:
        """The page that says who would be put back, and its button."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        changes = undoable(batch)
        people = self._in_sight(request).in_bulk([change.employee_id for change in changes])
        if not people:
            text = "There is nothing to undo any more: that works for ten minutes, and once."
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(reverse(LIST))
        if request.method == "POST":
            return self._undo(request, batch, list(people))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo: {_whom(list(people.values()))}",
            "people": list(people.values())[:NAMES],
            "more": len(people) - len(list(people)[:NAMES]),
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "admin/employees/undo.html", context)

    def _undo(self, request: HttpRequest, batch: str, ids: list[int]) -> HttpResponse:
        found = undo(batch, replace(actor_of(request), together=tuple(ids)), ids)
        count = len(found.restored)
        said = [f"{count} {'person is' if count == 1 else 'people are'} as before."]
        if found.changed_since:
            said.append(f"Changed since, and left alone: {len(found.changed_since)}.")
        said += [f"Number {number}: {reason}" for number, reason in found.refused]
        is_clean = not (found.changed_since or found.refused)
        level = messages.SUCCESS if is_clean else messages.WARNING
        self.message_user(request, " ".join(said), level)
        target = reverse(PAGE, args=ids) if len(ids) == 1 else reverse(LIST)
        return HttpResponseRedirect(target)

    def _in_sight(self, request: HttpRequest) -> QuerySet[Employee]:
        """The people of these pages. Raises: PermissionDenied, for who may change nobody."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self.get_queryset(request)


def _lost_to_podfactory(found: Forecast, actor: Actor) -> list[tuple[str, list[str]]]:
    """What PodFactory would miss if they worked here again."""
    if found.way.operation != Operation.REACTIVATE:
        return []
    return said_of_joining([(each.pk, each.name, each.email) for each in found.touched], actor)


def _whom(people: Sequence[Employee]) -> str:
    return people[0].name if len(people) == 1 else f"{len(people)} people"
