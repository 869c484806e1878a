"""What the console makes of Auth0's events: one read says what is so, the rules what is done."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from auth0sync import events_store
from auth0sync.engine import sync
from auth0sync.events_models import AccountLook, TenantEvent
from auth0sync.events_parsing import read_item
from auth0sync.events_store import store
from auth0sync.models import Account, Difference, SyncLog, TenantState
from auth0sync.pruning import prune_events
from employees.counters import totals
from employees.models import Employee, SyncStatus
from employees.services import deactivate
from tests.auth0sync.comparing import delete, edit, found, settled, the_one, work_off
from tests.auth0sync.events import TOKEN, an_edit, an_event, deliver, heed, states
from tests.auth0sync.people import account_of, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.usefixtures("tenant")


@pytest.fixture(autouse=True)
def stream(settings: Settings) -> None:
    settings.AUTH0_WEBHOOK_TOKEN = [TOKEN]


def tell(*events: dict[str, Any], is_read: bool = False) -> None:
    """They are stored, as from a delivery, or as read in the log."""
    store(filter(None, map(read_item, events)), is_read=is_read)


def verify(tenant: RunningTenant, employee: Employee) -> None:
    """The person follows the link in the mail."""
    body = {"user_id": account_of(employee).user_id}
    assert httpx.post(f"{tenant.base_url}/_verify", json=body, trust_env=False).is_success


def reads() -> int:
    """Calls that were made because of events."""
    return SyncLog.objects.filter(actor="auth0_events").count()


def test_a_verified_email_is_read_and_shown_at_once(tenant: RunningTenant) -> None:
    employee = settled()
    verify(tenant, employee)

    tell(an_event("sv", employee))
    heed()

    row = row_of(employee)
    assert row.auth0_sync_status == SyncStatus.VERIFIED
    assert row.auth0_email_verified_at is not None
    assert states() == [("sv", "CONFIRMED")]
    assert found() == []
    seen = account_of(employee).seen
    assert seen and seen["email_verified"]


def test_an_event_that_was_made_up_changes_nothing(tenant: RunningTenant) -> None:
    employee = settled()
    before = row_of(employee)

    tell(*(an_event(name, employee) for name in ("sv", "sdu", "scp")))
    heed()

    assert states() == [("sv", "REFUTED"), ("sdu", "REFUTED"), ("scp", "REFUTED")]
    assert (row_of(employee), found(), reads()) == (before, [], 1)


def test_a_field_edited_by_hand_stands_in_the_balance_sheet_and_isnt_overwritten(
    tenant: RunningTenant,
) -> None:
    employee = settled(name="Ana Ortiz")
    edit(tenant, employee, name="Somebody Else")

    tell(an_edit(employee))
    heed()
    work_off()

    row = the_one()
    assert (row.kind, row.field, row.auth0, row.wanted) == (
        *("field", "name", "Somebody Else", "Ana Ortiz"),
    )
    assert (row.state, row.is_read_again) == (Difference.State.OPEN, True)
    assert states() == [("sapi", "CONFIRMED")]


def test_it_is_over_as_soon_as_somebody_has_put_it_back(tenant: RunningTenant) -> None:
    employee = settled(name="Ana Ortiz")
    edit(tenant, employee, name="Somebody Else")
    tell(an_edit(employee))
    heed()
    edit(tenant, employee, name="Ana Ortiz")

    tell(an_edit(employee))
    heed()

    assert found() == []
    assert Difference.objects.get().outcome == "not there any more"


def test_a_rule_mends_it_at_once(tenant: RunningTenant) -> None:
    TenantState.objects.update(compare_policy={"name": "row"})
    employee = settled(name="Ana Ortiz")
    edit(tenant, employee, name="Somebody Else")

    tell(an_edit(employee))
    heed()
    work_off()

    assert found() == []
    row = Difference.objects.get()
    assert (row.decided_by, row.outcome) == ("auth0_events", "brought in line")
    user = tenant.api("GET", f"/users/{account_of(employee).user_id}").json()
    assert user["name"] == "Ana Ortiz"


def test_roles_are_read_when_they_were_edited(tenant: RunningTenant) -> None:
    employee = settled()
    user_id = account_of(employee).user_id
    names = {role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()}
    held = tenant.api("GET", f"/users/{user_id}/roles").json()
    body = {"roles": [role["id"] for role in held]}
    assert tenant.api("DELETE", f"/users/{user_id}/roles", body).is_success
    assert names

    tell(an_edit(employee))
    heed()
    assert found() == []  # nobody has asked

    tell(an_edit(employee, "/roles"))
    heed()
    assert (the_one().kind, the_one().auth0) == ("role", [])
    assert states()[-1] == ("sapi", "CONFIRMED")


def test_roles_given_to_several_are_read_of_each(tenant: RunningTenant) -> None:
    ana, bo = settled(), settled(email="bo@example.com")
    users = [account_of(each).user_id for each in (ana, bo)]
    request = {"path": "/api/v2/roles/rol_x/users", "method": "post", "body": {"users": users}}

    tell(an_event("sapi", details={"request": request}))
    heed()

    looks = AccountLook.objects.order_by("pk").values_list("pk", "wanted")
    assert list(looks) == [(ana.pk, False), (bo.pk, False)]
    event = TenantEvent.objects.get()
    assert (event.employee_id, event.user_id, event.others) == (None, "", None)
    assert SyncLog.objects.filter(actor="auth0_events", action="read roles").count() == 2


def test_an_account_that_was_deleted_is_missed_at_once(tenant: RunningTenant) -> None:
    employee = settled()
    delete(tenant, employee)

    tell(an_event("sdu", employee))
    heed()

    assert (the_one().kind, states()) == ("missing", [("sdu", "CONFIRMED")])


def left(tenant: RunningTenant) -> Employee:
    """Somebody who has left, and whose account somebody opens again in Auth0."""
    employee = settled()
    deactivate(employee.pk, boss())
    sync(employee.pk)
    edit(tenant, employee, blocked=False)
    return employee


def is_blocked(tenant: RunningTenant, employee: Employee) -> bool:
    user = tenant.api("GET", f"/users/{account_of(employee).user_id}").json()
    return bool(user.get("blocked"))


@pytest.mark.parametrize("name", ["sapi", "scp", "s"])
def test_who_has_left_is_shut_out_again(tenant: RunningTenant, name: str) -> None:
    employee = left(tenant)

    tell(an_edit(employee) if name == "sapi" else an_event(name, employee))
    heed()
    assert the_one().kind == "open"
    assert account_of(employee).priority == 0  # before everybody else
    work_off()

    assert is_blocked(tenant, employee)
    assert found() == []


def test_unless_administrators_chose_to_decide_that_themselves(tenant: RunningTenant) -> None:
    TenantState.objects.update(compare_policy={"open": "report"})
    employee = left(tenant)

    tell(an_edit(employee))
    heed()
    work_off()

    assert (the_one().kind, is_blocked(tenant, employee)) == ("open", False)


def test_many_events_of_one_account_are_one_read(tenant: RunningTenant) -> None:
    employee = settled()

    tell(*(an_event("scp", employee) for _ in range(600)))
    heed()

    assert (reads(), TenantEvent.objects.filter(state=TenantEvent.State.REFUTED).count()) == (
        1,
        600,
    )


def test_looks_that_find_nothing_come_ever_more_rarely(tenant: RunningTenant) -> None:
    employee = settled()
    waits = []

    for _ in range(3):
        tell(an_event("sv", employee))
        heed()
        look = AccountLook.objects.get()
        waits.append((look.next_at - datetime.now(UTC)).total_seconds())
    verify(tenant, employee)
    tell(an_event("sv", employee))
    heed()

    assert [round(each / 2 + 0.3) for each in waits] == [1, 2, 4]
    assert AccountLook.objects.get().in_vain == 0


def test_what_the_console_does_itself_is_counted_and_not_looked_at() -> None:
    employee = settled()

    tell(an_edit(employee, client_id="console-m2m"))

    assert heed() == 0
    row = TenantEvent.objects.get()
    assert (row.is_own, row.state, row.employee_id, row.user_id) == (True, 1, None, "")


def test_of_strangers_nothing_but_the_event_is_kept() -> None:
    tell(an_event("sv", "auth0|a-stranger"), an_event("brand_new_type"), an_event("api_limit"))

    assert heed() == 0
    rows = TenantEvent.objects.order_by("pk").values_list("type", "user_id", "employee_id", "state")
    assert list(rows) == [
        ("sv", "", None, 1),
        ("brand_new_type", "", None, 1),
        ("api_limit", "", None, 1),
    ]


def test_each_event_is_counted_once_under_a_name_that_the_console_knows(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    event = an_event("fp", "auth0|x")

    for _ in range(2):
        tell(event, an_event("made_up"))
        with django_capture_on_commit_callbacks(execute=True):
            heed()

    counted = {row["type"]: n for row, n in totals()["auth0_events"]}
    assert counted == {"fp": 1, "other": 2}


def test_nothing_is_concluded_while_the_console_is_at_the_account(tenant: RunningTenant) -> None:
    employee = settled(name="Ana Ortiz")
    edit(tenant, employee, name="Somebody Else")
    Account.objects.filter(pk=employee.pk).update(lease="a worker")
    tell(an_edit(employee))
    heed_once(employee)
    assert (reads(), states(), AccountLook.objects.get().tries) == (0, [("sapi", "LOOK")], 1)

    Account.objects.filter(pk=employee.pk).update(lease="")
    heed()

    assert (reads(), the_one().field) == (1, "name")


def heed_once(employee: Employee) -> None:
    """As heed, which would try for ever."""
    import time

    from auth0sync.events_look import look_next

    events_store.sort_new(time.monotonic() + 60)
    assert look_next(time.monotonic() + 60)


def test_a_delivery_by_two_ways_counts_once_and_is_known_to_be_true(client: Client) -> None:
    event = an_event("fp", "auth0|x")

    deliver(client, [event])
    tell(event, is_read=True)
    deliver(client, [event])

    assert TenantEvent.objects.get().is_read


def test_shuffled_and_repeated_events_end_in_the_same_state(tenant: RunningTenant) -> None:
    people = [settled(email=f"p{n}@example.com", name=f"Person {n}") for n in range(4)]
    verify(tenant, people[0])
    edit(tenant, people[1], name="Somebody Else")
    delete(tenant, people[2])
    events = [
        an_event(name, each)
        for each in people
        for name in ("sv", "sdu", "scp", "f")
        for _ in "1234567"
    ]
    told = events + random.Random(7).sample(events, len(events) // 5)
    random.Random(8).shuffle(told)

    for start in range(0, len(told), 20):
        tell(*told[start : start + 20], is_read=start % 3 == 0)
        if start % 60 == 0:
            heed()
    heed()

    assert TenantEvent.objects.count() == len(events)
    assert not TenantEvent.objects.filter(state__in=[0, 2]).exists()
    assert row_of(people[0]).auth0_sync_status == SyncStatus.VERIFIED
    assert [(row.employee_id, row.kind) for row in found()] == [
        (people[2].pk, "missing"),
        (people[1].pk, "field"),
    ]


def test_events_are_kept_longer_than_any_log_of_auth0s() -> None:
    tell(*(an_event("s") for _ in range(3)))
    pks = list(TenantEvent.objects.values_list("pk", flat=True))
    now = datetime.now(UTC)
    for pk, days in zip(pks, (46, 31, 0), strict=True):
        TenantEvent.objects.filter(pk=pk).update(received_at=now - timedelta(days=days))
    AccountLook.objects.create(pk=1, next_at=now - timedelta(days=46))
    AccountLook.objects.create(pk=2, next_at=now - timedelta(days=46), wanted=True)

    prune_events()

    assert list(TenantEvent.objects.values_list("pk", flat=True)) == pks[1:]
    assert AccountLook.objects.get().pk == 2
