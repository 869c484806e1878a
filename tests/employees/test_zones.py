"""What a clock on the wall means, also on the two days of a year on which it is moved."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from employees.zones import in_full, resolved

pytestmark = pytest.mark.once
CHICAGO = ZoneInfo("America/Chicago")
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("day", "clock", "at"),
    [
        (date(2026, 12, 4), time(17), utc(2026, 12, 4, 23)),
        (date(2027, 7, 2), time(17), utc(2027, 7, 2, 22)),
        (SPRING, time(1, 59), utc(2027, 3, 14, 7, 59)),
        (SPRING, time(3), utc(2027, 3, 14, 8)),
        (AUTUMN, time(0, 59), utc(2027, 11, 7, 5, 59)),
        (AUTUMN, time(2), utc(2027, 11, 7, 8)),
    ],
)
def test_an_ordinary_time_is_what_it_says(day: date, clock: time, at: datetime) -> None:
    assert resolved(day, clock, CHICAGO) == (at, "")


def test_a_time_that_does_not_exist_is_an_hour_later_and_says_so() -> None:
    at, said = resolved(SPRING, time(2, 30), CHICAGO)

    assert at == utc(2027, 3, 14, 8, 30)
    assert said == ("02:30 doesn’t exist on that day, since the clocks go forward: 03:30 is meant.")


def test_a_time_that_comes_twice_is_the_first_and_says_so() -> None:
    at, said = resolved(AUTUMN, time(1, 30), CHICAGO)

    assert at == utc(2027, 11, 7, 6, 30)
    assert said == (
        "01:30 comes twice on that day, since the clocks go back: the first one is meant, in CDT."
    )


def test_a_day_may_begin_at_one_where_clocks_move_at_midnight() -> None:
    at, said = resolved(date(2026, 9, 6), time(0), ZoneInfo("America/Santiago"))

    assert at == utc(2026, 9, 6, 4)
    assert "01:00 is meant" in said


def test_a_moment_names_its_day_and_its_clock() -> None:
    moment = utc(2026, 12, 4, 23)

    assert in_full(moment, CHICAGO) == "Friday 4 December 2026 at 17:00 CST"
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    assert in_full(moment, sao_paulo) == "Friday 4 December 2026 at 20:00 UTC-03"
