"""The page "Needs attention": everybody whose account needs a person, and what mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from auth0sync.advice import Advice, Mending, advice
from auth0sync.attention import count_needing_attention, needing_attention
from auth0sync.models import Account, Attention
from auth0sync.origins import with_origin
from employees.actors import actor_of
from employees.admin_base import Pages, only_by_button
from employees.authority import Actor, Operation, operation_of, why_not
from employees.models import Employee

ROWS = 50  # on one page
FIELDS = {
    "name": "the name",
    "email": "the e-mail",
    "personal_email": "the personal e-mail",
    "phone_number": "the phone number",
    "department": "the department",
    "workspace": "the workspace",
    "auth0_role": "the Auth0 role",
    "auth_method": "the way of signing in",
}
_KEPT = "_auth0sync_attention"


@dataclass(frozen=True)
class Button:
    """A way out. posts: the address does it by POST; otherwise it leads to where it is done."""

    label: str
    url: str
    posts: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Case:
    """One account that needs a person.

    name: "" when the row is gone. origin: the list that it stands in (``origins``).
    """

    employee_id: int
    name: str
    is_urgent: bool
    advice: Advice
    error: str
    since: datetime | None
    buttons: list[Button]
    origin: str


class _Counted(Paginator[Account]):
    """Pages of something that has been counted already."""

    def __init__(self, accounts: Any, count: int) -> None:
        super().__init__(accounts, ROWS)
        self.count = count


class AttentionPage(Pages[Employee]):
    """Adds the page to the pages of people, and the number that leads to it."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The page, and the button for what only has to be read."""
        view = self.admin_site.admin_view
        return [
            path("attention/", view(self.attention_view), name="auth0sync_attention"),
            path("<int:employee_id>/seen/", view(self.seen_view), name="auth0sync_seen"),
            *super().get_urls(),
        ]

    def count_needing_attention(self, request: HttpRequest) -> int:
        """How many people in sight; asked once for a request."""
        kept = vars(request)
        if _KEPT not in kept:
            kept[_KEPT] = count_needing_attention(actor_of(request))
        count: int = kept[_KEPT]
        return count

    def attention_view(self, request: HttpRequest) -> HttpResponse:
        """Who needs attention, the most urgent first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        count = self.count_needing_attention(request)
        page = _Counted(needing_attention(actor), count).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Needs attention",
            "page": page,
            "count": count,
            "cases": cases(list(page.object_list), actor),
        }
        return TemplateResponse(request, "admin/auth0sync/attention.html", context)

    @only_by_button
    def seen_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Take a deleted row off the list: somebody has read that its account is shut."""
        if why_not_seen(actor_of(request)):
            raise PermissionDenied
        gone = Account.objects.filter(pk=employee_id, attention=Attention.ROW_GONE)
        if gone.update(attention=None, attention_at=None):
            self.message_user(request, f"Number {employee_id} is off the list.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:auth0sync_attention"))


def why_not_seen(actor: Actor) -> str:
    """Why ``actor`` may not say this for everybody; "" when they may."""
    if actor.may_write and not actor.is_bound_to_a_place:
        return ""
    return "You can't take this off the list: ask a manager."


def cases(accounts: Sequence[Account], actor: Actor) -> list[Case]:
    """What the list shows of these accounts that need a person; one query for all."""
    people = Employee.objects.in_bulk([account.pk for account in accounts])
    return [case_of(each, people.get(each.pk), actor, "attention") for each in accounts]


def case_of(account: Account, person: Employee | None, actor: Actor, origin: str = "") -> Case:
    """The same for one, which has to need a person. origin: "" for the person's own page."""
    attention = Attention(account.attention or 0)
    told = advice(attention, account.error_code)
    is_mail = attention == Attention.MAIL
    if person is None:
        url = reverse("admin:auth0sync_seen", args=[account.pk])
        buttons = [
            Button("Take off the list", url, posts=True, why_not=why_not_seen(actor)),
            Button("Look step by step", reverse("admin:auth0sync_steps", args=[account.pk])),
        ]
    else:
        field = account.error_field or told.field or "email"
        buttons = [_button(mending, person, field, actor, origin) for mending in told.mendings]
    return Case(
        employee_id=account.pk,
        name=person.name if person else "",
        is_urgent=attention == Attention.LEAVER,
        advice=told,
        error=account.invitation_error if is_mail else account.error,
        since=account.attention_at,
        buttons=buttons,
        origin=origin,
    )


def _button(mending: Mending, person: Employee, field: str, actor: Actor, origin: str) -> Button:
    page = reverse("admin:employees_employee_change", args=[person.pk])
    if mending == Mending.CHANGE:
        refused = why_not(actor, operation_of(field), person)
        label = f"Change {FIELDS.get(field, 'the details')}"
        return Button(label, f"{page}#id_{field}", why_not=refused)
    if mending == Mending.INVITE:
        url = reverse("admin:auth0sync_send_invitation_again", args=[person.pk])
        refused = why_not(actor, Operation.INVITE, person)
        return Button(mending, url, posts=True, why_not=refused)
    if mending == Mending.RETRY:
        url = with_origin(reverse("admin:auth0sync_retry", args=[person.pk]), origin)
        return Button(mending, url, why_not=why_not(actor, Operation.SYNC, person))
    if mending == Mending.LINK:
        url = with_origin(reverse("admin:auth0sync_link", args=[person.pk]), origin)
        return Button(mending, url, why_not=why_not(actor, Operation.CHANGE_SIGN_IN, person))
    if mending == Mending.UNDO:
        url = with_origin(reverse("admin:auth0sync_undo_change", args=[person.pk]), origin)
        return Button(mending, url, why_not=why_not(actor, Operation.CHANGE, person))
    label = "Look step by step" if actor.is_admin else "Show to an administrator"
    return Button(label, reverse("admin:auth0sync_steps", args=[person.pk]))
