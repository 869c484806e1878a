"""Auth0's log read from a checkpoint, for plans without streams, and beside one."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import events_poll, token
from auth0sync.due import note
from auth0sync.events_models import LogCheckpoint, TenantEvent
from auth0sync.events_parsing import read_item
from auth0sync.events_poll import is_due, read_on
from auth0sync.events_store import store
from auth0sync.models import Account, Pause, SyncLog
from auth0sync.tasks import sync_due
from employees.models import InvitationChoice, SyncStatus
from tests.auth0sync.comparing import settled
from tests.auth0sync.events import an_event, heed, states
from tests.auth0sync.people import account_of, add, row_of
from tests.auth0sync.test_pauses import a_minute_passes, forbid, grant
from tests.devtenant.running import RunningTenant

LOG = {"path": "/api/v2/logs"}


@pytest.fixture(autouse=True)
def polling(tenant: RunningTenant, settings: Settings) -> None:
    """The log is read once a minute, and is empty at first."""
    settings.AUTH0_LOG_POLL_SECONDS = 60
    tenant.ask("DELETE", "/_logs")


def log(tenant: RunningTenant, number: int, name: str = "fp", **more: Any) -> None:
    """So many entries about nobody here."""
    tenant.ask("POST", "/_logs", {"types": [name], "count": number, "users": [], **more})


def read() -> None:
    """Read on, though the minute isn't over."""
    LogCheckpoint.objects.update(next_at=Now())
    while is_due():
        assert read_on(time.monotonic() + 60)


def of_type(name: str) -> int:
    return TenantEvent.objects.filter(type=name, is_read=True).count()


@pytest.mark.once
def test_all_of_the_log_is_read_once_page_by_page(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_poll, "PAGES_AT_ONCE", 2)
    log(tenant, 250)

    read()
    log(tenant, 1, "limit_mu")
    read()

    assert (of_type("fp"), of_type("limit_mu")) == (250, 1)
    assert len(tenant.calls("GET", LOG["path"])) == 4  # three pages, and what is new
    assert not SyncLog.objects.filter(action="read log").exists()


@pytest.mark.once
def test_it_is_read_when_its_time_has_come_and_by_one_process(tenant: RunningTenant) -> None:
    log(tenant, 1)

    assert is_due() and read_on(time.monotonic() + 60)
    assert not is_due() and not read_on(time.monotonic() + 60)


@pytest.mark.once
def test_a_process_that_comes_second_reads_nothing(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    LogCheckpoint.objects.create(next_at=Now())
    real = events_poll.is_due

    def is_due_and_another_is_quicker() -> bool:
        found = real()
        LogCheckpoint.objects.update(next_at=Now() + timedelta(minutes=1))
        return found

    monkeypatch.setattr(events_poll, "is_due", is_due_and_another_is_quicker)

    assert not read_on(time.monotonic() + 60)
    assert not tenant.calls("GET", LOG["path"])


@pytest.mark.once
def test_who_reads_beside_another_doesnt_set_it_back(tenant: RunningTenant) -> None:
    log(tenant, 3)
    read()
    LogCheckpoint.objects.update(log_id="9" * 40)

    assert not events_poll._note("of before", log_id="0")

    assert LogCheckpoint.objects.get().log_id == "9" * 40


@pytest.mark.once
def test_without_a_period_nothing_is_read(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_LOG_POLL_SECONDS = 0

    assert not is_due() and not read_on(time.monotonic() + 60)


@pytest.mark.once
@pytest.mark.parametrize("status", [400, 404])
def test_a_checkpoint_that_auth0_keeps_no_more_begins_anew(
    tenant: RunningTenant, status: int
) -> None:
    log(tenant, 5)
    read()
    log(tenant, 1, "limit_mu")
    tenant.fault(match=LOG, kind="status", status=status, times=1)

    read()

    assert (of_type("fp"), of_type("limit_mu")) == (5, 1)


@pytest.mark.once
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 400},
        {"kind": "wrong_body", "body": {"logs": 7}},
        {"kind": "wrong_body", "body": None},
    ],
    ids=["down", "refused", "no list", "no JSON"],
)
def test_what_cant_be_read_is_read_a_minute_later(
    tenant: RunningTenant, fault: dict[str, Any]
) -> None:
    log(tenant, 2)
    tenant.fault(match=LOG, times=1, **fault)

    assert read_on(time.monotonic() + 60)
    assert (of_type("fp"), is_due()) == (0, False)
    read()
    assert of_type("fp") == 2


@pytest.mark.once
def test_entries_that_cant_be_read_keep_nobody_from_the_others(tenant: RunningTenant) -> None:
    good = {"log_id": "900", "type": "fp"}
    tenant.fault(match=LOG, kind="wrong_body", body=[7, {"log_id": 3}, good], times=1)

    read()

    assert (of_type("fp"), LogCheckpoint.objects.get().log_id) == (1, "900")


@pytest.mark.once
def test_without_its_scope_the_log_alone_waits(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token, "NEW_FOR_S", 0)
    forbid(tenant, "read:logs")
    log(tenant, 1)

    assert read_on(time.monotonic() + 60)
    employee = add("none")
    sync_due()

    assert [pause.capability for pause in Pause.objects.all()] == ["logs"]
    assert LogCheckpoint.objects.get().next_at > datetime.now(UTC) + timedelta(minutes=50)
    assert row_of(employee).auth0_sync_status == SyncStatus.CREATED
    assert of_type("fp") == 0
    grant(tenant)
    tenant.control(expire_tokens=True)
    a_minute_passes()
    read()
    assert (of_type("fp"), Pause.objects.count()) == (1, 0)


def test_a_verification_that_only_the_log_tells_of_is_noticed(tenant: RunningTenant) -> None:
    employee = settled()
    tenant.verify(account_of(employee).user_id)

    sync_due()
    heed()

    assert row_of(employee).auth0_sync_status == SyncStatus.VERIFIED
    assert of_type("sv") == 1


@pytest.mark.once
@pytest.mark.parametrize(
    "truth",
    [
        "true",
        "made up",
        "something else",
        "somebody else's",
        "of another time",
        "forbidden",
    ],
)
def test_a_mail_that_auth0_couldnt_send_counts_when_its_log_says_so(
    tenant: RunningTenant, truth: str
) -> None:
    employee = settled()
    Account.objects.update(invitation="sent", invitation_sent_at=Now() - timedelta(minutes=1))
    InvitationChoice.objects.update_or_create(pk=employee.pk, defaults={"kind": "auth0"})
    note([employee.pk], actor="sql")
    Account.objects.update(done_seq=F("due_seq"), due_at=None)
    kind = "fp" if truth == "something else" else "fn"
    user_id = "auth0|another" if truth == "somebody else's" else account_of(employee).user_id
    told = {"types": [kind], "users": [user_id]}
    log_id = tenant.ask("POST", "/_logs", told).json()["first"]
    if truth == "forbidden":
        forbid(tenant, "read:logs")

    if truth == "made up":
        log_id = "7"
    now = datetime.now(UTC)
    date = (now - timedelta(seconds=30) if truth == "of another time" else now).isoformat()
    store(filter(None, [read_item(an_event("fn", employee, log_id=log_id, date=date))]))
    heed()

    is_true = truth == "true"
    assert states(type="fn") == [("fn", "CONFIRMED" if is_true else "NOTED")]
    account = account_of(employee)
    assert (account.invitation, account.attention) == (("failed", 3) if is_true else ("sent", None))
    paused = [pause.capability for pause in Pause.objects.all()]
    assert paused == (["logs"] if truth == "forbidden" else [])
