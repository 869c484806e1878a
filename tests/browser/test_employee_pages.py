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


def test_what_was_typed_outlives_the_session(page: Page, console: ConsoleWithPages) -> None:
    sign_in_locally(page, console)
    fill_in(page, "Cleo Quill", "cleo.quill@example.com")
    page.context.clear_cookies()

    page.get_by_role("button", name="Save", exact=True).first.click()

    note = page.get_by_role("alert").filter(has_text="You are signed out, so nothing was saved")
    expect(note).to_be_visible()
    expect(field(page, "Name")).to_have_value("Cleo Quill")

    # By the note's link: a new log-in changes the token that the form was made with.
    with page.context.expect_page() as opened:
        note.get_by_role("link").click()
    opened.value.close()
    another = page.context.new_page()
    sign_in_locally(another, console)
    page.get_by_role("button", name="Save", exact=True).first.dblclick()

    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert len(console.sql("SELECT id FROM employees WHERE name = %s", "Cleo Quill")) == 1


def test_the_filters_take_the_keys_and_give_them_back(
    page: Page, console: ConsoleWithPages
) -> None:
    sign_in_locally(page, console)
    page.goto("/admin/employees/employee/")
    opener = page.get_by_role("button", name=re.compile("^Filters"))

    opener.press("Enter")

    expect(page.locator("#filter-form").get_by_role("combobox").first).to_be_focused()

    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_long_name_keeps_the_history_as_wide_as_a_phone(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    page = open_page(PHONE)
    sign_in_locally(page, console)
    name = "Maximiliana Theodora Evangeline Wintersgill-Featherby de la Montesclaros"
    number = console.insert(name=name, auth_method="pin")

    page.goto(f"/admin/employees/employee/{number}/history/")

    expect(page.get_by_role("link", name=f"Back to {name}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE.width


def test_a_name_that_podfactory_would_miss_is_asked_about_once(
    page: Page, console: ConsoleWithPages
) -> None:
    sign_in_locally(page, console)
    number = console.insert(name="Noor Quill", auth_method="pin")
    console.sql(
        "INSERT INTO employee_podfactory_mapping_v2 (employee_id, podfactory_name, is_verified) "
        "VALUES (%s, %s, 1)",
        number,
        "noor.quill",
    )
    page.goto(f"/admin/employees/employee/{number}/change/")

    field(page, "Name").fill("Noor Hart")
    page.get_by_role("button", name="Save", exact=True).first.click()

    expect(page.get_by_text("it would find nobody any more")).to_be_visible()
    assert console.employee(number)["name"] == "Noor Quill"

    page.get_by_label("Save all the same").check()
    page.get_by_role("button", name="Save", exact=True).first.click()

    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert console.employee(number)["name"] == "Noor Hart"


def test_an_addition_is_taken_back_with_row_and_account(
    page: Page, console: ConsoleWithPages
) -> None:
    sign_in_locally(page, console)
    email = "dora.quill@example.com"
    fill_in(page, "Dora Quill", email)
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    (row,) = console.sql("SELECT id FROM employees WHERE email = %s", email)
    wait_for(lambda: console.tenant.user_by_email(email), 30, "the account is made")

    page.goto(f"/admin/employees/employee/{row['id']}/undo-change/")
    expect(page.locator("h1")).to_have_text("Undo adding Dora Quill")
    page.get_by_role("button", name="Remove row and account").click()

    expect(page.get_by_text(f"Dora Quill (number {row['id']}) is gone again")).to_be_visible()
    assert not console.sql("SELECT id FROM employees WHERE email = %s", email)
    wait_for(lambda: console.tenant.user_by_email(email) is None, 30, "the account is deleted")

    page.go_back()
    expect(page.get_by_text("nothing was left to undo")).to_be_visible()


def words_shown(page: Page) -> list[str]:
    """What the form says of ways of signing in, as far as it can be seen."""
    page.wait_for_selector("html:not([x-cloak])")
    lines = page.locator(".method-words [data-method]").all()
    return [str(line.get_attribute("data-method")) for line in lines if line.is_visible()]


def test_what_a_way_of_signing_in_does_is_said_before_it_is_saved(
    open_page: OpenPage, console: ConsoleWithPages
) -> None:
    page = open_page(PHONE)
    number = console.insert(name="Maria Quill", auth_method="hybrid")
    sign_in_locally(page, console)
    page.goto(f"/admin/employees/employee/{number}/change/")
    method = field(page, "Signs in with")
    expect(method).to_have_accessible_description(re.compile("As it is now"))

    method.focus()
    page.keyboard.press("ArrowUp")  # the choices stand in the order PIN, Auth0, both

    assert words_shown(page) == ["auth0"]
    expect(method).to_have_accessible_description(re.compile("^Auth0 account:"))
    page.keyboard.press("ArrowUp")
    assert words_shown(page) == ["pin"]
    expect(method).to_have_accessible_description(re.compile("signed out of this console"))
    (row,) = console.sql("SELECT auth_method FROM employees WHERE id = %s", number)
    assert row["auth_method"] == "hybrid"


def test_the_proposal_for_a_department_is_explained_too(
    page: Page, console: ConsoleWithPages
) -> None:
    sign_in_locally(page, console)
    page.goto(ADD)
    assert words_shown(page) == [""]

    field(page, "Department").fill("Office")

    assert words_shown(page) == ["auth0"]
