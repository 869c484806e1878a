"""People for tests: rows written directly, as another program would, with overrides by name."""

from datetime import date
from itertools import count
from typing import Any

from django.test import TransactionTestCase

from employees.authority import Actor
from employees.lockout import outside_door
from employees.models import (
    Auth0Role,
    Employee,
    EmployeeAuth,
    InvitationChoice,
    PodFactoryMapping,
    RoleConfig,
)

_numbers = count(1)


def a_number() -> int:
    """One that no other builder has used."""
    return next(_numbers)


def make_employee(**over: Any) -> Employee:
    """An active employee with an e-mail of their own at example.com; columns as given."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"Sample Person {number}",
        "email": f"person{number}@example.com",
        "department": "Picking",
        "hire_date": date(2024, 3, 1),
        **over,
    }
    employee = Employee(**values)
    employee.save(force_insert=True)
    return Employee.objects.get(pk=employee.pk)


def make_auth(employee: Employee, **over: Any) -> EmployeeAuth:
    """An auth row without a PIN and without a session."""
    return EmployeeAuth.objects.create(employee=employee, **over)


def make_mapping(employee: Employee, **over: Any) -> PodFactoryMapping:
    """An unverified PodFactory mapping with an e-mail of its own."""
    values = {"podfactory_email": f"person{next(_numbers)}hp@example.com", **over}
    return PodFactoryMapping.objects.create(employee=employee, **values)


def make_role(name: str = "Heat Press", **over: Any) -> RoleConfig:
    """A job of the shop floor."""
    return RoleConfig.objects.create(role_name=name, **over)


def boss(user_id: int = 1) -> Actor:
    """The administrator who asks, as the admin names them by their user's id."""
    return Actor(name=f"admin:{user_id}", role=Auth0Role.ADMIN)


# Where a PIN is tried, when it doesn't matter where.
DOOR = outside_door("198.51.100.7")


def clear_shared_tables() -> None:
    """Empty the shared tables, children first: a flush doesn't know unmanaged tables."""
    for model in (EmployeeAuth, PodFactoryMapping, Employee, RoleConfig, InvitationChoice):
        model._default_manager.all().delete()


class CommittedTestCase(TransactionTestCase):
    """For tests that commit, as several connections must: the shared tables are emptied after."""

    def tearDown(self) -> None:
        super().tearDown()
        clear_shared_tables()
