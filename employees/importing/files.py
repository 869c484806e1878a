"""What was uploaded, as rows of text; and why something can't be read, in a sentence.

Files are known by what is in them, not by what they are called: a name that says something else is
refused, since somebody has taken one file for another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from employees.importing import csv_files, xlsx_files
from employees.mass.kinds import CannotPrepare

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_EMPTY = 10_000  # rows, one below the other: a formatted sheet has a million below its list
MOST_CHARACTERS = 1_000  # in a cell; the longest that a person's row takes is 255
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Excel before 2007; and any encrypted Excel file
_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "a packed file"),
)
HOW = "Save the list as CSV or as an Excel workbook (.xlsx), and choose that."


@dataclass(frozen=True)
class Opened:
    """rows: line in the file, and the cells as text. how: what was guessed, or chosen, to read it.

    ``how`` has "format" (csv or xlsx), and for the one "encoding" and "delimiter", for the other
    "sheet" and "sheets".
    """

    rows: Iterator[tuple[int, list[str]]]
    how: dict[str, Any]


def why_not_open(name: str, size: int, beginning: bytes) -> str:
    """Why a file is refused at first sight; "" when it may be one of people.

    name: as it was uploaded. size: in bytes. beginning: the first 2,048 bytes at least.
    """
    if not name.lower().endswith(SUFFIXES):
        which = f"“{_suffix(name)}” files" if "." in name else "Files without an ending"
        return f"{which} can't be read. {HOW}"
    if not size:
        return "This file is empty."
    if size > MOST_BYTES:
        most = MOST_BYTES // 1024 // 1024
        return f"This file has more than {most} MB: divide it, or remove columns nobody needs."
    return _why_not_kind(name.lower(), beginning)


def open_file(name: str, content: bytes, chosen: Mapping[str, Any]) -> Opened:
    """The rows of a file, read as they are asked for.

    chosen: what a person corrected of ``Opened.how``. Raises: CannotPrepare, also while reading.
    """
    if reason := why_not_open(name, len(content), content[:2048]):
        raise CannotPrepare(reason)
    if content.startswith(b"PK"):
        how = xlsx_files.look_into(content, str(chosen.get("sheet") or ""))
        rows = xlsx_files.rows(content, how["sheet"], MOST_COLUMNS)
    else:
        how = csv_files.guess(content, chosen)
        rows = csv_files.rows(content, how["encoding"], how["delimiter"])
    return Opened(_within_limits(rows), how)


def _within_limits(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    count = empty = 0
    for line, cells in rows:
        if not any(cells):
            empty += 1
            if empty == MOST_EMPTY:
                return
            continue
        empty = 0
        count += 1
        if count > MOST_ROWS + 1:  # with the headings
            raise CannotPrepare(f"This file has more than {MOST_ROWS:,} rows: divide it.")
        if len(cells) > MOST_COLUMNS:
            raise CannotPrepare(
                f"Line {line} has more than {MOST_COLUMNS} columns: remove those nobody needs, or "
                "choose another separator."
            )
        yield line, cells


def _why_not_kind(name: str, beginning: bytes) -> str:
    is_workbook = name.endswith(".xlsx")
    if beginning.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in beginning or is_workbook:
            return f"This workbook is locked with a password: save it without. {HOW}"
        return f"This is a workbook of an old Excel. {HOW}"
    for magic, what in _OTHERS:
        if beginning.startswith(magic):
            return f"This is {what}, whatever it is called. {HOW}"
    if beginning.startswith(b"PK"):
        if not is_workbook:
            return (
                f"This is called {_suffix(name)}, but it isn't text: is it an Excel workbook? {HOW}"
            )
        return ""
    if is_workbook:
        return f"This is called .xlsx, but it isn't an Excel workbook. {HOW}"
    if beginning.lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        return f"This is a web page, whatever it is called. {HOW}"
    if b"\0" in beginning and not csv_files.is_utf_16(beginning):
        return f"This isn't a list of text. {HOW}"
    return ""


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()[:10]}"
