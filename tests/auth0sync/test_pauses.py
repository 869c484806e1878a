"""What the tenant doesn't let the console do waits for an operator; everything else goes on."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import token
from auth0sync.context import notices
from auth0sync.due import mark_due, next_due
from auth0sync.engine import sync
from auth0sync.models import Account, Pause
from auth0sync.tasks import sync_due
from devtenant.seed import CONSOLE_SCOPES
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

USERS = "/api/v2/users"
TOO_LONG = {
    "statusCode": 400,
    "message": "Payload validation error: 'Too long' on property name",
    "errorCode": "invalid_body",
}


@pytest.fixture(autouse=True)
def half_a_minute_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token may be replaced for a scope here, as if half a minute lay between any two."""
    monkeypatch.setattr(token, "NEW_FOR_S", 0)


def forbid(tenant: RunningTenant, *scopes: str) -> None:
    """Take scopes away from the console; its token still claims them."""
    grant(tenant, [scope for scope in CONSOLE_SCOPES if scope not in scopes])
    tenant.control(expire_tokens=True)


def grant(tenant: RunningTenant, scopes: Collection[str] = CONSOLE_SCOPES) -> None:
    """Grant exactly these; only a new token has them."""
    tenant.control(scopes={"console-m2m": list(scopes)})


def a_minute_passes() -> None:
    """The time of every pause's probe has come."""
    Pause.objects.update(probe_at=Now() - timedelta(seconds=1))


def some(count: int) -> list[Employee]:
    return [add(name=f"P{n} Sample", email=f"p{n}@example.com") for n in range(count)]


def roles(tenant: RunningTenant) -> list[list[str]]:
    return [user["roles"] for user in tenant.users()]


