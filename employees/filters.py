"""The filters beside the list of people."""

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpRequest

from employees.actors import actor_of
from employees.authority import Actor
from employees.models import Auth0Role, AuthMethod, Employee, Workspace
from employees.selectors import departments, planned_moves

if TYPE_CHECKING:  # the theme has no types; its filter is Django's with another look
    from django.contrib.admin import SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter as SimpleListFilter


class SelectFilter(SimpleListFilter):
    """A filter to choose from a list; what is chosen counts when the filters are applied."""


def departments_for(actor: Actor) -> list[str]:
    """The departments whose people ``actor`` may see."""
    return [actor.department] if actor.is_bound_to_a_place else departments()


def workspaces_for(actor: Actor) -> list[tuple[str, str]]:
    """The sites whose people ``actor`` may see, with their names."""
    every = [(value, str(label)) for value, label in Workspace.choices]
    if not actor.is_bound_to_a_place:
        return every
    return [(actor.workspace, dict(every).get(actor.workspace, actor.workspace))]


class StateFilter(SelectFilter):
    """Working here, switched off, put away, or about to be one of them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states, and who is about to change theirs."""
        return [
            ("active", "Active"),
            ("inactive", "Inactive"),
            ("archived", "Archived"),
            ("planned", "Joins or leaves soon"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The people in the chosen state."""
        if self.value() == "archived":
            return queryset.filter(archived_at__isnull=False)
        if self.value() == "planned":
            return queryset.filter(pk__in=planned_moves().values("employee"))
        if self.value() in ("active", "inactive"):
            return queryset.filter(is_active=self.value() == "active", archived_at__isnull=True)
        return queryset


class ColumnFilter(SelectFilter):
    """One value of one column, ``parameter_name``; the values are fixed, or cheap to know."""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The rows that hold the chosen value."""
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class DepartmentFilter(ColumnFilter):
    """People of one department."""

    title = "department"
    parameter_name = "department"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every department that the form proposes too, of those that this person may see."""
        return [(name, name) for name in departments_for(actor_of(request))]


class WorkspaceFilter(ColumnFilter):
    """People of one site."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The sites."""
        return workspaces_for(actor_of(request))


class MethodFilter(ColumnFilter):
    """People who sign in in one way."""

    title = "way of signing in"
    parameter_name = "auth_method__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """PIN, Auth0 or both."""
        return [(value, str(label)) for value, label in AuthMethod.choices]


class RoleFilter(ColumnFilter):
    """People with one Auth0 role."""

    title = "Auth0 role"
    parameter_name = "auth0_role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The five roles."""
        return [(value, str(label)) for value, label in Auth0Role.choices]
