"""How an import prepares its rows: first how the file is written, then a page at a time."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from employees.actors import actor_named
from employees.importing import columns
from employees.importing.again import look_again
from employees.importing.cells import DAYS, NAMES, Cleaner
from employees.importing.days import Order, order_of
from employees.importing.files import Opened, open_file
from employees.importing.foreseen import summarise
from employees.importing.judging import judge
from employees.mass import changes
from employees.mass.kinds import CannotPrepare, Kind
from employees.mass.models import MassChange, MassFile
from employees.models import RoleConfig

PAGE = 200  # rows
SKIPPED_AT_ONCE = 2_000  # rows
LOOKED_AT = 2_000  # rows, to find out in which order days are written
NO_NAME = "No column was recognised as the name, the number or the e-mail: say below which is."


def prepare(change: MassChange, go_on: Callable[[], bool]) -> bool:
    """Stage the rows of the file, from where it was left off (``Kind.prepare``)."""
    opened = open_file(change.title, _content(change), change.options.get("chosen", {}))
    lines = _below_the_headings(change, opened)
    found = change.recognised
    if not {"id", "email", "name", *NAMES} & set(found["mapping"]):
        return True  # nothing to judge; the page says NO_NAME
    cleaner = Cleaner(found["mapping"], Order(found["order"]), _roles())
    actor, last = actor_named(change.begun_by), changes.last_line(change)
    lines = _above(lines, last, go_on)
    # A page in every slice at least, however long the way there was.
    while page := list(islice(lines, PAGE)):
        changes.add_rows(change, judge(change, page, cleaner, actor))
        if not go_on():
            return False
    return True


def _above(
    lines: Iterator[tuple[int, list[str]]], last: int, go_on: Callable[[], bool]
) -> Iterator[tuple[int, list[str]]]:
    """The lines that aren't staged yet; on the way there the lease is renewed now and then."""
    for number, line in enumerate(lines):
        if line[0] > last:
            yield line
        elif number % SKIPPED_AT_ONCE == 0:
            go_on()


def _content(change: MassChange) -> bytes:
    file = MassFile.objects.filter(change=change).first()
    if file is None:
        raise CannotPrepare("The file isn't there any more: upload it again.")
    return bytes(file.content)


def _below_the_headings(change: MassChange, opened: Opened) -> Iterator[tuple[int, list[str]]]:
    """All rows but the headings and what is above them; ``recognised`` says how they are read."""
    beginning = list(islice(opened.rows, LOOKED_AT))
    if not beginning:
        raise CannotPrepare("There is nothing in this file.")
    at = columns.headings_among(cells for _line, cells in beginning)
    headings = beginning[at][1]
    below = beginning[at + 1 :]
    if not below:
        raise CannotPrepare("There are headings in this file, and nobody below them.")
    if not change.recognised:
        chosen = change.options.get("chosen", {})
        found = {
            **opened.how,
            "headings": headings,
            "headings_line": beginning[at][0],
            "examples": _examples(headings, [cells for _line, cells in below]),
            "mapping": _mapping(headings, chosen.get("mapping")),
        }
        changes.note(change, **found, **_order(found["mapping"], below, chosen.get("order")))
    return chain(below, opened.rows)


def _mapping(headings: list[str], chosen: Any) -> list[str]:
    if isinstance(chosen, list) and len(chosen) == len(headings):
        return [name if name in columns.BY_NAME else "" for name in chosen]
    return columns.recognise(headings)


def _order(
    mapping: list[str], below: list[tuple[int, list[str]]], chosen: str | None
) -> dict[str, Any]:
    days = [index for index, name in enumerate(mapping) if name in DAYS]
    texts = (cells[index] for _line, cells in below for index in days if index < len(cells))
    order, is_sure, example = order_of(texts)
    if chosen in set(Order):
        order, is_sure = Order(chosen), True
    return {"order": order.value, "order_is_sure": is_sure, "order_example": example}


def _examples(headings: list[str], rows: list[list[str]]) -> list[str]:
    """For each heading the first thing that stands below it."""
    return [
        next((row[index][:60] for row in rows if index < len(row) and row[index]), "")
        for index in range(len(headings))
    ]


def _roles() -> dict[str, int]:
    jobs = RoleConfig.objects.order_by("-pk").values_list("role_name", "pk")
    return {columns.plain(name): pk for name, pk in jobs}


IMPORT = Kind(prepare, summarise, look_again, personal=("headings", "examples"))
