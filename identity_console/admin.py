"""Django's own users and groups in the theme; only the break-glass administrator may open them."""

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin[User], ModelAdmin):  # type: ignore[misc]  # no types there
    """Whoever signed in once; who they are as a person is on the employee's page."""

    form, add_form = UserChangeForm, UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ModelAdmin):  # type: ignore[misc]  # no types there
    """One for each role with a way into the admin; its permissions are set at every migrate."""
