"""An e-mail that another account in Auth0 has: wait for it, swap it, or ask a person."""

from typing import Any

import pytest
from django.core.mail import EmailMessage

from auth0sync.due import link_to
from auth0sync.engine import sync
from auth0sync.models import Account, TenantState
from auth0sync.tasks import sync_due
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, by_sql, right_after, row_of
from tests.auth0sync.test_existing_accounts import existing
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once


def settled(*people: Employee) -> None:
    """Let everything that was put off for these people happen, as hours would."""
    for _ in range(8):
        for person in people:
            time_passes(person.pk)
        sync_due()


def exchange(wanted: dict[Employee, str | None]) -> None:
    """By SQL; the column is unique, so the addresses are taken away first."""
    Employee.objects.filter(pk__in=[person.pk for person in wanted]).update(email=None)
    for person, email in wanted.items():
        Employee.objects.filter(pk=person.pk).update(email=email)


def email_of(tenant: RunningTenant, employee: Employee) -> str:
    found = tenant.api("GET", f"/users/{row_of(employee).auth0_user_id}").json()
    return str(found["email"])


def found_of(employee: Employee) -> list[dict[str, Any]]:
    return account_of(employee).found or []


@pytest.fixture
def trio(tenant: RunningTenant, mailoutbox: list[EmailMessage]) -> list[Employee]:
    """Three people with accounts: a@, b@ and c@."""
    people = [add(name=f"{letter} Sample", email=f"{letter}@example.com") for letter in "abc"]
    sync_due()
    mailoutbox.clear()
    return people


