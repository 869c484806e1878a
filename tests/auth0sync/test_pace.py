"""When the next call may go out: the limit, waiting as told, and what an outage does to the rest.

Times are the database's own; the rates are small enough to be seen.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import pace
from auth0sync.errors import NotNow
from auth0sync.models import Account, Bucket, TenantState
from auth0sync.rate import Group, Limits
from tests.auth0sync.conftest import nothing_is_limited

READS, WRITES, REST = Group.USER_READS, Group.USER_WRITES, Group.REST
WAKES_LATE_S = 0.2  # a slot is exact; a thread of a busy machine wakes a little after it


def bucket_free_in(seconds: float) -> None:
    Bucket.objects.update(next_at=Now() + timedelta(seconds=seconds))


def take_slot() -> None:
    pace.take_slot(WRITES)


def told(size: int, left: int) -> dict[str, str]:
    """The headers of an answer."""
    return {"x-ratelimit-limit": str(size), "x-ratelimit-remaining": str(left)}


def limits_kept() -> Limits:
    return Limits.from_json(Bucket.objects.get().limits)


def seconds_until_slot(group: Group) -> float:
    with pytest.raises(NotNow) as turned_away:
        pace.take_slot(group)
    return turned_away.value.retry_after_s or 0.0


def seconds_until_free() -> float:
    bucket = Bucket.objects.annotate(left=F("next_at") - Now()).get()
    left: timedelta = bucket.left
    return left.total_seconds()


def seconds_until_probe() -> float:
    state = TenantState.objects.annotate(left=F("probe_at") - Now()).get()
    left: timedelta = state.left
    return left.total_seconds()


def fail(times: int) -> None:
    for _ in range(times):
        pace.failed()


def probe_is_due() -> None:
    TenantState.objects.update(probe_at=Now() - timedelta(milliseconds=10))


def timed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def at_once(calls: int, call: Callable[[], Any]) -> list[Any]:
    """Run one call in several threads, a connection each, that start at the same moment."""
    start = Barrier(calls)

    def run(number: int) -> Any:
        start.wait(10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(run, range(calls)))


# The limit


def test_the_first_call_goes_out_at_once(state: TenantState) -> None:
    assert timed(take_slot) < 0.5


def test_the_slots_are_evenly_spaced(state: TenantState, settings: Settings) -> None:
    nothing_is_limited()
    settings.AUTH0_RATE_LIMIT = 5
    bucket_free_in(0.3)
    turns = [Bucket.objects.get().next_at]

    for _ in range(4):
        pace.take_slot(WRITES)
        turns.append(Bucket.objects.get().next_at)

    gaps = [later - earlier for earlier, later in zip(turns, turns[1:], strict=False)]
    assert gaps == [timedelta(seconds=0.2)] * 4


def test_an_idle_time_is_not_saved_up(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 5
    bucket_free_in(-60)

    pace.take_slot(WRITES)

    assert 0.1 < seconds_until_free() <= 0.2


def test_a_call_waits_for_its_slot(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 1000
    bucket_free_in(0.4)

    assert 0.3 < timed(take_slot) < 1.5


def test_a_slot_that_is_too_far_away_is_told_instead_of_waited_for(state: TenantState) -> None:
    bucket_free_in(5)
    before = Bucket.objects.get().next_at

    started = time.monotonic()
    with pytest.raises(NotNow) as turned_away:
        pace.take_slot(WRITES)

    assert time.monotonic() - started < 1
    assert turned_away.value.code == "rate_limit"
    assert turned_away.value.retry_after_s == pytest.approx(5, abs=0.9)
    assert Bucket.objects.get().next_at == before  # whoever doesn't call takes no slot


@pytest.mark.django_db(transaction=True)
def test_processes_that_share_the_limit_never_pass_it_in_any_second(
    state: TenantState, settings: Settings
) -> None:
    nothing_is_limited()
    settings.AUTH0_RATE_LIMIT = 20
    bucket_free_in(0)
    free_at = Bucket.objects.get().next_at

    def ten_calls() -> list[float]:
        out: list[float] = []
        while len(out) < 10:
            pace.take_slot(WRITES)
            out.append(time.monotonic())
        return out

    calls = sorted(each for several in at_once(5, ten_calls) for each in several)

    assert len(calls) == 50
    shortest = min(later - earlier for earlier, later in zip(calls, calls[20:], strict=False))
    assert shortest > 1 - WAKES_LATE_S
    bucket = Bucket.objects.get()
    assert bucket.version == 50
    assert bucket.next_at - free_at >= timedelta(seconds=50 / 20)


def test_a_refused_call_without_a_word_about_the_limit_holds_everybody_back(
    state: TenantState,
) -> None:
    pace.learn(WRITES, {}, 7)

    assert seconds_until_slot(READS) == pytest.approx(7, abs=0.9)


def test_a_short_wait_does_not_shorten_a_longer_one(state: TenantState) -> None:
    pace.learn(WRITES, {}, 30)
    pace.learn(WRITES, {}, 3)

    assert seconds_until_slot(WRITES) > 25


def test_a_refused_call_holds_back_those_that_share_its_bucket(state: TenantState) -> None:
    pace.learn(READS, told(40, 39))
    pace.learn(REST, told(20, 19))

    pace.learn(WRITES, told(20, 0), 7)

    assert seconds_until_slot(WRITES) > 6
    assert seconds_until_slot(REST) > 6
    assert timed(lambda: pace.take_slot(READS)) < 0.5


def test_what_was_learnt_is_there_for_the_next_process(state: TenantState) -> None:
    pace.learn(WRITES, told(2, 0))
    rate = limits_kept().level(WRITES)

    assert rate is not None
    assert rate.rate == pytest.approx(2.0)


def test_calls_that_nobody_counts_against_are_not_held_back(state: TenantState) -> None:
    for headers in ({}, told(0, 0), told(10_000_000, 1), {"x-ratelimit-limit": "two"}):
        pace.learn(WRITES, headers)

    assert limits_kept().level(WRITES) is None
    for _ in range(5):
        assert timed(take_slot) < 0.9


def test_the_first_calls_go_out_one_by_one_until_an_answer_tells_the_limit(
    state: TenantState,
) -> None:
    pace.take_slot(WRITES)

    assert 0.5 < timed(take_slot) < 1.9


def test_an_empty_bucket_is_waited_for(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 1000
    pace.learn(WRITES, told(2, 0))

    assert 0.3 < timed(take_slot) < 1.5
    assert 0.3 < timed(take_slot) < 1.5


def test_whoever_has_just_read_the_row_looks_again_after_an_answer(state: TenantState) -> None:
    read = Bucket.objects.get().version

    pace.learn(WRITES, told(2, 1))

    assert Bucket.objects.get().version == read + 1


@pytest.mark.django_db(transaction=True)
def test_answers_that_come_at_the_same_moment_are_all_heard(state: TenantState) -> None:
    pace.learn(WRITES, told(40, 39))

    def five_answers() -> None:
        for _ in range(5):
            pace.learn(WRITES, told(40, 39))

    at_once(4, five_answers)

    level = limits_kept().level(WRITES)
    assert level is not None
    assert level.taken == 20


# An outage


def test_four_failures_are_no_outage(state: TenantState) -> None:
    fail(4)

    pace.refuse_while_down()

    assert pace.is_open()


def test_five_failures_in_a_row_are_an_outage(state: TenantState) -> None:
    fail(5)

    with pytest.raises(NotNow) as turned_away:
        pace.refuse_while_down()

    assert turned_away.value.code == "tenant_down"
    assert 0.5 <= (turned_away.value.retry_after_s or 0) <= 1
    assert not pace.is_open()


def test_an_answer_in_between_starts_the_count_over(state: TenantState) -> None:
    fail(4)
    pace.answered()
    fail(4)

    assert pace.is_open()


def test_the_outage_is_dated_from_its_beginning(state: TenantState) -> None:
    fail(5)
    began = TenantState.objects.get().down_since

    fail(3)

    assert began is not None
    assert TenantState.objects.get().down_since == began


def test_probes_go_out_ever_more_rarely_up_to_a_minute(state: TenantState) -> None:
    fail(5)
    waits = [seconds_until_probe()]

    for _ in range(7):
        probe_is_due()
        pace.refuse_while_down()
        pace.failed()
        waits.append(seconds_until_probe())

    assert waits == [pytest.approx(wait, abs=0.9) for wait in (1, 2, 4, 8, 16, 32, 60, 60)]


def test_calls_under_way_when_the_outage_began_put_no_probe_off(state: TenantState) -> None:
    fail(5)

    fail(4)

    assert seconds_until_probe() == pytest.approx(1, abs=0.9)


def test_one_probe_goes_out_and_the_others_wait_for_what_it_finds(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 10
    fail(5)
    probe_is_due()
    assert pace.is_open()

    pace.refuse_while_down()

    with pytest.raises(NotNow) as turned_away:
        pace.refuse_while_down()
    assert not pace.is_open()
    assert turned_away.value.retry_after_s == pytest.approx(21, abs=0.9)


def test_a_probe_that_died_without_a_word_is_followed_by_another(state: TenantState) -> None:
    fail(5)
    probe_is_due()
    pace.refuse_while_down()

    probe_is_due()

    pace.refuse_while_down()


@pytest.mark.django_db(transaction=True)
def test_of_several_processes_one_sends_the_probe(state: TenantState) -> None:
    fail(5)
    probe_is_due()

    def goes_out() -> bool:
        try:
            pace.refuse_while_down()
        except NotNow:
            return False
        return True

    assert sum(at_once(6, goes_out)) == 1


# The end of an outage


def account(employee_id: int, *, clean: bool = False, due_in_s: float = 600, **over: Any) -> None:
    due_at = Now() + timedelta(seconds=due_in_s)
    done_seq = 3 if clean else 2
    Account.objects.create(
        employee_id=employee_id, **{"due_seq": 3, "done_seq": done_seq, "due_at": due_at, **over}
    )


def is_due(employee_id: int) -> bool:
    return Account.objects.filter(pk=employee_id, due_at__lte=Now()).exists()


def test_an_answer_ends_the_outage(state: TenantState) -> None:
    fail(7)

    pace.answered()

    pace.refuse_while_down()
    after = TenantState.objects.get()
    assert (after.failures_in_row, after.down_since, after.probe_at) == (0, None, None)
    fail(5)
    assert seconds_until_probe() == pytest.approx(1, abs=0.9)


def test_whoever_waits_is_due_at_once_when_the_outage_ends(state: TenantState) -> None:
    fail(5)
    account(1)

    pace.answered()

    assert is_due(1)


@pytest.mark.parametrize("over", [{"clean": True}, {"lease": "x"}, {"due_at": None}])
def test_the_clean_the_leased_and_the_settled_are_left_as_they_are(
    state: TenantState, over: dict[str, Any]
) -> None:
    fail(5)
    account(1, **over)

    pace.answered()

    assert not is_due(1)


def test_an_answer_after_single_failures_calls_nobody(state: TenantState) -> None:
    fail(4)
    account(1)

    pace.answered()

    assert not is_due(1)


def test_an_answer_as_usual_costs_one_query(
    state: TenantState, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        pace.answered()


def test_looking_whether_auth0_is_down_costs_one_query_as_long_as_it_is_not(
    state: TenantState, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        pace.refuse_while_down()
