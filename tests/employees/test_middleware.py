"""What a signed-in person may do ends with the row, at the next request."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from employees.console_users import UsernameTaken, signed_in, user_for
from employees.models import Employee, EmployeeUser
from tests.builders import make_employee

pytestmark = pytest.mark.django_db


def somebody(role: str = "manager") -> tuple[Employee, Client]:
    """A person, and the browser in which they are signed in."""
    employee = make_employee(auth_method="auth0", auth0_role=role)
    user = user_for(employee)
    signed_in(user, employee, role)
    browser = Client()
    browser.force_login(user)
    return employee, browser


ENDS = [
    ({"is_active": False}, "Your access has ended"),
    ({"archived_at": datetime(2026, 1, 2, tzinfo=UTC)}, "Your access has ended"),
    ({"auth_method": "pin"}, "You sign in at the kiosk"),
]


@pytest.mark.parametrize(("columns", "title"), ENDS)
def test_somebody_who_may_not_be_in_is_out_at_the_next_request(
    columns: dict[str, Any], title: str
) -> None:
    employee, browser = somebody()
    assert browser.get("/admin/").status_code == 200
    Employee.objects.filter(pk=employee.pk).update(**columns)

    answer = browser.get("/admin/")

    assert answer.status_code == 403
    assert f"<h1>{title}</h1>" in answer.content.decode()
    assert not Session.objects.exists()
    assert browser.get("/admin/").status_code == 302


def test_a_script_is_told_in_json() -> None:
    employee, browser = somebody()
    Employee.objects.filter(pk=employee.pk).update(is_active=False)

    answer = browser.get("/admin/", headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.json() == {"error": "You are signed out: your access has ended."}


def test_a_demotion_acts_at_once() -> None:
    employee, browser = somebody("admin")
    Employee.objects.filter(pk=employee.pk).update(auth0_role="team_lead")

    browser.get("/admin/")

    user = User.objects.get()
    assert [group.name for group in user.groups.all()] == ["team_lead"]
    assert EmployeeUser.objects.get().role == "team_lead"


def test_whoever_loses_the_way_into_the_admin_loses_it_at_once() -> None:
    employee, browser = somebody("manager")
    Employee.objects.filter(pk=employee.pk).update(auth0_role="production_associate")

    assert browser.get("/admin/").status_code == 302
    assert not User.objects.get().is_staff


def test_a_promotion_waits_for_a_log_in() -> None:
    employee, browser = somebody("team_lead")
    Employee.objects.filter(pk=employee.pk).update(auth0_role="admin")

    browser.get("/admin/")

    assert EmployeeUser.objects.get().role == "team_lead"


def test_a_request_reads_the_session_the_user_and_the_row() -> None:
    _, browser = somebody()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.get("/healthz")

    read = [query["sql"] for query in queries if query["sql"].lstrip().startswith("SELECT")]
    tables = ["django_session", "auth_user", "employee_user"]
    assert [next(t for t in [*tables, sql] if f'"{t}"' in sql or f"`{t}`" in sql) for sql in read][
        :3
    ] == tables


def test_nobodys_request_reads_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        Client().get("/login/")

    assert len(queries) == 0


def test_the_local_administrator_is_left_alone(admin_client: Client) -> None:
    assert admin_client.get("/admin/").status_code == 200


def test_other_groups_of_a_user_stay() -> None:
    from django.contrib.auth.models import Group

    employee, _ = somebody()
    user = User.objects.get()
    user.groups.add(Group.objects.create(name="newsletter"))

    signed_in(user, employee, "finance")

    assert {group.name for group in user.groups.all()} == {"newsletter", "finance"}


def test_a_log_in_never_leaves_a_superuser() -> None:
    employee, _ = somebody("admin")
    User.objects.update(is_superuser=True)

    signed_in(User.objects.get(), employee, "admin")

    assert not User.objects.get().is_superuser


def test_a_name_taken_by_hand_is_not_taken_over() -> None:
    employee = make_employee(auth_method="auth0")
    User.objects.create_user(f"employee-{employee.pk}")

    with pytest.raises(UsernameTaken):
        user_for(employee)


def test_times_are_those_of_the_clock_in_the_signed_in_persons_plant(settings: Settings) -> None:
    settings.WORKSPACE_TIME_ZONES = {"MS": "America/Chicago", "TX": "America/Denver"}
    employee, browser = somebody()
    added = datetime(2026, 1, 2, 5, 30, tzinfo=UTC)
    Employee.objects.filter(pk=employee.pk).update(workspace="TX", created_at=added)
    page = f"/admin/employees/employee/{employee.pk}/change/"

    assert "1 Jan 2026, 22:30 MST" in browser.get(page).content.decode()

    Employee.objects.filter(pk=employee.pk).update(workspace=None)
    assert "1 Jan 2026, 23:30 CST" in browser.get(page).content.decode()
