"""An employee who should have an account gets exactly one."""

import time
from datetime import date

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from auth0sync import invitations
from auth0sync.due import mark_due
from auth0sync.engine import sync
from auth0sync.models import SyncLog, TenantState
from auth0sync.rows import read_facts
from employees import request_ids
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.conftest import lease_runs_out, time_passes
from tests.auth0sync.people import Killed, account_of, add, by_sql, die, right_after, row_of
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant
from tests.processes import wait_for

USERS = "/api/v2/users"


def test_the_account_the_role_and_the_invitation_exist_after_one_sync(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ana = add(department="Heat Press", auth0_role="team_lead", hire_date=date(2026, 11, 23))

    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["roles"] == ["team_lead"]
    assert account["name"] == "Ana O'Brien Ortiz"
    assert account["user_metadata"]["hire_date"] == "2026-11-23"
    assert account["app_metadata"]["department_code"] == "HP"
    assert mailoutbox[0].to == ["ana@example.com"]
    assert "/u/reset-password?ticket=" in str(mailoutbox[0].body)
    row = row_of(ana)
    assert row.auth0_user_id == account["user_id"]
    assert row.auth0_sync_status == "created"
    assert row.auth0_account_created_at is not None
    assert account_of(ana).is_clean


def test_the_id_of_the_request_is_followed_from_the_click_to_the_calls(
    tenant: RunningTenant, caplog: pytest.LogCaptureFixture
) -> None:
    with request_ids.bound("r0123456789ab"):
        ana = add()

    with caplog.at_level("INFO", "auth0sync.gate"):
        sync(ana.pk)

    calls = [vars(line) for line in caplog.records if line.name == "auth0sync.gate"]
    logged = SyncLog.objects.filter(employee_id=ana.pk, request_id="r0123456789ab")
    assert {"create account"} <= {call["action"] for call in calls}
    assert {call["request_id"] for call in calls} == {"r0123456789ab"}
    assert {call["employee_id"] for call in calls} == {ana.pk}
    assert set(logged.values_list("action", flat=True)) >= {"create account", "give role"}


def test_the_id_of_the_account_is_derived_from_installation_employee_and_generation(
    tenant: RunningTenant, state: TenantState
) -> None:
    ana = add()

    sync(ana.pk)

    assert row_of(ana).auth0_user_id == f"auth0|emp-{state.installation}-{ana.pk}-1"


def test_an_account_that_is_made_late_has_the_names_from_before(tenant: RunningTenant) -> None:
    ana = add(name="Ana Ortiz", auth_method="pin")
    change_employee(ana.pk, {"name": "Ana Brown"}, boss(1))
    Employee.objects.filter(pk=ana.pk).update(name="Ana Quill")  # by SQL, noticed with the next

    change_employee(ana.pk, {"auth_method": "hybrid"}, boss(1))
    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["name"] == "Ana Quill"
    assert account["app_metadata"]["previous_names"] == ["Ana Brown", "Ana Ortiz"]
    assert account_of(ana).is_clean


def test_a_name_changed_in_the_statement_that_asks_for_the_account_is_kept(
    tenant: RunningTenant,
) -> None:
    ana = add(name="Ana Ortiz", auth_method="pin")
    by_sql(ana, name="Ana Quill", auth_method="hybrid")

    sync(ana.pk)  # before the sweep has told the history

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["app_metadata"]["previous_names"] == ["Ana Ortiz"]


def test_a_name_that_changes_later_goes_before_them(tenant: RunningTenant) -> None:
    ana = add(name="Ana Ortiz", auth_method="pin")
    change_employee(ana.pk, {"name": "Ana Brown", "auth_method": "hybrid"}, boss(1))
    sync(ana.pk)

    change_employee(ana.pk, {"name": "Ana Quill"}, boss(1))
    time_passes(ana.pk)
    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["app_metadata"]["previous_names"] == ["Ana Brown", "Ana Ortiz"]


def test_three_calls_make_a_new_employee_once_the_role_is_known(tenant: RunningTenant) -> None:
    sync(add(email="first@example.com").pk)
    before = len(tenant.calls(path_regex="/api/v2/.*"))

    sync(add().pk)

    assert len(tenant.calls(path_regex="/api/v2/.*")) - before == 3


def test_a_clean_employee_costs_no_call(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    before = len(tenant.calls())

    sync(ana.pk)

    assert len(tenant.calls()) == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "hang", "delay_s": 4},
        {"kind": "hang", "delay_s": 3, "lands": True},
    ],
)
def test_a_lost_answer_to_the_creation_still_ends_in_one_account(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], when: str, fault: dict[str, object]
) -> None:
    ana = add()
    tenant.fault(match={"method": "POST", "path": USERS}, when=when, times=1, **fault)

    sync(ana.pk)

    users = tenant.users()
    assert [user["email"] for user in users] == ["ana@example.com"]
    assert users[0]["roles"] == ["production_associate"]
    assert row_of(ana).auth0_sync_status == "created"
    assert len(mailoutbox) == 1
    if fault.get("lands") and when == "before":  # else it would land in the next test's tenant
        wait_for(lambda: len(tenant.calls("POST", USERS)) == 2, 30)


