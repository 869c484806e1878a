"""Taking an addition back: row and account go, unless somebody has used one of them already."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth0sync.due import note
from auth0sync.engine import sync
from auth0sync.explain import explain
from auth0sync.mending import undo_addition
from auth0sync.models import Account, Attention, Origin, Pause, SyncLog, TenantState
from employees.authority import Actor
from employees.errors import NotAllowed, UnknownEmployee
from employees.history import notice_changes
from employees.models import Change, Employee, EmployeeAuth, EmployeeUser, InvitationChoice
from employees.services import change_employee
from tests.auth0sync.conftest import lease_runs_out
from tests.auth0sync.people import Killed, account_of, add, by_sql, die, right_after
from tests.auth0sync.test_existing_accounts import existing
from tests.builders import boss, clear_shared_tables, make_auth, make_employee, make_mapping
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once


def page(employee: Employee) -> str:
    return reverse("admin:auth0sync_undo_change", args=[employee.pk])


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def is_there(employee: Employee) -> bool:
    return Employee.objects.filter(pk=employee.pk).exists()


def deletes(tenant: RunningTenant) -> int:
    return len([call for call in tenant.calls("DELETE") if call["path"].count("/") == 4])


@pytest.fixture
def manager() -> Client:
    return signed_in("manager")[0]


@pytest.fixture
def ana(tenant: RunningTenant) -> Employee:
    """Somebody who was added a moment ago, with an account and an invitation."""
    employee = add()
    sync(employee.pk)
    assert tenant.users()
    return employee


# Both sides go


def test_row_and_account_go(ana: Employee, tenant: RunningTenant) -> None:
    make_auth(ana, pin="$2b$10$hash")

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert not is_there(ana)
    assert tenant.users() == []
    assert not EmployeeAuth.objects.filter(employee_id=ana.pk).exists()
    assert not InvitationChoice.objects.filter(pk=ana.pk).exists()


def test_the_history_keeps_who_was_removed_and_by_whom(ana: Employee) -> None:
    undo_addition(ana.pk, boss(7))

    line = Change.objects.filter(employee_id=ana.pk).order_by("-id")[0]
    assert (line.action, line.actor) == ("removed", "admin:7")
    assert line.changes["name"] == ["Ana O'Brien Ortiz", None]


def test_afterwards_nothing_is_left_to_do_and_nobody_has_to_look(ana: Employee) -> None:
    undo_addition(ana.pk, boss())
    sync(ana.pk)

    account = account_of(ana)
    assert account.is_clean and account.due_at is None
    assert (account.attention, account.seen, account.origin, account.user_id) == (
        None,
        None,
        "",
        "",
    )
    assert not account.removal


def test_the_deletion_stands_in_the_log(ana: Employee) -> None:
    undo_addition(ana.pk, boss())
    sync(ana.pk)

    row = SyncLog.objects.get(action="delete account")
    assert (row.status, row.employee_id) == ("success", ana.pk)


def test_a_subject_is_never_given_again(ana: Employee, tenant: RunningTenant) -> None:
    first = account_of(ana).user_id
    undo_addition(ana.pk, boss())
    sync(ana.pk)

    make_employee(id=ana.pk, auth_method="hybrid", email="bo@example.com")
    by_sql(ana, department="Packing")
    sync(ana.pk)

    assert [user["email"] for user in tenant.users()] == ["bo@example.com"]
    assert tenant.users()[0]["user_id"] != first


def test_a_number_that_is_given_again_too_early_gets_an_account_of_its_own(
    ana: Employee, tenant: RunningTenant
) -> None:
    first = account_of(ana).user_id
    undo_addition(ana.pk, boss())
    make_employee(id=ana.pk, auth_method="hybrid", email="bo@example.com")
    by_sql(ana, department="Packing")

    sync(ana.pk)

    assert [user["email"] for user in tenant.users()] == ["bo@example.com"]
    assert tenant.users()[0]["user_id"] != first


def test_whoever_was_refused_goes_without_a_call(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/api/v2/.*"}, kind="status", status=400)
    ana = add()
    sync(ana.pk)
    before = len(tenant.calls())

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert not is_there(ana)
    assert len(tenant.calls()) == before
    assert account_of(ana).attention is None


def test_whoever_waits_for_an_account_gets_none(tenant: RunningTenant) -> None:
    ana = add()

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert tenant.users() == []
    assert account_of(ana).is_clean
    assert not account_of(ana).removal


def test_an_account_whose_making_was_cut_short_is_found_and_deleted(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(monkeypatch, "create account", die)
    with pytest.raises(Killed):
        sync(ana.pk)
    assert tenant.users()

    undo_addition(ana.pk, boss())
    lease_runs_out(ana.pk)
    sync(ana.pk)

    assert tenant.users() == []


# Somebody has used the account: it is shut instead


def test_an_account_with_which_somebody_signed_in_is_blocked_instead(
    ana: Employee, tenant: RunningTenant
) -> None:
    tenant.login(account_of(ana).user_id)

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert tenant.users()[0]["blocked"]
    assert deletes(tenant) == 0
    assert account_of(ana).attention == Attention.ROW_GONE
    assert account_of(ana).is_clean


def test_an_account_that_somebody_else_marked_is_not_touched(
    ana: Employee, tenant: RunningTenant
) -> None:
    user_id = account_of(ana).user_id
    metadata = {"app_metadata": {"installation": "another"}}
    tenant.api("PATCH", f"/users/{user_id}", metadata)

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert [user.get("blocked") for user in tenant.users()] == [None]
    assert deletes(tenant) == 0
    assert account_of(ana).error_code == "foreign_account"


def test_a_tenant_that_lets_nobody_delete_has_the_account_blocked(
    ana: Employee, tenant: RunningTenant
) -> None:
    tenant.fault(
        match={"method": "DELETE", "path": "/api/v2/users/[^/]*"},
        kind="status",
        status=403,
        body={"errorCode": "insufficient_scope", "message": "expected any of: delete:users"},
    )

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert tenant.users()[0]["blocked"]
    assert account_of(ana).attention == Attention.ROW_GONE


def test_what_can_not_be_deleted_for_now_is_blocked_meanwhile_and_deleted_later(
    ana: Employee, tenant: RunningTenant
) -> None:
    tenant.fault(
        match={"method": "DELETE", "path": "/api/v2/users/[^/]*"},
        kind="status",
        status=418,
        times=1,
    )

    undo_addition(ana.pk, boss())
    sync(ana.pk)
    blocked = [user["blocked"] for user in tenant.users()]
    Pause.objects.update(probe_at=timezone.now())
    sync(ana.pk)

    assert blocked == [True]
    assert tenant.users() == []


# The answer is lost


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_settled_by_reading(
    ana: Employee,
    tenant: RunningTenant,
    when: str,
) -> None:
    tenant.fault(
        match={"method": "DELETE", "path": "/api/v2/users/[^/]*"}, kind="reset", when=when, times=1
    )

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert tenant.users() == []
    assert account_of(ana).origin == ""


def test_a_worker_that_dies_after_the_deletion_leaves_nothing_behind(
    ana: Employee, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo_addition(ana.pk, boss())
    right_after(monkeypatch, "delete account", die)
    with pytest.raises(Killed):
        sync(ana.pk)
    lease_runs_out(ana.pk)

    sync(ana.pk)

    assert tenant.users() == []
    assert account_of(ana).generation == 2
    assert account_of(ana).is_clean


def test_an_account_that_is_gone_already_is_no_trouble(
    ana: Employee, tenant: RunningTenant
) -> None:
    tenant.api("DELETE", f"/users/{account_of(ana).user_id}")
    before = deletes(tenant)

    undo_addition(ana.pk, boss())
    sync(ana.pk)

    assert account_of(ana).origin == ""
    assert deletes(tenant) == before


# Who has to stay


def test_whoever_another_program_added_stays(state: TenantState) -> None:
    ana = make_employee()

    with pytest.raises(NotAllowed, match="wasn’t added in the console"):
        undo_addition(ana.pk, boss())

    assert is_there(ana)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"current_streak": 1}, "begun to work"),
        ({"achievement_points": 5}, "begun to work"),
        ({"welcome_sent_at": timezone.now()}, "begun to work"),
        ({"connecteam_user_id": "77"}, "Connecteam"),
    ],
)
def test_whoever_another_program_has_written_to_stays(
    state: TenantState, columns: dict[str, Any], why: str
) -> None:
    ana = add()
    Employee.objects.filter(pk=ana.pk).update(**columns)

    with pytest.raises(NotAllowed, match=why):
        undo_addition(ana.pk, boss())


def test_whoever_signed_in_at_the_kiosk_stays(state: TenantState) -> None:
    ana = add()
    make_auth(ana, last_login=timezone.now())

    with pytest.raises(NotAllowed, match="at the kiosk"):
        undo_addition(ana.pk, boss())


def test_whoever_signed_in_to_the_console_stays(state: TenantState, django_user_model: Any) -> None:
    ana = add()
    user = django_user_model.objects.create_user("ana")
    EmployeeUser.objects.create(user=user, employee=ana)

    with pytest.raises(NotAllowed, match="signed in to the console"):
        undo_addition(ana.pk, boss())


def test_whoever_podfactory_knows_stays(state: TenantState) -> None:
    ana = add()
    make_mapping(ana)

    with pytest.raises(NotAllowed, match="employee_podfactory_mapping_v2"):
        undo_addition(ana.pk, boss())


@pytest.fixture
def no_people_left(transactional_db: None) -> Iterator[None]:
    """For a test that makes a table, which ends MariaDB's transaction."""
    yield
    clear_shared_tables()


