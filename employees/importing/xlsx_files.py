"""Reading Excel workbooks row by row, and refusing what would fill the memory. Pure."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from employees.mass.kinds import CannotPrepare

MOST_UNPACKED = 64 * 1024 * 1024  # bytes, read piece by piece: 20,000 rows of 60 cells need less
MOST_TEXTS = 20 * 1024 * 1024  # bytes of the workbook's table of texts, which is held in memory
MOST_PARTS = 500
TEXTS, MACROS = "xl/sharedstrings.xml", "vbaproject.bin"
BROKEN = "This workbook can't be read: open it, save it once more as .xlsx, and choose that."
# What openpyxl and the zip module raise on workbooks that are damaged, or made by hand.
DAMAGED = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,  # of the XML in it
    OSError,
)


def look_into(content: bytes, sheet: str) -> dict[str, Any]:
    """Which sheet is read, and which there are.

    sheet: the one that somebody chose; "" for the first that is visible.
    Raises: CannotPrepare, for anything that isn't a plain workbook of a sensible size.
    """
    _refuse_bombs(content)
    try:
        book = _opened(content)
        shown = [each.title for each in book.worksheets if each.sheet_state == "visible"]
        book.close()
    except DAMAGED:
        raise CannotPrepare(BROKEN) from None
    if not shown:
        raise CannotPrepare("This workbook has no sheet to read.")
    return {
        "format": "xlsx",
        "sheet": sheet if sheet in shown else shown[0],
        "sheets": shown[:50],
    }


def rows(content: bytes, sheet: str, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers, cells as text. Raises: CannotPrepare."""
    try:
        book = _opened(content)
        found = book[sheet]
        found.reset_dimensions()  # what the file says of its size may be wrong
        # One more column than allowed, so that it shows that there are too many.
        for line, values in enumerate(found.iter_rows(max_col=most_columns + 1), start=1):
            number = next((cell.row for cell in values if getattr(cell, "row", None)), line)
            cells = [as_text(cell.value) for cell in values]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells
        book.close()
    except DAMAGED:
        raise CannotPrepare(BROKEN) from None


def _opened(content: bytes) -> Any:
    # Here, since every program of the console would take 50 ms longer to start.
    from openpyxl import load_workbook

    return load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)


def as_text(value: Any) -> str:
    """A cell as a person would have typed it: days in ISO form, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _refuse_bombs(content: bytes) -> None:
    """Hold what the archive says of its parts against the limits.

    The zip module reads no more of a part than the archive says it has.
    """
    try:
        parts = zipfile.ZipFile(BytesIO(content)).infolist()
    except DAMAGED:
        raise CannotPrepare(BROKEN) from None
    names = {part.filename.lower() for part in parts}
    if any(name.endswith(MACROS) for name in names):
        raise CannotPrepare("This workbook has macros in it: save it as .xlsx, without them.")
    if "xl/workbook.xml" not in names:
        raise CannotPrepare("This is called .xlsx, but it isn't an Excel workbook.")
    texts = sum(part.file_size for part in parts if part.filename.lower() == TEXTS)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or texts > MOST_TEXTS or len(parts) > MOST_PARTS:
        raise CannotPrepare(
            "This workbook is far larger than a list of people: copy the list to a new one."
        )
