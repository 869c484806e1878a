"""What the tenant's answers tell of its own limits: pure arithmetic, no clock, no database.

Auth0 limits each group of calls by a token bucket: ``x-ratelimit-limit`` is its size (the burst),
``x-ratelimit-remaining`` what is left in it, and nothing says how fast it fills again (facts:
section 3). So a copy of the bucket is kept here and corrected by every answer; its rate begins with
what Auth0 publishes for a bucket of that size, and follows what is measured.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from math import copysign
from typing import Any


class Group(StrEnum):
    """The calls that share one of the tenant's buckets (facts: section 3)."""

    USER_READS = "user reads"
    USER_WRITES = "user writes"
    USER_DELETES = "user deletes"
    LOGS = "logs"
    REST = "the rest"


def _everywhere(size: int, per_second: float) -> dict[Group, tuple[int, float]]:
    return dict.fromkeys(Group, (size, per_second))


# Size of the bucket and calls a second, as published in August 2026 (facts: section 3).
PUBLISHED: tuple[Mapping[Group, tuple[int, float]], ...] = (
    _everywhere(2, 2.0),
    {
        Group.USER_READS: (40, 500 / 60),
        Group.USER_WRITES: (20, 200 / 60),
        Group.USER_DELETES: (20, 200 / 60),
        Group.LOGS: (10, 100 / 60),
        Group.REST: (10, 150 / 60),
    },
    _everywhere(50, 16.0),
    _everywhere(10, 2.0),
)
MEASURED_OVER_S = 10.0  # or over so many calls, if they took long enough to measure anything:
MEASURED_OVER_CALLS, MEASURED_LEAST_S = 20, 2.0
RISE = 0.1  # of the published rate, at every measurement of a bucket that is full
WEIGHT = 0.5  # of a new measurement
ROUNDING = 1.0  # call: answers tell whole ones, so what was gained is known within one
FORECAST_LEAST_S = 1.0  # less than that says little of a rate
TRUST = 0.97  # of the rate is used: too slow costs nothing, since what gathers is seen and spent
RATE_LEAST = 0.1
FIRST_APART_S = 1.0
CAUTION = 0.25  # of what an answer shows beyond what was expected: other calls may be on their way


@dataclass(frozen=True)
class Level:
    """The copy of one bucket. Times are seconds, of any one clock.

    limit: its size; 0 as long as no answer has told. rate: calls a second; 0 when not known.
    left: calls in it at ``at``; less than none when slots were given for later.
    held_until: after a refusal, when Auth0 takes calls again.
    taken: calls that were answered since ``mark_at``, when ``mark_left`` were left.
    told_left, told_at: what the last answer said was left, and when.
    """

    limit: int = 0
    rate: float = 0.0
    left: float = 0.0
    at: float = 0.0
    held_until: float = 0.0
    taken: int = 0
    mark_left: int = 0
    mark_at: float = 0.0
    told_left: int = 0
    told_at: float = 0.0

    @property
    def reserve(self) -> int:
        """Calls that stay in the bucket, for other clients and for what isn't known exactly."""
        return self.limit // 4

    def left_at(self, at: float) -> float:
        """What should be in the bucket at that time."""
        gained = max(0.0, at - self.at) * self.rate * TRUST
        return min(float(self.limit), self.left + gained)

    def next_turn(self, at: float) -> float:
        """The earliest time, ``at`` or later, at which there is a call to be had."""
        at = max(at, self.held_until)
        missing = self.reserve + 1 - self.left_at(at)
        if not self.rate or missing <= 0:
            return at
        return max(at, self.at) + missing / (self.rate * TRUST)

    def finished(self, calls: int, at: float) -> float:
        """When so many calls will have gone out, when they begin at ``at``."""
        begins = max(at, self.at, self.held_until)
        left = self.left_at(begins) - calls + 1
        emptied = replace(self, left=left, at=begins, rate=self.flow())
        return emptied.next_turn(begins)

    def flow(self) -> float:
        """Calls a second that a forecast counts with: the rate, and what is being measured.

        Another client is noticed by what its calls leave, long before a measurement is over.
        """
        passed = self.told_at - self.mark_at
        if not self.rate or passed <= 0 or self._is_full():
            return self.rate
        surplus = self._gained() - self.rate * passed
        sure = copysign(max(abs(surplus) - ROUNDING, 0.0), surplus)
        return max(self.rate + sure / max(passed, FORECAST_LEAST_S), RATE_LEAST)

    def take(self, turn: float) -> "Level":
        """A slot was given for that time."""
        return replace(self, left=self.left_at(turn) - 1, at=max(turn, self.at))

    def answered(self, remaining: int, at: float, published: float) -> "Level":
        """A call was let through, and so many were left.

        published: what Auth0 says of a bucket of this size; 0 for a size that it doesn't have.
        """
        expected = self.left_at(at)
        surplus = remaining - expected
        left = expected + (CAUTION * surplus if surplus > 0 else surplus)
        told = replace(self, taken=self.taken + 1, told_left=remaining, told_at=at)
        return replace(told, left=left, at=max(at, self.at))._measured(published)

    def refused(self, limit: int, at: float, wait_s: float) -> "Level":
        """A call was refused: somebody else takes from the bucket, or the rate was too high.

        wait_s: how long Auth0 says to wait.
        """
        rate = max((self.rate or self.taken / max(at - self.mark_at, 1.0)) / 2, RATE_LEAST)
        until = max(self.held_until, at + wait_s)
        empty = Level(limit, rate, at=until, held_until=until, mark_at=at)
        # The one call that is missing is waited for, not the reserve.
        return replace(empty, left=float(empty.reserve))

    def _gained(self) -> int:
        """Calls that have flowed in from the mark to the last answer."""
        return self.told_left - self.mark_left + self.taken

    def _is_full(self) -> bool:
        """More may have flowed in than was gained: the bucket has overflowed."""
        return self.told_left >= self.limit - 1

    def _measured(self, published: float) -> "Level":
        """The rate corrected by what has flowed in since the mark: what was taken, and is there.

        Of a bucket that is full that is a lower bound, and the rate rises.
        """
        passed = self.told_at - self.mark_at
        is_over = passed >= MEASURED_OVER_S or (
            self.taken >= MEASURED_OVER_CALLS and passed >= MEASURED_LEAST_S
        )
        if not is_over:
            return self
        rate, found = self.rate, self._gained() / passed
        mixed = (1 - WEIGHT) * rate + WEIGHT * found
        if not self._is_full():
            rate = mixed if rate else found
        elif rate:
            rate = max(min(rate + RISE * published, max(rate, published)), mixed)
        rate = max(rate, RATE_LEAST) if rate else 0.0
        return replace(self, rate=rate, taken=0, mark_left=self.told_left, mark_at=self.told_at)


