"""The account follows the row: changes, leaving, coming back, and what Auth0 refuses."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from auth0sync import due
from auth0sync.due import mark_due
from auth0sync.engine import sync
from auth0sync.models import SyncLog
from auth0sync.tasks import sync_due
from employees.models import Employee
from employees.services import archive, change_employee, deactivate, reactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql, right_after, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

PATCH = ("PATCH", "/api/v2/users/[^/]*")


@pytest.fixture
def ana(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> Employee:
    """Somebody with an account, invited."""
    employee = add(department="Picking")
    sync(employee.pk)
    mailoutbox.clear()
    return row_of(employee)


def account(tenant: RunningTenant) -> dict[str, Any]:
    users = tenant.users()
    assert len(users) == 1
    return users[0]


def test_several_edits_become_one_update(tenant: RunningTenant, ana: Employee) -> None:
    change_employee(ana.pk, {"name": "Ana Ortiz-Sample"}, boss(1))
    change_employee(ana.pk, {"department": "Heat Press", "workspace": "TX"}, boss(1))
    change_employee(ana.pk, {"phone_number": "+1 662 555 0100"}, boss(2))

    sync(ana.pk)

    now = account(tenant)
    assert len(tenant.calls(*PATCH)) == 1
    assert now["name"] == "Ana Ortiz-Sample"
    assert now["given_name"], now["family_name"] == ("Ana", "Ortiz-Sample")
    assert now["user_metadata"]["department"] == "Heat Press"
    assert now["user_metadata"]["phone_number"] == "+1 662 555 0100"
    assert now["app_metadata"]["workspace"] == "TX"
    assert now["app_metadata"]["previous_names"] == ["Ana O'Brien Ortiz"]


def test_five_quick_saves_become_one_update_however_eager_the_worker_is(
    tenant: RunningTenant, ana: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "QUIET", timedelta(minutes=1))
    monkeypatch.setattr(due, "QUIET_MOST", timedelta(minutes=1))
    for department in ("Packing", "Heat Press", "Shipping", "Embroidery", "Office"):
        change_employee(ana.pk, {"department": department}, boss(1))
        sync_due()
    assert tenant.calls(*PATCH) == []

    time_passes(ana.pk)
    sync_due()

    assert len(tenant.calls(*PATCH)) == 1
    assert account(tenant)["user_metadata"]["department"] == "Office"
    assert account_of(ana).is_clean


def test_a_field_that_is_emptied_is_taken_out_of_the_account(
    tenant: RunningTenant, ana: Employee
) -> None:
    change_employee(ana.pk, {"department": ""}, boss(1))

    sync(ana.pk)

    assert "department" not in account(tenant)["user_metadata"]
    assert "department_code" not in account(tenant)["app_metadata"]


def test_what_others_keep_in_the_account_is_left_alone(
    tenant: RunningTenant, ana: Employee
) -> None:
    tenant.api("PATCH", f"/users/{ana.auth0_user_id}", {"app_metadata": {"theirs": {"a": 1}}})

    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    sync(ana.pk)

    assert account(tenant)["app_metadata"]["theirs"] == {"a": 1}


def test_a_change_by_sql_follows_too(tenant: RunningTenant, ana: Employee) -> None:
    by_sql(ana, department="Labeling")

    sync(ana.pk)

    assert account(tenant)["user_metadata"]["department"] == "Labeling"


def test_a_new_role_takes_the_place_of_the_old_one(tenant: RunningTenant, ana: Employee) -> None:
    change_employee(ana.pk, {"auth0_role": "manager"}, boss(1))

    sync(ana.pk)

    assert account(tenant)["roles"] == ["manager"]
    assert account(tenant)["app_metadata"]["access_level"] == "manager"


def test_no_role_is_touched_when_role_assignment_is_switched_off(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_ENABLE_ROLE_ASSIGNMENT = False

    sync(add().pk)

    assert account(tenant)["roles"] == []
    assert tenant.calls(path_regex=".*/roles.*") == []


def test_a_new_address_is_unverified_is_told_the_old_one_and_gets_a_link(
    tenant: RunningTenant, ana: Employee, mailoutbox: list[EmailMessage]
) -> None:
    tenant.verify(str(ana.auth0_user_id))
    mark_due([ana.pk], actor="test", look=True)
    sync(ana.pk)
    assert row_of(ana).auth0_sync_status == "verified"

    change_employee(ana.pk, {"email": "ana.ortiz@example.com"}, boss(1))
    sync(ana.pk)

    assert account(tenant)["email"] == "ana.ortiz@example.com"
    assert account(tenant)["email_verified"] is False
    assert row_of(ana).auth0_email_verified_at is None
    assert row_of(ana).auth0_sync_status == "created"
    assert {mail.to[0] for mail in mailoutbox} == {"ana@example.com", "ana.ortiz@example.com"}
    assert tenant.outbox() == [], "Auth0 sends no mail beside ours"


def test_an_address_that_another_account_holds_is_a_conflict_and_the_rest_goes_out(
    tenant: RunningTenant, ana: Employee
) -> None:
    other = {
        "connection": "Username-Password-Authentication",
        "email": "taken@example.com",
        "password": "Kn0wn-to-somebody!",
    }
    assert tenant.api("POST", "/users", other).status_code == 201

    change_employee(ana.pk, {"email": "taken@example.com", "department": "Packing"}, boss(1))
    sync(ana.pk)

    mine = tenant.user_by_email("ana@example.com")
    assert mine is not None
    assert mine["user_metadata"]["department"] == "Packing"
    assert row_of(ana).auth0_sync_status == "failed"


def test_an_address_that_became_a_placeholder_fails_and_the_rest_goes_out(
    tenant: RunningTenant, ana: Employee
) -> None:
    by_sql(ana, email="17@company.com", department="Packing")

    sync(ana.pk)

    assert account(tenant)["email"] == "ana@example.com"
    assert account(tenant)["user_metadata"]["department"] == "Packing"
    assert account_of(ana).error_field == "email"
    assert row_of(ana).auth0_sync_status == "failed"


@pytest.mark.parametrize("leave", [deactivate, archive])
def test_whoever_leaves_is_blocked_and_it_is_read_back(
    tenant: RunningTenant, ana: Employee, leave: Any
) -> None:
    leave(ana.pk, boss(1))

    sync(ana.pk)

    assert account(tenant)["blocked"] is True
    assert tenant.calls("GET", "/api/v2/users/[^/]*")
    assert row_of(ana).auth0_sync_status == "created", "kept: it tells how far she had come"
    assert account_of(ana).is_clean


def test_a_plan_without_the_session_calls_is_noted_and_passed_over(
    tenant: RunningTenant, ana: Employee
) -> None:
    deactivate(ana.pk, boss(1))

    sync(ana.pk)

    refused = SyncLog.objects.filter(employee_id=ana.pk, error_code="insufficient_entitlement")
    assert {row.action for row in refused} == {"end sessions", "revoke refresh tokens"}
    assert account_of(ana).error == ""


def test_on_an_enterprise_plan_sessions_and_refresh_tokens_are_ended(
    tenant: RunningTenant, ana: Employee
) -> None:
    tenant.control(plan="enterprise")
    tenant.unlimited()
    deactivate(ana.pk, boss(1))

    sync(ana.pk)

    ended = tenant.calls("DELETE", "/api/v2/users/[^/]*/(sessions|refresh-tokens)")
    assert [call["status"] for call in ended] == [202, 202]


def test_back_to_the_pin_means_blocked_too(tenant: RunningTenant, ana: Employee) -> None:
    by_sql(ana, auth_method="pin")

    sync(ana.pk)

    assert account(tenant)["blocked"] is True


def test_a_row_deleted_by_sql_leaves_a_blocked_account(
    tenant: RunningTenant, ana: Employee
) -> None:
    Employee.objects.filter(pk=ana.pk).delete()
    from auth0sync.due import note

    note([ana.pk], actor="sql")
    sync(ana.pk)

    assert account(tenant)["blocked"] is True
    assert account_of(ana).is_clean


def test_whoever_comes_back_is_unblocked_with_the_present_data(
    tenant: RunningTenant, ana: Employee, mailoutbox: list[EmailMessage]
) -> None:
    deactivate(ana.pk, boss(1))
    sync(ana.pk)

    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    reactivate(ana.pk, boss(1))
    sync(ana.pk)

    assert not account(tenant)["blocked"]
    assert account(tenant)["user_metadata"]["department"] == "Packing"
    assert mailoutbox == [], "she was invited before"


def test_a_block_that_was_lifted_by_an_old_link_is_put_back_within_the_hour(
    tenant: RunningTenant, ana: Employee
) -> None:
    deactivate(ana.pk, boss(1))
    sync(ana.pk)
    assert account_of(ana).due_at is not None, "the link of the invitation still works"
    tenant.api("PATCH", f"/users/{ana.auth0_user_id}", {"password": "Set-by-0ld-link!"})
    assert not account(tenant).get("blocked")

    time_passes(ana.pk)
    sync(ana.pk)

    assert account(tenant)["blocked"] is True


def test_what_somebody_changed_in_auth0_is_mended_by_sync_now(
    tenant: RunningTenant, ana: Employee
) -> None:
    tenant.api("PATCH", f"/users/{ana.auth0_user_id}", {"name": "Somebody Else"})

    mark_due([ana.pk], actor="admin:1", look=True)
    sync(ana.pk)

    assert account(tenant)["name"] == "Ana O'Brien Ortiz"


def test_an_answer_that_does_not_hold_what_was_sent_is_no_success(
    tenant: RunningTenant, ana: Employee
) -> None:
    stale = tenant.api("GET", f"/users/{ana.auth0_user_id}").json()
    for method in ["PATCH", "GET"]:
        tenant.fault(
            match={"method": method, "path": "/api/v2/users/.*"},
            kind="wrong_body",
            body=stale,
            times=1,
        )
    change_employee(ana.pk, {"department": "Packing"}, boss(1))

    sync(ana.pk)

    assert account_of(ana).error_code == "not_kept"
    assert row_of(ana).auth0_sync_status == "failed"


def test_an_odd_answer_is_settled_by_a_read(tenant: RunningTenant, ana: Employee) -> None:
    stale = tenant.api("GET", f"/users/{ana.auth0_user_id}").json()
    tenant.fault(
        match={"method": "PATCH", "path": "/api/v2/users/.*"},
        kind="wrong_body",
        body=stale,
        times=1,
    )
    change_employee(ana.pk, {"department": "Packing"}, boss(1))

    sync(ana.pk)

    assert account(tenant)["user_metadata"]["department"] == "Packing"
    assert account_of(ana).is_clean
    assert len(tenant.calls(*PATCH)) == 1


def test_whoever_comes_back_while_an_old_link_is_watched_is_settled_at_once(
    tenant: RunningTenant, ana: Employee
) -> None:
    deactivate(ana.pk, boss())
    sync(ana.pk)
    assert account_of(ana).look_at is not None, "the invitation's link could still be used"
    reactivate(ana.pk, boss())

    sync(ana.pk)

    assert account_of(ana).is_clean
    assert (account_of(ana).look_at, account_of(ana).due_at) == (None, None)


def test_of_somebody_who_left_before_the_console_came_the_status_stays(
    tenant: RunningTenant,
) -> None:
    ben = make_employee(auth0_user_id="auth0|ben", auth0_sync_status="verified", is_active=False)
    mark_due([ben.pk], actor="test")

    sync(ben.pk)

    assert row_of(ben).auth0_sync_status == "verified"
    assert tenant.calls() == []


@pytest.mark.parametrize("deleted_after", [None, "block account", "end sessions"])
def test_a_leaver_whose_account_is_deleted_in_auth0_needs_nothing_more(
    tenant: RunningTenant,
    ana: Employee,
    monkeypatch: pytest.MonkeyPatch,
    deleted_after: str | None,
) -> None:
    tenant.control(plan="enterprise")
    tenant.unlimited()
    deactivate(ana.pk, boss(1))

    def delete() -> None:
        tenant.api("DELETE", f"/users/{ana.auth0_user_id}")

    if deleted_after:
        right_after(monkeypatch, deleted_after, delete)
    else:
        delete()
    sync(ana.pk)

    assert tenant.users() == []
    assert account_of(ana).is_clean
    assert account_of(ana).error == ""
    assert row_of(ana).auth0_sync_status == "created"


def test_a_block_that_lands_late_is_found_and_lifted_when_she_is_back(
    tenant: RunningTenant, ana: Employee, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 1
    tenant.fault(
        match={"method": "PATCH", "path": "/api/v2/users/.*"},
        kind="hang",
        delay_s=7,
        lands=True,
        times=1,
    )
    deactivate(ana.pk, boss(1))
    sync(ana.pk)  # the first block hangs and lands later; the second one is answered
    reactivate(ana.pk, boss(1))
    sync(ana.pk)
    assert not account(tenant).get("blocked")
    assert not account_of(ana).is_clean, "in doubt until the late write must have landed"
    for _ in range(100):
        if account(tenant).get("blocked"):
            break
        time.sleep(0.1)
    assert account(tenant)["blocked"] is True

    time_passes(ana.pk)
    sync(ana.pk)

    assert not account(tenant).get("blocked")
    assert account_of(ana).is_clean