def test_a_lost_answer_is_looked_after_once_more_when_a_late_write_may_have_landed(
    tenant: RunningTenant,
) -> None:
    ana = add()
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=500, times=1)
    sync(ana.pk)
    assert not account_of(ana).is_clean
    before = len(tenant.calls("GET", "/api/v2/users/auth0.*"))

    time_passes(ana.pk)
    sync(ana.pk)

    assert len(tenant.calls("GET", "/api/v2/users/auth0[^/]*")) > before
    assert account_of(ana).is_clean
    assert account_of(ana).due_at is None


def test_when_the_read_after_a_lost_answer_fails_too_a_late_write_is_still_looked_for(
    tenant: RunningTenant,
) -> None:
    ana = add()
    sync(ana.pk)
    user = f"{USERS}/auth0[^/]*"
    tenant.fault(match={"method": "PATCH", "path": user}, kind="status", status=500, times=1)
    tenant.fault(match={"method": "GET", "path": user}, kind="status", status=503, times=1)
    by_sql(ana, department="Packing")
    sync(ana.pk)
    assert account_of(ana).attempts == 1

    by_sql(ana, department="Embroidery")
    sync(ana.pk)
    assert not account_of(ana).is_clean, "what was lost may still land"
    late = {"user_metadata": {"department": "Packing"}}
    tenant.api("PATCH", f"/users/{row_of(ana).auth0_user_id}", late)
    time_passes(ana.pk)
    sync(ana.pk)

    assert tenant.users()[0]["user_metadata"]["department"] == "Embroidery"
    account = account_of(ana)
    assert (account.is_clean, account.due_at, account.look_at, account.doubt_until) == (
        True,
        None,
        None,
        None,
    )


def test_sync_now_does_not_end_the_doubt_about_a_lost_answer(tenant: RunningTenant) -> None:
    ana = add()
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=500, times=1)
    sync(ana.pk)

    mark_due([ana.pk], actor="sql", look=True)
    sync(ana.pk)

    assert not account_of(ana).is_clean
    assert account_of(ana).due_at == account_of(ana).doubt_until


def test_somebody_switched_off_while_nobody_knows_whether_she_has_an_account_ends_blocked(
    tenant: RunningTenant,
) -> None:
    ana = add()
    tenant.fault(
        match={"method": "POST", "path": USERS}, kind="status", status=500, when="after", times=1
    )
    tenant.fault(match={"method": "GET", "path": f"{USERS}/.*"}, kind="status", status=503, times=1)
    sync(ana.pk)
    assert account_of(ana).origin == "", "the answer is lost, and so is that of the read"

    deactivate(ana.pk, boss(1))
    sync(ana.pk)

    assert [user["blocked"] for user in tenant.users()] == [True]


def test_somebody_switched_off_while_she_was_refused_shows_no_failure(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=400, times=1)
    right_after(monkeypatch, "create account", lambda: deactivate(ana.pk, boss(1)))
    sync(ana.pk)
    shown_at_first = row_of(ana).auth0_sync_status

    sync(ana.pk)

    assert shown_at_first == "failed"
    assert row_of(ana).auth0_sync_status is None


