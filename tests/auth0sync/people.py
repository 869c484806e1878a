"""People as the services or another program make them, and what happens to them in between."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection

from auth0sync.calls import Call
from auth0sync.due import note
from auth0sync.gate import Gate
from auth0sync.models import Account
from employees.models import Employee
from employees.services import add_employee
from tests.builders import boss


class Killed(BaseException):
    """As SIGKILL would: nothing in the engine catches it."""


def die() -> None:
    """End the worker here and now."""
    raise Killed


def add(invitation: str = "work", **over: Any) -> Employee:
    """An employee added in the admin, with an account wanted."""
    values = {"name": "Ana O'Brien Ortiz", "email": "ana@example.com", "auth_method": "hybrid"}
    return add_employee({**values, **over}, invitation, boss(1))


def by_sql(employee: Employee, **columns: Any) -> None:
    """A change by another program, and the sweep that notices it."""
    Employee.objects.filter(pk=employee.pk).update(**columns)
    note([employee.pk], actor="sql")


def account_of(employee: Employee) -> Account:
    """What the console knows of this employee's account."""
    return Account.objects.get(pk=employee.pk)


def row_of(employee: Employee) -> Employee:
    """The row as it is now."""
    return Employee.objects.get(pk=employee.pk)


def right_after(
    monkeypatch: pytest.MonkeyPatch, action: str, happens: Callable[[], object]
) -> None:
    """Have something happen once, when this call has been answered and nothing is recorded yet."""
    real = Gate.after_call
    left = [happens]

    def after_call(self: Gate, call: Call) -> None:
        real(self, call)
        if call.action == action and left:
            left.pop()()

    monkeypatch.setattr(Gate, "after_call", after_call)


def right_after_query(table: str, happens: Callable[[], object]) -> AbstractContextManager[None]:
    """Have something happen once, as another process would do it, after ``table`` was looked at."""
    left = [happens]

    def execute(run: Callable[..., Any], sql: str, *args: Any) -> Any:
        found = run(sql, *args)
        if left and sql.startswith("SELECT") and table in sql:
            left.pop()()
        return found

    return connection.execute_wrapper(execute)
