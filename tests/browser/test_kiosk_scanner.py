"""A badge is scanned at the kiosk: on every page, and by every kind of scanner."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.kiosk import enter, scan, sign_in, type_by_hand

pytestmark = pytest.mark.browser

OTHER = "00004711"  # a badge


def test_a_badge_leads_to_its_pin_wherever_the_focus_is(page: Page) -> None:
    for end in ("Enter", "Tab", ""):
        page.goto("/kiosk/")
        page.get_by_role("button", name="English").focus()

        scan(page, OTHER, end)

        expect(page.get_by_text(f"Number {OTHER}")).to_be_visible()


def test_a_badge_on_the_pin_page_is_no_pin_but_the_next_person(page: Page, number: str) -> None:
    tries = []
    page.on(
        "request",
        lambda sent: (
            tries.append(sent.url) if sent.method == "POST" and sent.url.endswith("/pin/") else None
        ),
    )
    page.goto("/kiosk/")
    enter(page, number, "/kiosk/pin/")
    type_by_hand(page, "7")  # she had begun

    scan(page, OTHER)

    expect(page.get_by_text(f"Number {OTHER}")).to_be_visible()
    expect(page.get_by_role("img", name="Digits typed: 0")).to_be_visible()
    assert tries == []


def test_a_short_badge_without_zeros_is_no_pin_either(page: Page, number: str) -> None:
    page.goto("/kiosk/")
    enter(page, number, "/kiosk/pin/")

    scan(page, "47")

    expect(page.get_by_text("Number 47", exact=True)).to_be_visible()


def test_the_next_badge_signs_out_whoever_left_without_saying_so(page: Page, number: str) -> None:
    sign_in(page, number)
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", name="¡Hola, Rosa!")).to_be_visible()

    scan(page, OTHER)

    expect(page.get_by_text(f"Number {OTHER}")).to_be_visible()  # in English again
    page.goto("/kiosk/me/")
    expect(page.get_by_text("Rosa")).to_have_count(0)


def test_what_is_no_badge_is_refused_in_words(page: Page) -> None:
    page.goto("/kiosk/")

    for code in ("https://example.com/47", "]C14711", "0" * 21):
        scan(page, code)
        expect(page.get_by_role("alert")).to_contain_text("That is no employee badge.")
        expect(page.locator("#number")).to_have_value("")
        page.reload()


def test_a_key_that_is_held_down_is_no_badge(page: Page) -> None:
    page.goto("/kiosk/")
    page.keyboard.down("5")
    for _ in range(5):
        page.keyboard.down("5")
    page.keyboard.up("5")

    page.wait_for_timeout(300)

    expect(page.locator("#number")).to_have_value("555555")


def test_a_finger_that_trembles_types_a_digit_once(open_page: OpenPage) -> None:
    page = open_page(PHONE)
    page.goto("/kiosk/")
    touch = (
        "(key) => key.dispatchEvent(new PointerEvent('click', "
        "{ pointerType: 'touch', detail: 1, bubbles: true }))"
    )
    key = page.get_by_role("button", name="5", exact=True)

    key.evaluate(f"(key) => {{ ({touch})(key); ({touch})(key); }}")
    expect(page.locator("#number")).to_have_value("5")
    page.wait_for_timeout(150)
    key.evaluate(touch)

    expect(page.locator("#number")).to_have_value("55")