def test_an_account_that_lands_long_after_its_owner_was_switched_off_is_found_and_blocked(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 1
    ana = add()
    fault = {"kind": "hang", "when": "before", "delay_s": 8, "lands": True, "times": 1}
    tenant.fault(match={"method": "POST", "path": USERS}, **fault)
    tenant.fault(match={"method": "GET", "path": f"{USERS}/.*"}, kind="status", status=503, times=1)
    sync(ana.pk)
    deactivate(ana.pk, boss(1))
    sync(ana.pk)
    assert not account_of(ana).is_clean, "it may still land"
    time_passes(ana.pk)
    sync(ana.pk)
    assert tenant.users() == [] and account_of(ana).is_clean, "nothing was found"
    tenant.clear_faults()
    for _ in range(200):
        if tenant.users():
            break
        time.sleep(0.1)

    time_passes(ana.pk)
    sync(ana.pk)

    assert [user["blocked"] for user in tenant.users()] == [True]


def test_somebody_switched_off_who_has_no_account_after_an_hour_is_looked_at_no_more(
    tenant: RunningTenant,
) -> None:
    ana = add()
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=500, times=1)
    tenant.fault(match={"method": "GET", "path": f"{USERS}/.*"}, kind="status", status=503, times=1)
    sync(ana.pk)
    deactivate(ana.pk, boss(1))
    sync(ana.pk)
    time_passes(ana.pk)
    sync(ana.pk)
    planned = account_of(ana).due_at

    time_passes(ana.pk)
    sync(ana.pk)

    assert planned is not None
    assert account_of(ana).due_at is None


