"""The charts of the start page: the last 30 days as bars, drawn as SVG in the page itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from employees.days import last_days

DAYS = 30
WIDTH, HEIGHT = 300, 64  # of the drawing, in its own units
BAR, GAP = 8, 2
LEAST = 2  # a bar that stands for something is never invisible


@dataclass(frozen=True)
class Bar:
    """One day. x, and y and height of both parts; number: what they stand for. known: False where
    nothing was noted on that day."""

    day: date
    x: int
    good: int
    bad: int
    good_y: int
    good_height: int
    bad_y: int
    bad_height: int
    known: bool


@dataclass(frozen=True)
class Chart:
    """One number and its bad sister, day by day; good, bad: what each is called."""

    title: str
    good: str
    bad: str
    bars: Sequence[Bar]

    @property
    def good_total(self) -> int:
        """Of all days."""
        return sum(bar.good for bar in self.bars)

    @property
    def bad_total(self) -> int:
        """Of all days."""
        return sum(bar.bad for bar in self.bars)

    @property
    def most(self) -> int:
        """What the highest bar stands for."""
        return max(bar.good + bar.bad for bar in self.bars)


# Numbers of employees.days, title, and what each number is called.
WHAT = (
    ("accounts", "accounts_refused", "Accounts", "made", "refused by Auth0"),
    ("mails", "mails_refused", "Mails", "accepted", "not accepted"),
    ("log_ins", "log_ins_refused", "Signing in", "let in", "refused"),
    ("calls", "calls_failed", "Calls to Auth0", "answered", "without a good answer"),
)


def charts() -> list[Chart]:
    """All of them, from one query; [] as long as nothing was ever noted."""
    days = last_days(DAYS)
    if not any(numbers for _, numbers in days):
        return []
    found = []
    for key, sister, title, good, bad in WHAT:
        pairs = [
            (day, (round(numbers[key]), round(numbers[sister])) if numbers else None)
            for day, numbers in days
        ]
        found.append(Chart(title, good, bad, _bars(pairs)))
    return found


def _bars(pairs: Sequence[tuple[date, tuple[int, int] | None]]) -> list[Bar]:
    most = max([sum(pair) for _, pair in pairs if pair] or [0])
    return [_bar(index, day, pair, most) for index, (day, pair) in enumerate(pairs)]


def _bar(index: int, day: date, pair: tuple[int, int] | None, most: int) -> Bar:
    good, bad = pair or (0, 0)
    heights = [_height(number, most) for number in (good, bad)]
    good_y = HEIGHT - heights[0]
    return Bar(
        day=day,
        x=index * (BAR + GAP),
        good=good,
        bad=bad,
        good_y=good_y,
        good_height=heights[0],
        bad_y=good_y - heights[1],
        bad_height=heights[1],
        known=pair is not None,
    )


def _height(number: int, most: int) -> int:
    return max(LEAST, round(number / most * (HEIGHT - LEAST))) if number else 0
