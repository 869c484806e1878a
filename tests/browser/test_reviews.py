"""Somebody whom Connecteam added turns out to be here already, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import sign_in_locally
from tests.processes import wait_for

pytestmark = pytest.mark.browser


def test_a_row_of_connecteam_is_merged_and_taken_apart_again(
    page: Page, console: ConsoleWithPages
) -> None:
    vera = console.insert(
        name="Vera Quillfeather", email="vera@example.com", auth_method="pin", department="Office"
    )
    columns = {"name": "QUILLFEATHER, Vera Ines", "email": "8812@company.com"}
    number = console.insert(connecteam_user_id="8812", auth_method="pin", **columns)
    waits = "SELECT 1 FROM employee_reviews WHERE employee_id = %s AND state = 'open'"
    wait_for(lambda: console.sql(waits, number), 30, "the sweep has noticed her")
    sign_in_locally(page, console)

    page.get_by_role("link", name=re.compile("To be reviewed")).first.click()
    row = page.get_by_role("listitem").filter(has_text="QUILLFEATHER, Vera Ines")
    expect(row.first).to_contain_text("nearly the same name: a further name")
    page.get_by_role("link", name=f"Merge {number} into Vera Quillfeather ({vera})").click()

    expect(page.get_by_text(f"Connecteam’s id 8812 goes to number {vera}")).to_be_visible()
    page.get_by_role("radio", name=re.compile("^Name: QUILLFEATHER")).check()
    page.get_by_role("button", name="Merge", exact=True).press("Enter")

    expect(page.get_by_text(f"Number {number} is merged into")).to_be_visible()
    kept, other = console.employee(vera), console.employee(number)
    assert (kept["name"], kept["connecteam_user_id"]) == (columns["name"], "8812")
    assert (other["is_active"], other["email"]) == (0, None)

    page.get_by_role("link", name="Undo", exact=True).first.click()
    page.get_by_role("button", name="Undo the merge").click()

    expect(page.get_by_text("is a row of its own again")).to_be_visible()
    assert console.employee(vera)["name"] == "Vera Quillfeather"
    assert console.employee(number)["email"] == "8812@company.com"
    assert console.sql(waits, number)
