"""The pages before a mending: what it would do, then a button. Nothing here talks to Auth0."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.advice import advice
from auth0sync.explain import explain
from auth0sync.mending import (
    last_change,
    link,
    restore,
    sides,
    to_restore,
    undo_addition,
    undoing_addition,
    why_not_undo_addition,
)
from auth0sync.models import Account, Attention
from auth0sync.origins import came_from, page_of
from auth0sync.status import Weather, standing, why_no_sync
from employees.actors import actor_of, visible_to
from employees.admin_base import Pages, number_in
from employees.admin_history import lines_of
from employees.authority import Operation, operation_of, why_not
from employees.errors import EmployeesError
from employees.models import Change, Employee
from employees.selectors import joining_days
from employees.zones import zone_of


class MendingPages(Pages[Employee]):
    """Adds them to the pages of people."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """Their addresses."""
        view = self.admin_site.admin_view
        return [
            path("<int:employee_id>/retry/", view(self.retry_view), name="auth0sync_retry"),
            path("<int:employee_id>/link/", view(self.link_view), name="auth0sync_link"),
            path(
                "<int:employee_id>/undo-change/",
                view(self.undo_change_view),
                name="auth0sync_undo_change",
            ),
            *super().get_urls(),
        ]

    def retry_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """What trying again would do; its button is that of "Sync now"."""
        person = self._to_mend(request, employee_id)
        account = Account.objects.filter(pk=employee_id).first()
        joins = joining_days([person]).get(employee_id, "")
        why = why_not(actor_of(request), Operation.SYNC, person) or why_no_sync(person, account)
        if not why and account and not account.is_clean:
            why = "It is being tried already."
        context = {
            **self.admin_site.each_context(request),
            "title": f"Try again: {person.name}",
            "person": person,
            "account": account,
            "standing": standing(person, account, Weather.today(), joins),
            "found": explain(employee_id),
            "why_not": why,
            **_way_back(request, employee_id),
        }
        return TemplateResponse(request, "admin/auth0sync/retry.html", context)

    def link_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Both sides of a conflict, as the engine saw them, with what linking would change."""
        person = self._to_mend(request, employee_id)
        account = Account.objects.filter(pk=employee_id).first() or Account(pk=employee_id)
        actor = actor_of(request)
        why = why_not(actor, Operation.CHANGE_SIGN_IN, person)
        if request.method == "POST":
            return self._link(request, employee_id)
        if not why and not account.is_clean:
            why = "The console is looking at it now: reload the page in a moment."
        found = account.found or []
        owners = visible_to(actor).in_bulk([each["employee_id"] for each in found])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Link an account: {person.name}",
            "person": person,
            "account": account,
            "advice": advice(Attention.FAILED, account.error_code) if account.error_code else None,
            "sides": [
                (each, sides(person, each), owners.get(each["employee_id"])) for each in found
            ],
            "why_not": why,
            "field": reverse("admin:employees_employee_change", args=[employee_id]) + "#id_email",
            **_way_back(request, employee_id),
        }
        return TemplateResponse(request, "admin/auth0sync/link.html", context)

    def _link(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        try:
            is_done = link(employee_id, request.POST.get("account", ""), actor_of(request))
        except EmployeesError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        text = "The account is being linked." if is_done else "It is being done already."
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:employees_employee_change", args=[employee_id]))

    def undo_change_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """What the last change of the row would be put back to; somebody just added goes again."""
        if self.has_change_permission(request) and _was_removed(employee_id):
            text = f"Number {employee_id} isn’t there any more: nothing was left to undo."
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:employees_employee_changelist"))
        person = self._to_mend(request, employee_id)
        if request.method == "POST" and request.POST.get("addition"):
            return self._undo_addition(request, person)
        change = last_change(person)
        if request.method == "POST":
            return self._undo_change(request, employee_id)
        if change is not None and change.action == "added":
            return self._addition_view(request, person)
        found = to_restore(person, change)
        actor = actor_of(request)
        asked = {*found.columns, *(["invitation"] if found.invitation else [])} if found else set()
        reasons = [why_not(actor, operation_of(name), person) for name in sorted(asked)]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo the last change: {person.name}",
            "person": person,
            "found": found,
            "line": lines_of([found.change], zone_of(person.workspace))[0] if found else None,
            "why_not": next(filter(None, reasons), ""),
            **_way_back(request, employee_id),
        }
        return TemplateResponse(request, "admin/auth0sync/undo_change.html", context)

    def _undo_change(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        change_id = number_in(request.POST.get("change", ""))
        try:
            is_done = change_id is not None and restore(employee_id, change_id, actor_of(request))
        except EmployeesError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            text = (
                "The row is as it was before." if is_done else "There is nothing to undo any more."
            )
            self.message_user(request, text, messages.SUCCESS if is_done else messages.WARNING)
        return HttpResponseRedirect(reverse("admin:employees_employee_change", args=[employee_id]))

    def _addition_view(self, request: HttpRequest, person: Employee) -> HttpResponse:
        """What would go, row and account; who has to stay can be archived."""
        account = Account.objects.filter(pk=person.pk).first()
        actor = actor_of(request)
        refused = why_not(actor, Operation.ADD) or why_not(actor, Operation.ARCHIVE, person)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo adding {person.name}",
            "person": person,
            "account_lines": undoing_addition(account),
            "why_not": refused,
            "why_stays": why_not_undo_addition(person, account),
            **_way_back(request, person.pk),
        }
        return TemplateResponse(request, "admin/auth0sync/undo_addition.html", context)

    def _undo_addition(self, request: HttpRequest, person: Employee) -> HttpResponse:
        try:
            undo_addition(person.pk, actor_of(request))
        except EmployeesError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        text = f"{person.name} (number {person.pk}) is gone again. The account follows."
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:employees_employee_changelist"))

    def _to_mend(self, request: HttpRequest, employee_id: int) -> Employee:
        """The person in sight. Raises Http404, and PermissionDenied for who may change nobody."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = self.get_queryset(request).filter(pk=employee_id).first()
        if person is None:
            raise Http404
        return person


def _way_back(request: HttpRequest, employee_id: int) -> dict[str, str]:
    """For a page's context: the list it was opened from, and the address to go back to."""
    origin = came_from(request)
    return {"origin": origin, "back": page_of(origin, employee_id)}


def _was_removed(employee_id: int) -> bool:
    """Whether an undo has removed the row: who clicks twice, or goes back, comes here again."""
    removed = Change.objects.filter(employee_id=employee_id, action="removed")
    return removed.exists() and not Employee.objects.filter(pk=employee_id).exists()
