"""A browser becomes a kiosk, and a supervisor helps a colleague there, by touch alone."""

import re

import bcrypt
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.kiosk import PIN, enter
from tests.browser.signing_in import sign_in_locally

pytestmark = pytest.mark.browser
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
PLACE = {"department": "Folding", "workspace": "TX"}


@pytest.fixture
def lead(console: ConsoleWithPages) -> str:
    """The number of the lead of Folding in Texas, with a PIN."""
    who = {"auth0_role": "team_lead", "auth_method": "pin", **PLACE}
    employee_id = console.insert(name="Lena Marsh", **who)
    console.sql("INSERT INTO employee_auth (employee_id, pin) VALUES (%s, %s)", employee_id, HASHED)
    return str(employee_id)


@pytest.fixture
def colleague(console: ConsoleWithPages) -> str:
    """The number of somebody of Folding, with a PIN."""
    employee_id = console.insert(name="Rosa Quill", auth_method="pin", **PLACE)
    console.sql("INSERT INTO employee_auth (employee_id, pin) VALUES (%s, %s)", employee_id, HASHED)
    return str(employee_id)


def set_up(page: Page, code: str) -> None:
    """Have this browser be a kiosk."""
    page.goto("/kiosk/enrol/")
    enter(page, code, "/kiosk/")


def test_a_forgotten_pin_is_mended_at_the_kiosk(
    console: ConsoleWithPages, open_page: OpenPage, lead: str, colleague: str
) -> None:
    page = open_page(PHONE)
    set_up(page, console.kiosk_code("Folding 1"))
    expect(page.get_by_text("Folding 1")).to_have_count(1)
    enter(page, colleague, "/kiosk/pin/")
    for _ in range(5):
        enter(page, "4816")
        expect(page.locator("[data-note]")).to_be_visible()
    enter(page, PIN)
    expect(page.get_by_text("Too many wrong PINs. Try again in 1 min")).to_be_visible()
    page.get_by_role("button", name="Start again").tap()

    enter(page, lead, "/kiosk/pin/")
    enter(page, PIN, "/kiosk/me/")
    page.get_by_role("link", name="Help a colleague").tap()
    page.get_by_role("link", name="Rosa Quill").tap()
    expect(page.get_by_text("Has to wait now")).to_be_visible()
    expect(page.get_by_text(colleague, exact=True)).to_be_visible()
    page.get_by_role("link", name="New PIN").tap()
    enter(page, PIN)
    new = page.locator("output").inner_text()
    page.get_by_role("button", name="Done").tap()
    start = page.get_by_role("heading", name="Your employee number")
    expect(start).to_be_visible()
    page.go_back()
    expect(start).to_be_visible()
    expect(page.get_by_text(new)).to_have_count(0)

    enter(page, colleague, "/kiosk/pin/")
    enter(page, new, "/kiosk/me/")
    expect(page.get_by_role("heading", name=re.compile("Rosa"))).to_be_visible()


def test_a_kiosk_that_is_signed_out_in_the_admin_asks_for_a_code(
    console: ConsoleWithPages, open_page: OpenPage, page: Page
) -> None:
    tablet = open_page(PHONE)
    set_up(tablet, console.kiosk_code("Folding 2"))
    sign_in_locally(page, console)
    page.goto("/admin/employees/kiosk/")
    page.get_by_role("link", name="Folding 2").click()
    page.get_by_role("link", name="Sign it out").click()
    page.get_by_role("button", name="Sign Folding 2 out").click()
    expect(page.get_by_text("Folding 2 is signed out.")).to_be_visible()

    # The installation of the tests lets any browser in; a kiosk would be sent on from here.
    tablet.goto("/kiosk/enrol/")

    expect(tablet.get_by_role("heading", name="The code for this kiosk")).to_be_visible()
    expect(tablet.get_by_text("Folding 2")).to_have_count(0)
