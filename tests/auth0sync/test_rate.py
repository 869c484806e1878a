"""Learning the tenant's own rate, against the stand-in's buckets and a clock that only counts."""

import random
from dataclasses import dataclass, field, replace

import pytest

from auth0sync.rate import RATE_LEAST, Group, Level, Limits, published_rate
from devtenant.buckets import Buckets

pytestmark = pytest.mark.once

READS, WRITES, DELETES, LOGS, REST = Group
PATHS = {
    READS: ("GET", "/users/{id}"),
    WRITES: ("PATCH", "/users/{id}"),
    LOGS: ("GET", "/logs"),
    REST: ("POST", "/users/{id}/roles"),
}
BEGAN = 1_000.0
CEILING = 10.0
ANSWERS_AFTER_S = (0.01, 0.06)


@dataclass
class Run:
    """The console calling a tenant, one call after the other, and another client between them."""

    buckets: Buckets
    others_rate: float = 0.0
    uneven: float = 0.5
    now: float = BEGAN
    limits: Limits = field(default_factory=Limits)
    refused_at: list[float] = field(default_factory=list)
    windows: list[float] = field(default_factory=list)
    let_through: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    ceiling_at: float = BEGAN
    other_at: float = BEGAN + 0.3

    def call(self, group: Group) -> None:
        turn = self.limits.next_turn(group, max(self.now, self.ceiling_at))
        self.limits = Limits.from_json(self.limits.take(group, turn).as_json())
        self.ceiling_at = turn + 1 / CEILING
        arrives = turn + self.chance.uniform(*ANSWERS_AFTER_S)
        while self.others_rate and self.other_at < arrives:
            self.buckets.take(*PATHS[group], self.other_at)
            apart = self.chance.uniform(1 - self.uneven, 1 + self.uneven)
            self.other_at += apart / self.others_rate
        answer = self.buckets.take(*PATHS[group], arrives)
        self.now = arrives + self.chance.uniform(*ANSWERS_AFTER_S)
        if answer.allowed:
            self.let_through += 1
            args = group, answer.limit, answer.remaining, self.now
            self.limits = self.limits.answered(*args)
        else:
            self.refused_at.append(arrives - BEGAN)
            self.windows.append(answer.reset_at)
            wait_s = max(1.0, answer.reset_at - int(arrives))
            self.limits = self.limits.refused(group, answer.limit, self.now, wait_s)

    def people(self, number: int) -> float:
        """Make so many accounts, three calls each; returns the seconds it took."""
        for _ in range(number):
            for group in (WRITES, REST, REST):
                done = self.let_through
                while self.let_through == done:
                    self.call(group)
        return self.now - BEGAN


def rate_of(limits: Limits, group: Group) -> float:
    level = limits.level(group)
    assert level is not None
    return level.rate


@pytest.mark.parametrize(
    ("plan", "own_rate", "takes_s"),
    [
        ("free", None, (60 * 3 - 2) / 2),
        ("essentials", None, (120 - 10) / 2.5),
        ("enterprise", None, 180 / CEILING),
        ("demo", None, 180 / CEILING),
        ("a plan that nobody published", (7, 3.0), (180 - 7) / 3),
    ],
)
def test_alone_the_console_uses_what_the_plan_allows_and_is_hardly_refused(
    plan: str, own_rate: tuple[int, float] | None, takes_s: float
) -> None:
    buckets = Buckets("free")
    buckets.use(plan, own_rate)
    run = Run(buckets)

    assert run.people(60) == pytest.approx(takes_s, rel=0.07)
    assert [at for at in run.refused_at if at > 10] == []
    assert len(run.refused_at) <= (1 if own_rate else 0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("plan", "others"), [("free", 1.0), ("essentials", 1.25)])
def test_beside_another_client_it_is_refused_at_most_once_in_a_reset_window(
    plan: str, others: float, seed: int
) -> None:
    run = Run(Buckets(plan), others_rate=others, chance=random.Random(seed))

    run.people(60)

    assert len(set(run.windows)) == len(run.windows)
    assert run.let_through == 180


def test_beside_another_client_it_gets_the_other_half() -> None:
    run = Run(Buckets("essentials"), others_rate=1.25)

    run.people(60)

    assert rate_of(run.limits, REST) == pytest.approx(1.25, rel=0.2)


def test_it_goes_faster_again_when_the_other_client_has_gone() -> None:
    run = Run(Buckets("free"), others_rate=1.0)
    run.people(20)
    slow = rate_of(run.limits, WRITES)

    run.others_rate = 0.0
    run.people(40)

    assert rate_of(run.limits, WRITES) == pytest.approx(2.0, rel=0.15)
    assert slow < 1.5


def test_buckets_of_the_same_size_are_taken_for_one() -> None:
    free = Limits().answered(WRITES, 2, 1, BEGAN)
    free = free.answered(REST, 2, 0, BEGAN)

    assert free.next_turn(WRITES, BEGAN) > BEGAN


def test_buckets_of_different_sizes_do_not_wait_for_each_other() -> None:
    limits = Limits().answered(WRITES, 20, 0, BEGAN).answered(READS, 40, 39, BEGAN)

    assert limits.next_turn(WRITES, BEGAN) > BEGAN
    assert limits.next_turn(READS, BEGAN) == BEGAN
    assert limits.next_turn(LOGS, BEGAN) == BEGAN, "nothing is known of it"


def test_a_plan_that_was_changed_is_learnt_anew() -> None:
    free = Limits().answered(WRITES, 2, 1, BEGAN)

    paid = Limits.from_json(free.answered(WRITES, 20, 19, BEGAN).as_json())

    assert rate_of(paid, WRITES) == pytest.approx(200 / 60)
    assert list(paid.levels) == [20]


