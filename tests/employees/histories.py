"""What the tests of the history share: people who are known, SQL behind the console's back."""

from typing import Any

from employees.history import notice_changes
from employees.models import Change, Employee
from tests.builders import make_employee

Line = tuple[str, str, str, dict[str, list[Any]]]


def lines(person: Employee | int) -> list[Line]:
    """The history of somebody, oldest first: source, actor, action, changes."""
    number = person if isinstance(person, int) else person.pk
    found = Change.objects.filter(employee_id=number).order_by("pk")
    return [(line.source, line.actor, line.action, line.changes) for line in found]


def known(**over: Any) -> Employee:
    """Somebody whom the console has looked at; no line of the history is left from that."""
    person = make_employee(**over)
    notice_changes([person.pk])
    Change.objects.all().delete()
    return person


def by_sql(person: Employee, **columns: Any) -> None:
    Employee.objects.filter(pk=person.pk).update(**columns)