def test_without_the_scope_for_roles_accounts_updates_blocks_and_invitations_go_on(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    ben = add(name="Ben Sample", email="ben@example.com")
    sync(ben.pk)
    mailoutbox.clear()
    forbid(tenant, "create:role_members")
    ana = add()

    sync(ana.pk)
    change_employee(ana.pk, {"department": "Packing"}, boss(1))
    sync(ana.pk)
    deactivate(ben.pk, boss(1))
    sync(ben.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["roles"] == []
    assert account["user_metadata"]["department"] == "Packing"
    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]
    assert row_of(ana).auth0_sync_status == "created"
    assert account_of(ana).waits_for == "roles"
    assert account_of(ana).attempts == 0, "waiting for an operator is no attempt"
    assert "create:role_members" in account_of(ana).error
    assert account_of(ben).is_clean
    assert "create:role_members" in notices(is_admin=True)[0]


def test_the_token_is_replaced_once_before_anything_pauses(tenant: RunningTenant) -> None:
    forbid(tenant, "create:users")
    sync(add(email="other@example.com").pk)
    Pause.objects.all().delete()
    grant(tenant)
    ana = add()

    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"
    assert not Pause.objects.exists()


def test_who_waits_for_a_pause_isnt_taken_before_the_probes_time(tenant: RunningTenant) -> None:
    forbid(tenant, "create:users")
    for person in some(3):
        sync(person.pk)
    before = len(tenant.calls(path_regex="/api/v2/.*"))

    sync_due()

    assert next_due(10) == []
    assert len(tenant.calls(path_regex="/api/v2/.*")) == before == 2, (
        "one, and once with a new token"
    )
    assert Account.objects.filter(due_at__lte=Now()).count() == 3


def test_the_probe_is_one_call_of_the_most_urgent(tenant: RunningTenant) -> None:
    forbid(tenant, "create:users")
    for person in some(3):
        sync(person.pk)
    mark_due([person.pk], actor="admin:1")  # by hand, before what a program changed
    Account.objects.exclude(pk=person.pk).update(priority=2)
    before = len(tenant.calls("POST", USERS))

    a_minute_passes()
    sync_due()

    calls = tenant.calls("POST", USERS)[before:]
    assert [call["status"] for call in calls] == [403, 403], "its repeat isn't refused by the pause"
    assert Pause.objects.get().capability == "create"
    assert next_due(10) == []


def test_when_the_probe_gets_through_everybody_goes_on_at_once(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    forbid(tenant, "create:users")
    people = some(4)
    for person in people:
        sync(person.pk)
    grant(tenant)

    a_minute_passes()
    sync_due()

    assert not Pause.objects.exists()
    assert {row_of(person).auth0_sync_status for person in people} == {"created"}
    assert {account_of(person).error for person in people} == {""}
    assert len(mailoutbox) == 4


def test_a_probe_that_reads_before_it_writes_ends_the_pause_by_what_it_writes(
    tenant: RunningTenant,
) -> None:
    forbid(tenant, "create:role_members")
    ana = add()
    sync(ana.pk)
    mark_due([ana.pk], actor="admin:1", look=True)  # so that her roles are read first
    a_minute_passes()
    sync(ana.pk)
    assert Pause.objects.get().action == "give role", "reading roles proves nothing"
    grant(tenant)

    mark_due([ana.pk], actor="admin:1", look=True)
    a_minute_passes()
    sync(ana.pk)

    assert roles(tenant) == [["production_associate"]]
    assert not Pause.objects.exists()
    assert account_of(ana).is_clean


def test_who_only_has_her_roles_read_leaves_the_probe_to_who_needs_what_was_refused(
    tenant: RunningTenant,
) -> None:
    done = some(2)
    for person in done:
        sync(person.pk)
    forbid(tenant, "create:role_members")
    ana = add()
    sync(ana.pk)
    grant(tenant)
    for person in done:
        mark_due([person.pk], actor="admin:1", look=True)
        sync(person.pk)
    earlier = Now() - timedelta(hours=1)
    Account.objects.filter(pk__in=[each.pk for each in done]).update(waiting_since=earlier)

    a_minute_passes()
    sync_due()

    assert not Pause.objects.exists()
    assert roles(tenant) == [["production_associate"]] * 3
    assert all(account_of(person).is_clean for person in [*done, ana])


def test_who_needs_two_things_that_are_paused_gets_each_when_it_is_there(
    tenant: RunningTenant,
) -> None:
    ana = add()
    sync(ana.pk)
    forbid(tenant, "update:users", "update:users_app_metadata", "delete:role_members")
    change_employee(ana.pk, {"auth0_role": "manager", "department": "Packing"}, boss(1))
    sync(ana.pk)
    assert set(Pause.objects.values_list("pk", flat=True)) >= {"update"}

    grant(tenant)
    for _ in range(3):
        a_minute_passes()
        sync_due()

    (account,) = tenant.users()
    assert account["roles"] == ["manager"]
    assert account["user_metadata"]["department"] == "Packing"
    assert account_of(ana).is_clean
    assert not Pause.objects.exists()


def test_without_the_scope_for_blocks_a_leaver_stays_due_and_is_the_first_probe(
    tenant: RunningTenant,
) -> None:
    ana, ben = add(), add(name="Ben Sample", email="ben@example.com")
    sync_due()
    forbid(tenant, "update:users", "update:users_app_metadata")
    change_employee(ben.pk, {"department": "Packing"}, boss(1))
    deactivate(ana.pk, boss(1))
    sync_due()
    assert account_of(ana).waits_for == "block"

    grant(tenant)
    a_minute_passes()
    sync(next_due(1)[0])

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["blocked"] is True


def test_without_the_scope_for_tickets_the_account_is_clean_and_the_invitation_waits(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    forbid(tenant, "create:user_tickets")
    people = some(2)
    for person in people:
        sync(person.pk)

    assert [account_of(person).is_clean for person in people] == [True, True]
    assert "create:user_tickets" in account_of(people[0]).invitation_error
    assert len(tenant.calls("POST", "/api/v2/tickets/.*")) == 2, "one, and once with a new token"
    assert next_due(10) == []
    grant(tenant)
    a_minute_passes()
    sync_due()

    assert sorted(mail.to[0] for mail in mailoutbox) == ["p0@example.com", "p1@example.com"]


def test_without_the_scope_to_read_who_has_to_be_read_waits_as_a_whole(
    tenant: RunningTenant,
) -> None:
    ana = add()
    sync(ana.pk)
    forbid(tenant, "read:users")

    mark_due([ana.pk], actor="admin:1", look=True)
    sync(ana.pk)

    assert account_of(ana).waits_for == "read"
    grant(tenant)
    a_minute_passes()
    sync_due()
    assert account_of(ana).is_clean


def test_a_refused_secret_pauses_everything_and_one_try_a_minute_ends_it(
    tenant: RunningTenant, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.AUTH0_CLIENT_SECRET = "wrong"
    token._held = None
    people = some(3)
    sync_due()
    assert Pause.objects.get().capability == "token"
    assert next_due(10) == []
    assert tenant.calls(path_regex="/api/v2/.*") == []

    a_minute_passes()
    before = len(tenant.calls("POST", "/oauth/token"))
    sync_due()
    assert len(tenant.calls("POST", "/oauth/token")) == before + 1

    settings.AUTH0_CLIENT_SECRET = "not-a-secret"
    a_minute_passes()
    sync_due()

    assert not Pause.objects.exists()
    assert {row_of(person).auth0_sync_status for person in people} == {"created"}


def test_a_token_that_is_refused_twice_pauses_everything(tenant: RunningTenant) -> None:
    ana, ben = some(2)
    tenant.fault(match={"path": f"{USERS}.*"}, kind="status", status=401)

    sync(ana.pk)
    sync(ben.pk)

    assert len(tenant.calls("POST", USERS)) == 2
    assert account_of(ana).waits_for == account_of(ben).waits_for == "token"
    assert account_of(ana).attempts == 0


def test_another_fault_of_the_set_up_ends_the_pause_of_the_token_alone(
    tenant: RunningTenant,
) -> None:
    ana = add()
    tenant.fault(match={"path": f"{USERS}.*"}, kind="status", status=401, times=2)
    sync(ana.pk)
    forbid(tenant, "create:users")

    a_minute_passes()
    sync(ana.pk)

    assert Pause.objects.get().capability == "create"


def test_a_fault_on_the_way_says_nothing_about_a_pause(tenant: RunningTenant) -> None:
    forbid(tenant, "create:users")
    ana = add()
    sync(ana.pk)
    grant(tenant)
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=503, times=1)
    tenant.fault(match={"method": "GET", "path": f"{USERS}/.*"}, kind="status", status=503, times=1)

    a_minute_passes()
    sync(ana.pk)
    assert Pause.objects.exists()

    for _ in range(2):
        a_minute_passes()
        time_passes(ana.pk)
        sync(ana.pk)
    assert not Pause.objects.exists()
    assert row_of(ana).auth0_sync_status == "created"


def test_a_missing_connection_pauses_creation_and_is_looked_for_by_a_read(
    tenant: RunningTenant, settings: Settings
) -> None:
    ben = add(name="Ben Sample", email="ben@example.com")
    sync(ben.pk)
    settings.AUTH0_CONNECTION = "Not-there"
    ana = add()
    sync(ana.pk)
    assert Pause.objects.get().missing == "Not-there"
    change_employee(ben.pk, {"department": "Packing"}, boss(1))
    sync(ben.pk)
    assert account_of(ben).is_clean
    before = len(tenant.calls("POST", USERS))

    a_minute_passes()
    sync_due()
    assert len(tenant.calls("POST", USERS)) == before
    assert len(tenant.calls("GET", "/api/v2/connections")) == 1

    settings.AUTH0_CONNECTION = "Username-Password-Authentication"
    a_minute_passes()
    sync_due()
    assert row_of(ana).auth0_sync_status == "created"
    assert not Pause.objects.exists()


def test_a_missing_role_pauses_roles_and_is_looked_for_by_a_read(tenant: RunningTenant) -> None:
    (finance,) = tenant.api("GET", "/roles?name_filter=finance").json()
    tenant.api("DELETE", f"/roles/{finance['id']}")
    ana = add(auth0_role="finance")
    ben = add(name="Ben Sample", email="ben@example.com", auth0_role="manager")
    sync(ana.pk)
    sync(ben.pk)
    assert roles(tenant) == [[], []]

    a_minute_passes()
    sync(ben.pk)  # another role than the missing one doesn't end it
    assert Pause.objects.get().missing == "finance"

    tenant.api("POST", "/roles", {"name": "finance"})
    a_minute_passes()
    sync_due()

    assert sorted(roles(tenant)) == [["finance"], ["manager"]]
    assert not Pause.objects.exists()


def test_a_role_that_was_made_anew_is_given_under_its_new_id(tenant: RunningTenant) -> None:
    sync(add(email="first@example.com").pk)
    (role,) = tenant.api("GET", "/roles?name_filter=production_associate").json()
    tenant.api("DELETE", f"/roles/{role['id']}")
    tenant.api("POST", "/roles", {"name": "production_associate"})
    ana = add()

    sync(ana.pk)

    account = tenant.user_by_email("ana@example.com")
    assert account is not None
    assert account["roles"] == ["production_associate"]
    assert not Pause.objects.exists()


def refuse_names(tenant: RunningTenant, **over: Any) -> None:
    tenant.fault(
        **{
            "match": {"method": "POST", "path": USERS},
            "kind": "status",
            "status": 400,
            "body": TOO_LONG,
            **over,
        }
    )


def test_the_same_refusal_for_five_people_in_a_row_is_a_fault_of_the_set_up(
    tenant: RunningTenant,
) -> None:
    refuse_names(tenant)
    people = some(6)
    for person in people[:4]:
        sync(person.pk)
    assert {row_of(person).auth0_sync_status for person in people[:4]} == {"failed"}

    for person in people[4:]:
        sync(person.pk)

    assert {row_of(person).auth0_sync_status for person in people} == {"pending"}
    assert {account_of(person).waits_for for person in people} == {"create"}
    assert len(tenant.calls("POST", USERS)) == 5
    assert "Too long" in Pause.objects.get().error


def test_the_five_go_on_by_themselves_when_the_set_up_is_mended(tenant: RunningTenant) -> None:
    refuse_names(tenant)
    people = some(5)
    for person in people:
        sync(person.pk)

    a_minute_passes()
    sync_due()
    assert len(tenant.calls("POST", USERS)) == 6, "one probe, still refused"
    tenant.clear_faults()
    a_minute_passes()
    sync_due()

    assert {row_of(person).auth0_sync_status for person in people} == {"created"}


def test_one_person_refused_five_times_is_one_person(tenant: RunningTenant) -> None:
    refuse_names(tenant)
    ana = add()

    for _ in range(6):
        mark_due([ana.pk], actor="admin:1")
        sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "failed"
    assert not Pause.objects.exists()


def test_refusals_with_a_success_between_them_are_personal(tenant: RunningTenant) -> None:
    people = some(5)
    refuse_names(tenant, times=3)
    for person in people[:4]:
        sync(person.pk)
    refuse_names(tenant, times=1)

    sync(people[4].pk)

    assert row_of(people[4]).auth0_sync_status == "failed"
    assert not Pause.objects.exists()


def test_a_refusal_for_another_reason_ends_the_pause(tenant: RunningTenant) -> None:
    refuse_names(tenant, times=5)
    people = some(5)
    for person in people:
        sync(person.pk)
    other = {**TOO_LONG, "message": "Payload validation error: 'Too short' on property name"}
    refuse_names(tenant, body=other, times=1)

    a_minute_passes()
    sync_due()

    said = sorted(str(row_of(person).auth0_sync_status) for person in people)
    assert said == ["created"] * 4 + ["failed"]


def test_the_same_refused_update_leaves_the_accounts_as_they_were(tenant: RunningTenant) -> None:
    people = some(5)
    sync_due()
    tenant.fault(
        match={"method": "PATCH", "path": f"{USERS}/.*"}, kind="status", status=400, body=TOO_LONG
    )
    for person in people:
        by_sql(person, department="Packing")

    sync_due()

    assert {row_of(person).auth0_sync_status for person in people} == {"created"}
    assert {account_of(person).waits_for for person in people} == {"update"}


def test_a_conflict_is_shown_while_the_roles_are_paused_and_both_end(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    other = {
        "connection": "Username-Password-Authentication",
        "email": "taken@example.com",
        "password": "Kn0wn-to-somebody!",
    }
    taken = tenant.api("POST", "/users", other).json()
    forbid(tenant, "create:role_members", "delete:role_members")
    change_employee(ana.pk, {"email": "taken@example.com", "auth0_role": "manager"}, boss(1))

    sync(ana.pk)
    assert row_of(ana).auth0_sync_status == "failed"
    assert account_of(ana).error_code == "email_taken"
    assert account_of(ana).waits_for == "roles"

    grant(tenant)
    tenant.api("DELETE", f"/users/{taken['user_id']}")
    a_minute_passes()
    sync_due()
    assert tenant.users()[0]["roles"] == ["manager"]
    assert tenant.users()[0]["email"] == "taken@example.com"
    assert account_of(ana).is_clean


@pytest.mark.parametrize("code", ["insufficient_entitlement", "insufficient_scope"])
def test_any_403_on_sessions_means_that_the_plan_lacks_them(
    tenant: RunningTenant, code: str
) -> None:
    ana = add()
    sync(ana.pk)
    body = {"statusCode": 403, "message": "No.", "errorCode": code}
    tenant.fault(match={"method": "DELETE"}, kind="status", status=403, body=body)
    deactivate(ana.pk, boss(1))

    sync(ana.pk)

    assert tenant.users()[0]["blocked"] is True
    assert account_of(ana).is_clean
    assert not Pause.objects.exists()


def test_a_409_that_means_something_else_is_a_fault_of_the_set_up(tenant: RunningTenant) -> None:
    body = {
        "statusCode": 409,
        "message": "The tenant has multiple verified custom domains.",
        "errorCode": "custom_domain_conflict",
    }
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=409, body=body)
    ana, ben = some(2)

    sync(ana.pk)
    sync(ben.pk)

    assert len(tenant.calls("POST", USERS)) == 1
    assert Pause.objects.get().code == "custom_domain_conflict"
    tenant.clear_faults()
    a_minute_passes()
    sync_due()
    assert row_of(ana).auth0_sync_status == row_of(ben).auth0_sync_status == "created"
