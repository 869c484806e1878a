"""``auth0_reconcile``, and the worker that starts it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from auth0sync import reconcile_child, switch
from auth0sync.engine import sync
from auth0sync.errors import LeaseLost
from auth0sync.management.commands import auth0_reconcile
from auth0sync.models import Account, Comparison, Difference, TenantState
from auth0sync.reconcile_child import Comparing
from auth0sync.reconcile_runs import Lease, want
from auth0sync.reconcile_words import SHOWN_MOST
from tests.auth0sync.comparing import edit, settled
from tests.auth0sync.people import account_of, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """The signal handlers that were set; the tests' own stay as they are."""
    found: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", found.__setitem__)
    return found


@pytest.fixture
def quick(tenant: RunningTenant) -> RunningTenant:
    tenant.control(export_s=0)
    return tenant


def said(*arguments: str, **options: Any) -> str:
    out = StringIO()
    try:
        call_command("auth0_reconcile", *arguments, stdout=out, **options)
    except CommandError as error:
        out.write(f"ERROR {error}\n")
    return out.getvalue()


class TestCommand:
    def test_it_prints_a_sheet_that_balances(self, quick: RunningTenant) -> None:
        settled()

        assert said().splitlines() == [
            "People: 1 = 1 with an account wanted + 0 whose account is shut + 0 with one that isn't"
            " the console's.",
            "Accounts: 1 = 1 of these people + 0 of other installations + 0 of nobody here; 0 in"
            " other connections.",
            "Equal: 1; being changed just now: 0; different: 0; without an account: 0;"
            " unexplained: 0.",
        ]

    def test_it_names_what_differs_and_fails(self, quick: RunningTenant) -> None:
        employee = settled(phone_number="555-0100")
        edit(quick, employee, user_metadata={"phone_number": "555-0199"})

        lines = said().splitlines()

        assert lines[-2:] == [
            f"   employee {employee.pk}: phone number: 555-0199 in Auth0, 555-0100 here",
            "ERROR 1 differences are to be decided; --fix brings in line what needs nobody's word.",
        ]
        assert account_of(employee).is_clean  # a dry run

    def test_with_fix_it_brings_in_line(self, quick: RunningTenant) -> None:
        employee = settled(phone_number="555-0100")
        edit(quick, employee, user_metadata={"phone_number": "555-0199"})

        text = said("--fix")
        sync(employee.pk)

        assert "ERROR" not in text
        (user,) = quick.users()
        assert user["user_metadata"]["phone_number"] == "555-0100"

    def test_with_fix_it_says_what_is_left_to_people(self, quick: RunningTenant) -> None:
        quick.seed(1)

        assert said("--fix").splitlines()[-2:] == [
            "   auth0|crowd-1: an account that belongs to nobody here",
            "ERROR 1 differences are to be decided.",
        ]

    def test_of_many_it_names_the_first(
        self, quick: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("auth0sync.reconcile_words.SHOWN_MOST", 1)
        quick.seed(3)

        assert "… and 2 more, on the balance sheet in the admin." in said()
        assert SHOWN_MOST == 50

    def test_it_gives_reason_and_state(self, quick: RunningTenant) -> None:
        employee = settled()
        Account.objects.filter(pk=employee.pk).update(error="Too long.", attention=2)
        said()
        Difference.objects.update(state="ignored")

        text = said()

        assert "can't do what the row wants (Too long.) [left as it is until a date]" in text

    def test_it_can_be_read_by_a_program(
        self, quick: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("auth0sync.reconcile_words.PAGE", 1)
        quick.seed(2)

        found = json.loads(said("--json").partition("ERROR")[0])

        assert (found["rows"], found["accounts"], found["unexplained"]) == (0, 2, 0)
        ids = [each["user_id"] for each in found["differences"]]
        assert ids == ["auth0|crowd-1", "auth0|crowd-2"]

    def test_it_says_why_it_could_not(self, quick: RunningTenant) -> None:
        quick.control(bulk_jobs=False)

        assert "ERROR This tenant's plan has no list of all accounts" in said()
        assert TenantState.objects.get(pk=1).compare_lease == ""

    def test_it_refuses_while_nothing_may_be_called(
        self, quick: RunningTenant, settings: Settings
    ) -> None:
        settings.AUTH0_SYNC_ENABLED = False

        assert "ERROR The link to Auth0 is switched off" in said()

    def test_after_a_restore_it_brings_nothing_in_line(self, quick: RunningTenant) -> None:
        switch.pause_until_reconciled("a copy")

        assert said("--fix") == "ERROR Paused until reconciled: compare without --fix first.\n"

    def test_it_refuses_beside_another(self, quick: RunningTenant) -> None:
        Lease().take()

        assert "ERROR A comparison is under way already" in said()

    def test_it_ends_when_another_has_taken_over(
        self, quick: RunningTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*arguments: object) -> None:
            raise LeaseLost

        monkeypatch.setattr(auth0_reconcile, "compare", lost)

        assert said() == "ERROR Another program compares by now.\n"

    def test_an_unknown_option_is_refused(self, state: TenantState) -> None:
        assert "unrecognized arguments: --repair" in said("--repair")


class TestAsAChild:
    @pytest.fixture(autouse=True)
    def parents(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        found: list[int] = []
        monkeypatch.setattr(auth0_reconcile, "end_with", found.append)
        return found

    def test_it_follows_the_rules_and_says_nothing(
        self, quick: RunningTenant, parents: list[int]
    ) -> None:
        employee = settled()
        quick.verify(account_of(employee).user_id)

        assert said(child_of=42) == ""
        assert parents == [42]
        assert row_of(employee).auth0_sync_status == "verified"
        assert Comparison.objects.get().asked_by == "night"

    def test_after_a_restore_it_follows_no_rule(self, quick: RunningTenant) -> None:
        employee = settled()
        quick.verify(account_of(employee).user_id)
        switch.pause_until_reconciled("a copy")
        want(boss())

        said(child_of=42)

        assert switch.why_off() is None
        assert row_of(employee).auth0_sync_status == "created"

    def test_one_that_failed_is_no_error_of_the_program(self, quick: RunningTenant) -> None:
        quick.control(bulk_jobs=False)

        assert said(child_of=42) == ""
        assert Comparison.objects.get().state == Comparison.State.FAILED

    def test_it_gives_the_lease_back_when_it_is_told_to_end(
        self,
        quick: RunningTenant,
        handlers: dict[int, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def told(*arguments: object) -> bool:
            handlers[signal.SIGTERM](signal.SIGTERM, None)
            return True

        monkeypatch.setattr("auth0sync.reconcile.take_roles", told)

        assert said(child_of=42) == "ERROR It was told to end.\n"
        assert TenantState.objects.get(pk=1).compare_lease == ""
        assert Comparison.objects.get().state == Comparison.State.RUNNING  # to be begun anew


class TestWorker:
    """``Comparing``, with small programs in the place of the one that compares."""

    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
        programs: list[subprocess.Popen[bytes]] = []
        real = subprocess.Popen
        self.code = "import time; time.sleep(60)"

        def start(command: list[str]) -> subprocess.Popen[bytes]:
            assert command[2:] == ["auth0_reconcile", "--child-of", str(os.getpid())]
            programs.append(real([sys.executable, "-c", self.code]))
            return programs[-1]

        monkeypatch.setattr(subprocess, "Popen", start)
        monkeypatch.setattr(reconcile_child, "LOOK_EVERY_S", 0.0)
        yield programs
        for program in programs:
            program.kill()
            program.wait()

    def test_it_starts_one_program_when_one_is_wanted(
        self, tenant: RunningTenant, started: list[subprocess.Popen[bytes]]
    ) -> None:
        comparing = Comparing()
        comparing.tick()
        assert started == []

        want(boss())
        comparing.tick()
        comparing.tick()

        assert len(started) == 1
        comparing.end()
        assert started[0].poll() is not None

    def test_it_looks_now_and_then(
        self,
        tenant: RunningTenant,
        started: list[subprocess.Popen[bytes]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(reconcile_child, "LOOK_EVERY_S", 60.0)
        comparing = Comparing()
        comparing.tick()
        want(boss())

        comparing.tick()

        assert started == []

    def test_one_that_ended_is_not_started_again_at_once(
        self, tenant: RunningTenant, started: list[subprocess.Popen[bytes]]
    ) -> None:
        self.code = ""
        want(boss())
        comparing = Comparing()
        comparing.tick()
        started[0].wait()

        comparing.tick()

        assert len(started) == 1

    def test_one_that_doesnt_end_is_killed(
        self,
        tenant: RunningTenant,
        started: list[subprocess.Popen[bytes]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(reconcile_child, "END_WITHIN_S", 0.1)
        want(boss())
        comparing = Comparing()
        comparing.tick()
        monkeypatch.setattr(started[0], "terminate", lambda: None)

        comparing.end()

        assert started[0].returncode == -signal.SIGKILL

    def test_ending_without_one_is_nothing(self, state: TenantState) -> None:
        Comparing().end()
