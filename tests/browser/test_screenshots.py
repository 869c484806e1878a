"""The command that takes the pictures says what is wrong with a page."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP, PHONE, Device
from tests.browser.console import ConsoleWithPages
from tests.browser.pages import NOBODY, PAGES, SIGN_IN, Shown
from tests.browser.screenshots import Gallery, headed_twice, wider_than
from tests.processes import ROOT

pytestmark = pytest.mark.browser

HEAD = "<!doctype html><meta name=viewport content='width=device-width'><body style='margin:0'>"
WIDE_TABLE = "<table class='people wide' style='width:900px'><tr><td>Ada Quill</table>"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = PHONE.open(browser, "http://site.test")
    yield context.new_page()
    context.close()


def width_and_height(picture: Path) -> tuple[int, int]:
    """From the header of a PNG: four bytes each, behind the signature and the chunk's name."""
    header = picture.read_bytes()[16:24]
    return int.from_bytes(header[:4]), int.from_bytes(header[4:])


def test_what_widens_a_page_beyond_a_phone_is_named(phone: Page) -> None:
    phone.set_content(HEAD + WIDE_TABLE)

    assert wider_than(phone, PHONE).startswith("510 px wider than the screen: table.people.wide, ")


def test_a_table_that_scrolls_in_its_own_box_does_not_widen_the_page(phone: Page) -> None:
    phone.set_content(f"{HEAD}<div style='overflow-x:auto'>{WIDE_TABLE}</div>")

    assert wider_than(phone, PHONE) == ""


@pytest.mark.parametrize(("device", "pixels"), [(DESKTOP, 1280), (PHONE.in_the_dark(), 780)])
def test_a_picture_is_as_wide_as_the_device(
    browser: Browser, console: ConsoleWithPages, tmp_path: Path, device: Device, pixels: int
) -> None:
    faults = Gallery(browser, console, tmp_path).take(Shown("start", "/admin/"), device)

    (picture,) = tmp_path.iterdir()
    assert faults == []
    assert picture.name == f"start-{device.name}-{'dark' if device.is_dark else 'light'}.png"
    assert width_and_height(picture)[0] == pixels


def test_the_command_runs_from_a_shell_that_knows_nothing_of_django(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.browser.screenshots", "--out", str(tmp_path)]
    plain = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [*command, "--only", "kiosk-greeting"],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 pictures are in" in done.stdout


def test_a_fault_is_reported_with_the_name_of_the_picture(
    browser: Browser, console: ConsoleWithPages, tmp_path: Path
) -> None:
    broken = Shown(
        "broken",
        "/healthz",
        NOBODY,
        prepare=lambda page: page.set_content(HEAD + "<h1>Ada</h1>" + WIDE_TABLE),
    )

    (fault,) = Gallery(browser, console, tmp_path).take(broken, PHONE)

    assert fault.startswith("broken-phone-light: 510 px wider than the screen")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>People</h1>", ""),
        ("<h1>People</h1><h1 hidden>Menu</h1>", ""),
        ("<h1>People</h1><h1>Again</h1>", "first headings: People, Again"),
        ("<h2>People</h2>", "first headings: none"),
    ],
)
def test_a_page_has_to_have_one_first_heading(phone: Page, body: str, fault: str) -> None:
    phone.set_content(HEAD + body)

    assert headed_twice(phone) == fault


def test_no_two_pages_have_the_same_name_and_everybody_can_sign_in() -> None:
    assert len({shown.name for shown in PAGES}) == len(PAGES)
    assert {shown.who for shown in PAGES} <= {NOBODY, *SIGN_IN}
