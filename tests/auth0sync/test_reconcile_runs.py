"""When a comparison is made, that only one is made at a time, and what a killed one leaves."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from auth0sync import pruning, reconcile_crowds, reconcile_runs, switch
from auth0sync.claim import after
from auth0sync.engine import sync
from auth0sync.errors import LeaseLost
from auth0sync.models import Account, Comparison, Difference, SyncLog, TenantState
from auth0sync.reconcile import compare
from auth0sync.reconcile_list import Source
from auth0sync.reconcile_runs import Lease, is_due, want
from auth0sync.reconcile_sheet import Sheet
from auth0sync.sweep import Sweeper
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.models import Auth0Role
from employees.services import change_employee
from tests.auth0sync.comparing import (
    balanced,
    compared,
    edit,
    found,
    installation,
    settled,
    the_one,
)
from tests.auth0sync.people import Killed, account_of, die
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.django_db

State = Comparison.State


def night_falls() -> None:
    """The last comparison was two nights ago."""
    TenantState.objects.update(compared_at=Now() - timedelta(hours=48))


def failed(code: str, ago: timedelta = timedelta()) -> None:
    """A comparison of this night that failed so long ago."""
    Comparison.objects.create(state=State.FAILED, error_code=code, finished_at=Now() - ago)


class TestAsking:
    def test_whoever_asks_twice_asks_once(self, tenant: RunningTenant) -> None:
        first = want(boss())

        assert want(boss()) == first
        assert (first.asked_by, first.state, is_due()) == ("admin:1", State.WANTED, True)

    def test_what_was_asked_for_is_what_is_made(self, tenant: RunningTenant) -> None:
        wanted = want(boss())

        row = balanced(tenant)

        assert (row.pk, row.asked_by) == (wanted.pk, "admin:1")
        assert (is_due(), reconcile_runs.under_way()) == (False, None)

    def test_a_team_lead_cant_ask(self, tenant: RunningTenant) -> None:
        with pytest.raises(NotAllowed, match="ask a manager"):
            want(Actor("admin:9", Auth0Role.TEAM_LEAD, department="Picking", workspace="TX"))

    def test_nobody_can_ask_while_nothing_is_called(self, tenant: RunningTenant) -> None:
        switch.pause("admin:1", "holidays")

        with pytest.raises(NotAllowed, match="holidays"):
            want(boss())
        assert not is_due()


class TestAtNight:
    def test_it_is_made_once_a_night(self, tenant: RunningTenant) -> None:
        assert not is_due()
        night_falls()
        assert is_due()

        balanced(tenant)

        assert not is_due()

    def test_one_that_failed_is_made_again_after_an_hour(self, tenant: RunningTenant) -> None:
        night_falls()
        failed("unreachable_ConnectError")
        assert not is_due()

        Comparison.objects.update(finished_at=Now() - timedelta(minutes=61))

        assert is_due()

    def test_one_that_the_plan_forbids_waits_for_the_next_night(
        self, tenant: RunningTenant
    ) -> None:
        night_falls()
        failed("insufficient_entitlement", timedelta(minutes=61))
        # Before two o'clock plus an hour it is of the last night, and the answer is another one.
        Comparison.objects.update(finished_at=timezone.now())

        assert not is_due()

    def test_one_of_the_last_night_doesnt_count(self, tenant: RunningTenant) -> None:
        night_falls()
        failed("insufficient_entitlement", timedelta(hours=25))

        assert is_due()

    def test_it_waits_for_a_person_after_a_restore(self, tenant: RunningTenant) -> None:
        night_falls()
        switch.pause_until_reconciled("a copy")

        assert not is_due()

    def test_it_is_not_made_where_there_is_no_tenant(self, state: TenantState) -> None:
        night_falls()

        assert not is_due()


class TestOneAtATime:
    def test_a_second_program_gets_no_lease(self, state: TenantState) -> None:
        first, second = Lease(), Lease()

        assert first.take()
        assert not second.take()
        first.give_back()
        assert second.take()

    def test_while_one_is_under_way_none_is_due(self, tenant: RunningTenant) -> None:
        want(boss())
        assert Lease().take()

        assert not is_due()

    def test_a_lease_that_ran_out_is_another_ones(self, state: TenantState) -> None:
        first, second = Lease(), Lease()
        first.take()
        TenantState.objects.update(compare_lease_until=after(-1))

        assert second.take()
        with pytest.raises(LeaseLost):
            first.renew()

    def test_a_program_that_waits_keeps_its_lease(
        self, tenant: RunningTenant, settings: Settings
    ) -> None:
        settings.AUTH0_LEASE_SECONDS = 0.06
        lease = Lease()
        lease.take()

        Source(lease).wait(0.2)

        assert TenantState.objects.get(pk=1).compare_lease == lease.name

    @pytest.mark.parametrize("step", ["take_roles", "take_list", "Sheet.fill"])
    def test_one_that_was_killed_is_begun_anew(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        edit(tenant, settled(), name="Somebody")
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(f"auth0sync.reconcile.{step}", lambda *arguments: die())
            compared(tenant)
        TenantState.objects.update(compare_lease_until=after(-1))

        assert is_due()
        row = balanced(tenant)

        assert (row.attempts, row.state, len(found())) == (2, State.DONE, 1)
        assert Comparison.objects.count() == 1

    def test_one_that_is_killed_in_the_middle_of_a_page_finds_everything_once(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        edit(tenant, settled(), name="Somebody")
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr("auth0sync.reconcile_runs.done", lambda *arguments, **more: die())
            compared(tenant)
        TenantState.objects.update(compare_lease_until=after(-1))

        balanced(tenant)

        assert len(found()) == 1

    def test_one_that_is_killed_again_and_again_is_given_up(self, tenant: RunningTenant) -> None:
        old = want(boss())
        Comparison.objects.update(state=State.RUNNING, attempts=3)

        row = balanced(tenant)

        old.refresh_from_db()
        assert (old.state, old.error_code) == (State.FAILED, "cut_off")
        assert row.pk != old.pk

    def test_the_worker_begins_no_other_at_once_when_one_is_given_up(
        self, tenant: RunningTenant
    ) -> None:
        night_falls()
        Comparison.objects.create(state=State.RUNNING, attempts=3)
        lease = Lease()
        lease.take()

        row = compare(lease, reconcile_runs.NIGHT)
        lease.give_back()

        assert (row.state, row.error_code, is_due()) == (State.FAILED, "cut_off", False)
        assert Comparison.objects.count() == 1
        Comparison.objects.update(finished_at=Now() - timedelta(minutes=61))
        assert is_due()

    def test_who_has_lost_the_lease_writes_no_result(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def taken_over(sheet: Sheet) -> dict[str, object]:
            TenantState.objects.update(compare_lease="another")
            return {}

        monkeypatch.setattr(Sheet, "fill", taken_over)

        with pytest.raises(LeaseLost):
            compared(tenant)

        assert Comparison.objects.get().state == State.RUNNING


class TestAfterARestore:
    def test_it_lifts_the_pause_and_leaves_what_differs_to_people(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        edit(tenant, employee, user_metadata={"phone_number": "555-0199"})
        switch.pause("auth0_pause", "a restore", until_reconciled=True)

        row = balanced(tenant)

        assert switch.why_off() is None
        assert (row.kinds, account_of(employee).look_at) == ({"field": 1}, None)
        assert SyncLog.objects.filter(action="resumed").exists()

    def test_whoever_was_due_is_read_first(self, tenant: RunningTenant) -> None:
        employee = settled()
        change_employee(employee.pk, {"phone_number": "555-0100"}, boss())
        switch.pause("auth0_pause", "a restore", until_reconciled=True)

        balanced(tenant)

        assert account_of(employee).look_at is not None

    def test_nobody_is_written_to_between_the_end_of_the_pause_and_being_read(
        self, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        employee = settled()
        change_employee(employee.pk, {"phone_number": "555-0100"}, boss())
        switch.pause("auth0_pause", "a restore", until_reconciled=True)
        planned: list[object] = []
        note_it = "auth0sync.switch._log"  # in the transaction that ends the pause
        monkeypatch.setattr(note_it, lambda *_: planned.append(account_of(employee).look_at))

        balanced(tenant)

        assert planned != [None]

    def test_an_account_of_a_later_generation_is_named_and_not_made_again(
        self, tenant: RunningTenant
    ) -> None:
        employee = settled()
        name = installation()
        later = f"emp-{name}-{employee.pk}-7"
        marker = {"employee_id": employee.pk, "installation": name}
        tenant.seed(1, user={"user_id": later, "app_metadata": marker})

        balanced(tenant)

        assert (the_one().kind, the_one().user_id) == ("double", f"auth0|{later}")
        assert account_of(employee).generation == 7

    def test_a_pause_that_began_meanwhile_stays(self, tenant: RunningTenant) -> None:
        since = timezone.now() - timedelta(minutes=1)
        switch.pause("auth0_pause", "a restore", until_reconciled=True)

        assert not switch.reconciled("auth0_reconcile", since)
        assert switch.why_off() is not None

    def test_a_pause_by_hand_is_not_lifted(self, tenant: RunningTenant) -> None:
        switch.pause("admin:1")

        assert not switch.reconciled("auth0_reconcile", timezone.now() + timedelta(minutes=1))


class TestPruning:
    def test_old_ones_go_but_the_last_good_one_stays(self, state: TenantState) -> None:
        long_ago = Now() - timedelta(days=400)
        for _ in range(2):
            Comparison.objects.create(state=State.DONE, finished_at=long_ago)
        last = Comparison.objects.order_by("-finished_at", "-pk").first()
        Difference.objects.create(kind="field", state="closed", closed_at=long_ago)
        Difference.objects.create(kind="field", open_key="open")

        pruning.prune_ended(0)
        assert Comparison.objects.count() == 2
        pruning.prune_ended(90)

        assert list(Comparison.objects.all()) == [last]
        assert [row.open_key for row in Difference.objects.all()] == ["open"]

    def test_where_there_is_none_nothing_is_pruned(self, state: TenantState) -> None:
        pruning.prune_ended(90)

        assert not Comparison.objects.exists()


def test_the_sweep_carries_out_what_was_decided(tenant: RunningTenant) -> None:
    employee = settled(phone_number="555-0100")
    edit(tenant, employee, user_metadata={"phone_number": "555-0199"})
    balanced(tenant)
    everything = Difference.objects.all()
    reconcile_crowds.fix_all(
        reconcile_crowds.preview(everything, boss(), Difference.Decision.FIX), boss()
    )

    sweeper = Sweeper()
    sweeper.tick()
    assert Account.objects.filter(pk=employee.pk, due_at__isnull=False).exists()
    sync(employee.pk)
    sweeper.tick()

    assert found() == []


def test_tables_say_what_they_are(state: TenantState) -> None:
    row = Comparison.objects.create()
    difference = Difference.objects.create(kind="missing")

    assert str(row) == f"comparison {row.pk}: wanted"
    assert str(difference) == f"difference {difference.pk}: the account was deleted in Auth0"
