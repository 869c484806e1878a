"""An account that exists already: adopted, linked, or left to a person; never a second one."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from auth0sync.due import mark_due, note
from auth0sync.engine import sync
from auth0sync.models import TenantState
from employees.services import change_employee
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

CONNECTION = "Username-Password-Authentication"


def existing(tenant: RunningTenant, **over: Any) -> str:
    """An account that somebody else made; returns its id."""
    body = {
        "connection": CONNECTION,
        "email": "ana@example.com",
        "password": "Kn0wn-to-somebody!",
        "verify_email": False,
        **over,
    }
    answer = tenant.api("POST", "/users", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["user_id"])


def only_account(tenant: RunningTenant) -> dict[str, Any]:
    users = tenant.users()
    assert len(users) == 1
    return users[0]


def test_a_verified_account_with_the_same_address_is_linked_and_brought_in_step(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    user_id = existing(tenant, email_verified=True)
    ana = add()

    sync(ana.pk)

    account = only_account(tenant)
    assert account["user_id"] == user_id == row_of(ana).auth0_user_id
    assert account["app_metadata"]["employee_id"] == ana.pk
    assert account["roles"] == ["production_associate"]
    assert account_of(ana).origin == "linked"
    assert row_of(ana).auth0_sync_status == "verified"
    assert row_of(ana).auth0_email_verified_at is not None
    assert mailoutbox == [], "she knows her password"


def test_an_account_of_the_earlier_integration_is_linked(tenant: RunningTenant) -> None:
    existing(
        tenant, app_metadata={"created_by": "productivity_system", "employee_id": "", "x": "kept"}
    )
    ana = add()

    sync(ana.pk)

    account = only_account(tenant)
    assert account["app_metadata"]["employee_id"] == ana.pk
    assert account["app_metadata"]["x"] == "kept"


def test_an_account_that_nobody_ever_used_gets_a_new_password_before_it_is_linked(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    existing(tenant, blocked=True)
    ana = add()

    sync(ana.pk)

    account = only_account(tenant)
    assert "last_password_reset" in account
    assert not account.get("blocked")
    assert account_of(ana).origin == "linked"
    assert len(mailoutbox) == 1


def test_an_account_in_use_with_an_unverified_address_is_left_to_a_person(
    tenant: RunningTenant,
) -> None:
    user_id = existing(tenant)
    tenant.login(user_id)
    ana = add()

    sync(ana.pk)

    account = only_account(tenant)
    assert account.get("app_metadata", {}) == {}
    assert account["roles"] == []
    assert row_of(ana).auth0_sync_status == "failed"
    assert row_of(ana).auth0_user_id is None
    assert "a person has to say" in account_of(ana).error


@pytest.mark.parametrize(
    "markers",
    [
        {"employee_id": 999_999},
        {"employee_id": 1, "installation": "another"},
        {"installation": "another"},
    ],
)
def test_an_account_with_a_foreign_marker_is_never_touched(
    tenant: RunningTenant, markers: dict[str, Any]
) -> None:
    existing(tenant, email_verified=True, app_metadata=markers)
    ana = add()

    sync(ana.pk)

    assert only_account(tenant)["app_metadata"] == markers
    assert row_of(ana).auth0_sync_status == "failed"


@pytest.mark.parametrize("as_text", [False, True])
def test_an_account_with_our_own_marker_is_adopted_under_whatever_id(
    tenant: RunningTenant, state: TenantState, as_text: bool
) -> None:
    ana = add()
    marker = str(ana.pk) if as_text else ana.pk
    user_id = existing(
        tenant, app_metadata={"employee_id": marker, "installation": state.installation}
    )

    sync(ana.pk)

    assert only_account(tenant)["user_id"] == user_id
    assert account_of(ana).origin == "adopted"


def test_a_row_that_names_its_account_is_linked_to_that_one(tenant: RunningTenant) -> None:
    user_id = existing(tenant, email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0", auth0_user_id=user_id)
    note([ana.pk], actor="sql")

    sync(ana.pk)

    assert only_account(tenant)["app_metadata"]["employee_id"] == ana.pk
    assert (
        tenant.calls(
            "POST",
            "/api/v2/users",
        )[1:]
        == []
    ), "no second account was tried"


def test_a_row_that_names_an_account_with_another_address_is_a_conflict(
    tenant: RunningTenant,
) -> None:
    user_id = existing(tenant, email="other@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0", auth0_user_id=user_id)
    note([ana.pk], actor="sql")

    sync(ana.pk)

    assert only_account(tenant)["email"] == "other@example.com"
    assert row_of(ana).auth0_sync_status == "failed"


@pytest.mark.parametrize("active", [True, False])
def test_somebody_who_arrives_with_an_account_and_the_pin_is_left_alone(
    tenant: RunningTenant, active: bool
) -> None:
    user_id = existing(tenant, email_verified=True)
    before = only_account(tenant)
    ana = make_employee(
        email="ana@example.com", auth_method="pin", auth0_user_id=user_id, is_active=active
    )
    calls = len(tenant.calls())

    note([ana.pk], actor="sql")
    sync(ana.pk)

    assert only_account(tenant) == before
    assert len(tenant.calls()) == calls
    assert row_of(ana).auth0_sync_status is None
    assert account_of(ana).origin == ""


def test_an_account_deleted_in_auth0_is_asked_about(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    tenant.api("DELETE", f"/users/{row_of(ana).auth0_user_id}")

    mark_due([ana.pk], actor="admin:1", look=True)
    sync(ana.pk)

    assert tenant.users() == []
    assert row_of(ana).auth0_sync_status == "failed"
    assert account_of(ana).error_code == "deleted"


def test_an_account_deleted_in_auth0_is_made_anew_under_another_subject_if_so_set(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_DELETED_POLICY = "recreate"
    ana = add()
    sync(ana.pk)
    first_id = row_of(ana).auth0_user_id
    tenant.api("DELETE", f"/users/{first_id}")

    by_sql(ana, department="Packing")
    sync(ana.pk)

    account = only_account(tenant)
    assert account["user_id"] == row_of(ana).auth0_user_id != first_id
    assert account["user_id"].endswith("-2")
    assert account["user_metadata"]["department"] == "Packing"


def test_an_account_that_is_made_anew_keeps_the_earlier_names(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_DELETED_POLICY = "recreate"
    ana = add(name="Ana Ortiz")
    sync(ana.pk)
    tenant.api("DELETE", f"/users/{row_of(ana).auth0_user_id}")

    change_employee(ana.pk, {"name": "Ana Quill"}, boss(1))
    sync(ana.pk)

    assert only_account(tenant)["app_metadata"]["previous_names"] == ["Ana Ortiz"]
