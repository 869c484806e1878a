"""Files as people have them: encodings, separators, days, workbooks, and what is none."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any
from unittest import mock

import pytest
from django.test import SimpleTestCase
from openpyxl import Workbook

from employees.importing import columns, csv_files, files, results, xlsx_files
from employees.importing.cells import as_typed
from employees.importing.days import NotADay, Order, order_of, read_day
from employees.importing.files import open_file, why_not_open
from employees.mass.kinds import CannotPrepare

# As openpyxl has them: a spreadsheet knows no time zones.
MIDNIGHT = datetime.fromisoformat("2025-03-01")
MORNING = datetime.fromisoformat("2025-03-01T09:30")
TEXT = "Nombre{0}Correo{0}Depto\r\nJosé Núñez{0}jose@example.com{0}Picking\r\n"


def workbook(*rows: list[Any], **sheets: str) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    for title, state in sheets.items():
        book.create_sheet(title).sheet_state = state
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def read(name: str, content: bytes, **chosen: str) -> list[tuple[int, list[str]]]:
    return list(open_file(name, content, chosen).rows)


class TextTests(SimpleTestCase):
    def test_every_encoding_and_separator_of_a_spreadsheet_is_recognised(self) -> None:
        for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"):
            for delimiter in csv_files.DELIMITERS:
                with self.subTest(encoding=encoding, delimiter=delimiter):
                    rows = read("p.csv", TEXT.format(delimiter).encode(encoding))

                    self.assertEqual(rows[0], (1, ["Nombre", "Correo", "Depto"]))
                    self.assertEqual(rows[1], (2, ["José Núñez", "jose@example.com", "Picking"]))

    def test_mac_and_dos_are_told_from_windows_by_spanish_letters(self) -> None:
        for encoding in ("mac_roman", "cp850"):
            guessed = csv_files.guess_encoding(TEXT.format(",").encode(encoding))
            self.assertEqual(guessed, encoding)

    def test_letters_that_tell_nothing_are_taken_for_windows(self) -> None:
        self.assertEqual(csv_files.guess_encoding("Name\nOlga Żak\n".encode("cp1250")), "cp1252")

    def test_what_somebody_chose_counts(self) -> None:
        opened = open_file("p.csv", TEXT.format(";").encode("cp1252"), {"delimiter": ","})

        self.assertEqual((opened.how["encoding"], opened.how["delimiter"]), ("cp1252", ","))

    def test_what_is_no_letter_in_an_encoding_is_seen_to_be_none(self) -> None:
        for content, chosen in (
            (TEXT.format(";").encode("cp1252"), {"encoding": "utf-8"}),
            ("Nombre;Correo\nJosé;jos\x8f@example.com\n".encode("latin-1"), {}),
        ):
            rows = read("p.csv", content, **chosen)

            self.assertIn("\ufffd", "".join(rows[1][1]))

    def test_excels_own_line_about_the_separator_is_no_row(self) -> None:
        rows = read("p.csv", b"sep=;\r\nName;Mail\r\nAda, Q;a@example.com\r\n")

        self.assertEqual(rows, [(2, ["Name", "Mail"]), (3, ["Ada, Q", "a@example.com"])])

    def test_a_row_is_called_by_the_line_it_begins_in(self) -> None:
        rows = read("p.csv", b'Name,Note\n\nAda,"two\nlines"\nCy,\n')

        self.assertEqual([line for line, _cells in rows], [1, 3, 5])

    def test_a_list_of_one_column_is_read_too(self) -> None:
        self.assertEqual(read("p.csv", b"Name\nAda\n"), [(1, ["Name"]), (2, ["Ada"])])

    def test_a_quotation_mark_too_many_says_where(self) -> None:
        content = b'Name,Mail\nAda,"' + b"x" * 140_000
        with pytest.raises(CannotPrepare, match="From line 2 on"):
            read("p.csv", content, delimiter=",")

    def test_nothing_is_looked_for_below_thousands_of_empty_rows(self) -> None:
        with mock.patch.object(files, "MOST_EMPTY", 3):
            rows = read("p.csv", b"Name\n\n\nAda\n\n\n\nCy\n")

        self.assertEqual([cells for _line, cells in rows], [["Name"], ["Ada"]])

    def test_too_many_rows_or_columns_are_refused(self) -> None:
        with (
            mock.patch.object(files, "MOST_ROWS", 2),
            pytest.raises(CannotPrepare, match="more than 2 rows"),
        ):
            read("p.csv", b"Name\nA\nB\nC\n")
        with pytest.raises(CannotPrepare, match="Line 1 has more than 60 columns"):
            read("p.csv", b"x," * 61 + b"x\n")


class WorkbookTests(SimpleTestCase):
    def test_cells_become_what_a_person_would_have_typed(self) -> None:
        content = workbook(
            ["Name", "Hired", "Phone", "At", "Day"],
            ["Ada", MIDNIGHT, 6625550100.0, MORNING, 45_321],
            [],
            ["Cy", date(2025, 3, 2), " 1 ", True, 1.5],
        )

        rows = read("p.xlsx", content)

        self.assertEqual(
            rows[1], (2, ["Ada", "2025-03-01", "6625550100", "2025-03-01 09:30:00", "45321"])
        )
        self.assertEqual(rows[2], (4, ["Cy", "2025-03-02", "1", "True", "1.5"]))

    def test_the_first_visible_sheet_is_read_or_the_chosen_one(self) -> None:
        content = workbook(["Name"], Hidden="hidden", Second="visible")

        how = open_file("p.xlsx", content, {}).how
        other = open_file("p.xlsx", content, {"sheet": "Second"}).how

        self.assertEqual((how["sheet"], how["sheets"]), ("Sheet", ["Sheet", "Second"]))
        self.assertEqual(other["sheet"], "Second")

    def test_what_would_fill_the_memory_is_refused(self) -> None:
        with (
            mock.patch.object(xlsx_files, "MOST_UNPACKED", 100),
            pytest.raises(CannotPrepare, match="far larger than a list of people"),
        ):
            open_file("p.xlsx", workbook(["Name"]), {})

    def test_macros_documents_and_broken_workbooks_are_refused(self) -> None:
        for names, said in (
            (["xl/workbook.xml", "xl/vbaProject.bin"], "has macros"),
            (["word/document.xml"], "isn't an Excel workbook"),
            (["xl/workbook.xml"], "can't be read"),
        ):
            packed = BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for name in names:
                    archive.writestr(name, "<a/>")
            with self.subTest(said), pytest.raises(CannotPrepare, match=said):
                open_file("p.xlsx", packed.getvalue(), {})
        with pytest.raises(CannotPrepare, match="can't be read"):
            open_file("p.xlsx", workbook(["Name"])[:800], {})

    def test_damage_further_below_is_refused_as_well(self) -> None:
        opened = open_file("p.xlsx", workbook(["Name"], ["Ada"]), {})
        with (
            mock.patch("employees.importing.xlsx_files.as_text", side_effect=ValueError),
            pytest.raises(CannotPrepare, match="can't be read"),
        ):
            list(opened.rows)


class FirstSightTests(SimpleTestCase):
    def test_what_is_no_list_says_what_it_is_and_how_to_mend_it(self) -> None:
        locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
        for name, beginning, said in (
            ("people.pdf", b"%PDF-1.7", "“.pdf” files can't be read"),
            ("people", b"Name", "Files without an ending can't be read"),
            ("people.xls", b"\xd0\xcf", "“.xls” files can't be read"),
            ("people.xlsm", b"PK", "“.xlsm” files can't be read"),
            ("people.csv", b"", "This file is empty"),
            ("people.csv", b"\x89PNG....", "This is a picture"),
            ("people.csv", b"%PDF-1.7", "This is a PDF"),
            ("people.csv", b"PK\x03\x04", "is it an Excel workbook?"),
            ("people.csv", locked[:8], "a workbook of an old Excel"),
            ("people.csv", locked, "locked with a password"),
            ("people.xlsx", locked[:8], "locked with a password"),
            ("people.xlsx", b"Name,Mail", "isn't an Excel workbook"),
            ("people.csv", b"  <html><table>", "This is a web page"),
            ("people.csv", b"\x00\x01\x02\x00binary", "This isn't a list of text"),
        ):
            with self.subTest(name=name, beginning=beginning):
                self.assertIn(said, why_not_open(name, len(beginning), beginning))

    def test_a_large_file_says_how_large_it_may_be(self) -> None:
        self.assertIn("more than 5 MB", why_not_open("p.csv", 6_000_000, b"Name"))

    def test_lists_are_let_in(self) -> None:
        for name, beginning in (("p.CSV", b"Name"), ("p.txt", b"Name"), ("p.xlsx", b"PK\x03\x04")):
            self.assertEqual(why_not_open(name, 100, beginning), "")


class ColumnTests(SimpleTestCase):
    def test_usual_names_are_recognised_in_two_languages(self) -> None:
        for headings, names in (
            ("Full name|E-mail|Dept|Start date|Site", "name|email|department|hire_date|workspace"),
            ("First Name|Surname|MAIL|Cell", "first_name|last_name|email|phone_number"),
            ("Nombre|Correo electrónico|Puesto|Teléfono", "name|email|role|phone_number"),
            ("Nombre|Apellidos|Fecha de ingreso", "first_name|last_name|hire_date"),
            ("Empl. No.|Shoe size|E_MAIL|Work e-mail", "||email|"),
        ):
            with self.subTest(headings):
                self.assertEqual(columns.recognise(headings.split("|")), names.split("|"))

    def test_a_title_above_the_headings_is_passed_over(self) -> None:
        rows = [["Payroll May"], ["", ""], ["Name", "Mail"], ["Ada", "ada@example.com"]]
        self.assertEqual(columns.headings_among(rows), 2)

    def test_unknown_headings_are_the_first_row_with_something_in_it(self) -> None:
        self.assertEqual(columns.headings_among([[""], ["Who", "Where"], *[["Ada", "x"]] * 20]), 1)
        self.assertEqual(columns.headings_among([[""]]), 0)


class DayTests(SimpleTestCase):
    def test_days_are_read_as_people_and_excel_write_them(self) -> None:
        for text in (
            "2025-12-31",
            "2025/12/31",
            "2025-12-31 00:00:00",
            "12/31/2025",
            "31/12/2025",
            "31.12.2025",
            "Dec 31, 2025",
            "December 31st, 2025",
            "31 dic 2025",
            "31 de diciembre de 2025",
            "31-Dec-2025",
            "46022",
            "46022.0",
        ):
            with self.subTest(text):
                self.assertEqual(read_day(text, Order.MONTH_FIRST), date(2025, 12, 31))

    def test_what_is_no_day_says_how_to_write_one(self) -> None:
        for text, said in (
            ("soon", "Write the day as 2025-12-31"),
            ("May 2025", "Write the day as"),
            ("12345", "Write the day as"),
            ("31 Foo 2025", "Write the day as"),
            ("12/31/25", "year with four digits"),
            ("02/30/2025", "There is no such day"),
        ):
            with self.subTest(text), pytest.raises(NotADay, match=said):
                read_day(text, Order.MONTH_FIRST)

    def test_the_order_follows_from_days_that_have_one_reading(self) -> None:
        for texts, found in (
            (["03/04/2025", "31/12/2025"], (Order.DAY_FIRST, True, "03/04/2025")),
            (["12/31/2025", "2025-01-02", "x"], (Order.MONTH_FIRST, True, "")),
            (["03/04/2025"], (Order.MONTH_FIRST, False, "03/04/2025")),
            (["31/12/2025", "12/31/2025", "01/02/2025"], (Order.MONTH_FIRST, False, "01/02/2025")),
            (["05/05/2025"], (Order.MONTH_FIRST, True, "")),
        ):
            with self.subTest(texts):
                self.assertEqual(order_of(texts), found)


class HandedOutTests(SimpleTestCase):
    def test_nothing_that_a_spreadsheet_computes_leaves_as_it_is(self) -> None:
        for cell in ("=1+1", "+1 662 555", "-2", "@SUM(A1)", "\t=1", "\r=1"):
            self.assertEqual(results.neutral(cell), f"'{cell}")
        self.assertEqual(results.neutral("O'Neil"), "O'Neil")
        # Where a semicolon separates cells, and where a line ends without its quotation mark.
        self.assertEqual(results.neutral("a;=1+1\n@x"), "a;'=1+1\n'@x")

    def test_what_was_made_harmless_comes_back_as_it_was(self) -> None:
        for cell in ("+1 662 555-0100", "a;=1", "＝1"):
            self.assertEqual(as_typed(results.neutral(cell)), cell)
        self.assertEqual(as_typed("'Round"), "'Round")

    def test_the_template_is_read_by_the_import_in_both_forms(self) -> None:
        for form in results.FORMATS:
            content = b"".join(results.template(form))
            ((_, headings),) = read(f"people.{form}", content)

            self.assertNotIn("", columns.recognise(headings))

    def test_a_workbook_can_be_made_of_whatever_a_file_held(self) -> None:
        content = b"".join(results.download([["Ada\x07"]], "people", "xlsx"))

        self.assertEqual(read("p.xlsx", content), [(1, ["Ada\ufffd"])])

    def test_a_name_with_accents_is_kept_as_headers_may_have_it(self) -> None:
        response = results.download([], "añadidos", "csv")

        self.assertIn("filename*=utf-8''a%C3%B1adidos.csv", response["Content-Disposition"])

    def test_a_name_of_a_file_can_do_nothing_in_a_header(self) -> None:
        response = results.download([], 'a"; x\r\n../b', "csv")

        self.assertEqual(response["Content-Disposition"], 'attachment; filename="a__ x__.._b.csv"')
