"""Reading text with separators, however it is encoded and separated. Pure."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from charset_normalizer import from_bytes

from employees.mass.kinds import CannotPrepare

# Python's name → what people call it; what Excel on Windows, on a Mac and in DOS mode writes.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows (Western European)",
    "utf-16": "UTF-16, “Unicode text” of Excel",
    "mac_roman": "Mac",
    "cp850": "DOS (Western European)",
}
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
_ONE_BYTE = ("cp1252", "mac_roman", "cp850")
SPANISH = "áéíóúñüÁÉÍÓÚÑÜ"
LOOKED_AT = 64 * 1024  # characters, to find the separator; bytes, to find the encoding
ROWS_COMPARED = 20


def guess(content: bytes, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """How the text is encoded and separated; what is in ``chosen`` counts."""
    encoding = chosen.get("encoding") if chosen.get("encoding") in ENCODINGS else None
    encoding = encoding or guess_encoding(content)
    text = _decoded(content, encoding)
    delimiter = chosen.get("delimiter") if chosen.get("delimiter") in DELIMITERS else None
    delimiter = delimiter or guess_delimiter(text[:LOOKED_AT])
    return {"format": "csv", "encoding": encoding, "delimiter": delimiter}


def guess_encoding(content: bytes) -> str:
    """One of ENCODINGS: UTF-8 where it can be that, else what reads most like names.

    The letters of Spanish names decide, since a list may hold too little text for statistics;
    charset-normalizer where they don't.
    """
    if is_utf_16(content[:2048]):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    lines = b"\n".join(line for line in content.splitlines() if not line.isascii())[:LOOKED_AT]
    letters = {name: _letters(lines.decode(name, "replace")) for name in _ONE_BYTE}
    likeliest = [name for name in _ONE_BYTE if letters[name] == max(letters.values())]
    if len(likeliest) == 1:
        return likeliest[0]
    best = from_bytes(lines, cp_isolation=likeliest).best()
    return best.encoding if best and best.encoding in ENCODINGS else likeliest[0]


def _letters(text: str) -> int:
    return sum(text.count(letter) for letter in SPANISH)


def is_utf_16(beginning: bytes) -> bool:
    """Whether it says so, or every other byte is empty, as Excel's "Unicode text" has it."""
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return _empty_half(beginning) is not None


def guess_delimiter(text: str) -> str:
    """One of DELIMITERS: the one by which most rows fall into the same number of cells."""
    first = text.lstrip("\ufeff").partition("\n")[0].strip()
    if first[:4].lower() == "sep=" and first[4:] in DELIMITERS:  # Excel's own way to say it
        return first[4:]
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def rows(content: bytes, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line in which each begins. Raises: CannotPrepare."""
    text = _decoded(content, encoding).lstrip("\ufeff")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if not (
                line == 1 and len(cells) <= 2 and cells and cells[0].lower().startswith("sep=")
            ):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise CannotPrepare(
            f"From line {line} on the file can't be read: is there a quotation mark too many?"
        ) from None


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    sizes = []
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cells):
                sizes.append(len(cells))
            if len(sizes) == ROWS_COMPARED:
                break
    except csv.Error:
        return 0, 0
    if not sizes:
        return 0, 0
    size, number = Counter(sizes).most_common(1)[0]
    return (number / len(sizes), size) if size > 1 else (0, 0)


def _decoded(content: bytes, encoding: str) -> str:
    """The text; what is no letter in this encoding becomes U+FFFD, which no cell may hold.

    So the rest is shown, and whoever looks at it can choose another encoding.
    """
    if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-be" if _empty_half(content[:2048]) == 0 else "utf-16-le"
    return content.decode(encoding, "replace")


def _empty_half(beginning: bytes) -> int | None:
    """Which half of the pairs of bytes is empty, 0 or 1; None where neither is."""
    halves = (beginning[0::2], beginning[1::2])
    for half, other in ((0, 1), (1, 0)):
        size = len(halves[half])
        if size and halves[half].count(0) > 0.7 * size and halves[other].count(0) < 0.1 * size:
            return half
    return None
