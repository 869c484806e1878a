"""The list of what Auth0 says has happened, as a page that nobody can write."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from auth0sync.events_shown import standing_of
from auth0sync.events_types import TYPES, words_of
from auth0sync.models import TenantEvent
from employees.actors import actor_of
from employees.admin_base import ModelAdmin, ReadOnly, link_to_person, number_in
from employees.filters import ColumnFilter, SelectFilter
from employees.zones import moment


class TypeFilter(ColumnFilter):
    """What happened: what the console knows of."""

    title = "event"
    parameter_name = "type__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """By the words for them."""
        named = [(name, found.words) for name, found in TYPES.items()]
        return sorted(named, key=lambda pair: pair[1])


class StandingFilter(ColumnFilter):
    """Whether it is so."""

    title = "standing"
    parameter_name = "state__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All of them."""
        states = TenantEvent.State.choices
        return [(str(value), str(label).capitalize()) for value, label in states]


class WhoseFilter(SelectFilter):
    """Done by others, which is what somebody looks for here, or by this console itself."""

    title = "done by"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What isn't shown without being asked."""
        return [("console", "This console"), ("all", "Anybody")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TenantEvent]
    ) -> QuerySet[TenantEvent]:
        """Without a choice only what others did."""
        if self.value() == "all":
            return queryset
        return queryset.filter(is_own=self.value() == "console")


class TenantEventAdmin(ReadOnly, ModelAdmin[TenantEvent]):
    """Every event, newest first; open to administrators alone."""

    list_display = ("time", "what", "employee", "standing", "came")
    list_filter = (WhoseFilter, TypeFilter, StandingFilter)
    search_fields = ("employee_id",)
    search_help_text = "Employee number"
    ordering = ("-id",)
    fields: ClassVar[Any] = ("time", "what", "type", "employee", "user_id", "standing", "came")

    class Media:
        css: ClassVar[Any] = {"all": ("auth0sync/admin.css",)}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators only."""
        return actor_of(request).is_admin

    @admin.display(description="time, as Auth0 says")
    def time(self, event: TenantEvent) -> str:
        """To the minute, with its zone."""
        return moment(event.at)

    @admin.display(description="event")
    def what(self, event: TenantEvent) -> str:
        """In words."""
        return words_of(event.type)

    @admin.display(description="standing")
    def standing(self, event: TenantEvent) -> str:
        """Whether it is so, as far as the console knows."""
        found = standing_of(event)
        return found[0].upper() + found[1:]

    @admin.display(description="came")
    def came(self, event: TenantEvent) -> str:
        """When, and which way it is known."""
        way = "read in the log" if event.is_read else "by the stream"
        return f"{moment(event.received_at)}, {way}"

    @admin.display(description="employee")
    def employee(self, event: TenantEvent) -> str | SafeString:
        """The number, leading to the person's page."""
        return link_to_person(event.employee_id)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """The events of one employee, by the index; any other text finds nothing."""
        term = search_term.strip()
        if not term:
            return queryset, False
        number = number_in(term)
        found = queryset.none() if number is None else queryset.filter(employee_id=number)
        return found, False
