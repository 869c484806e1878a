"""The log of every operation in Auth0, as a page that nobody can write."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from auth0sync.models import SyncLog
from employees.actors import actor_of, names_of, visible_to
from employees.admin_base import ModelAdmin, NamesActors, ReadOnly, link_to_person, number_in
from employees.filters import ColumnFilter

RECENT_ROWS = 1_000
LARGEST_NUMBER = 2**31 - 1  # of an employee


class ActionFilter(ColumnFilter):
    """What was done; offers what was done lately, since the whole log may be millions of rows."""

    title = parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The actions among the newest rows that this person may see."""
        newest = model_admin.get_queryset(request).order_by("-id").values_list("action", flat=True)
        return [(action, action.capitalize()) for action in sorted(set(newest[:RECENT_ROWS]))]


class ResultFilter(ColumnFilter):
    """How it ended."""

    title = "status"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The four results."""
        return [(value, str(label).capitalize()) for value, label in SyncLog.Status.choices]


class SyncLogAdmin(NamesActors[SyncLog], ReadOnly, ModelAdmin[SyncLog]):
    """Every operation in Auth0, newest first; nobody adds, changes or removes a row."""

    list_display = ("time", "employee", "what", "status", "by", "took", "http_status", "error_code")
    list_filter = (ResultFilter, ActionFilter)
    search_fields = ("employee_id", "request_id")
    search_help_text = "Employee number, or the id of a request"
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        *("time", "employee", "auth0_user_id", "what", "status", "attempt", "by"),
        *("took", "http_status", "error_code", "sent_fields", "request_id"),
    )

    class Media:
        css: ClassVar[Any] = {"all": ("auth0sync/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncLog]:
        """Every row; for somebody bound to a place those of the people in sight."""
        entries = super().get_queryset(request)
        actor = actor_of(request)
        if not actor.is_bound_to_a_place:
            return entries
        return entries.filter(employee_id__in=visible_to(actor).values("pk"))

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
        return self.actor_name(entry)

    def actor_in(self, entry: SyncLog) -> str:
        """Who asked for it."""
        return entry.actor

    @admin.display(description="took")
    def took(self, entry: SyncLog) -> str:
        """How long Auth0, or the mail server, needed."""
        return f"{entry.duration_ms} ms"

    @admin.display(description="employee")
    def employee(self, entry: SyncLog) -> str | SafeString:
        """The number, leading to the person's page."""
        return link_to_person(entry.employee_id)

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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SyncLog], search_term: str
    ) -> tuple[QuerySet[SyncLog], bool]:
        """The rows of one employee, or of one request, each by its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        number = number_in(term)
        if number is None or number > LARGEST_NUMBER:
            return queryset.filter(request_id=term), False
        found = queryset.filter(employee_id=number)
        return found, False
