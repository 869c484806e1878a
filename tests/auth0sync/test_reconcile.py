"""What the comparison finds: each kind of difference is made for real, and found exactly once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from auth0sync import reconcile_people, reconcile_record
from auth0sync.engine import sync
from auth0sync.models import Account, Difference
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.comparing import (
    balanced,
    delete,
    edit,
    found,
    installation,
    settled,
    the_one,
)
from tests.auth0sync.people import account_of, add, by_sql
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.django_db


def sums_up(row: Any) -> bool:
    return bool(
        row.unexplained == 0
        and row.rows == row.paired + row.alone
        and row.accounts == row.paired + row.foreign + row.leftover
    )


def test_nothing_differs_where_nobody_has_touched_anything(tenant: RunningTenant) -> None:
    settled()
    settled(email="bo@example.com", auth0_role="manager")
    make_employee(auth_method="pin")

    row = balanced(tenant)

    assert (row.rows_wanted, row.accounts, row.paired, row.equal) == (2, 2, 2, 2)
    assert sums_up(row)
    assert found() == []


def test_a_tenant_without_accounts_equals_a_table_without_people(tenant: RunningTenant) -> None:
    row = balanced(tenant)

    assert (row.rows, row.accounts, row.unexplained) == (0, 0, 0)


def test_a_field_edited_in_auth0_is_named_with_all_three_values(tenant: RunningTenant) -> None:
    employee = settled(phone_number="555-0100")
    edit(tenant, employee, user_metadata={"phone_number": "555-0199"})

    row = balanced(tenant)

    difference = the_one()
    assert (difference.kind, difference.field) == ("field", "user_metadata.phone_number")
    assert (difference.auth0, difference.wanted, difference.seen) == (
        "555-0199",
        "555-0100",
        "555-0100",
    )
    assert (difference.employee_id, difference.is_read_again) == (employee.pk, True)
    assert (row.differing, row.equal, row.kinds) == (1, 0, {"field": 1})
    assert sums_up(row)


def test_each_edited_field_is_a_difference_of_its_own(tenant: RunningTenant) -> None:
    employee = settled(department="Picking")
    edit(tenant, employee, name="Anna", user_metadata={"department": None, "hobby": "chess"})

    balanced(tenant)

    assert {row.field for row in found()} == {"name", "user_metadata.department"}


def test_they_are_written_down_and_closed_by_pages(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_record, "PAGE", 1)
    employee = settled(name="Ana Ortiz", department="Picking")
    edit(tenant, employee, name="Anna", user_metadata={"department": None})
    balanced(tenant)
    assert len(found()) == 2

    edit(tenant, employee, name="Ana Ortiz", user_metadata={"department": "Picking"})
    balanced(tenant)

    assert found() == []


def test_a_deleted_account_is_missing(tenant: RunningTenant) -> None:
    employee = settled()
    delete(tenant, employee)

    row = balanced(tenant)

    assert (the_one().kind, the_one().user_id) == ("missing", account_of(employee).user_id)
    assert (row.alone, row.accounts) == (1, 0)
    assert sums_up(row)


def test_a_leaver_whose_block_was_lifted_comes_first(tenant: RunningTenant) -> None:
    employee = settled()
    other = settled(email="bo@example.com")
    edit(tenant, other, name="Robert")
    deactivate(employee.pk, boss())
    sync(employee.pk)
    edit(tenant, employee, blocked=False)

    row = balanced(tenant)

    assert [each.kind for each in found()] == ["open", "field"]
    assert (row.rows_wanted, row.rows_shut) == (1, 1)
    assert sums_up(row)


def test_the_deleted_account_of_a_leaver_is_no_difference(tenant: RunningTenant) -> None:
    employee = settled()
    deactivate(employee.pk, boss())
    sync(employee.pk)
    delete(tenant, employee)

    row = balanced(tenant)

    assert (row.equal, row.alone, found()) == (1, 1, [])
    assert sums_up(row)


def test_somebody_blocked_in_auth0_alone_is_shut_out(tenant: RunningTenant) -> None:
    employee = settled()
    edit(tenant, employee, blocked=True)

    balanced(tenant)

    assert (the_one().kind, the_one().auth0, the_one().wanted) == ("shut", True, False)


def test_roles_given_and_taken_in_auth0_are_found(tenant: RunningTenant) -> None:
    employee = settled(auth0_role="team_lead")
    roles = {role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()}
    user = account_of(employee).user_id
    tenant.api("DELETE", f"/users/{user}/roles", {"roles": [roles["team_lead"]]})
    tenant.api("POST", f"/users/{user}/roles", {"roles": [roles["admin"]]})

    balanced(tenant)

    assert (the_one().kind, the_one().auth0, the_one().wanted) == ("role", ["admin"], "team_lead")
    assert the_one().risk == "role"


def test_roles_are_not_compared_where_nobody_assigns_any(
    tenant: RunningTenant, settings: Settings
) -> None:
    employee = settled()
    roles = {role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()}
    tenant.api("POST", f"/users/{account_of(employee).user_id}/roles", {"roles": [roles["admin"]]})
    settings.AUTH0_ENABLE_ROLE_ASSIGNMENT = False

    balanced(tenant)

    assert found() == []
    assert tenant.calls("GET", "/roles/[^/]*/users") == []


def test_an_account_of_nobodys_is_unknown(tenant: RunningTenant) -> None:
    person = make_employee(email="cy@example.com", auth_method="pin")
    tenant.seed(1, user={"user_id": "by-hand", "email": "Cy@Example.com"})

    row = balanced(tenant)

    difference = the_one()
    assert (difference.kind, difference.employee_id) == ("unknown", None)
    assert difference.about["suggested"] == [person.pk]
    assert difference.about["linkable"] is True
    assert (row.leftover, row.accounts) == (1, 1)
    assert sums_up(row)


def test_an_account_marked_for_a_row_that_is_gone_is_found(tenant: RunningTenant) -> None:
    marker = {"employee_id": 4711, "installation": installation()}
    tenant.seed(1, user={"app_metadata": marker})

    row = balanced(tenant)

    assert (the_one().kind, the_one().employee_id) == ("no_row", 4711)
    assert sums_up(row)


def test_a_second_account_marked_as_hers_is_a_double(tenant: RunningTenant) -> None:
    employee = settled()
    marker = {"employee_id": employee.pk, "installation": installation()}
    tenant.seed(1, user={"app_metadata": marker})

    row = balanced(tenant)

    assert (the_one().kind, the_one().user_id) == ("double", "auth0|crowd-1")
    assert the_one().about["has"] == account_of(employee).user_id
    assert (row.leftover, row.paired) == (1, 1)
    assert sums_up(row)


def test_a_marker_that_no_row_can_have_belongs_to_nobody(tenant: RunningTenant) -> None:
    marker = {"employee_id": "99999999999999999999", "installation": installation()}
    tenant.seed(1, user={"app_metadata": marker})

    row = balanced(tenant)

    assert (the_one().kind, the_one().employee_id) == ("unknown", None)
    assert sums_up(row)


def test_an_account_marked_for_somebody_else_than_who_has_it_is_no_double(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_people, "PAGE", 1)  # whose it is comes on a later page
    ana = settled()
    bo = settled(email="bo@example.com")
    edit(tenant, bo, app_metadata={"employee_id": ana.pk})

    row = balanced(tenant)

    assert (the_one().kind, the_one().employee_id) == ("foreign", bo.pk)
    assert sums_up(row)


def test_accounts_of_other_installations_are_counted_and_left_alone(tenant: RunningTenant) -> None:
    tenant.seed(2, user={"app_metadata": {"employee_id": "{n}", "installation": "theirs"}})

    row = balanced(tenant)

    assert (row.foreign, row.accounts, found()) == (2, 2, [])
    assert sums_up(row)


def test_an_account_of_ours_that_is_marked_as_anothers_is_foreign(tenant: RunningTenant) -> None:
    employee = settled()
    edit(tenant, employee, app_metadata={"installation": "theirs"})

    row = balanced(tenant)

    assert (the_one().kind, the_one().about["installation"]) == ("foreign", "theirs")
    assert sums_up(row)


def test_somebody_whose_account_could_not_be_made_has_none(tenant: RunningTenant) -> None:
    tenant.seed(1, user={"email": "ana@example.com", "email_verified": False})
    tenant.login("auth0|crowd-1")
    employee = add("none")
    sync(employee.pk)

    row = balanced(tenant)

    difference = the_one(kind="no_account")
    assert difference.employee_id == employee.pk
    assert "never verified" in difference.about["error"]
    assert (row.alone, row.rows_wanted) == (1, 1)
    assert sums_up(row)


def test_somebody_without_an_email_stands_on_no_side(tenant: RunningTenant) -> None:
    employee = add("none", email="4711@company.com")
    sync(employee.pk)

    row = balanced(tenant)

    assert (row.rows_wanted, row.alone, found()) == (0, 0, [])
    assert sums_up(row)


def test_a_row_that_auth0_cant_follow_is_stuck(tenant: RunningTenant) -> None:
    employee = settled()
    by_sql(employee, auth0_role="boss")
    sync(employee.pk)

    balanced(tenant)

    assert the_one().kind == "stuck"
    assert "boss" in the_one().about["error"]


def test_an_account_in_a_row_that_signs_in_with_the_pin_is_not_touched(
    tenant: RunningTenant,
) -> None:
    tenant.seed(1)
    employee = make_employee(auth_method="pin", auth0_user_id="auth0|crowd-1")

    row = balanced(tenant)

    assert (the_one().kind, the_one().employee_id) == ("not_ours", employee.pk)
    assert the_one().about == {"exists": True}
    assert (row.rows_untouched, row.paired) == (1, 1)
    assert sums_up(row)


def test_an_email_verified_since_is_news(tenant: RunningTenant) -> None:
    employee = settled()
    tenant.verify(account_of(employee).user_id)

    balanced(tenant)

    assert (the_one().kind, the_one().auth0, the_one().seen) == ("verified", True, False)


def test_an_account_without_any_metadata_has_lost_its_marker(tenant: RunningTenant) -> None:
    employee = settled()
    edit(tenant, employee, app_metadata={}, user_metadata={})

    balanced(tenant)

    names = {row.field for row in found()}
    assert {"app_metadata.employee_id", "user_metadata.employee_id"} <= names


def test_one_email_in_two_connections_is_a_double_email(tenant: RunningTenant) -> None:
    employee = settled()
    tenant.seed(1, user={"email": "ana@example.com"}, connection="google-oauth2")

    row = balanced(tenant)

    assert (the_one().kind, the_one().employee_id) == ("email_double", employee.pk)
    assert the_one().auth0 == ["auth0|crowd-1"]
    assert (row.elsewhere, row.accounts) == (1, 1)
    assert sums_up(row)


def test_an_account_that_two_people_have_is_unexplained_and_named(tenant: RunningTenant) -> None:
    employee = settled()
    other = settled(email="bo@example.com")
    same = account_of(employee).user_id
    Account.objects.filter(pk=other.pk).update(user_id=same)

    row = balanced(tenant)

    assert row.unexplained == 1
    assert row.notes == [f"The account {same} is that of two people here."]


def test_a_page_costs_as_much_with_many_people_as_with_one(tenant: RunningTenant) -> None:
    settled()
    with CaptureQueriesContext(connection) as with_one:
        balanced(tenant)
    for name in ("bo", "cy", "di"):
        settled(email=f"{name}@example.com")

    with CaptureQueriesContext(connection) as with_four:
        assert balanced(tenant).equal == 4

    assert len(with_four) == len(with_one)


class TestTwoClocks:
    def test_nothing_is_said_of_who_is_due(self, tenant: RunningTenant) -> None:
        employee = settled()
        edit(tenant, employee, name="Anna")
        change_employee(employee.pk, {"phone_number": "555-0100"}, boss())

        row = balanced(tenant)

        assert (row.moving, row.equal, found()) == (1, 0, [])
        assert sums_up(row)

    def test_nothing_is_said_of_a_newcomer_whom_the_sweep_hasnt_seen(
        self, tenant: RunningTenant
    ) -> None:
        make_employee(auth_method="auth0")

        row = balanced(tenant)

        assert (row.moving, row.alone, row.rows_wanted) == (1, 1, 1)

    def test_nothing_is_said_of_a_row_that_sql_changed_a_moment_ago(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        Employee.objects.filter(pk=employee.pk).update(name="Anna Ortiz")

        row = balanced(tenant)

        assert (row.moving, found()) == (1, [])

    def test_what_was_known_of_somebody_who_moves_stays_known(self, tenant: RunningTenant) -> None:
        employee = settled()
        edit(tenant, employee, name="Anna")
        balanced(tenant)
        change_employee(employee.pk, {"phone_number": "555-0100"}, boss())

        balanced(tenant)

        assert the_one().state == Difference.State.OPEN
