"""What the console makes of Auth0's events: one read says what is so, the rules what is done."""

import random
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from auth0sync import events_store, events_told, reconcile_apply, reconcile_record, tasks
from auth0sync.arrivals import note_login
from auth0sync.due import note
from auth0sync.engine import sync
from auth0sync.enrolling import signed_in_since
from auth0sync.events_look import look_next
from auth0sync.events_models import AccountLook, LogCheckpoint, TenantEvent
from auth0sync.events_numbers import numbers_since
from auth0sync.events_parsing import read_item
from auth0sync.events_shown import lately
from auth0sync.events_store import store
from auth0sync.events_types import TYPES
from auth0sync.models import (
    Account,
    Attention,
    Comparison,
    Difference,
    Pause,
    SyncLog,
    TenantState,
)
from auth0sync.pruning import prune_events
from devtenant.tenant_log import DESCRIPTIONS
from employees.counters import totals
from employees.errors import NotAllowed
from employees.models import Employee, InvitationChoice, SyncStatus
from employees.services import deactivate
from tests.auth0sync.comparing import delete, edit, found, settled, the_one, work_off
from tests.auth0sync.events import TOKEN, an_edit, an_event, deliver, heed, states
from tests.auth0sync.people import (
    account_of,
    by_sql,
    right_after,
    right_after_query,
    row_of,
)
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


def heed_once(employee: Employee) -> int:
    """As heed, which would try for ever; returns how many looks that was."""
    events_store.sort_new(time.monotonic() + 60)
    assert look_next(time.monotonic() + 60)
    return 1


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


@pytest.mark.once
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 1},
        {"kind": "wrong_body", "body": {"user_id": "auth0|another"}},
    ],
    ids=["down", "limit", "somebody else"],
)
def test_what_fails_is_tried_again(tenant: RunningTenant, fault: dict[str, Any]) -> None:
    employee = settled()
    verify(tenant, employee)
    tell(an_event("sv", employee))
    tenant.fault(match={"method": "GET"}, times=1, **fault)

    heed_once(employee)
    assert states() == [("sv", "LOOK")]
    AccountLook.objects.update(next_at=Now())
    heed()

    assert row_of(employee).auth0_sync_status == SyncStatus.VERIFIED


@pytest.mark.once
def test_without_the_scope_to_read_accounts_looks_wait(tenant: RunningTenant) -> None:
    employee = settled()
    tell(an_event("sv", employee))
    body = {"statusCode": 403, "message": "No", "errorCode": "insufficient_entitlement"}
    tenant.fault(match={"method": "GET"}, kind="status", status=403, body=body)

    heed_once(employee)

    assert [pause.capability for pause in Pause.objects.all()] == ["read"]
    assert AccountLook.objects.get().tries == 1