@dataclass(frozen=True)
class Limits:
    """What is known of all buckets of the tenant.

    sizes: how big each group's bucket is; 0 for one whose answers tell no limit. Groups with
    buckets of one size are taken to share one: on plans that limit everything together they do, and
    elsewhere it only makes the console a little slower.
    asked_at: when the last call went out of which nobody knows the bucket.
    """

    sizes: Mapping[Group, int] = field(default_factory=dict)
    levels: Mapping[int, Level] = field(default_factory=dict)
    asked_at: float = 0.0

    def level(self, group: Group) -> Level | None:
        """The bucket of this group; None as long as no answer, and no plan, has told."""
        return self.levels.get(self.sizes.get(group, self._published(group)[0]))

    def next_turn(self, group: Group, at: float) -> float:
        """The earliest time, ``at`` or later, at which a call of this group may go out."""
        level = self.level(group)
        if level:
            return level.next_turn(at)
        # The first calls go out one by one, until an answer tells how big the bucket is.
        return at if group in self.sizes else max(at, self.asked_at + FIRST_APART_S)

    def take(self, group: Group, turn: float) -> "Limits":
        """A slot was given for that time."""
        level = self.level(group)
        if level:
            levels = {**self.levels, level.limit: level.take(turn)}
            return replace(self, levels=levels)
        return self if group in self.sizes else replace(self, asked_at=turn)

    def unlimited(self, group: Group) -> "Limits":
        """A call was let through, and the answer tells of no limit."""
        return self if group in self.sizes else replace(self, sizes={**self.sizes, group: 0})

    def answered(self, group: Group, size: int, remaining: int, at: float) -> "Limits":
        """A call was let through, and this stood in the answer."""
        published = published_rate(group, size)
        known = self.levels.get(size)
        if known:
            return self._with(group, known.answered(remaining, at, published))
        fresh = Level(size, published, float(remaining), at, mark_left=remaining, mark_at=at)
        return self._with(group, fresh)

    def refused(self, group: Group, size: int, at: float, wait_s: float) -> "Limits":
        """A call was refused, and Auth0 says how long to wait."""
        known = self.levels.get(size) or Level(size)
        if not known.rate:
            known = replace(known, rate=published_rate(group, size))
        return self._with(group, known.refused(size, at, wait_s))

    def finished(self, calls: Mapping[Group, int], at: float, ceiling: float) -> float:
        """When so many calls of each group will be done, when they begin at ``at``.

        ceiling: calls a second, all together. A group of which nothing is known yet is taken to be
        limited as Auth0 publishes it for the plan of the others.
        """
        needed: dict[Level, int] = {}
        for group, number in calls.items():
            size, rate = self._published(group)
            level = self.level(group) or Level(size, rate, left=float(size), at=at)
            needed[level] = needed.get(level, 0) + number
        through_all = at + sum(calls.values()) / ceiling
        return max([through_all, *(level.finished(n, at) for level, n in needed.items() if n)])

    def _published(self, group: Group) -> tuple[int, float]:
        """Size and rate of a bucket as the plan of the other groups has it; zeros if none fits."""
        plans = (published_plan(known, size) for known, size in self.sizes.items())
        return next((plan[group] for plan in plans if plan), (0, 0.0))

    def as_json(self) -> dict[str, Any]:
        """For the column; :meth:`from_json` reads it back."""
        levels = [asdict(self.levels[size]) for size in set(self.sizes.values()) - {0}]
        return {"sizes": dict(self.sizes), "levels": levels, "asked_at": self.asked_at}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Limits":
        """What :meth:`as_json` wrote; nothing known from an empty column."""
        sizes = {Group(name): size for name, size in data.get("sizes", {}).items()}
        levels = (Level(**level) for level in data.get("levels", []))
        return cls(sizes, {level.limit: level for level in levels}, data.get("asked_at", 0.0))

    def _with(self, group: Group, level: Level) -> "Limits":
        sizes, levels = {**self.sizes, group: level.limit}, {**self.levels, level.limit: level}
        return replace(self, sizes=sizes, levels=levels)


def published_rate(group: Group, limit: int) -> float:
    """Calls a second that Auth0 publishes for this group and size; 0 when none is."""
    return next((plan[group][1] for plan in PUBLISHED if plan[group][0] == limit), 0.0)


def published_plan(group: Group, limit: int) -> Mapping[Group, tuple[int, float]]:
    """The published limits of all groups, told by the size of one; empty when none fits."""
    return next((plan for plan in PUBLISHED if plan[group][0] == limit), {})
