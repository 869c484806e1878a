"""Django's own users and groups in the theme; only the break-glass administrator may open them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from employees.actors import actor_of

admin.site.unregister(User)
admin.site.unregister(Group)


class OnlyBreakGlass:
    """Not for employees, whatever permissions somebody gave their user or group by hand."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether they stand in the lists of pages."""
        return _is_break_glass(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may be looked at."""
        return _is_break_glass(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether one may be added."""
        return _is_break_glass(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one may be changed, its password too."""
        return _is_break_glass(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one may be deleted."""
        return _is_break_glass(request)


def _is_break_glass(request: HttpRequest) -> bool:
    actor = actor_of(request)
    return actor.is_admin and actor.employee_id is None


@admin.register(User)
class UserAdmin(OnlyBreakGlass, auth_admin.UserAdmin[User], ModelAdmin):  # type: ignore[misc]  # no types there
    """Whoever signed in once; who they are as a person is on the employee's page."""

    form, add_form = UserChangeForm, UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(OnlyBreakGlass, auth_admin.GroupAdmin, ModelAdmin):  # type: ignore[misc]  # no types there
    """One for each role with a way into the admin; its permissions are set at every migrate."""
