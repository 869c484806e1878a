"""A manager deactivates somebody and watches every door being closed and tried."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import hire, sign_in_locally
from tests.processes import wait_for

pytestmark = pytest.mark.browser

DONE_MS = 60_000
DOORS = (
    "Session at the kiosk",
    "Log-in with the PIN",
    "Other programs that ask who a token is",
    "Sessions at the console",
    "Log-in to the console with Auth0",
    "Auth0 account",
    "Auth0 sessions",
    "Auth0 refresh tokens",
    "Access tokens already issued",
)


def test_a_leavers_receipt_becomes_complete_while_the_manager_looks(
    page: Page, console: ConsoleWithPages
) -> None:
    number = hire(console, "Mira Sample", "mira.sample@example.com", auth_method="hybrid")
    sign_in_locally(page, console)
    page.goto(f"/admin/employees/employee/{number}/change/")

    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("button", name="Deactivate").click()
    page.goto(f"/admin/employees/employee/{number}/change/")

    card = page.get_by_role("region", name="Lock-out receipt")
    expect(card.get_by_text(re.compile(r"^Locked out in "))).to_be_visible(timeout=DONE_MS)
    expect(page.locator("[data-receipt-summary]")).to_contain_text("Locked out in ")
    for door in DOORS:
        expect(card.get_by_role("rowheader", name=door, exact=True)).to_be_visible()
    expect(card.get_by_role("row", name="Auth0 account")).to_contain_text("Read back: blocked.")
    expect(card.get_by_role("row", name="Access tokens")).to_contain_text("Live until")
    page.goto(f"/admin/employees/employee/{number}/history/")
    expect(page.get_by_text(re.compile(r"^Locked out in "))).to_be_visible()


def test_a_leaver_by_sql_has_one_too(page: Page, console: ConsoleWithPages) -> None:
    number = hire(console, "Noor Sample", "noor.sample@example.com")
    sign_in_locally(page, console)

    console.sql("UPDATE employees SET is_active = 0 WHERE id = %s", number)
    done = (
        "SELECT 1 AS x FROM employee_receipts WHERE employee_id = %s AND completed_at IS NOT NULL"
    )
    wait_for(lambda: console.sql(done, number), 60, "the receipt is complete")
    page.goto(f"/admin/employees/employee/{number}/change/")

    card = page.get_by_role("region", name="Lock-out receipt")
    expect(card.get_by_text(re.compile(r"^Locked out in "))).to_be_visible()
    expect(card.get_by_text(re.compile("outside the console"))).to_be_visible()
