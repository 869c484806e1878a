"""Somebody edits accounts in Auth0; a comparison finds it, and a person decides about each."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import hire, sign_in_locally
from tests.processes import wait_for

pytestmark = pytest.mark.browser

BALANCE = "/admin/employees/employee/balance/"
THEIRS = "+1 662 555 0199"
COMPARED_MS = 60_000


def somebody(console: ConsoleWithPages, name: str) -> int:
    """A person whose phone number somebody then changes in Auth0's dashboard."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    number = hire(console, name, email, phone_number="+1 601 555 0100")
    account = console.employee(number)["auth0_user_id"]
    edit = {"user_metadata": {"phone_number": THEIRS}}
    assert console.tenant.api("PATCH", f"/users/{account}", edit).is_success
    return number


def phone_in_auth0(console: ConsoleWithPages, number: int) -> str:
    account = console.employee(number)["auth0_user_id"]
    user = console.tenant.api("GET", f"/users/{account}").json()
    return str(user["user_metadata"]["phone_number"])


def case(page: Page, name: str) -> Locator:
    """The difference of this person on the sheet."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))


def compare(page: Page) -> None:
    """Press the button, and wait until the page shows the result by itself."""
    page.goto(BALANCE)
    page.get_by_role("button", name="Compare now").press("Enter")
    page.locator("[data-balance]").wait_for(state="detached", timeout=COMPARED_MS)


def test_differences_are_found_shown_on_three_sides_and_decided(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    fixed, taken, left = (
        somebody(console, name) for name in ("Fia Balance", "Tom Balance", "Lea Balance")
    )
    page = open_page(PHONE)
    sign_in_locally(page, console)

    compare(page)
    expect(case(page, "Fia Balance")).to_contain_text("Auth0 has another phone number")
    case(page, "Fia Balance").get_by_role("link", name="Side by side").click()
    row = page.get_by_role("row", name=re.compile("^Phone number"))
    expect(row).to_contain_text("Changed in Auth0")
    expect(row).to_contain_text(THEIRS)
    page.get_by_role("button", name=re.compile("Put the console’s phone number")).press("Enter")
    wait_for(lambda: phone_in_auth0(console, fixed) == "+1 601 555 0100", 30, "it is fixed")

    page.goto(BALANCE)
    case(page, "Tom Balance").get_by_role("button", name=re.compile("Take Auth0’s")).click()
    expect(page.get_by_text("Taken over into the console.")).to_be_visible()
    assert console.employee(taken)["phone_number"] == THEIRS

    case(page, "Lea Balance").get_by_role("link", name="More").click()
    page.get_by_label("Reason", exact=True).fill("Her own phone until the new one comes.")
    page.get_by_label("Until").fill((date.today() + timedelta(days=9)).isoformat())  # noqa: DTZ011
    page.get_by_role("button", name="Leave it as it is").click()
    expect(page.get_by_text("then it comes back")).to_be_visible()

    compare(page)
    for name in ("Fia Balance", "Tom Balance", "Lea Balance"):
        expect(case(page, name)).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Left as they are")).click()
    expect(case(page, "Lea Balance")).to_contain_text("Her own phone until the new one comes.")
    assert phone_in_auth0(console, left) == THEIRS