@pytest.mark.parametrize("column", ["employee_id", "worker"])
def test_whoever_stands_in_a_table_of_another_program_stays(
    no_people_left: None, state: TenantState, column: str
) -> None:
    ana, bo = add(), add(email="bo@example.com")
    key = "" if column == "employee_id" else ", FOREIGN KEY (worker) REFERENCES employees (id)"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE activity_logs ({column} INTEGER NOT NULL{key})")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO activity_logs VALUES ({ana.pk})")
        with pytest.raises(NotAllowed, match="activity_logs"):
            undo_addition(ana.pk, boss())
        undo_addition(bo.pk, boss())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE activity_logs")

    assert is_there(ana)
    assert not is_there(bo)


def test_whoever_has_an_account_that_was_there_before_stays(tenant: RunningTenant) -> None:
    existing(tenant, email_verified=True)
    ana = add()
    sync(ana.pk)
    assert account_of(ana).origin == Origin.LINKED

    with pytest.raises(NotAllowed, match="was there before"):
        undo_addition(ana.pk, boss())

    assert is_there(ana)
    assert not account_of(ana).removal


def test_a_refused_undo_changes_nothing(state: TenantState) -> None:
    ana = add()
    make_auth(ana, pin="$2b$10$hash")
    equal = Actor("admin:3", role="production_associate")

    with pytest.raises(NotAllowed):
        undo_addition(ana.pk, equal)

    assert is_there(ana)
    assert EmployeeAuth.objects.filter(employee=ana).exists()
    assert not account_of(ana).removal


