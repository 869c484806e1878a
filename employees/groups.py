"""The groups that a log-in puts people into, one for each role with a way into the admin.

They carry Django's own permissions, which open pages; whom somebody may see or change there is
``authority``'s to say. Names are those of the roles.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connection

from employees.models import Auth0Role

PERMISSIONS: Mapping[str, Sequence[str]] = {
    Auth0Role.TEAM_LEAD: ("employees.view_employee", "employees.change_employee"),
    Auth0Role.FINANCE: (
        "employees.view_employee",
        "employees.view_roleconfig",
        "employees.view_podfactorymapping",
        "auth0sync.view_synclog",
    ),
    Auth0Role.MANAGER: (
        "employees.view_employee",
        "employees.add_employee",
        "employees.change_employee",
        "employees.view_masschange",
        "employees.view_roleconfig",
        "employees.view_podfactorymapping",
        "auth0sync.view_synclog",
    ),
    Auth0Role.ADMIN: (
        "employees.view_employee",
        "employees.add_employee",
        "employees.change_employee",
        "employees.view_masschange",
        "employees.view_roleconfig",
        "employees.view_podfactorymapping",
        "auth0sync.view_synclog",
    ),
}


def group_of(role: str) -> str:
    """The group of this role; "" where the role opens no page of the admin."""
    return role if role in PERMISSIONS else ""


def create_groups(**kwargs: Any) -> None:
    """Make the groups and give them exactly these permissions; called after every migrate.

    Nothing happens before Django's own tables are there. The permissions of an app that isn't
    installed are left out.
    """
    if Group._meta.db_table not in connection.introspection.table_names():
        return
    labels = {label for wanted in PERMISSIONS.values() for label in wanted}
    for app in {label.partition(".")[0] for label in labels}:
        if installed.is_installed(app):
            # Django makes them after every migrate too, but maybe only after this was called.
            create_permissions(installed.get_app_config(app), verbosity=0)
    found = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, wanted in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([found[label] for label in wanted if label in found])
