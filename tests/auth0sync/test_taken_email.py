"""An e-mail that another account in Auth0 has: wait for it, swap it, or ask a person."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from auth0sync.due import link_to, note
from auth0sync.engine import sync
from auth0sync.models import Account, BrakeCount, TenantState
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


def leave(person: Employee, how: str) -> None:
    """The person has no use for the address any more."""
    if how == "row deleted":
        Employee.objects.filter(pk=person.pk).delete()
        note([person.pk], actor="sql")
        return
    columns: dict[str, dict[str, Any]] = {
        "switched off": {"is_active": False},
        "archived": {"archived_at": timezone.now()},
        "back to the PIN": {"auth_method": "pin"},
        "no e-mail any more": {},
        "a placeholder": {"email": f"{person.pk}@company.com"},
    }
    by_sql(person, **{"email": None, **columns[how]})


GONE = ["switched off", "archived", "back to the PIN", "row deleted"]


@pytest.mark.parametrize("how", [*GONE, "no e-mail any more", "a placeholder"])
def test_an_address_that_a_row_has_given_up_goes_to_whoever_wants_it(
    tenant: RunningTenant, trio: list[Employee], mailoutbox: list[EmailMessage], how: str
) -> None:
    ana, ben, _ = trio
    ben_has = account_of(ben).user_id
    leave(ben, how)
    settled(ben)
    mailoutbox.clear()
    by_sql(ana, email="b@example.com", department="Packing")

    settled(ana, ben)

    assert email_of(tenant, ana) == "b@example.com"
    assert account_of(ana).is_clean and not account_of(ana).error
    bens = tenant.api("GET", f"/users/{ben_has}").json()
    assert bens["email"].endswith(".invalid") and not bens["email_verified"]
    assert bool(bens.get("blocked")) == (how in GONE)
    assert [mail.to for mail in mailoutbox if ben_has in mail.body] == []
    assert {to for mail in mailoutbox for to in mail.to} == {"a@example.com", "b@example.com"}
    assert tenant.outbox() == [] or all(
        not to.endswith(".invalid") for mail in tenant.outbox() for to in mail["to"]
    )


@pytest.mark.parametrize("how", GONE)
def test_a_newcomer_gets_the_address_that_a_leaver_has_given_up(
    tenant: RunningTenant, trio: list[Employee], how: str
) -> None:
    leave(trio[1], how)
    settled(trio[1])
    zoe = add(name="Zoe Sample", email="b@example.com")

    sync(zoe.pk)
    waits = account_of(zoe).error_code, row_of(zoe).auth0_sync_status
    settled(zoe, trio[1])

    assert waits == ("email_moving", "pending")
    assert email_of(tenant, zoe) == "b@example.com"
    assert row_of(zoe).auth0_sync_status == "created"


def test_a_newcomer_gets_the_address_of_a_leaver_once_a_person_has_emptied_it(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ben = trio[1]
    # The column is unique; only written differently can two rows have one address.
    by_sql(ben, is_active=False, email=" b@example.com")
    settled(ben)
    zoe = add(name="Zoe Sample", email="b@example.com")
    settled(zoe, ben)
    before = account_of(zoe).error_code
    change_employee(ben.pk, {"email": None}, boss())

    settled(ben, zoe)

    assert before == "email_taken"
    assert email_of(tenant, zoe) == "b@example.com"
    assert row_of(zoe).auth0_sync_status == "created"


def test_nobody_lets_go_of_an_address_that_nobody_wants(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ben_has = account_of(trio[1]).user_id
    leave(trio[1], "switched off")

    settled(trio[1])

    assert tenant.api("GET", f"/users/{ben_has}").json()["email"] == "b@example.com"


def test_whoever_signs_in_with_a_pin_takes_no_address_from_an_account(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ben_has = account_of(trio[1]).user_id
    leave(trio[1], "switched off")
    zoe = add(name="Zoe Sample", email="b@example.com", auth_method="pin")

    settled(zoe, trio[1])

    assert tenant.api("GET", f"/users/{ben_has}").json()["email"] == "b@example.com"


def test_a_leaver_who_comes_back_gets_the_new_address_of_the_row(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ana, ben, _ = trio
    leave(ben, "switched off")
    by_sql(ana, email="b@example.com")
    settled(ana, ben)

    by_sql(ben, is_active=True, email="ben@example.com")
    settled(ben)

    assert email_of(tenant, ben) == "ben@example.com"
    assert email_of(tenant, ana) == "b@example.com"
    assert account_of(ben).is_clean


def test_whoever_has_lost_the_address_is_told_what_to_do(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    ana, ben, _ = trio
    leave(ben, "no e-mail any more")
    settled(ben)
    kept = account_of(ben).error
    by_sql(ana, email="b@example.com")

    settled(ana, ben)

    assert kept.endswith("the old one stays in the account.")
    assert account_of(ben).error.endswith("the old one is somebody else's now.")
    assert row_of(ben).auth0_sync_status == "failed"


def test_the_brake_holds_addresses_that_many_would_have_to_give_up(
    tenant: RunningTenant, trio: list[Employee], settings: Settings
) -> None:
    ana, ben, _ = trio
    leave(ben, "switched off")
    settled(ben)
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    BrakeCount.objects.all().delete()  # an hour later
    BrakeCount.objects.create(employee_id=999, kind="changes", risk="email")
    BrakeCount.objects.create(employee_id=ana.pk, kind="changes", risk="email")

    by_sql(ana, email="b@example.com")
    settled(ana, ben)

    held = account_of(ben)
    assert held.batch is not None
    assert (held.attempts, held.error, held.due_at) == (0, "", None), "to wait is no failure"
    assert account_of(ana).error_code == "email_moving"


def test_an_address_whose_holder_signs_in_with_another_installation_is_a_conflict(
    tenant: RunningTenant, trio: list[Employee]
) -> None:
    existing(tenant, email="old@example.com", app_metadata={"employee_id": 7, "installation": "x"})

    by_sql(trio[0], email="old@example.com", department="Packing")
    sync(trio[0].pk)

    account = account_of(trio[0])
    assert account.error_code == "email_taken"
    assert row_of(trio[0]).auth0_sync_status == "failed"
    assert [(e["employee_id"], e["linkable"]) for e in found_of(trio[0])] == [(None, False)]
    found = tenant.api("GET", f"/users/{row_of(trio[0]).auth0_user_id}").json()
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
