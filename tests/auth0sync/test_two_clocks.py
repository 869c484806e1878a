"""Two machines whose clocks differ by a minute share one pace, one lease and one token.

Every time that two processes share is the database's, so a machine that is wrong harms nobody.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from auth0sync import pace, token
from auth0sync.claim import Claim
from auth0sync.due import next_due
from auth0sync.errors import NotNow
from auth0sync.models import Bucket
from auth0sync.rate import Group
from auth0sync.sweep import Sweeper
from auth0sync.token import get_token
from tests.auth0sync.conftest import nothing_is_limited
from tests.auth0sync.people import add
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.usefixtures("state")

Machine = Callable[[float], AbstractContextManager[None]]
TRUE_NOW, TRUE_TIME = timezone.now, time.time


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """With ``machine(60)``: what follows runs on a machine whose clock is so many seconds ahead."""

    @contextmanager
    def at(ahead_s: float) -> Iterator[None]:
        def now() -> datetime:
            return TRUE_NOW() + timedelta(seconds=ahead_s)

        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", now)
            patch.setattr(time, "time", lambda: TRUE_TIME() + ahead_s)
            yield

    return at


def test_calls_of_both_go_out_at_one_pace(machine: Machine, settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 10.0
    nothing_is_limited()
    began = time.monotonic()

    for ahead_s in (60, -60, 60, -60, 60, -60):
        with machine(ahead_s):
            pace.take_slot(Group.USER_WRITES)

    took_s = time.monotonic() - began
    assert 0.5 <= took_s < 30  # five gaps of a tenth; a clock that counted would add a minute


def test_what_one_was_told_of_the_limit_holds_for_the_other(
    machine: Machine, settings: Settings
) -> None:
    settings.AUTH0_RATE_LIMIT = 1000.0
    left: dict[float, float] = {}
    with machine(60):
        pace.learn(Group.USER_WRITES, {}, wait_s=20)

    for ahead_s in (60, -60):
        with machine(ahead_s), pytest.raises(NotNow) as turned_away:
            pace.take_slot(Group.USER_WRITES)
        left[ahead_s] = turned_away.value.retry_after_s or 0

    assert Bucket.objects.count() == 1
    assert all(0 < seconds <= 20 for seconds in left.values())


def test_a_lease_isnt_taken_over_by_a_machine_that_is_ahead(machine: Machine) -> None:
    ana = add()
    with machine(-60):
        claim = Claim.take(ana.pk)

    with machine(600):
        assert Claim.take(ana.pk) is None
        assert next_due(1) == []
    assert claim is not None


def test_the_sweep_isnt_taken_over_by_a_machine_that_is_ahead(machine: Machine) -> None:
    with machine(-60):
        assert Sweeper().tick()

    with machine(600):
        assert not Sweeper().tick()


def test_whoever_is_due_on_one_is_due_on_the_other(machine: Machine) -> None:
    with machine(60):
        ana = add()

    with machine(-60):
        assert next_due(1) == [ana.pk]


def test_a_token_of_one_serves_the_other(tenant: RunningTenant, machine: Machine) -> None:
    tokens = set()
    for ahead_s in (60, -60, 600, -600):
        token._held = None  # another process has nothing in memory
        with machine(ahead_s):
            tokens.add(get_token())

    assert len(tokens) == 1
    assert len(tenant.calls("POST", "/oauth/token")) == 1