@pytest.mark.once
def test_a_look_that_was_taken_over_concludes_nothing(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled()
    verify(tenant, employee)
    tell(an_event("sv", employee))

    right_after(monkeypatch, "read account", lambda: AccountLook.objects.update(lease="other"))
    heed_once(employee)

    assert (AccountLook.objects.get().lease, states()) == ("other", [("sv", "LOOK")])
    assert row_of(employee).auth0_sync_status == SyncStatus.CREATED


@pytest.mark.once
def test_a_lease_that_ran_out_is_taken_by_the_next(tenant: RunningTenant) -> None:
    employee = settled()
    verify(tenant, employee)
    tell(an_event("sv", employee))
    events_store.sort_new(0)
    past = datetime.now(UTC) - timedelta(seconds=1)
    AccountLook.objects.update(lease="killed", lease_until=past)

    heed()

    assert row_of(employee).auth0_sync_status == SyncStatus.VERIFIED


@pytest.mark.once
def test_an_event_that_comes_during_a_look_asks_for_another(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled()
    tell(an_event("scp", employee))

    def another() -> None:
        tell(an_event("sv", employee))
        events_store.sort_new(0)

    right_after(monkeypatch, "read account", another)
    heed_once(employee)

    assert AccountLook.objects.get().wanted
    assert states() == [("scp", "REFUTED"), ("sv", "LOOK")]


@pytest.mark.once
def test_an_account_that_the_console_changed_meanwhile_is_looked_at_again(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled(name="Ana Ortiz")
    tell(an_edit(employee))

    right_after(monkeypatch, "read account", lambda: by_sql(employee, name="Ana Quill"))
    heed_once(employee)

    assert (found(), states()) == ([], [("sapi", "LOOK")])


@pytest.mark.once
@pytest.mark.parametrize(
    ("error", "is_raised"), [(RuntimeError("a bug"), True), (OperationalError("locked"), False)]
)
def test_a_bug_keeps_nobody_else_waiting(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, error: Exception, is_raised: bool
) -> None:
    employee = settled()
    tell(an_event("sv", employee))
    events_store.sort_new(0)
    if connection.vendor == "mysql" and not is_raised:
        error = OperationalError(1205, "Lock wait timeout exceeded")

    def fails(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(events_told, "settle", fails)
    if is_raised:
        with pytest.raises(RuntimeError):
            look_next(time.monotonic() + 60)
    else:
        assert look_next(time.monotonic() + 60)

    look = AccountLook.objects.get()
    wait_s = (look.next_at - datetime.now(UTC)).total_seconds()
    assert (look.lease, look.wanted) == ("", True)
    assert (wait_s > 3000) is is_raised


@pytest.mark.once
def test_a_decision_that_cant_be_carried_out_now_is_tried_again_and_then_left(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled()
    verify(tenant, employee)
    tell(an_event("sv", employee))

    def refused(*args: object) -> None:
        raise NotAllowed("Busy.")

    monkeypatch.setattr(reconcile_apply, "take_over", refused)
    looks = 0
    while AccountLook.objects.filter(wanted=True).exists() or not looks:
        looks += heed_once(employee)
        AccountLook.objects.update(next_at=Now())

    assert looks == 6
    assert (the_one().kind, the_one().error) == ("verified", "Busy.")


@pytest.mark.once
def test_an_account_that_the_row_no_longer_names_is_not_read(tenant: RunningTenant) -> None:
    employee = settled()
    tell(an_event("sv", employee))
    events_store.sort_new(0)
    Account.objects.filter(pk=employee.pk).update(user_id="", origin="", seen=None)
    Employee.objects.filter(pk=employee.pk).update(auth0_user_id=None, auth_method="pin")
    note([employee.pk], actor="sql")
    Account.objects.update(done_seq=F("due_seq"), due_at=None)

    heed()

    assert (reads(), states()) == (0, [("sv", "REFUTED")])


def test_the_first_log_in_is_looked_at_and_the_others_are_only_kept(tenant: RunningTenant) -> None:
    employee = settled()
    tenant.login(account_of(employee).user_id)

    tell(an_event("s", employee))
    heed()
    tell(an_event("s", employee))
    heed()

    assert states() == [("s", "CONFIRMED"), ("s", "NOTED")]
    assert reads() == 1
    first = TenantEvent.objects.order_by("pk")[0].at
    assert account_of(employee).first_login_at == first


@pytest.mark.once
def test_a_mail_of_the_consoles_own_has_nothing_to_do_with_it(tenant: RunningTenant) -> None:
    employee = settled()
    tell(an_event("fn", employee), is_read=True)

    heed()

    assert (states(), account_of(employee).attention) == ([("fn", "CONFIRMED")], None)


@pytest.mark.once
def test_mails_that_are_made_up_to_have_failed_hide_none_that_did(tenant: RunningTenant) -> None:
    employee = settled()
    InvitationChoice.objects.update_or_create(pk=employee.pk, defaults={"kind": "auth0"})
    note([employee.pk], actor="sql")
    Account.objects.update(done_seq=F("due_seq"), due_at=None)
    Account.objects.update(invitation="sent", invitation_sent_at=Now() - timedelta(minutes=1))
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    tell(an_event("fn", employee))
    tell(an_event("fn", employee), an_event("fn", employee, date=old), is_read=True)
    tell(*(an_event("fn", employee, date=date) for date in (old, None, None)))

    heed()

    made_up, read = ("fn", "NOTED"), ("fn", "CONFIRMED")
    assert states() == [made_up, read, read, made_up, made_up, made_up]
    account = account_of(employee)
    assert (account.invitation, account.attention) == ("failed", Attention.MAIL)


@pytest.mark.once
def test_what_a_page_says_of_an_event(tenant: RunningTenant) -> None:
    employee = settled()
    tell(an_event("fp", employee), an_event("new_type", employee))
    tell(an_event("f", employee), is_read=True)
    events_store.sort_new(0)

    assert [(each.what, each.standing) for each in lately(employee.pk)] == [
        ("Couldn’t sign in", "read in Auth0’s log"),
        ("Event “new_type”", "reported by Auth0, not confirmed"),
        ("Wrong password", "reported by Auth0, not confirmed"),
    ]


@pytest.mark.once
def test_numbers_for_whoever_watches_over_the_console() -> None:
    tell(an_event("api_limit"), an_event("api_limit"), an_event("fp"))
    tell(an_event("api_limit"), an_event("api_limit", client_id="console-m2m"), is_read=True)
    since = datetime.now(UTC) - timedelta(minutes=1)

    assert numbers_since(since, ["api_limit", "limit_mu"]) == {"api_limit": 3}
    assert numbers_since(since, ["api_limit"], is_sure=True) == {"api_limit": 1}


@pytest.mark.once
def test_administrators_see_every_event_and_of_whom(admin_client: Client) -> None:
    employee = settled()
    tell(an_event("sv", employee), an_event("api_limit"), an_event("x", client_id="console-m2m"))
    events_store.sort_new(0)
    page = reverse("admin:auth0sync_tenantevent_changelist")

    others = admin_client.get(page).content.decode()
    own = admin_client.get(page, {"by": "console"}).content.decode()
    whole = admin_client.get(page, {"by": "all"}).content.decode()
    hers = admin_client.get(page, {"q": employee.pk}).content.decode()
    nobodys = admin_client.get(page, {"q": "ana"}).content.decode()
    limits = admin_client.get(page, {"type__exact": "api_limit"}).content.decode()

    employees_page = reverse("admin:employees_employee_change", args=[employee.pk])
    assert employees_page in whole and "This console itself" in whole
    assert employees_page in others and "This console itself" not in others
    assert employees_page not in own and "This console itself" in own
    assert "Being looked at" in hers and "This console itself" not in hers
    assert employees_page not in nobodys and employees_page not in limits
    assert "Lately in Auth0" in admin_client.get(employees_page).content.decode()


@pytest.mark.once
def test_who_looks_at_the_same_moment_takes_another_account(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = settled(), settled(email="bo@example.com")
    tell(an_event("sv", ana), an_event("sv", bo))
    events_store.sort_new(0)

    def is_quicker() -> None:
        AccountLook.objects.filter(pk=ana.pk).update(lease="other", lease_until=None)

    with right_after_query("auth0_looks", is_quicker):
        heed_once(bo)

    assert states() == [("sv", "LOOK"), ("sv", "REFUTED")]


@pytest.mark.once
def test_rows_say_what_they_are() -> None:
    event = TenantEvent(type="sv", at=datetime(2026, 11, 28, 4, 5, 6, tzinfo=UTC))

    assert [str(event), str(AccountLook(pk=7)), str(LogCheckpoint())] == [
        "event sv of 2026-11-28 04:05:06",
        "look at the account of employee 7",
        "read up to nothing",
    ]


@pytest.mark.once
def test_events_have_their_turn_while_employees_are_due(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = settled(), settled(email="bo@example.com")
    verify(tenant, ana)
    tell(an_event("sv", ana))
    events_store.sort_new(0)
    by_sql(bo, name="Bo Quill")
    monkeypatch.setattr(tasks, "_picks", count(4))
    SyncLog._base_manager.all().delete()

    tasks.sync_due()

    done = SyncLog.objects.order_by("pk").values_list("action", "employee_id")
    assert list(done) == [("read account", ana.pk), ("update account", bo.pk)]


@pytest.mark.once
def test_an_undo_knows_who_has_signed_in_with_auth0_since(tenant: RunningTenant) -> None:
    employee, began = settled(), datetime.now(UTC)
    assert signed_in_since(employee.pk, began) == ""
    tell(an_event("s", employee))
    heed()
    assert signed_in_since(employee.pk, began) == ""  # it was made up

    tenant.login(account_of(employee).user_id)
    tell(an_event("s", employee))
    heed()

    assert signed_in_since(employee.pk, began) == "They have signed in with Auth0 since."
    assert signed_in_since(employee.pk, began + timedelta(hours=1)) == ""


@pytest.mark.once
def test_it_knows_of_a_first_log_in_at_the_console_too(tenant: RunningTenant) -> None:
    employee, began = settled(), datetime.now(UTC)

    note_login(employee.pk, datetime.now(UTC))
    tell(an_event("s", employee))

    assert heed() == 0
    assert signed_in_since(employee.pk, began) == "They have signed in with Auth0 since."


@pytest.mark.once
def test_an_event_that_claims_to_be_of_long_ago_isnt_confirmed_by_a_later_one(
    tenant: RunningTenant,
) -> None:
    employee = settled()
    tenant.login(account_of(employee).user_id)
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat()

    tell(an_event("s", employee, date=before), an_event("s", employee))
    heed()

    assert states() == [("s", "REFUTED"), ("s", "CONFIRMED")]


@pytest.mark.once
def test_looks_that_were_in_vain_long_ago_are_forgotten(tenant: RunningTenant) -> None:
    employee = settled()
    past = datetime.now(UTC) - timedelta(minutes=11)
    AccountLook.objects.create(pk=employee.pk, in_vain=9, next_at=past)

    tell(an_event("scp", employee))
    heed()

    assert AccountLook.objects.get().in_vain == 1


@pytest.mark.once
def test_a_comparison_that_began_before_doesnt_take_it_for_over(tenant: RunningTenant) -> None:
    employee = settled(name="Ana Ortiz")
    under_way = Comparison.objects.create(state=Comparison.State.RUNNING)
    edit(tenant, employee, name="Somebody Else")
    tell(an_edit(employee))
    heed()

    list(reconcile_record.close_others(under_way.pk))

    assert the_one().comparison_id == under_way.pk


@pytest.mark.parametrize("is_sorted", [False, True])
def test_what_was_made_up_under_an_id_of_the_log_gives_way_to_what_the_log_says(
    tenant: RunningTenant, is_sorted: bool
) -> None:
    employee, other = settled(), settled(email="other@example.com")
    log_id = "90020261128000000000000001"
    tell(an_event("s", employee, log_id=log_id))
    if is_sorted:
        events_store.sort_new(time.monotonic() + 60)

    tell(an_event("fp", other, log_id=log_id), is_read=True)
    heed()

    row = TenantEvent.objects.get()
    assert (row.type, row.employee_id, row.is_read) == ("fp", other.pk, True)
    assert account_of(employee).first_login_at is None


@pytest.mark.once
def test_an_old_event_told_as_one_of_now_has_the_time_of_the_log(tenant: RunningTenant) -> None:
    old = datetime(2026, 1, 2, tzinfo=UTC)
    log_id = "90020261128000000000000002"
    employee = settled()
    tell(an_event("fp", employee, log_id=log_id))

    tell(an_event("fp", employee, log_id=log_id, date=old.isoformat()), is_read=True)

    assert TenantEvent.objects.get().at == old


def test_there_are_words_for_all_that_the_stand_in_writes() -> None:
    assert set(DESCRIPTIONS) - set(TYPES) == set()
