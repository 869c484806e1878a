"""A manager keeps people in the admin, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import sign_in_locally
from tests.processes import wait_for

pytestmark = pytest.mark.browser

ADD = "/admin/employees/employee/add/"


def field(page: Page, label: str) -> Locator:
    return page.locator("form").get_by_label(re.compile(f"^{label}"))


def fill_in(page: Page, name: str, email: str) -> None:
    page.goto(ADD)
    for label, value in [("Name", name), ("E-mail", email), ("Department", "Office")]:
        field(page, label).fill(value)


def test_an_employee_who_is_added_gets_an_account(page: Page, console: ConsoleWithPages) -> None:
    sign_in_locally(page, console)

    fill_in(page, "Ada Quill", "ada.quill@example.com")
    page.get_by_role("button", name="Save", exact=True).first.click()

    expect(page.get_by_text("was added successfully")).to_be_visible()
    (row,) = console.sql("SELECT id FROM employees WHERE email = %s", "ada.quill@example.com")
    wait_for(lambda: console.employee(row["id"])["auth0_user_id"], 30, "the account is made")
    assert console.tenant.user_by_email("ada.quill@example.com") is not None


def test_a_wrong_address_is_said_beside_its_field(page: Page, console: ConsoleWithPages) -> None:
    sign_in_locally(page, console)

    fill_in(page, "Bo Quill", "bo.quill@example")
    page.get_by_role("button", name="Save", exact=True).first.click()

    expect(field(page, "E-mail")).to_have_accessible_description(
        re.compile("This doesn't look like an e-mail: write name@example.com")
    )
    expect(field(page, "Name")).to_have_value("Bo Quill")
    assert not console.sql("SELECT id FROM employees WHERE name = %s", "Bo Quill")


def test_who_is_not_signed_in_sees_nobody_on_a_phone_either(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    page = open_page(PHONE.in_the_dark())

    page.goto("/admin/employees/employee/")

    expect(page.get_by_role("button", name="Sign in with Auth0")).to_be_visible()