def test_nobody_can_be_removed_twice(state: TenantState) -> None:
    ana = add()
    undo_addition(ana.pk, boss())

    with pytest.raises(UnknownEmployee):
        undo_addition(ana.pk, boss())


# The page


def test_both_sides_are_shown_before_anything_happens(ana: Employee, manager: Client) -> None:
    shown = text(manager.get(page(ana)))

    assert f"Number {ana.pk} is deleted, with the PIN" in shown
    assert "The account in Auth0 is deleted" in shown
    assert "The invitation was sent already" in shown
    assert is_there(ana)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"origin": "", "due_seq": 1, "done_seq": 1}, "There is no account in Auth0"),
        ({"origin": "", "due_seq": 2, "done_seq": 1}, "about to be made"),
        ({"origin": "created", "invitation": "waiting"}, "The invitation isn’t sent"),
    ],
)
def test_the_page_says_what_becomes_of_the_account(
    state: TenantState, manager: Client, columns: dict[str, Any], line: str
) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(**columns)

    assert line in text(manager.get(page(ana)))


def test_nothing_is_said_of_an_invitation_that_nobody_wanted(
    tenant: RunningTenant, manager: Client
) -> None:
    ana = add("none")
    sync(ana.pk)

    shown = text(manager.get(page(ana)))

    assert "The account in Auth0 is deleted" in shown
    assert "invitation isn’t sent" not in shown
    assert "invitation was sent" not in shown