def test_an_update_that_lands_late_is_found_and_put_right(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 1
    ana = add()
    sync(ana.pk)
    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    tenant.fault(
        match={"method": "PATCH", "path": f"{USERS}/.*"},
        kind="hang",
        when="before",
        delay_s=7,
        lands=True,
        times=1,
    )
    sync(ana.pk)  # the first PATCH hangs and lands later; the second one is answered
    change_employee(ana.pk, {"department": "Picking"}, boss(1))
    sync(ana.pk)
    tenant.clear_faults()
    wait_until_department(tenant, "Packing")

    time_passes(ana.pk)
    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["user_metadata"]["department"] == "Picking"


def wait_until_department(tenant: RunningTenant, department: str) -> None:
    for _ in range(100):
        account = tenant.user_by_email("ana@example.com")
        if account and account["user_metadata"]["department"] == department:
            return
        time.sleep(0.1)
    raise AssertionError("the late write didn't land")


def test_a_worker_that_dies_after_the_call_leaves_an_account_that_is_adopted(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(monkeypatch, "create account", die)
    with pytest.raises(Killed):
        sync(ana.pk)
    assert not sync(ana.pk), "the dead worker's lease still holds"

    lease_runs_out(ana.pk)
    sync(ana.pk)

    users = tenant.users()
    assert len(users) == 1
    assert users[0]["roles"] == ["production_associate"]
    assert row_of(ana).auth0_user_id == users[0]["user_id"]
    assert account_of(ana).origin == "adopted"
    assert len(mailoutbox) == 1


def test_somebody_switched_off_after_a_worker_died_ends_blocked_and_uninvited(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(monkeypatch, "create account", die)
    with pytest.raises(Killed):
        sync(ana.pk)
    by_sql(ana, is_active=False)

    lease_runs_out(ana.pk)
    sync(ana.pk)

    users = tenant.users()
    assert [user["blocked"] for user in users] == [True]
    assert mailoutbox == []


def test_an_edit_during_the_creation_is_in_the_account_at_the_end(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(
        monkeypatch,
        "create account",
        lambda: change_employee(ana.pk, {"department": "Packing"}, boss(2)),
    )

    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["user_metadata"]["department"] == "Packing"
    assert account_of(ana).is_clean


def test_a_deactivation_during_the_creation_ends_blocked_and_without_a_link(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(monkeypatch, "create account", lambda: deactivate(ana.pk, boss(2)))

    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["blocked"] is True
    assert mailoutbox == []
    assert tenant.calls("POST", "/api/v2/tickets/.*") == []


def test_a_change_by_sql_just_before_the_mail_holds_the_link_back(
    tenant: RunningTenant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()

    def moved(ids: list[int]) -> object:  # between the last look and the mail
        type(ana).objects.filter(pk=ana.pk).update(is_active=False)
        return read_facts(ids)

    monkeypatch.setattr(invitations, "read_facts", moved)
    sync(ana.pk)
    assert mailoutbox == []
    assert account_of(ana).due_at is not None

    monkeypatch.undo()
    sync(ana.pk)

    assert mailoutbox == []
    assert tenant.users()[0]["blocked"] is True


def test_no_account_is_made_for_a_placeholder_address(tenant: RunningTenant) -> None:
    ana = add(email="4711@company.com")

    sync(ana.pk)

    assert tenant.users() == []
    assert tenant.calls("POST", "/api/v2/.*") == []
    assert row_of(ana).auth0_sync_status is None


def test_two_active_people_with_one_address_are_a_conflict_on_both_without_a_call(
    tenant: RunningTenant,
) -> None:
    first = add()
    second = make_employee(email=" Ana@Example.com", auth_method="auth0")
    by_sql(second)

    sync(first.pk)
    sync(second.pk)

    assert tenant.calls(path_regex="/api/v2/.*") == []
    assert row_of(first).auth0_sync_status == row_of(second).auth0_sync_status == "failed"
    assert str(second.pk) in account_of(first).error


def test_the_conflict_ends_when_one_of_the_two_gets_another_address(tenant: RunningTenant) -> None:
    first = add()
    second = make_employee(email=" Ana@Example.com", auth_method="auth0")
    by_sql(second)
    sync(first.pk)

    change_employee(second.pk, {"email": "other@example.com"}, boss(1))
    sync(first.pk)

    assert row_of(first).auth0_sync_status == "created"


def test_an_unknown_role_fails_for_that_person_alone(tenant: RunningTenant) -> None:
    ana, ben = add(), add(name="Ben Sample", email="ben@example.com")
    by_sql(ana, auth0_role="chief")

    sync(ana.pk)
    sync(ben.pk)

    assert account_of(ana).error_field == "auth0_role"
    assert row_of(ana).auth0_sync_status == "failed"
    assert row_of(ben).auth0_sync_status == "created"


def test_what_auth0_refuses_fails_with_a_reason_until_the_row_changes(
    tenant: RunningTenant,
) -> None:
    ana = add()
    message = "Payload validation error: 'Too long' on property name"
    tenant.fault(
        match={"method": "POST", "path": USERS},
        kind="status",
        status=400,
        body={"statusCode": 400, "message": message, "errorCode": "invalid_body"},
        times=1,
    )
    sync(ana.pk)
    assert row_of(ana).auth0_sync_status == "failed"
    assert account_of(ana).error_field == "name"
    assert account_of(ana).due_at is None

    change_employee(ana.pk, {"name": "Ana Ortiz"}, boss(1))
    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"
    assert account_of(ana).error == ""


def test_every_operation_leaves_a_row_with_names_and_codes_only(tenant: RunningTenant) -> None:
    ana = add()

    sync(ana.pk)

    rows = list(SyncLog.objects.filter(employee_id=ana.pk).order_by("pk"))
    assert [row.action for row in rows] == [
        "create account",
        "find role",
        "give role",
        "make password ticket",
        "send invitation",
    ]
    assert {row.actor for row in rows} == {"admin:1"}
    assert rows[0].response_data["http_status"] == 201
    assert "ana@example.com" not in str([row.response_data for row in rows])


def test_a_row_of_the_sync_log_can_neither_be_changed_nor_removed(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    entry = SyncLog.objects.filter(employee_id=ana.pk)[0]

    for attempt in (entry.save, entry.delete, SyncLog.objects.all().delete):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        SyncLog.objects.update(status="failed")


def test_the_rows_own_columns_are_written_without_moving_updated_at(tenant: RunningTenant) -> None:
    ana = add()
    type(ana).objects.filter(pk=ana.pk).update(updated_at="2020-02-02T02:02:02Z")
    before = row_of(ana).updated_at

    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"
    assert row_of(ana).updated_at == before
