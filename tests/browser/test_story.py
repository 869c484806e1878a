"""The whole story, as those live it who decide whether the console is good."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import (
    hire,
    open_mail_and_choose_password,
    sign_in_with_auth0,
)

pytestmark = [pytest.mark.browser, pytest.mark.both_databases]

MANAGER = "plant.manager@example.com"
OPERATOR = "olga.operator@example.com"
A_WORKER_S = 30_000  # milliseconds; how long the worker may take on a busy machine


def test_from_the_managers_form_to_the_operators_shift(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    hire(console, "Paula Plant", MANAGER, auth0_role="manager")
    managers, operators, kiosks = open_page(), open_page(PHONE), open_page()

    # A manager signs in with Auth0, and finds her way to the people.
    open_mail_and_choose_password(managers, console, MANAGER)
    sign_in_with_auth0(managers, console, MANAGER)
    expect(managers.get_by_role("heading", name="Paula Plant")).to_be_visible()
    managers.get_by_role("link", name="Manage people").click()

    # She adds a press operator ...
    managers.goto("/admin/employees/employee/add/")
    managers.get_by_label(re.compile("^Name")).fill("Olga O'Brien-Operátor")
    managers.get_by_label(re.compile("^E-mail")).fill(OPERATOR)
    managers.get_by_label(re.compile("^Department")).fill("Heat Press")
    expect(managers.get_by_label(re.compile("^Signs in with"))).to_have_value("hybrid")
    managers.get_by_role("button", name="Save", exact=True).click()
    expect(managers.get_by_text("gets an Auth0 account within seconds")).to_be_visible()

    # ... and watches the status move, without touching anything.
    (row,) = console.sql("SELECT id FROM employees WHERE email = %s", OPERATOR)
    status = managers.locator(f"[data-standing='{row['id']}']")
    expect(status).to_have_text("Created, e-mail not verified", timeout=A_WORKER_S)

    # The operator opens the mail, sets a password, signs in and sees her own page.
    open_mail_and_choose_password(operators, console, OPERATOR)
    sign_in_with_auth0(operators, console, OPERATOR)
    expect(operators.get_by_role("heading", name="Olga O'Brien-Operátor")).to_be_visible()
    expect(operators.get_by_text("Heat Press")).to_be_visible()
    expect(operators.get_by_role("link", name="Manage people")).to_have_count(0)

    # Her e-mail is verified by that, which the manager sees too.
    expect(status).to_have_text("Verified", timeout=A_WORKER_S)

    # The manager gives her a PIN, which is shown once ...
    managers.goto(f"/admin/employees/employee/{row['id']}/change/")
    pin = random_pin(managers)

    # ... and the operator signs in at the kiosk, by its keys alone.
    kiosks.goto("/kiosk/")
    touch(kiosks, str(row["id"]))
    touch(kiosks, pin)
    expect(kiosks.get_by_role("heading", name=re.compile("Olga"))).to_be_visible()
    expect(kiosks.get_by_text("Heat Press")).to_be_visible()
    kiosks.get_by_role("button", name="Sign out").click()
    expect(kiosks.get_by_role("heading", name="Your employee number")).to_be_visible()

    # Nothing of her is left: not behind the back button either.
    kiosks.go_back()
    expect(kiosks.get_by_text("Olga")).to_have_count(0)


def random_pin(page: Page) -> str:
    """Press "Set a random PIN" on a person's page and read what is shown."""
    page.get_by_role("link", name="Set a random PIN").click()
    page.get_by_role("button", name="Set and show the PIN").click()
    shown = page.locator(".pin output").inner_text()
    assert re.fullmatch(r"\d{4,6}", shown), shown
    return shown


def touch(page: Page, digits: str) -> None:
    """Touch these keys of the kiosk, and then the arrow."""
    for digit in digits:
        page.locator(f"[data-key='{digit}']").click()
    page.locator("[data-go]").click()
