"""PIN slips: a page to be cut into eight, made in memory for one answer and kept nowhere.

A slip says name, number and PIN in large type, what to do in English and Spanish, and carries the
number, never the PIN, as a barcode that the kiosk's scanner reads.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

PAPERS = {"letter": LETTER, "a4": A4}
COLUMNS, ROWS = 2, 4
MARGIN = 24.0  # points, as all lengths here
PADDING = 14.0
NAME_SIZE, SMALLEST = 15.0, 8.0
INSTRUCTIONS = (
    "At the kiosk, scan this code or type your number; then type your PIN.",
    "Keep it to yourself. You can change it at the kiosk. Destroy this slip.",
    "En el quiosco, escanee este código o escriba su número; luego su PIN.",
    "No lo comparta. Puede cambiarlo en el quiosco. Destruya este papel.",
)
# The first comes with reportlab; the others, where the machine has them, know more letters.
FONTS = ("VeraBd.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "NotoSans-Bold.ttf")
FONT_FOLDERS = (
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/dejavu",
    "/Library/Fonts",
)
# Not embedded: PDF readers bring these along for Chinese, Japanese and Korean.
ASIAN = (
    (re.compile(r"[\uac00-\ud7a3\u1100-\u11ff]"), "HYGothic-Medium"),
    (re.compile(r"[\u3040-\u30ff]"), "HeiseiKakuGo-W5"),
    (re.compile(r"[\u3400-\u9fff]"), "STSong-Light"),
)
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True)
class Slip:
    """What one slip says. number: ``employees.id``; pin: in clear, so no log may show it."""

    number: int
    name: str
    pin: str = field(repr=False)


def slips_pdf(slips: Sequence[Slip], paper: str = "letter") -> bytes:
    """A PDF with eight slips a page, in the order given.

    paper: ``letter`` or ``a4``. Raises: KeyError for another, ValueError without any slip.
    """
    if not slips:
        raise ValueError("There is no slip to print.")
    size = PAPERS[paper]
    made = BytesIO()
    canvas = Canvas(made, pagesize=size)
    canvas.setTitle("PIN slips")
    for place, slip in enumerate(slips):
        if place and place % (COLUMNS * ROWS) == 0:
            canvas.showPage()
        _draw(canvas, slip, place % (COLUMNS * ROWS), size)
    canvas.save()
    return made.getvalue()


def printable(name: str) -> tuple[str, str]:
    """The name as it can be printed, and in which font.

    A script that no font here can write comes as its Latin letters, as far as it has any; the
    number says who it is in any case.
    """
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in name):
        for font, letters in _fonts().items():
            if all(ord(letter) in letters for letter in name):
                return name, font
        for script, font in ASIAN:
            if script.search(name):
                pdfmetrics.registerFont(UnicodeCIDFont(font))
                return name, font
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(plain.split()), "Helvetica-Bold"


def fitted(text: str, font: str, size: float, width: float) -> tuple[str, float]:
    """The text on one line of this width, and in which size.

    Smaller than ``size`` where it must be; cut where even SMALLEST is too large, or it would be
    printed over the next slip.
    """
    whole = text
    while _size_for(text, font, size, width) < SMALLEST:
        whole = whole[:-1]
        text = f"{whole.rstrip()} …"
    return text, _size_for(text, font, size, width)


@cache
def _fonts() -> dict[str, frozenset[int]]:
    """The fonts that this machine has, and the letters that each can write."""
    found = {}
    for file in FONTS:
        # reportlab finds its own by the bare name.
        places = [file, *(f"{folder}/{file}" for folder in FONT_FOLDERS)]
        for place in places:
            if place != file and not Path(place).exists():
                continue
            try:
                font = TTFont(file.removesuffix(".ttf"), place)
            except TTFError:
                continue
            pdfmetrics.registerFont(font)
            found[font.fontName] = frozenset(font.face.charToGlyph)
            break
    return found


def _draw(canvas: Canvas, slip: Slip, place: int, size: tuple[float, float]) -> None:
    """One slip at its place on the page, counted from the top left, line by line."""
    width = (size[0] - 2 * MARGIN) / COLUMNS
    height = (size[1] - 2 * MARGIN) / ROWS
    row, column = divmod(place, COLUMNS)
    left = MARGIN + column * width
    bottom = size[1] - MARGIN - (row + 1) * height
    _cut_line(canvas, left, bottom, width, height)
    inner = width - 2 * PADDING
    x, top = left + PADDING, bottom + height - PADDING

    name, font = printable(slip.name)
    name, name_size = fitted(name, font, NAME_SIZE, inner)
    canvas.setFont(font, name_size)
    canvas.drawString(x, top - 13, name)

    canvas.setFont("Helvetica", 8)
    canvas.drawString(x, top - 31, "Number / Número")
    canvas.drawString(x + inner / 2, top - 31, "PIN")
    number = str(slip.number)
    number, number_size = fitted(number, "Courier-Bold", 24, inner / 2 - 8)
    canvas.setFont("Courier-Bold", number_size)
    canvas.drawString(x, top - 53, number)
    canvas.setFont("Courier-Bold", 34)
    canvas.drawString(x + inner / 2, top - 58, slip.pin)

    barcode = Code128(number, barHeight=34, barWidth=1.3, quiet=True, lquiet=0, rquiet=0)
    barcode.drawOn(canvas, x, top - 106)

    canvas.setFont("Helvetica", 7)
    for line, text in enumerate(INSTRUCTIONS):
        canvas.drawString(x, top - 122 - 10 * line, text)


def _cut_line(canvas: Canvas, left: float, bottom: float, width: float, height: float) -> None:
    canvas.saveState()
    canvas.setDash(3, 3)
    canvas.setStrokeGray(0.6)
    canvas.rect(left, bottom, width, height)
    canvas.restoreState()


def _size_for(text: str, font: str, size: float, width: float) -> float:
    at_size = pdfmetrics.stringWidth(text, font, size)
    return size if at_size <= width else size * width / at_size
