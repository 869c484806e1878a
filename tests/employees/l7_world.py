"""The people of the L7 matrix, and who asks: rows, accounts and browsers of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.template.response import SimpleTemplateResponse
from django.test import Client

from auth0sync.models import Account
from employees.authority import Actor
from employees.groups import group_of
from employees.history import TRACKED
from employees.models import Employee, EmployeeUser
from identity_console.admin_site import ConsoleSite
from tests.builders import make_auth, make_employee

PLACE = {"department": "Picking", "workspace": "MS"}
ELSEWHERE = {"department": "Picking", "workspace": "TX"}
ROLES = {
    "associate": "production_associate",
    "team_lead": "team_lead",
    "finance": "finance",
    "manager": "manager",
    "admin": "admin",
    "break_glass": "admin",
}


@dataclass(frozen=True)
class World:
    """Who asks, at each door, and whom it may be about."""

    actor: Actor
    kiosk: Actor
    browser: Client
    people: dict[str, Employee]


def world_of(who: str, with_one_administrator: bool) -> World:
    """Everybody of ``l7_matrix.WHOM``, as ``who`` meets them.

    with_one_administrator: the last administrator is there instead of several; for an
    administrator that is themselves.
    """
    people: dict[str, Employee] = {}
    browser, own, name = Client(), None, ""
    if who == "break_glass":
        user = get_user_model().objects.create_superuser("break-glass", password="only in tests")
    else:
        own = _person(ROLES[who], **PLACE)
        user = get_user_model().objects.create_user(f"user-of-{own.pk}")
        group = group_of(ROLES[who])
        user.is_staff = group != ""
        user.save()
        user.groups.set(Group.objects.filter(name=group))
        EmployeeUser.objects.create(user=user, employee=own, role=ROLES[who])
        people["self"] = own
    browser.force_login(user)
    if with_one_administrator:
        is_self = who == "admin" and own is not None
        people["last_admin"] = own if is_self and own else _person("admin", **PLACE)
    else:
        people |= {
            "associate": _person("production_associate", **PLACE),
            "elsewhere": _person("production_associate", **ELSEWHERE),
            "inactive": _person("production_associate", is_active=False, **PLACE),
            "team_lead": _person("team_lead", **PLACE),
            "finance": _person("finance", **PLACE),
            "manager": _person("manager", **PLACE),
            "admin": _person("admin", **PLACE),
            "unknown": _person("owner", **PLACE),
        }
        _person("admin", **ELSEWHERE)  # so that nobody above is the last one
    name = f"admin:{user.pk}"
    role, number = ROLES[who], own.pk if own else None
    place = (own.department or "", own.workspace or "") if own else ("", "")
    return World(
        actor=Actor(name, role, number, *place),
        kiosk=Actor(f"kiosk:{number}", role, number, *place),
        browser=browser,
        people=people,
    )


@contextmanager
def undrawn() -> Iterator[None]:
    """Pages without menu and text: who is let in is decided before, and they take most time."""
    with (
        mock.patch.object(SimpleTemplateResponse, "rendered_content", ""),
        mock.patch.object(ConsoleSite, "each_context", lambda site, request: {}),
    ):
        yield


# In one statement, since it is asked twice for each of thousands of attempts.
STATE = f"""
SELECT {", ".join(f"e.{name}" for name in TRACKED)}, p.pin, p.pin_set_at, i.kind, a.look_at,
  a.invitation, a.link_to, m.kind, m.state, t.number, r.state
FROM employees e
LEFT JOIN employee_auth p ON p.employee_id = e.id
LEFT JOIN employee_invitation i ON i.employee_id = e.id
LEFT JOIN auth0_accounts a ON a.employee_id = e.id
LEFT JOIN employee_planned_moves m ON m.employee_id = e.id
LEFT JOIN pin_budgets t ON t.number = e.id
LEFT JOIN employee_reviews r ON r.employee_id = e.id
WHERE e.id = %s
ORDER BY p.id, m.id, t.id
"""


def state_of(person: Employee) -> list[Any]:
    """All that any of the operations could move, to be compared before and after."""
    with connection.cursor() as cursor:
        cursor.execute(STATE, [person.pk])
        return list(cursor.fetchall())


def _person(role: str, **over: Any) -> Employee:
    """Somebody with PIN and account, so that nothing but the rules stands in the way."""
    person = make_employee(auth_method="hybrid", auth0_role=role, **over)
    make_auth(person, pin="$2b$04$is-not-the-hash-of-any-pin")
    Account.objects.create(pk=person.pk, user_id=f"auth0|{person.pk}", origin="created")
    return person
