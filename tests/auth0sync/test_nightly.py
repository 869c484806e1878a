"""Every night the sweeper takes plain text away, in small steps and only once."""

import logging
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from auth0sync import sweep
from auth0sync.models import TenantState
from auth0sync.sweep import Sweeper
from employees import scrubbing
from employees.models import EmployeeAuth
from tests.builders import make_auth, make_employee

pytestmark = pytest.mark.usefixtures("state")
PIN = "7391"


def plain(people: int = 1) -> None:
    for _ in range(people):
        make_auth(make_employee(), pin=PIN, pin_plain=PIN)


def left() -> int:
    return sum(scrubbing.count().values())


def night_falls() -> None:
    """The last scrub was two nights ago."""
    TenantState.objects.update(scrubbed_at=Now() - timedelta(hours=48))


def work(sweeper: Sweeper) -> int:
    """Tick until nothing is under way; how often."""
    ticks = 1
    sweeper.tick()
    while sweeper.is_under_way:
        sweeper.tick()
        ticks += 1
    return ticks


def test_what_was_written_by_day_is_gone_the_next_night(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain(2)
    night_falls()

    with caplog.at_level(logging.INFO, "auth0sync.nightly"):
        ticks = work(Sweeper())

    assert left() == 0
    assert ticks >= 4  # the copies, two hashes, the end
    assert [record.getMessage() for record in caplog.records] == [
        "The nightly scrub: 2 plain PINs were hashed, 2 plain copies and 0 passwords emptied."
    ]
    assert PIN not in caplog.text


def test_before_night_nothing_is_touched() -> None:
    plain()

    work(Sweeper())

    assert left() == 2


def test_it_is_done_once_a_night_whichever_machine_sweeps() -> None:
    night_falls()
    first, second = Sweeper(), Sweeper()
    work(first)
    first.stop()
    plain()

    work(second)

    assert left() == 2


def test_a_new_night_is_noticed_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr("auth0sync.sweep.time.monotonic", lambda: clock[0])
    sweeper = Sweeper()
    work(sweeper)
    plain()
    night_falls()

    clock[0] += sweep.NIGHT_EVERY_S - 1
    work(sweeper)
    assert left() == 2

    clock[0] += 1
    work(sweeper)
    assert left() == 0


def test_where_one_sweeper_was_killed_the_next_one_goes_on() -> None:
    plain(2)
    night_falls()
    killed = Sweeper()
    while left() == 4:
        killed.tick()
    assert killed.is_under_way
    TenantState.objects.update(sweep_lease_until=datetime(2020, 1, 1, tzinfo=UTC))

    work(Sweeper())

    assert left() == 0
    assert not killed.tick()
    assert not killed.is_under_way


@pytest.mark.once
def test_a_fault_ends_it_and_it_begins_again_a_minute_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr("auth0sync.sweep.time.monotonic", lambda: clock[0])
    plain()
    night_falls()
    sweeper = Sweeper()
    gone = mock.patch.object(scrubbing, "_hash", side_effect=OperationalError("gone away"))
    with gone, pytest.raises(OperationalError):
        work(sweeper)
    assert not sweeper.is_under_way

    clock[0] += sweep.NIGHT_EVERY_S
    work(sweeper)

    assert left() == 0


@pytest.mark.once
def test_a_pass_over_the_rows_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGE", 1)
    monkeypatch.setattr(sweep, "SLICE_S", 1e-9)
    plain(3)
    night_falls()
    sweeper = Sweeper()

    sweeper.tick()

    assert left() == 6
    work(sweeper)
    assert left() == 0


def test_a_hash_already_there_is_not_made_again() -> None:
    plain()
    night_falls()
    work(Sweeper())
    before = EmployeeAuth.objects.values().get()
    night_falls()

    work(Sweeper())

    assert EmployeeAuth.objects.values().get() == before
