"""The Auth0 side of the admin: how each account is, its log, and the buttons that ask for more.

Nothing here talks to Auth0. A button only writes that somebody is due; a worker does the rest.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from django_q import admin as queue_admin
from social_django import admin as social_admin  # noqa: F401  (registers what is taken out below)
from social_django.models import Association, Nonce, UserSocialAuth

from auth0sync.due import invite_again, mark_due
from auth0sync.models import Account, SyncLog
from auth0sync.status import (
    STANDINGS,
    Standing,
    Weather,
    account_block,
    names_of,
    standing,
    why_no_invitation,
    why_no_sync,
)
from employees.actors import actor_of
from employees.admin import EmployeeAdmin
from employees.admin_base import ModelAdmin, ReadOnly
from employees.filters import ColumnFilter
from employees.models import Employee

RECENT_ROWS = 1_000

# The queue's own pages let whoever may add a scheduled task run any function of the program.
QUEUE = (queue_admin.Schedule, queue_admin.OrmQ, queue_admin.Success, queue_admin.Failure)
# Whose account somebody signs in with is the row's to say, never a form's.
LOG_INS = (UserSocialAuth, Nonce, Association)
for model in (*QUEUE, *LOG_INS):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.unregister(Employee)


class StandingFilter(admin.SimpleListFilter):
    """People whose accounts are in one state."""

    title = "Auth0 account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states, and those that a person should look at."""
        return [(name, title) for name, (title, _) in STANDINGS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The people in the chosen state."""
        chosen = STANDINGS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class ActionFilter(ColumnFilter):
    """What was done; offers what was done lately, since the whole log may be millions of rows."""

    title = parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The actions among the newest rows."""
        newest = SyncLog.objects.order_by("-id").values_list("action", flat=True)
        return [(action, action.capitalize()) for action in sorted(set(newest[:RECENT_ROWS]))]


@admin.register(Employee)
class EmployeeWithAccountAdmin(EmployeeAdmin):
    """People, and beside each how the Auth0 account is."""

    list_display = (
        "id",
        "name",
        "account_status",
        "department",
        "shown_email",
        "workspace",
        "auth_method",
        "is_active",
    )
    list_filter: ClassVar[Any] = (StandingFilter, *EmployeeAdmin.list_filter)
    actions = ("sync_now", "send_invitation_again", *EmployeeAdmin.actions)
    change_form_template = "admin/auth0sync/employee_change_form.html"

    class Media:
        css: ClassVar[Any] = {"all": ("auth0sync/admin.css",)}

    @admin.display(description="Auth0 account")
    def account_status(self, employee: Employee) -> SafeString:
        """The standing in a few words, its sentence when the pointer rests on it."""
        found: Standing = vars(employee)["standing"]
        return format_html(
            '<span class="standing standing-{}" title="{}">{}</span>',
            found.tone,
            found.detail,
            found.label,
        )

    @admin.action(description="Sync now", permissions=["change"])
    def sync_now(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Have these accounts read and brought to what the rows want."""
        accounts = Account.objects.in_bulk([person.pk for person in people])
        reasons = {person.pk: why_no_sync(person, accounts.get(person.pk)) for person in people}
        ids = [pk for pk, reason in reasons.items() if not reason]
        marked = mark_due(ids, actor=actor_of(request).name, look=True)
        self._report(request, "will be synced", marked, reasons.values())

    @admin.action(description="Send the invitation again", permissions=["change"])
    def send_invitation_again(self, request: HttpRequest, people: QuerySet[Employee]) -> None:
        """Have the invitation sent, with a new link, to those who have an account."""
        now = Weather.today().now
        with transaction.atomic():  # the lock keeps a double click from sending two
            locked = Account.objects.select_for_update().order_by("pk")
            accounts = locked.in_bulk([person.pk for person in people])
            reasons = {
                person.pk: why_no_invitation(person, accounts.get(person.pk), now)
                for person in people
            }
            ids = [pk for pk, reason in reasons.items() if not reason]
            invited = invite_again(ids, actor=actor_of(request).name)
        self._report(request, "will be invited again", invited, reasons.values())

    def _report(self, request: HttpRequest, what: str, count: int, reasons: Iterable[str]) -> None:
        """Say for how many it was asked, why not for the others, and whether it has to wait."""
        skipped = Counter(reason for reason in reasons if reason)
        said = [f"{count} {'person' if count == 1 else 'people'} {what}."] if count else []
        said += [f"Skipped {number}: {reason}." for reason, number in skipped.items()]
        standstill = Weather.today().standstill() if count else ""
        level = messages.WARNING if skipped or standstill else messages.SUCCESS
        self.message_user(request, " ".join([*said, standstill]).strip(), level)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the accounts of its page are fetched together."""
        changelist = super().get_changelist_instance(request)
        people = list(changelist.result_list)
        accounts = Account.objects.in_bulk([person.pk for person in people])
        weather = Weather.today()
        for person in people:
            vars(person)["standing"] = standing(person, accounts.get(person.pk), weather)
        changelist.result_list = people
        return changelist

    def get_urls(self) -> list[URLPattern]:
        """The two buttons of the employee's page, beside what Django's admin has."""
        view = self.admin_site.admin_view
        return [
            path(
                "<int:employee_id>/sync-now/",
                view(self.sync_now_view),
                name="auth0sync_sync_now",
            ),
            path(
                "<int:employee_id>/send-invitation-again/",
                view(self.send_invitation_again_view),
                name="auth0sync_send_invitation_again",
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def sync_now_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """The button on the page: the list's action for one person."""
        self.sync_now(request, self._one(request, employee_id))
        return self._back_to(employee_id)

    @method_decorator(require_POST)
    def send_invitation_again_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """The button on the page: the list's action for one person."""
        self.send_invitation_again(request, self._one(request, employee_id))
        return self._back_to(employee_id)

    def _one(self, request: HttpRequest, employee_id: int) -> QuerySet[Employee]:
        """This one person, as actions take people. Raises Http404 and PermissionDenied."""
        people = self.get_queryset(request).filter(pk=employee_id)
        employee = people.first()
        if employee is None:
            raise Http404
        if not self.has_change_permission(request, employee):
            raise PermissionDenied
        return people

    def _back_to(self, employee_id: int) -> HttpResponse:
        page = reverse("admin:employees_employee_change", args=[employee_id])
        return HttpResponseRedirect(page)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Employee | None = None,
    ) -> HttpResponse:
        """The page, with what is known of the account."""
        if obj is not None:
            block = account_block(obj)
            form = context["adminform"].form
            field = block["account"].error_field if block["account"] else ""
            if field in form.fields:
                block["wrong_field"] = form[field]
            if request.user.has_perm("auth0sync.view_synclog"):
                log = reverse("admin:auth0sync_synclog_changelist")
                block["log_url"] = f"{log}?q={obj.pk}"
            context["auth0"] = block
        return super().render_change_form(request, context, add, change, form_url, obj)


@admin.register(SyncLog)
class SyncLogAdmin(ReadOnly, ModelAdmin[SyncLog]):
    """Every operation in Auth0, newest first; nobody adds, changes or removes a row."""

    list_display = ("time", "employee", "what", "status", "by", "took", "http_status", "error_code")
    list_filter = ("status", ActionFilter)
    search_fields = ("employee_id",)
    search_help_text = "Employee number"
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        *("time", "employee", "auth0_user_id", "what", "status", "attempt", "by"),
        *("took", "http_status", "error_code", "sent_fields"),
    )

    class Media:
        css: ClassVar[Any] = {"all": ("auth0sync/admin.css",)}

    @admin.display(description="time")
    def time(self, entry: SyncLog) -> str:
        """To the second, with its zone."""
        return date_format(timezone.localtime(entry.created_at), "j M Y, H:i:s e")

    @admin.display(description="action")
    def what(self, entry: SyncLog) -> str:
        """What was done."""
        return entry.action.capitalize()

    @admin.display(description="asked for by")
    def by(self, entry: SyncLog) -> str:
        """The user's name, or the program's."""
        return str(vars(entry).get("actor_name") or entry.actor or "–")

    @admin.display(description="took")
    def took(self, entry: SyncLog) -> str:
        """How long Auth0, or the mail server, needed."""
        return f"{entry.duration_ms} ms"

    @admin.display(description="employee")
    def employee(self, entry: SyncLog) -> str | SafeString:
        """The number, leading to the person's page."""
        if entry.employee_id is None:
            return "–"
        page = reverse("admin:employees_employee_change", args=[entry.employee_id])
        return format_html('<a href="{}">{}</a>', page, entry.employee_id)

    @admin.display(description="HTTP status")
    def http_status(self, entry: SyncLog) -> str:
        """What Auth0 answered; a dash for no answer."""
        return str(entry.response_data.get("http_status") or "–")

    @admin.display(description="fields sent")
    def sent_fields(self, entry: SyncLog) -> str:
        """The names of the fields, never their values."""
        return ", ".join(entry.response_data.get("fields") or []) or "–"

    def get_object(self, *args: Any, **kwargs: Any) -> SyncLog | None:
        """One entry, with the name of its user."""
        entry = super().get_object(*args, **kwargs)
        if entry is not None:
            vars(entry)["actor_name"] = names_of({entry.actor}).get(entry.actor)
        return entry

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the names of its users are fetched together."""
        changelist = super().get_changelist_instance(request)
        entries = list(changelist.result_list)
        names = names_of({entry.actor for entry in entries})
        for entry in entries:
            vars(entry)["actor_name"] = names.get(entry.actor)
        changelist.result_list = entries
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SyncLog], search_term: str
    ) -> tuple[QuerySet[SyncLog], bool]:
        """The rows of one employee, by the index; any other text finds nothing."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(employee_id=int(term)) if term.isdecimal() else queryset.none()
        return found, False
