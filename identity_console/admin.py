"""Django's own users and groups in the theme; only the break-glass administrator may open them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

if TYPE_CHECKING:
    from employees.admin_base import ThemedAdmin

    ThemedUser, ThemedGroup = ThemedAdmin[User], ThemedAdmin[Group]
else:
    from unfold.admin import ModelAdmin

    ThemedUser = ThemedGroup = ModelAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin, ThemedUser):
    """Whoever signed in once; who they are as a person is on the employee's page."""

    form, add_form = UserChangeForm, UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ThemedGroup):
    """One for each role with a way into the admin; its permissions are set at every migrate."""
