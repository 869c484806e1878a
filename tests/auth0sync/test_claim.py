"""The lease: one worker at a time, and nothing is recorded by whoever has lost it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from auth0sync.claim import Claim
from auth0sync.due import mark_due, next_due
from auth0sync.engine import sync
from auth0sync.errors import LeaseLost, Transient
from auth0sync.models import Account
from tests.auth0sync.conftest import lease_runs_out
from tests.auth0sync.people import account_of, add, right_after
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.usefixtures("state")


def taken(employee_id: int) -> Claim:
    claim = Claim.take(employee_id)
    assert claim is not None
    claim.remember()
    return claim


def test_only_one_worker_gets_an_employee() -> None:
    ana = add()

    assert Claim.take(ana.pk) is not None
    assert Claim.take(ana.pk) is None


def test_nobody_gets_an_employee_that_the_console_has_never_looked_at() -> None:
    assert Claim.take(123_456) is None


def test_a_lease_that_ran_out_is_taken_over_and_leaves_doubt() -> None:
    ana = add()
    first = taken(ana.pk)
    lease_runs_out(ana.pk)

    second = taken(ana.pk)

    assert not first.must_look
    assert second.must_look


def test_a_lease_that_was_given_back_leaves_no_doubt() -> None:
    ana = add()
    taken(ana.pk).give_back(0, Transient("later", code="x"), counted=True)

    assert not taken(ana.pk).must_look


def test_a_lease_that_was_abandoned_is_free_at_once_and_leaves_doubt() -> None:
    ana = add()
    taken(ana.pk).abandon()

    assert taken(ana.pk).must_look


def test_whoever_has_lost_the_lease_abandons_nobodys() -> None:
    ana = add()
    first = taken(ana.pk)
    lease_runs_out(ana.pk)
    taken(ana.pk)

    first.abandon()

    assert Claim.take(ana.pk) is None


def test_whoever_has_lost_the_lease_records_nothing() -> None:
    ana = add()
    first = taken(ana.pk)
    lease_runs_out(ana.pk)
    second = taken(ana.pk)

    for attempt in (
        first.renew,
        first.remember,
        lambda: first.record(None, {"auth0_user_id": "auth0|lost"}, user_id="auth0|lost"),
        lambda: first.finish(done=True, row={"auth0_user_id": "auth0|lost"}),
        lambda: first.fail(Transient("x", code="x"), {"auth0_user_id": "auth0|lost"}),
    ):
        with pytest.raises(LeaseLost):
            attempt()

    ana.refresh_from_db()
    assert ana.auth0_user_id is None
    assert account_of(ana).lease == second.lease
    assert not account_of(ana).is_clean


def test_a_change_that_arrives_during_the_work_stays_due() -> None:
    ana = add()
    claim = taken(ana.pk)
    mark_due([ana.pk], actor="admin:2")

    claim.finish(done=True, row={})

    account = account_of(ana)
    assert account.done_seq == 1
    assert account.due_seq == 2
    assert account.due_at is not None
    assert account.priority == 1


def test_whoever_is_put_off_keeps_waiting_since_the_same_time() -> None:
    ana = add()
    since = account_of(ana).waiting_since

    taken(ana.pk).give_back(60, Transient("no", code="x"), counted=True)

    account = account_of(ana)
    assert account.waiting_since == since
    assert since is not None
    assert account.due_at is not None
    assert account.due_at > since + timedelta(seconds=50)


def test_a_change_that_arrives_while_somebody_comes_to_be_held_is_due() -> None:
    ana = add()
    claim = taken(ana.pk)
    mark_due([ana.pk], actor="admin:2")

    claim.give_back(None, Transient("held", code="x"), counted=False)

    assert next_due(5) == [ana.pk]


def test_what_failed_for_good_is_due_again_only_when_something_changed() -> None:
    ana = add()
    claim = taken(ana.pk)

    claim.fail(Transient("no", code="x"), {"auth0_sync_status": "failed"})

    assert account_of(ana).due_at is None
    mark_due([ana.pk], actor="admin:1")
    assert account_of(ana).due_at is not None


def test_a_worker_that_was_taken_over_throws_its_result_away(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add()
    right_after(
        monkeypatch,
        "create account",
        lambda: Account.objects.filter(pk=ana.pk).update(lease="another worker's"),
    )

    assert sync(ana.pk)

    ana.refresh_from_db()
    assert ana.auth0_user_id is None
    assert len(tenant.users()) == 1
    Account.objects.filter(pk=ana.pk).update(lease_until="2020-01-01T00:00:00Z")
    sync(ana.pk)
    ana.refresh_from_db()
    assert ana.auth0_user_id == tenant.users()[0]["user_id"]


@pytest.mark.parametrize("call", ["read account", "give role", "make password ticket"])
def test_a_look_that_is_asked_for_while_she_is_worked_at_is_taken(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(look_at=Now())

    def is_asked_for() -> None:
        mark_due([ana.pk], actor="admin:1", look=True)

    right_after(monkeypatch, call, is_asked_for)
    sync(ana.pk)
    sync(ana.pk)

    assert len(tenant.calls("GET", "/api/v2/users/[^/]+")) == 2
    assert account_of(ana).look_at is None
    assert account_of(ana).is_clean