def test_a_refusal_halves_the_rate_and_waits_as_told() -> None:
    limits = Limits().answered(WRITES, 2, 1, BEGAN).refused(WRITES, 2, BEGAN, 4.0)

    assert rate_of(limits, WRITES) == 1.0
    assert limits.next_turn(WRITES, BEGAN) >= BEGAN + 4


def test_a_second_refusal_does_not_shorten_the_wait() -> None:
    limits = Limits().refused(WRITES, 2, BEGAN, 9.0).refused(WRITES, 2, BEGAN, 1.0)

    assert limits.next_turn(WRITES, BEGAN) >= BEGAN + 9


def test_the_rate_never_falls_to_nothing() -> None:
    limits = Limits()
    for _ in range(20):
        limits = limits.refused(WRITES, 7, BEGAN, 1.0)

    assert rate_of(limits, WRITES) == RATE_LEAST


def test_a_slot_that_was_given_for_later_counts_from_then() -> None:
    level = Level(limit=2, rate=2.0, left=0.0, at=BEGAN)
    first = level.next_turn(BEGAN)

    second = level.take(first).next_turn(BEGAN)

    assert second - first == pytest.approx(first - BEGAN)


def test_a_bucket_holds_no_more_than_its_size() -> None:
    level = Level(limit=20, rate=1.0, left=3.0, at=BEGAN)

    assert level.left_at(BEGAN + 1_000) == 20


def test_fewer_calls_left_than_expected_are_believed_at_once() -> None:
    level = Level(limit=20, rate=1.0, left=15.0, at=BEGAN, mark_at=BEGAN)

    assert level.answered(4, BEGAN, 0.0).left == 4


def measuring(gained: int, after_s: float) -> Level:
    """A bucket of ten, at 2.5 calls a second so far, into which so many have flowed since."""
    begun = Level(limit=10, rate=2.5, left=5.0, at=BEGAN, mark_left=5, mark_at=BEGAN)
    taken = replace(begun, taken=gained + 3)
    return taken.answered(5 - 4, BEGAN + after_s, 2.5)


def test_a_forecast_counts_with_the_rate_until_more_is_known() -> None:
    assert Level(limit=10, rate=2.5, mark_at=BEGAN).flow() == 2.5
    assert measuring(gained=0, after_s=0.0).flow() == 2.5


@pytest.mark.parametrize("gained", [9, 10, 11])
def test_a_call_more_or_less_changes_no_forecast(gained: int) -> None:
    assert measuring(gained, after_s=4.0).flow() == 2.5


def test_a_forecast_notices_another_client_before_its_measurement_is_over() -> None:
    level = measuring(gained=5, after_s=4.0)

    assert level.rate == 2.5, "not measured yet"
    assert level.flow() == pytest.approx((5 + 1) / 4)
    assert level.finished(40, BEGAN + 4) - BEGAN > 40 / 1.6


def test_a_forecast_notices_when_more_flows_in_than_was_thought() -> None:
    assert measuring(gained=14, after_s=4.0).flow() == pytest.approx((14 - 1) / 4)


def test_a_moment_says_little() -> None:
    assert measuring(gained=-2, after_s=0.1).flow() == pytest.approx(2.5 - (2.25 - 1))


def test_a_forecast_never_says_never() -> None:
    assert measuring(gained=-9, after_s=2.0).flow() == RATE_LEAST


def test_a_forecast_learns_nothing_from_a_full_bucket() -> None:
    full = Level(limit=10, rate=2.5, left=9.0, at=BEGAN, mark_left=9, mark_at=BEGAN)

    assert full.answered(9, BEGAN + 4, 2.5).flow() == 2.5


def test_a_rate_that_nobody_knows_isn_t_guessed_for_a_forecast() -> None:
    unknown = Level(limit=9, left=5.0, at=BEGAN, mark_left=5, mark_at=BEGAN)

    assert unknown.answered(4, BEGAN + 3, 0.0).flow() == 0


@pytest.mark.parametrize("gained", [15, 35])
def test_a_measurement_changes_the_rate_half_way(gained: int) -> None:
    assert measuring(gained, after_s=10.0).rate == pytest.approx((2.5 + gained / 10) / 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_forecast_after_five_seconds_holds_beside_another_client(seed: int) -> None:
    chance = random.Random(seed)
    run = Run(Buckets("essentials"), others_rate=1.25, uneven=0.0, chance=chance)
    while run.now < BEGAN + 5:
        run.people(1)
    done = run.let_through // 3
    left = {WRITES: 60 - done, REST: 2 * (60 - done)}
    forecast_s = run.limits.finished(left, run.now, CEILING) - BEGAN

    assert forecast_s == pytest.approx(run.people(60 - done), rel=0.25)


def test_a_bucket_that_stays_full_tells_no_rate() -> None:
    unknown = Level(limit=9, rate=0.0, left=9.0, at=BEGAN, mark_left=9, mark_at=BEGAN)

    known = unknown.answered(8, BEGAN + 60, 0.0)

    assert known.rate == 0
    assert known.mark_at == BEGAN + 60, "and measures anew"


@pytest.mark.parametrize(
    ("group", "size", "rate"),
    [
        (WRITES, 20, 200 / 60),
        (DELETES, 20, 200 / 60),
        (WRITES, 2, 2.0),
        (READS, 50, 16.0),
        (REST, 10, 2.5),
        (REST, 9, 0),
    ],
)
def test_it_begins_with_what_auth0_publishes(group: Group, size: int, rate: float) -> None:
    assert published_rate(group, size) == rate
