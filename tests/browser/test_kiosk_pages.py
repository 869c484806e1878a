"""The kiosk in a real browser: touch, keyboard, scanner, two languages, and nothing left."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Device
from tests.browser.conftest import OpenPage
from tests.browser.console import ConsoleWithPages
from tests.browser.kiosk import PIN, enter, scan, sign_in, type_by_hand

pytestmark = pytest.mark.browser


def test_a_scanner_and_a_keyboard_are_enough(page: Page, number: str) -> None:
    page.goto("/kiosk/")
    scan(page, number.zfill(8))
    page.wait_for_url("**/kiosk/pin/")
    type_by_hand(page, PIN)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()
    page.keyboard.press("Enter")  # the button that signs out has the focus
    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()


def test_a_wrong_pin_says_nothing_of_the_number(page: Page, number: str) -> None:
    said = set()
    for tried in (number, "999999"):
        page.goto("/kiosk/")
        enter(page, tried, "/kiosk/pin/")
        enter(page, "8452")
        expect(page.get_by_role("alert")).to_be_visible()
        said.add(page.get_by_role("alert").inner_text())

    assert said == {"Number or PIN is wrong. Try again."}


def test_spanish_is_for_one_person_and_english_for_the_next(page: Page, number: str) -> None:
    page.goto("/kiosk/")
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", name="Su número de empleado")).to_be_visible()
    enter(page, number, "/kiosk/pin/")
    enter(page, PIN)
    expect(page.get_by_role("heading", name="¡Hola, Rosa!")).to_be_visible()

    page.get_by_role("button", name="Salir").click()

    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()


def test_whoever_walks_away_is_signed_out_after_a_countdown(page: Page, number: str) -> None:
    page.clock.install()
    sign_in(page, number)
    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()

    page.clock.run_for(38_000)
    expect(page.get_by_text(re.compile(r"Signing out in \d+ s"))).to_be_visible()
    page.clock.run_for(10_000)

    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()
    page.goto("/kiosk/me/")
    expect(page.get_by_text("Rosa")).to_have_count(0)


def test_a_touch_stops_the_countdown(page: Page, number: str) -> None:
    page.clock.install()
    sign_in(page, number)
    page.clock.run_for(38_000)
    countdown = page.get_by_text(re.compile(r"Signing out in \d+ s"))
    expect(countdown).to_be_visible()

    page.mouse.click(5, 300)

    expect(countdown).to_be_hidden()
    page.clock.run_for(20_000)
    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()


def test_the_back_button_shows_nobody(page: Page, number: str) -> None:
    sign_in(page, number)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()

    page.go_back()

    expect(page.get_by_text("Rosa")).to_have_count(0)
    assert number not in urlsplit(page.url).path


def test_the_pin_is_changed_by_the_person_herself(page: Page, number: str) -> None:
    sign_in(page, number)
    page.get_by_role("link", name="Change PIN").click()
    page.wait_for_url("**/kiosk/change-pin/")
    for digits in (PIN, "5083", "5083"):
        enter(page, digits)

    expect(page.get_by_text("Your PIN is changed.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/kiosk/")
    sign_in(page, number, "5083")
    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()


def test_keys_are_large_enough_for_gloves(page: Page) -> None:
    page.goto("/kiosk/")

    for key in page.locator("[data-keypad] button").all():
        box = key.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 72


def test_on_a_small_phone_all_keys_are_to_be_seen_without_scrolling(open_page: OpenPage) -> None:
    page = open_page(Device("small phone", 360, 640, is_phone=True))
    page.goto("/kiosk/")
    enter(page, "999999", "/kiosk/pin/")

    expect(page.locator("[data-go]")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Start again")).to_be_visible()


def test_it_works_without_scripts(browser: Browser, console: ConsoleWithPages, number: str) -> None:
    context = DESKTOP.open(browser, console.base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/kiosk/")
    page.locator("#number").fill(number)
    page.get_by_role("button", name="Next").first.click()
    page.locator("#pin").fill(PIN)
    page.get_by_role("button", name="Sign in").first.click()

    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()
    context.close()


def test_a_pin_opens_no_door_of_the_admin(page: Page, number: str) -> None:
    sign_in(page, number)

    page.goto("/admin/")

    expect(page.get_by_role("button", name="Sign in with Auth0")).to_be_visible()


def test_a_digit_that_somebody_left_does_not_go_before_the_next_badge(
    page: Page, number: str
) -> None:
    page.clock.install()
    page.goto("/kiosk/")
    page.get_by_role("button", name="5", exact=True).click()

    page.clock.run_for(46_000)

    expect(page.locator("#number")).to_have_value("")
    enter(page, number, "/kiosk/pin/")
    expect(page.get_by_text(f"Number {number}", exact=True)).to_be_visible()


@pytest.fixture
def portable(browser: Browser, console: ConsoleWithPages) -> Iterator[Page]:
    """A page that may lose its network, which a browser reports as an error."""
    context = DESKTOP.open(browser, console.base_url)
    yield context.new_page()
    context.close()


def test_without_network_nobody_ends_at_the_browsers_own_page(portable: Page, number: str) -> None:
    portable.goto("/kiosk/")
    portable.context.set_offline(True)
    expect(portable.get_by_text("There is no network.")).to_be_visible()
    enter(portable, number)
    expect(portable.get_by_role("heading", name="Your employee number")).to_be_visible()

    portable.context.set_offline(False)

    expect(portable.get_by_text("There is no network.")).to_be_hidden()
    portable.keyboard.press("Enter")
    expect(portable.get_by_role("heading", name="Your PIN")).to_be_visible()


def test_a_browser_that_is_mistaken_about_the_network_is_not_believed(
    portable: Page, number: str
) -> None:
    """As on a laptop without network, on which the console itself runs."""
    portable.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false })"
    )
    sign_in(portable, number)

    portable.get_by_role("button", name="Español").click()
    portable.get_by_role("link", name="Cambiar PIN").click()

    expect(portable.get_by_role("heading", name="Su PIN actual")).to_be_visible()


def test_whoever_walks_away_without_network_is_hidden_and_then_signed_out(
    portable: Page, number: str
) -> None:
    portable.clock.install()
    sign_in(portable, number)
    portable.context.set_offline(True)

    portable.clock.run_for(46_000)

    expect(portable.get_by_role("heading", name="Hello, Rosa!")).to_be_hidden()
    expect(portable.get_by_text("There is no network.")).to_be_visible()
    portable.context.set_offline(False)
    portable.clock.run_for(6_000)
    expect(portable.get_by_role("heading", name="Your employee number")).to_be_visible()


def test_the_countdown_is_said_once_a_second(page: Page, number: str) -> None:
    """A screen reader says it again each time it is set."""
    page.clock.install()
    sign_in(page, number)
    page.evaluate(
        "() => { window.said = 0; new MutationObserver((all) => { window.said += all.length; })"
        ".observe(document.querySelector('[data-idle]'), { childList: true }); }"
    )

    page.clock.run_for(44_500)

    assert page.evaluate("() => window.said") <= 10


def test_the_keys_stay_where_they_are_when_a_message_goes(open_page: OpenPage, number: str) -> None:
    page = open_page(PHONE)
    page.goto("/kiosk/")
    enter(page, number, "/kiosk/pin/")
    enter(page, "8452")
    expect(page.get_by_role("alert")).to_be_visible()
    before = page.get_by_role("button", name="1", exact=True).bounding_box()

    page.keyboard.press("8")

    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.get_by_role("button", name="1", exact=True).bounding_box() == before


def test_the_touch_that_wakes_a_tablet_keeps_nobody_signed_in(page: Page, number: str) -> None:
    """It comes before the clock of the page goes on."""
    page.clock.install()
    sign_in(page, number)
    now = page.evaluate("() => Date.now()")
    page.clock.set_system_time(now + 3_600_000)

    page.mouse.click(5, 300)
    page.clock.run_for(500)

    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()


def test_a_kiosk_that_lost_its_cookies_overnight_goes_on_with_a_scanner_alone(
    portable: Page, number: str
) -> None:
    portable.goto("/kiosk/")
    portable.context.clear_cookies()
    scan(portable, number.zfill(8))
    expect(portable.get_by_role("heading", name="This page was open for too long")).to_be_visible()

    scan(portable, number.zfill(8))

    portable.wait_for_url("**/kiosk/pin/")
    enter(portable, PIN, "/kiosk/me/")
    expect(portable.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()
