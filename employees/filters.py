"""The filters beside the list of people."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from employees.models import Auth0Role, Employee, Workspace
from employees.selectors import departments


class StateFilter(admin.SimpleListFilter):
    """Working here, switched off, or put away."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states."""
        return [("active", "Active"), ("inactive", "Inactive"), ("archived", "Archived")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The people in the chosen state."""
        if self.value() == "archived":
            return queryset.filter(archived_at__isnull=False)
        if self.value() in ("active", "inactive"):
            return queryset.filter(is_active=self.value() == "active", archived_at__isnull=True)
        return queryset


class ColumnFilter(admin.SimpleListFilter):
    """One value of one column, ``parameter_name``; the values are fixed, or cheap to know."""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Employee]
    ) -> QuerySet[Employee] | None:
        """The rows that hold the chosen value."""
        value = self.value()
        return queryset if value is None else queryset.filter(**{str(self.parameter_name): value})


class DepartmentFilter(ColumnFilter):
    """People of one department."""

    title = "department"
    parameter_name = "department"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every department that the form proposes too."""
        return [(name, name) for name in departments()]


class WorkspaceFilter(ColumnFilter):
    """People of one site."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The sites."""
        return [(value, str(label)) for value, label in Workspace.choices]


class RoleFilter(ColumnFilter):
    """People with one Auth0 role."""

    title = "Auth0 role"
    parameter_name = "auth0_role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The five roles."""
        return [(value, str(label)) for value, label in Auth0Role.choices]
