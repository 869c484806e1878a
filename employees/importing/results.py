"""The files that the console hands out: the template, and the rows that are to be mended.

What a spreadsheet would take for a formula gets an apostrophe in front, which the import takes off
again (``cells.as_typed``). Rows are written as they are read, a page at a time.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO

from django.db.models import Q
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from employees.importing.cells import FORMULA, UNREADABLE, label_of
from employees.importing.columns import COLUMNS, PROBLEM
from employees.importing.files import MOST_COLUMNS
from employees.mass.models import MassChange, MassRow

CSV, XLSX = "csv", "xlsx"
FORMATS = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_TEMPLATE = tuple(column for column in COLUMNS if column.name not in ("first_name", "last_name"))
PAGE = 500  # rows
WIDTH = 24  # characters, of a column in a workbook


def template(form: str) -> HttpResponseBase:
    """An empty list with all headings. An example would be imported too. form: one of FORMATS."""
    return download([[column.label for column in IN_TEMPLATE]], "people", form)


def to_mend(change: MassChange, form: str) -> HttpResponseBase:
    """The rows that were not carried out, as they came, with what is wrong behind them.

    They are mended in this file and loaded again. form: one of FORMATS.
    """
    title = change.title.rpartition(".")[0] or change.title
    return download(_to_mend(change), f"{title} to mend", form)


def _to_mend(change: MassChange) -> Iterator[Sequence[str]]:
    headings = change.recognised.get("headings", [])
    mapping = change.recognised.get("mapping", [])
    # In a file that came back mended the last reasons are left out.
    kept = [index for index, heading in enumerate(headings) if heading != PROBLEM]
    yield [*(headings[index] for index in kept), PROBLEM]
    last = 0
    while True:
        rows = MassRow.objects.filter(change=change, line__gt=last).filter(unsettled())
        page = list(rows.order_by("line")[:PAGE])
        for row in page:
            cells = [*row.cells, *[""] * (len(headings) - len(row.cells))]
            yield [*(cells[index] for index in kept), in_words(row, mapping, headings)]
        if len(page) < PAGE:
            return
        last = page[-1].line


def unsettled() -> Q:
    """The rows that somebody has to look at: problems, open questions, and what was refused."""
    open_ones = Q(outcome__in=(MassRow.Outcome.PROBLEM, MassRow.Outcome.QUESTION))
    return open_ones | Q(state=MassRow.State.REFUSED)


def in_words(row: MassRow, mapping: Sequence[str], headings: Sequence[str]) -> str:
    """What is wrong with a row, naming line and column, as the file calls it."""
    where = f"Line {row.line}"
    if row.field:
        name = "role" if row.field == "role_id" else row.field
        is_there = name in mapping and mapping.index(name) < len(headings)
        where += f", {headings[mapping.index(name)] if is_there else label_of(name)}"
    return f"{where}: {row.reason}"


def download(rows: Iterable[Sequence[str]], title: str, form: str) -> HttpResponseBase:
    """The rows as a file, written while it is sent. form: one of FORMATS."""
    name = "".join(c if c.isalnum() or c in " -_." else "_" for c in title)[:80].strip(". ")
    safe = ([neutral(cell) for cell in row] for row in rows)
    response: HttpResponseBase
    if form == XLSX:
        response = FileResponse(_workbook(safe))
    else:
        response = StreamingHttpResponse(_lines(safe))
    response["Content-Type"] = FORMATS[form]
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{name or 'people'}.{form}"
    )
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def neutral(cell: str) -> str:
    """A cell that no spreadsheet computes."""
    return FORMULA.sub("'", cell)


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """As CSV that Excel reads as UTF-8, by its byte order mark."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _workbook(rows: Iterable[Sequence[str]]) -> BytesIO:
    """Written row by row to a temporary file by openpyxl, and packed at the end."""
    # Here, since every program of the console would take 50 ms longer to start.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.freeze_panes = "A2"
    for index in range(1, MOST_COLUMNS + 1):
        sheet.column_dimensions[get_column_letter(index)].width = WIDTH
    for number, row in enumerate(rows):
        # A workbook may hold no control characters; a row with a problem may have one.
        texts = [ILLEGAL_CHARACTERS_RE.sub(UNREADABLE, cell) for cell in row]
        cells = [WriteOnlyCell(sheet, value=text) for text in texts]
        for cell in cells:
            cell.data_type = "s"  # text, whatever it looks like
            cell.number_format = "@"
            cell.font = Font(bold=number == 0)
        sheet.append(cells)
    packed = BytesIO()
    book.save(packed)
    packed.seek(0)
    return packed
