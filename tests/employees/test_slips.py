import re
import zlib
from base64 import a85decode

import pytest
from reportlab.pdfbase import pdfmetrics

from employees.slips import NAME_SIZE, Slip, fitted, printable, slips_pdf

pytestmark = pytest.mark.once


def drawn(pdf: bytes) -> str:
    """What the pages draw, as PDF operators; fonts are kept in another form and left out."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    pages = [stream.strip() for stream in streams if stream.strip().endswith(b"~>")]
    read = [zlib.decompress(a85decode(b"<~" + page, adobe=True)) for page in pages]
    return b"\n".join(read).decode("latin-1")


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_a_slip_says_number_and_pin_and_what_to_do_in_both_languages() -> None:
    said = drawn(slips_pdf([Slip(4711, "Ada Quill", "7391")]))

    for text in ("(4711)", "(7391)", "At the kiosk", "En el quiosco"):
        assert text in said


@pytest.mark.parametrize(("slips", "pages"), [(1, 1), (8, 1), (9, 2), (17, 3)])
def test_eight_slips_are_on_a_page(slips: int, pages: int) -> None:
    pdf = slips_pdf([Slip(number, "Ada Quill", "7391") for number in range(1, slips + 1)])

    assert pages_of(pdf) == pages


@pytest.mark.parametrize(("paper", "size"), [("letter", b"612 792"), ("a4", b"595.2756 841.8898")])
def test_it_fits_the_paper(paper: str, size: bytes) -> None:
    assert size in slips_pdf([Slip(1, "Ada", "7391")], paper)


def test_without_a_slip_there_is_no_pdf() -> None:
    with pytest.raises(ValueError, match="no slip"):
        slips_pdf([])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada O'Quill", "Ada O'Quill"),
        ("  José   Núñez ", "José Núñez"),
        ("Jose\u0301", "José"),
        ("李小龙", "李小龙"),
        ("山田 たろう", "山田 たろう"),
        ("김민준", "김민준"),
        ("محمد Ali", "Ali"),
        ("عمر", ""),
    ],
)
def test_a_name_is_printed_as_it_is_where_a_font_can_write_it(name: str, shown: str) -> None:
    assert printable(name)[0] == shown


def test_a_name_of_any_length_in_any_script_makes_a_slip() -> None:
    names = ["W" * 255, "", "Nguyễn Thị Ánh", "महेश", "🙂", "Łukasz Ščerba", "\u0000\u202e", "عمر"]

    pdf = slips_pdf([Slip(number, name, "7391") for number, name in enumerate(names, 1)])

    assert pages_of(pdf) == 1


@pytest.mark.parametrize(
    "first", ["W" * 255, "María de los Ángeles Guadalupe Hernández " * 2, "李" * 99]
)
def test_a_name_that_is_too_long_is_cut_and_stays_on_its_slip(first: str) -> None:
    name, font = printable(first)

    shown, size = fitted(name, font, NAME_SIZE, 254)

    assert pdfmetrics.stringWidth(shown, font, size) <= 254
    assert shown.endswith(" …")
    assert name.startswith(shown.removesuffix(" …"))


def test_a_name_that_fits_is_not_cut() -> None:
    assert fitted("Ada Quill", "Helvetica-Bold", NAME_SIZE, 254) == ("Ada Quill", NAME_SIZE)


def test_the_pin_is_not_in_what_a_slip_is_called() -> None:
    assert "7391" not in repr(Slip(1, "Ada", "7391"))