def test_whoever_still_has_the_address_moves_first(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ana, ben, _ = trio
    by_sql(ben, email="ben@example.com")
    by_sql(ana, email="b@example.com")

    sync(ana.pk)
    assert account_of(ana).error_code == "email_moving"
    assert row_of(ana).auth0_sync_status == "created", "nobody has to do anything"
    sync_due()

    assert email_of(tenant, ben) == "ben@example.com"
    assert email_of(tenant, ana) == "b@example.com"
    assert account_of(ana).is_clean


def test_a_new_employee_waits_until_the_address_is_free(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    by_sql(trio[0], email="ana@example.com")
    zoe = add(name="Zoe Sample", email="a@example.com")

    sync(zoe.pk)
    assert row_of(zoe).auth0_sync_status == "pending"
    sync_due()

    assert email_of(tenant, zoe) == "a@example.com"
    assert email_of(tenant, trio[0]) == "ana@example.com"


def test_a_holder_who_had_failed_before_is_tried_again(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ana, ben, _ = trio
    tenant.fault(
        match={"method": "PATCH", "path": "/api/v2/users/.*"}, kind="status", status=400, times=1
    )
    by_sql(ben, email="ben@example.com")
    sync(ben.pk)
    assert account_of(ben).due_at is None

    by_sql(ana, email="b@example.com")
    settled(ana)

    assert email_of(tenant, ana) == "b@example.com"
    assert email_of(tenant, ben) == "ben@example.com"


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("first", [0, 1])
def test_people_who_swap_addresses_settle_by_themselves(
    tenant: RunningTenant,
    trio: list[Employee],
    mailoutbox: list[EmailMessage],
    count: int,
    first: int,
) -> None:
    circle = trio[:count]
    wanted = [circle[n - 1].email for n in range(count)]
    exchange(dict(zip(circle, wanted, strict=True)))
    for person in circle[first:] + circle[:first]:
        by_sql(person)

    settled(*circle)

    assert [email_of(tenant, person) for person in circle] == wanted
    assert all(account_of(person).is_clean for person in circle)
    assert {row_of(person).auth0_sync_status for person in circle} == {"created"}
    told = sorted(to for mail in mailoutbox for to in mail.to if "changed" in mail.subject)
    assert told == sorted(str(person.email) for person in circle), "each old address is told once"
    assert all("parked" not in to for mail in mailoutbox for to in mail.to)


def test_somebody_who_leaves_in_the_middle_of_a_swap_ends_blocked_and_the_other_has_the_address(
    tenant: RunningTenant, trio: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben, _ = trio
    exchange({ana: "b@example.com", ben: "a@example.com"})
    by_sql(ana)
    by_sql(ben)
    right_after(monkeypatch, "find by e-mail", lambda: deactivate(ana.pk, boss(1)))

    sync(ana.pk)
    settled(ana, ben)

    blocked = tenant.api("GET", f"/users/{row_of(ana).auth0_user_id}").json()["blocked"]
    assert blocked is True
    assert email_of(tenant, ben) == "a@example.com"


def test_an_address_whose_holder_has_left_is_a_conflict_that_names_the_holder(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ana, ben, _ = trio
    deactivate(ben.pk, boss(1))
    sync(ben.pk)
    by_sql(ben, email=None)
    sync(ben.pk)

    by_sql(ana, email="b@example.com", department="Packing")
    sync(ana.pk)

    account = account_of(ana)
    assert account.error_code == "email_taken"
    assert row_of(ana).auth0_sync_status == "failed"
    assert [(each["employee_id"], each["linkable"]) for each in found_of(ana)] == [(ben.pk, False)]
    found = tenant.api("GET", f"/users/{row_of(ana).auth0_user_id}").json()
    assert found["user_metadata"]["department"] == "Packing", "the other fields go out"


def used(tenant: RunningTenant, **over: Any) -> str:
    """An account that somebody has signed in with and whose e-mail nobody verified."""
    user_id = existing(tenant, **over)
    tenant.login(user_id)
    return user_id


def test_a_conflict_keeps_what_a_manager_may_see_of_the_account(tenant: RunningTenant) -> None:
    user_id = used(tenant, name="Ana Somebody")
    ana = add()

    sync(ana.pk)

    (found,) = found_of(ana)
    assert found["user_id"] == user_id
    assert found["email"] == "ana@example.com"
    assert found["name"] == "Ana Somebody"
    assert found["logins_count"] == 1
    assert found["created_at"]
    assert found["last_login"]
    assert found["employee_id"] is None
    assert found["linkable"] is True


def test_a_person_says_that_the_account_is_hers_and_it_is_linked(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    user_id = used(tenant)
    ana = add()
    sync(ana.pk)

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    (account,) = tenant.users()
    assert account["user_id"] == user_id == row_of(ana).auth0_user_id
    assert account["app_metadata"]["employee_id"] == ana.pk
    assert "last_password_reset" not in account, "whoever signs in with it knows the password"
    assert account_of(ana).origin == "linked"
    assert account_of(ana).found is None
    assert account_of(ana).link_to == ""
    assert row_of(ana).auth0_sync_status == "created"


def test_an_account_that_nobody_signed_in_with_gets_a_new_password_when_it_is_linked_by_word(
    tenant: RunningTenant,
) -> None:
    user_id = existing(tenant, email="other@example.com")
    ana = add()

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    (account,) = tenant.users()
    assert "last_password_reset" in account
    assert account["email"] == "ana@example.com", "brought in step with the row"


@pytest.mark.parametrize(
    "markers", [{"employee_id": 999_999}, {"employee_id": 1, "installation": "another"}]
)
def test_a_person_cannot_link_an_account_that_is_marked_as_somebody_elses(
    tenant: RunningTenant, markers: dict[str, Any]
) -> None:
    user_id = existing(tenant, app_metadata=markers)
    ana = add()

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    assert tenant.users()[0]["app_metadata"] == markers
    account = account_of(ana)
    assert account.error_code == "not_linkable"
    assert found_of(ana)[0]["linkable"] is False


def test_an_account_that_another_row_names_cannot_be_linked(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    user_id = used(tenant)
    Employee.objects.filter(pk=trio[0].pk).update(auth0_user_id=None)
    Account.objects.filter(pk=trio[0].pk).update(origin="", user_id="")
    Employee.objects.filter(pk=trio[0].pk).update(auth0_user_id=user_id, is_active=False)
    ana = add()
    sync(ana.pk)
    assert found_of(ana)[0]["linkable"] is False

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    assert account_of(ana).error_code == "held"


def test_an_account_outside_our_connection_cannot_be_linked(
    tenant: RunningTenant, settings: Any
) -> None:
    user_id = existing(tenant)
    settings.AUTH0_CONNECTION = "Another"
    ana = add()

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    assert account_of(ana).error_code == "not_linkable"


def test_an_account_that_is_gone_by_the_time_of_the_link_is_said_to_be(
    tenant: RunningTenant,
) -> None:
    user_id = used(tenant)
    ana = add()
    sync(ana.pk)
    tenant.api("DELETE", f"/users/{user_id}")

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    assert account_of(ana).error_code == "link_gone"


def test_nobody_gets_a_second_account_by_a_link(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    user_id = used(tenant, email="other@example.com")
    change_employee(ana.pk, {"email": "other@example.com"}, boss(1))
    sync(ana.pk)
    assert found_of(ana)[0]["linkable"] is False

    link_to(ana.pk, user_id, actor="admin:1")
    sync(ana.pk)

    assert account_of(ana).error_code == "has_account"
    assert row_of(ana).auth0_user_id != user_id


def test_a_conflict_that_nobody_stands_behind_is_tried_again(
    tenant: RunningTenant, state: TenantState
) -> None:
    ana = add()
    body = {
        "statusCode": 409,
        "message": "The user already exists.",
        "errorCode": "auth0_idp_error",
    }
    tenant.fault(
        match={"method": "POST", "path": "/api/v2/users"},
        kind="status",
        status=409,
        body=body,
        times=1,
    )

    sync(ana.pk)
    assert account_of(ana).error_code == "phantom_conflict"
    time_passes(ana.pk)
    sync(ana.pk)

    assert row_of(ana).auth0_sync_status == "created"
