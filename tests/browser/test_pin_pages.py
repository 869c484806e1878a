"""The pages of the admin on which PINs are set, in a real browser."""

import re
from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.console import ConsoleWithPages
from tests.browser.signing_in import sign_in_locally

pytestmark = pytest.mark.browser


def test_an_impatient_second_click_loses_no_pin(page: Page, console: ConsoleWithPages) -> None:
    """The answer to a second request would say that nothing was done, and hide the new PIN."""
    employee_id = console.insert(name="Rosa Quill", auth_method="pin")
    sign_in_locally(page, console)
    page.goto(f"/admin/employees/employee/{employee_id}/random_pin/")
    underway: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            underway.append(route)
        else:
            route.continue_()

    page.route("**/random_pin/", hold)
    button = page.get_by_role("button", name="Set and show the PIN").bounding_box()
    assert button is not None
    # Not by locator.click, which waits for the page that the first click asked for.
    click = partial(page.mouse.click, button["x"] + 5, button["y"] + 5)
    with page.expect_request(lambda request: request.method == "POST"):
        click()
    click()
    page.wait_for_timeout(500)  # for the request that mustn't come

    assert len(underway) == 1
    underway[0].continue_()
    expect(page.locator(".pin output")).to_have_text(re.compile(r"\d{4}"))


def test_a_page_that_was_left_shows_no_pin(page: Page, console: ConsoleWithPages) -> None:
    """Some browsers keep pages for the back button in spite of no-store."""
    employee_id = console.insert(name="Rosa Quill", auth_method="pin")
    sign_in_locally(page, console)
    page.goto(f"/admin/employees/employee/{employee_id}/random_pin/")
    page.get_by_role("button", name="Set and show the PIN").click()
    shown = page.locator(".pin output")
    expect(shown).to_be_visible()

    page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pagehide'))")

    expect(shown).to_have_count(0)
