"""Days as people and spreadsheets write them. Pure."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

# Day 1 of Excel is 1900-01-01, and it knows a 29 February 1900. Source: ECMA-376, part 1, 18.17.4.
EXCEL_EPOCH = date(1899, 12, 30)
SERIALS = range(14_611, 73_051)  # 1940 to 2099: other numbers are no days of somebody's work
_NUMBERS = re.compile(r"(\d{1,4})\s*([./-])\s*(\d{1,2})\s*\2\s*(\d{1,4})(?:[ T]\d{1,2}:.*)?")
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?")
_WORDS = re.compile(r"(?:(\d{1,2})\s*)?([^\W\d]{3,})\s*(\d{1,2})?\s*(\d{4})")
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january ene enero",
            "feb february febrero",
            "mar march marzo",
            "apr april abr abril",
            "may mayo",
            "jun june junio",
            "jul july julio",
            "aug august ago agosto",
            "sep sept september septiembre",
            "oct october octubre",
            "nov november noviembre",
            "dec december dic diciembre",
        ),
        start=1,
    )
    for word in words.split()
}


class Order(StrEnum):
    """What comes first in 03/04/2025."""

    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


class NotADay(ValueError):
    """The text is no day; the message says how to write one."""


def read_day(text: str, order: Order) -> date:
    """The day that is meant: ISO, 12/31/2025, 31.12.2025, 31 Dec 2025, or Excel's number of a day.

    order: counts where both would be possible; never against a day that has only one reading.
    Raises: NotADay.
    """
    text = text.strip()
    if serial := _SERIAL.fullmatch(text):
        number = int(serial[1])
        if number in SERIALS:
            return EXCEL_EPOCH + timedelta(days=number)
    elif numbers := _NUMBERS.fullmatch(text):
        return _from_numbers(numbers[1], numbers[3], numbers[4], order)
    elif words := _WORDS.fullmatch(_without_small_words(text)):
        month = _MONTHS.get(words[2])
        if month and (words[1] or words[3]):
            return _day(words[4], month, words[1] or words[3])
    raise NotADay("Write the day as 2025-12-31.")


def order_of(texts: Iterable[str]) -> tuple[Order, bool, str]:
    """How the days of a file are written: the order, whether that is certain, and an example.

    The example is one that could be read both ways; "" when none could. Not certain: nothing in
    the file tells, or one day says this and another that. Then months come first, as in the US.
    """
    found: dict[Order, bool] = {}
    example = ""
    for text in texts:
        numbers = _NUMBERS.fullmatch(text.strip())
        if numbers is None or len(numbers[1]) == 4:
            continue
        first, second = int(numbers[1]), int(numbers[3])
        if first > 12 >= second:
            found[Order.DAY_FIRST] = True
        elif second > 12 >= first:
            found[Order.MONTH_FIRST] = True
        elif first != second:
            example = example or text.strip()
    if len(found) == 1:
        return next(iter(found)), True, example
    return Order.MONTH_FIRST, not example, example


def _from_numbers(first: str, second: str, third: str, order: Order) -> date:
    if len(first) == 4:
        return _day(first, int(second), third)
    if len(third) != 4:
        raise NotADay("Write the year with four digits, such as 2025.")
    one, other = int(first), int(second)
    day_first = one > 12 or (other <= 12 and order == Order.DAY_FIRST)
    return _day(third, other if day_first else one, first if day_first else second)


def _without_small_words(text: str) -> str:
    """ "Dec 31st, 2025" and "31 de diciembre de 2025" in plain order, in lower case."""
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text.casefold())
    return " ".join(re.sub(r"[,.-]|\bde\b|\bdel\b", " ", text).split())


def _day(year: str, month: int, day: str) -> date:
    try:
        return date(int(year), month, int(day))
    except ValueError:
        raise NotADay("There is no such day: write it as 2025-12-31.") from None
