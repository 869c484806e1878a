"""Answers that hardly ever come, each made to happen over HTTP: none of them loses anything."""

import time

import pytest
from pytest_django import Settings

from auth0sync import looking, pace, token
from auth0sync.calls import Call
from auth0sync.due import note
from auth0sync.engine import STEPS_MOST, sync
from auth0sync.gate import Gate
from auth0sync.models import Account, Pause, TenantState
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.conftest import lease_runs_out, time_passes
from tests.auth0sync.people import Killed, account_of, add, by_sql, die, right_after, row_of
from tests.auth0sync.test_existing_accounts import existing
from tests.auth0sync.test_pauses import a_minute_passes, forbid, grant
from tests.builders import boss, make_employee
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

USERS = "/api/v2/users"


def test_a_creation_without_any_answer_is_tried_a_few_times_and_then_later(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_MAX_RETRIES = 2
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=500)
    ana = add()

    sync(ana.pk)

    assert len(tenant.calls("POST", USERS)) == 3
    assert account_of(ana).attempts == 1
    assert row_of(ana).auth0_sync_status == "pending"
    tenant.clear_faults()
    time_passes(ana.pk)
    sync(ana.pk)
    assert len(tenant.users()) == 1


def test_a_row_that_moves_faster_than_auth0_follows_gives_the_others_their_turn(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    sync(ana.pk)
    real = Gate.after_call
    edits: list[int] = []

    def after_call(self: Gate, call: Call) -> None:
        real(self, call)
        edits.append(1)
        by_sql(ana, department=f"Number {len(edits)}")

    with monkeypatch.context() as patched:
        patched.setattr(Gate, "after_call", after_call)
        by_sql(ana, department="Packing")
        sync(ana.pk)

    assert len(edits) == STEPS_MOST
    assert account_of(ana).due_at is not None
    time_passes(ana.pk)
    sync(ana.pk)
    assert tenant.users()[0]["user_metadata"]["department"] == f"Number {STEPS_MOST}"


def test_no_call_begins_that_would_outlast_its_task(tenant: RunningTenant) -> None:
    ana = add()

    sync(ana.pk, until=time.monotonic() + 1)

    assert tenant.calls() == []
    assert account_of(ana).due_at is not None
    assert account_of(ana).attempts == 0


@pytest.mark.parametrize(("policy", "status"), [("ask", "failed"), ("recreate", "created")])
def test_a_row_that_names_an_account_which_auth0_has_no_more_follows_the_policy(
    tenant: RunningTenant, settings: Settings, policy: str, status: str
) -> None:
    settings.AUTH0_DELETED_POLICY = policy
    ana = make_employee(email="ana@example.com", auth_method="auth0", auth0_user_id="auth0|gone")
    note([ana.pk], actor="sql")

    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == status
    assert all(user["user_id"].endswith("-2") for user in tenant.users())


@pytest.mark.parametrize("blocked", [True, False])
def test_an_account_of_ours_that_somebody_marked_as_anothers_is_not_touched_any_more(
    tenant: RunningTenant, blocked: bool
) -> None:
    ana = add()
    sync(ana.pk)
    marker = {"app_metadata": {"employee_id": 999_999}}
    tenant.api("PATCH", f"/users/{row_of(ana).auth0_user_id}", {**marker, "blocked": blocked})
    Account.objects.filter(pk=ana.pk).update(look_at="2026-01-01T00:00:00Z")

    by_sql(ana, department="Packing")
    sync(ana.pk)

    assert account_of(ana).error_code == "foreign_account"
    assert tenant.users()[0]["app_metadata"]["employee_id"] == 999_999
    assert tenant.calls("PATCH", f"{USERS}/.*")[1:] == []


def test_an_account_that_has_her_derived_id_already_is_adopted(
    tenant: RunningTenant, state: TenantState
) -> None:
    ana = add()
    user_id = existing(
        tenant,
        email="before@example.com",
        user_id=f"emp-{state.installation}-{ana.pk}-1",
        app_metadata={"employee_id": ana.pk, "installation": state.installation},
    )

    sync(ana.pk)

    (account,) = tenant.users()
    assert account["user_id"] == user_id
    assert account["email"] == "ana@example.com"
    assert account_of(ana).origin == "adopted"


def test_a_row_deleted_by_sql_while_nobody_knows_of_the_account_ends_blocked(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(monkeypatch, "create account", die)
    with pytest.raises(Killed):
        sync(ana.pk)
    Employee.objects.filter(pk=ana.pk).delete()
    note([ana.pk], actor="sql")

    lease_runs_out(ana.pk)
    sync(ana.pk)

    assert [user["blocked"] for user in tenant.users()] == [True]
    assert account_of(ana).is_clean


def test_a_409_to_an_update_without_an_address_is_for_a_person(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    body = {"statusCode": 409, "message": "Taken.", "errorCode": "auth0_idp_error"}
    tenant.fault(
        match={"method": "PATCH", "path": f"{USERS}/.*"}, kind="status", status=409, body=body
    )
    change_employee(ana.pk, {"department": "Packing"}, boss(1))

    sync(ana.pk)

    assert account_of(ana).error_code == "auth0_idp_error"
    assert row_of(ana).auth0_sync_status == "failed"


def test_sessions_of_an_account_that_is_gone_need_no_ending(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    body = {"statusCode": 404, "message": "No such user.", "errorCode": "inexistent_user"}
    tenant.fault(match={"method": "DELETE"}, kind="status", status=404, body=body)
    deactivate(ana.pk, boss(1))

    sync(ana.pk)

    assert account_of(ana).is_clean
    assert account_of(ana).seen is None


def test_an_account_deleted_before_it_got_its_role_is_asked_about(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()

    def delete() -> None:
        tenant.api("DELETE", f"/users/{tenant.users()[0]['user_id']}")

    right_after(monkeypatch, "find role", delete)

    sync(ana.pk)

    assert account_of(ana).error_code == "deleted"


def test_another_fault_than_a_missing_role_is_not_looked_up_again(tenant: RunningTenant) -> None:
    sync(add(email="first@example.com").pk)
    forbid(tenant, "create:role_members")
    before = len(tenant.calls("GET", "/api/v2/roles"))

    sync(add().pk)

    assert len(tenant.calls("GET", "/api/v2/roles")) == before
    assert Pause.objects.get().action == "give role"


def test_of_two_workers_at_the_probes_time_one_is_the_probe(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(tenant, "create:users")
    ana = add()
    sync(ana.pk)
    before = len(tenant.calls("POST", USERS))
    a_minute_passes()
    real = pace.take_slot

    def other_is_first(*args: object) -> None:
        Pause.objects.update(probe_at="2126-01-01T00:00:00Z")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(pace, "take_slot", other_is_first)
    sync(ana.pk)

    assert len(tenant.calls("POST", USERS)) == before
    assert account_of(ana).waits_for == "create"


def test_a_pause_that_ends_while_she_waits_for_her_turn_is_none(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(tenant, "create:users")
    ana = add()
    sync(ana.pk)
    grant(tenant)
    a_minute_passes()
    real = pace.take_slot

    def other_ends_it(*args: object) -> None:
        Pause.objects.all().delete()
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(pace, "take_slot", other_ends_it)
    monkeypatch.setattr(token, "NEW_FOR_S", 0)
    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"


def test_a_circle_that_is_larger_than_anybody_follows_parks_nobody(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "CIRCLE_MOST", 1)
    people = [add(name=f"{letter} Sample", email=f"{letter}@example.com") for letter in "abc"]
    for person in people:
        sync(person.pk)
    Employee.objects.update(email=None)
    for person, email in zip(
        people, ["c@example.com", "a@example.com", "b@example.com"], strict=True
    ):
        Employee.objects.filter(pk=person.pk).update(email=email)
    note([person.pk for person in people], actor="sql")

    sync(people[0].pk)

    assert account_of(people[0]).error_code == "email_moving"
    assert {user["email"] for user in tenant.users()} == {
        "a@example.com",
        "b@example.com",
        "c@example.com",
    }