def test_a_second_click_is_told_that_it_is_done(ana: Employee, manager: Client) -> None:
    first = manager.post(page(ana), {"addition": ana.pk}, follow=True)
    again = manager.post(page(ana), {"addition": ana.pk}, follow=True)

    assert "is gone again" in said(first)[0]
    assert "isn’t there any more" in said(again)[0]


def test_whoever_signed_in_between_preview_and_button_stays(ana: Employee, manager: Client) -> None:
    manager.get(page(ana))
    make_auth(ana, last_login=timezone.now())

    answer = manager.post(page(ana), {"addition": ana.pk}, follow=True)

    assert said(answer) == ["This person has signed in at the kiosk."]
    assert is_there(ana)
    assert "Archive" in text(answer)


def test_whoever_was_changed_since_gets_the_last_change_undone_first(
    ana: Employee, manager: Client
) -> None:
    change_employee(ana.pk, {"department": "Packing"}, boss())

    assert "Undo the last change" in text(manager.get(page(ana)))


def test_whoever_may_not_add_people_may_not_take_additions_back(state: TenantState) -> None:
    lead, her = team_lead()
    ana = add(department=her.department, workspace=her.workspace)

    shown = text(lead.get(page(ana)))
    answer = lead.post(page(ana), {"addition": ana.pk}, follow=True)

    assert "You can&#x27;t add people" in shown
    assert 'name="addition"' not in shown
    assert "You can't add people" in said(answer)[0]
    assert is_there(ana)


def test_whoever_reads_only_is_shown_the_door(state: TenantState) -> None:
    ana = add()
    finance, _ = signed_in("finance")

    assert finance.post(page(ana), {"addition": ana.pk}).status_code == 403
    assert is_there(ana)


# Step by step


def test_the_steps_say_that_the_account_will_be_deleted(ana: Employee) -> None:
    undo_addition(ana.pk, boss())

    found = explain(ana.pk)

    assert found is not None
    assert "taken back" in found.decision
    assert [call.does for call in found.calls] == ["delete the account"]
    assert found.calls[0].request.startswith("GET, then DELETE /api/v2/users/auth0|")


def test_the_page_of_a_row_that_is_gone_says_who_removed_it(ana: Employee, manager: Client) -> None:
    undo_addition(ana.pk, boss())

    shown = text(manager.get(reverse("admin:auth0sync_steps", args=[ana.pk])))

    assert f"The row of number {ana.pk} is gone: removed by" in shown
    assert "There is none any more" in shown
    assert "Delete the account" in shown


def test_a_row_that_sql_deleted_can_be_looked_at_step_by_step(
    ana: Employee, manager: Client
) -> None:
    Employee.objects.filter(pk=ana.pk).delete()
    note([ana.pk], actor="sql")
    notice_changes([ana.pk])

    shown = text(manager.get(reverse("admin:auth0sync_steps", args=[ana.pk])))

    assert "deleted outside the console" in shown
    assert "Block the account" in shown


def test_a_number_that_nobody_ever_had_has_no_steps(state: TenantState, manager: Client) -> None:
    assert manager.get(reverse("admin:auth0sync_steps", args=[987_654])).status_code == 404


def test_a_row_that_is_gone_is_out_of_a_team_leads_sight(ana: Employee) -> None:
    undo_addition(ana.pk, boss())
    lead, _ = team_lead()

    assert lead.get(reverse("admin:auth0sync_steps", args=[ana.pk])).status_code == 404
