"""Monday, six in the morning: six people are added without a mouse, and the key strokes counted."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import ConsoleWithPages
from tests.browser.keyboard import Keyboard
from tests.browser.signing_in import sign_in_locally

pytestmark = pytest.mark.browser

PEOPLE = [
    ("Nia O'Dell", "nia.odell@example.com"),
    ("José Núñez", "jose.nunez@example.com"),
    ("Lê Thị Mai", "le.mai@example.com"),
    ("Omar Haddad", "omar.haddad@example.com"),
    ("Ivy Tran-Bell", "ivy.tranbell@example.com"),
    ("Pat Quill", "pat.quill@example.com"),
]
DEPARTMENT = "Heat Press"
# Beside what has to be typed anyhow: for each person the ways from field to field and the keys
# that save. The last person is saved with Enter.
KEYS_A_PERSON = 3


def test_six_people_are_added_by_keys_alone(page: Page, console: ConsoleWithPages) -> None:
    sign_in_locally(page, console)
    page.goto("/admin/employees/employee/add/")
    keyboard = Keyboard(page)

    for number, (name, email) in enumerate(PEOPLE):
        expect(page.get_by_label(re.compile("^Name"))).to_be_focused()
        keyboard.type(name)
        keyboard.press("Tab")
        keyboard.type(email)
        if number == 0:  # kept for the next ones
            keyboard.tab_to(page.get_by_label(re.compile("^Department")))
            keyboard.type(DEPARTMENT)
        with page.expect_navigation():
            keyboard.press("Control+Enter" if number < len(PEOPLE) - 1 else "Enter")

    rows = console.sql(
        "SELECT name, department, auth_method, workspace FROM employees WHERE email LIKE %s "
        "ORDER BY id",
        "%@example.com",
    )
    added = [row for row in rows if row["name"] in {name for name, _ in PEOPLE}]
    assert [row["name"] for row in added] == [name for name, _ in PEOPLE]
    assert {(row["department"], row["auth_method"]) for row in added} == {(DEPARTMENT, "hybrid")}
    typed = sum(len(name) + len(email) for name, email in PEOPLE) + len(DEPARTMENT)
    beside = keyboard.strokes - typed
    assert beside <= KEYS_A_PERSON * len(PEOPLE), f"{beside} beside {typed} that are typed"
