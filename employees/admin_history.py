"""The history of a person: every change by everybody, also by SQL, newest first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from employees.actors import names_of
from employees.admin_base import Pages
from employees.history import SQL_ACTOR, notice_changes
from employees.mass.models import MassChange
from employees.models import (
    Auth0Role,
    AuthMethod,
    Change,
    Employee,
    Invitation,
    PodFactoryMapping,
    Receipt,
    RoleConfig,
    Workspace,
)
from employees.receipt_words import summary
from employees.review_outside import OFTEN, OWNERS, probably, program_of, set_backs
from employees.zones import zone_of

ROWS = 50  # lines on one page
REMEMBERED = timedelta(days=90)  # how far back it counts that another program set something back
LOOKED_AT = 200  # lines
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
    "same_as": "Same person as",
    "podfactory": "PodFactory mappings",
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
            "set_backs": set_backs_of(person),
            "owners": OWNERS,
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
    programs = programs_of(changes)
    files = _titles({change.batch for change in changes if change.source in MassChange.Kind})
    return [
        Line(
            at=change.at.astimezone(zone).strftime("%-d %b %Y, %H:%M:%S %Z"),
            who="" if change.actor == SQL_ACTOR else who.get(change.actor, change.actor),
            door=", ".join(filter(None, [_door(change, files), programs.get(change.pk)])),
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


def programs_of(changes: Sequence[Change]) -> dict[int, str]:
    """Which program each of them probably is of, where something tells; two queries for all."""
    by_sql = [change for change in changes if change.source == Change.Source.SQL]
    if not by_sql:
        return {}
    people = {change.employee_id for change in by_sql}
    rows = Employee.objects.filter(pk__in=people).values_list("pk", "connecteam_user_id")
    mappings = PodFactoryMapping.objects.filter(employee__in=people)
    connecteam, mapped = dict(rows), set(mappings.values_list("employee_id", flat=True))
    return {
        change.pk: probably(
            change, connecteam.get(change.employee_id), change.employee_id in mapped
        )
        for change in by_sql
    }


def set_backs_of(person: Employee) -> list[tuple[str, int, str]]:
    """The fields of somebody that a program has set back again and again, how often, and which."""
    since = timezone.now() - REMEMBERED
    theirs = Change.objects.filter(employee_id=person.pk, at__gte=since).order_by("-id")
    newest = list(theirs[:LOOKED_AT])
    if not any(change.source == Change.Source.SQL for change in newest):
        return []
    found = set_backs(reversed(newest))
    return [
        (LABELS.get(column, column), times, program_of(column, person.connecteam_user_id))
        for (_, column), times in found.items()
        if times >= OFTEN
    ]


def _door(change: Change, files: Mapping[str, str]) -> str:
    return f"{change.get_source_display()}{files.get(change.batch, '')}"


def _titles(batches: Collection[str]) -> dict[str, str]:
    """Batch → what the mass change that did, or undid, it is called; no query for none."""
    if not batches:
        return {}
    known = MassChange.objects.filter(Q(batch__in=batches) | Q(undo_batch__in=batches))
    return {
        batch: f" ({title})"
        for title, *both in known.values_list("title", "batch", "undo_batch")
        for batch in both
    }


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
