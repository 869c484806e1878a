"""Browsers in which somebody with a role is signed in, as a log-in with Auth0 leaves them."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from employees.groups import group_of
from employees.models import Auth0Role, Employee, EmployeeUser
from tests.builders import make_employee


def signed_in(role: str, **over: Any) -> tuple[Client, Employee]:
    """A browser of somebody with this role, and their own row; columns as given."""
    person = make_employee(auth_method="auth0", auth0_role=role, **over)
    is_staff = group_of(role) != ""
    user = User.objects.create_user(f"user-of-{person.pk}", is_staff=is_staff)
    if is_staff:
        user.groups.add(Group.objects.get(name=role))
    EmployeeUser.objects.create(user=user, employee=person, role=role)
    browser = Client()
    browser.force_login(user)
    return browser, person


def team_lead(**over: Any) -> tuple[Client, Employee]:
    """A browser of the lead of Picking in Mississippi, unless told otherwise."""
    values = {"department": "Picking", "workspace": "MS", **over}
    return signed_in(Auth0Role.TEAM_LEAD, **values)
