"""The history of a person: every change by everybody, also by SQL, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from employees.actors import names_of
from employees.admin_base import Pages
from employees.history import SQL_ACTOR, notice_changes
from employees.models import (
    Auth0Role,
    AuthMethod,
    Change,
    Employee,
    Invitation,
    Receipt,
    RoleConfig,
    Workspace,
)
from employees.receipt_words import summary
from employees.zones import zone_of

ROWS = 50  # lines on one page
LABELS = {
    "name": "Name",
    "email": "E-mail",
    "personal_email": "Personal e-mail",
    "phone_number": "Phone",
    "role_id": "Role",
    "department": "Department",
    "workspace": "Workspace",
    "connecteam_user_id": "Connecteam user id",
    "is_active": "Active",
    "is_new_employee": "New employee",
    "is_contractor": "Contractor",
    "hire_date": "Hire date",
    "grace_period_end": "Grace period end",
    "notes": "Notes",
    "archived_at": "Archived",
    "auth_method": "Signs in with",
    "auth0_role": "Auth0 role",
    "invitation": "Invited",
    "joins_at": "Joins",
    "leaves_at": "Leaves",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "workspace": {str(value): str(label) for value, label in Workspace.choices},
    "auth_method": {str(value): str(label) for value, label in AuthMethod.choices},
    "auth0_role": {str(value): str(label) for value, label in Auth0Role.choices},
    "invitation": {str(value): str(label) for value, label in Invitation.choices},
}


@dataclass(frozen=True)
class Line:
    """One change in words. fields: label, before, after; both "–" where there was nothing.

    receipt: how far the lock-out is that began with it; "" for every other change.
    """

    at: str
    who: str
    door: str
    action: str
    fields: Sequence[tuple[str, str, str]]
    receipt: str = ""


class HistoryPage(Pages[Employee]):
    """Takes the place of Django's own history page, which knows only of the admin."""

    admin_site: admin.AdminSite

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; it looks at the row first, so that SQL of a second ago is on it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = object_id if object_id.isascii() and object_id.isdecimal() else "0"
        person = self.get_queryset(request).filter(pk=number[:9]).first()
        if person is None:  # out of sight is like not there
            messages.warning(request, "There is no such person.")
            return HttpResponseRedirect(reverse("admin:index"))
        notice_changes([person.pk])
        changes = Change.objects.filter(employee_id=person.pk).order_by("-id")
        page = Paginator(changes, ROWS).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {person.name}",
            "original": person,
            "page": page,
            "lines": lines_of(list(page.object_list), zone_of(person.workspace)),
        }
        return TemplateResponse(request, "admin/employees/history.html", context)


def lines_of(changes: Sequence[Change], zone: ZoneInfo) -> list[Line]:
    """The changes in words; a few queries for all of them."""
    who = names_of({change.actor for change in changes})
    numbers = {
        value
        for change in changes
        for value in change.changes.get("role_id", [])
        if value is not None
    }
    roles = dict(RoleConfig.objects.filter(pk__in=numbers).values_list("pk", "role_name"))
    receipts = Receipt.objects.filter(change__in=[change.pk for change in changes])
    locked_out = {
        receipt.change_id: summary(receipt) for receipt in receipts.prefetch_related("doors")
    }
    return [
        Line(
            at=change.at.astimezone(zone).strftime("%-d %b %Y, %H:%M:%S %Z"),
            who="" if change.actor == SQL_ACTOR else who.get(change.actor, change.actor),
            door=change.get_source_display(),
            action=change.action,
            fields=[
                (
                    LABELS.get(name, name),
                    in_words(name, before, zone, roles),
                    in_words(name, after, zone, roles),
                )
                for name, (before, after) in change.changes.items()
                if not (change.action == "added" and after in (None, "", False))
            ],
            receipt=locked_out.get(change.pk, ""),
        )
        for change in changes
    ]


def in_words(name: str, value: Any, zone: ZoneInfo, roles: Mapping[int, str]) -> str:
    """One value of a column as the form shows it; "–" for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "role_id":
        return roles.get(value, f"role {value}")
    if name in ("archived_at", "joins_at", "leaves_at"):
        return datetime.fromisoformat(value).astimezone(zone).strftime("%-d %b %Y, %H:%M %Z")
    if name in ("hire_date", "grace_period_end"):
        return date.fromisoformat(value).strftime("%-d %b %Y")
    return WORDS.get(name, {}).get(value, str(value))
