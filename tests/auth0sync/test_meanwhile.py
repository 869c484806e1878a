"""Two things at once: whatever happens to the row in the middle of a step, before it is recorded,
and whether or not the worker lives on, the account equals the row in the end."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count, product
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from auth0sync.account import Seen
from auth0sync.engine import sync
from auth0sync.models import TenantState
from auth0sync.plan import desired, diff
from auth0sync.rows import read_facts
from employees.models import Employee
from employees.services import change_employee, deactivate, reactivate
from tests.auth0sync.conftest import lease_runs_out, time_passes
from tests.auth0sync.people import Killed, account_of, add, by_sql, die, right_after, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

NUMBERS = count(1)

# What brings the engine to do which calls


def joins() -> Employee:
    number = next(NUMBERS)
    return add(name=f"Ana {number}", email=f"ana{number}@example.com", department="Picking")


def changes() -> Employee:
    ana = joins()
    sync(ana.pk)
    change_employee(ana.pk, {"auth0_role": "manager", "workspace": "TX"}, boss(1))
    return ana


def leaves() -> Employee:
    ana = joins()
    sync(ana.pk)
    deactivate(ana.pk, boss(1))
    return ana


def returns() -> Employee:
    ana = leaves()
    sync(ana.pk)
    reactivate(ana.pk, boss(1))
    return ana


SITUATIONS: list[tuple[Callable[[], Employee], str]] = [
    (joins, "create account"),
    (joins, "give role"),
    (joins, "make password ticket"),
    (changes, "update account"),
    (changes, "take role away"),
    (changes, "give role"),
    (leaves, "block account"),
    (leaves, "end sessions"),
    (leaves, "revoke refresh tokens"),
    (leaves, "read account"),
    (returns, "update account"),
]

# What happens to the row meanwhile


def is_edited(ana: Employee) -> None:
    change_employee(ana.pk, {"department": "Packing"}, boss(2))


def is_renamed(ana: Employee) -> None:
    change_employee(ana.pk, {"name": f"{ana.name} Sample"}, boss(2))


def gets_another_address(ana: Employee) -> None:
    change_employee(ana.pk, {"email": f"new.{ana.email}"}, boss(2))


def gets_another_role(ana: Employee) -> None:
    change_employee(ana.pk, {"auth0_role": "team_lead"}, boss(2))


def is_switched_off_by_sql(ana: Employee) -> None:
    by_sql(ana, is_active=False)


def goes_and_comes_back(ana: Employee) -> None:
    by_sql(ana, is_active=False)
    by_sql(ana, is_active=True)


def is_there_again(ana: Employee) -> None:
    by_sql(ana, is_active=True, department="Packing")


WHILE_AT_WORK = [
    is_edited,
    is_renamed,
    gets_another_address,
    gets_another_role,
    is_switched_off_by_sql,
    goes_and_comes_back,
]
WHILE_LEAVING = [is_renamed, goes_and_comes_back, is_there_again]


@pytest.mark.parametrize(
    ("situation", "action"), SITUATIONS, ids=lambda value: getattr(value, "__name__", value)
)
def test_the_account_equals_the_row_in_the_end(
    tenant: RunningTenant,
    mailoutbox: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    situation: Callable[[], Employee],
    action: str,
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (0, 0)  # a crowd is changed here
    events = WHILE_LEAVING if situation is leaves else WHILE_AT_WORK
    for event, dies in product(events, [False, True]):
        ana = situation()
        happened: list[int] = []

        def happens(
            ana: Employee = ana,
            event: Callable[[Employee], None] = event,
            dies: bool = dies,
            happened: list[int] = happened,
        ) -> None:
            event(ana)
            happened.append(len(tenant.calls("POST", "/api/v2/tickets/.*")))
            if dies:
                die()

        with monkeypatch.context() as patched:
            right_after(patched, action, happens)
            if dies:
                with pytest.raises(Killed):
                    sync(ana.pk)
                lease_runs_out(ana.pk)
            else:
                sync(ana.pk)
        for _ in range(2):
            time_passes(ana.pk)
            sync(ana.pk)

        told = f"{event.__name__}{' and the worker dies' if dies else ''}"
        assert happened, told
        assert_in_step(tenant, ana, told)
        if event is is_renamed and row_of(ana).is_active:
            assert previous_names(tenant, ana) == [ana.name], told
        if not row_of(ana).is_active:
            assert len(tenant.calls("POST", "/api/v2/tickets/.*")) == happened[0], told


def assert_in_step(tenant: RunningTenant, employee: Employee, told: str) -> None:
    """One account, open and as the row wants it, or blocked; and the console knows."""
    facts = read_facts([employee.pk])[employee.pk]
    (account,) = accounts_of(tenant, employee)
    seen = replace(Seen.of(account), roles=tuple(account["roles"]))
    if facts.asks_for_account:
        wanted = desired(facts, installation=TenantState.objects.get().installation)
        assert diff(wanted, seen) == [], told
    else:
        assert seen.blocked, told
    assert account_of(employee).is_clean, told
    assert account_of(employee).lease == "", told
    assert row_of(employee).auth0_user_id == account["user_id"], told
    assert row_of(employee).auth0_sync_status == "created", told


def accounts_of(tenant: RunningTenant, employee: Employee) -> list[dict[str, Any]]:
    marked = [user for user in tenant.users() if "employee_id" in user.get("app_metadata", {})]
    return [user for user in marked if user["app_metadata"]["employee_id"] == employee.pk]


def previous_names(tenant: RunningTenant, employee: Employee) -> object:
    (account,) = accounts_of(tenant, employee)
    return account["app_metadata"].get("previous_names")
