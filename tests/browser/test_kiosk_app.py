"""The kiosk as an app of a tablet: installed, without network, with scripts that fail."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.chromium import DESKTOP
from tests.browser.console import ConsoleWithPages
from tests.browser.gate import HANGS_UP, Gate, gate_before
from tests.browser.kiosk import PIN, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def gate(console: ConsoleWithPages) -> Iterator[Gate]:
    with gate_before(console.base_url) as gate:
        yield gate


@pytest.fixture
def tablet(browser: Browser, gate: Gate) -> Iterator[Page]:
    """A page behind the gate, whose worker is there."""
    context = DESKTOP.open(browser, gate.base_url)
    page = context.new_page()
    page.goto("/kiosk/")
    wait_for_worker(page)
    yield page
    context.close()


@pytest.fixture
def fragile(browser: Browser, console: ConsoleWithPages) -> Iterator[Page]:
    """A page whose scripts may fail."""
    context = DESKTOP.open(browser, console.base_url)
    yield context.new_page()
    context.close()


def wait_for_worker(page: Page) -> None:
    page.evaluate(
        "() => navigator.serviceWorker.controller || new Promise((done) => "
        "navigator.serviceWorker.addEventListener('controllerchange', done))"
    )


def what_is_kept(page: Page) -> list[str]:
    """The addresses in all caches that scripts can fill, without the version."""
    found: list[str] = page.evaluate(
        "async () => { const all = []; for (const name of await caches.keys())"
        " for (const kept of await (await caches.open(name)).keys())"
        " all.push(new URL(kept.url).pathname); return all.sort(); }"
    )
    return found


KEPT = ["/kiosk/offline/", "/static/favicon.svg", "/static/kiosk/kiosk.css"]
KEPT += ["/static/kiosk/offline.js"]


def says_that_there_is_no_network(page: Page) -> None:
    expect(page.get_by_role("heading", name="No network")).to_be_visible()
    expect(page.get_by_role("heading", name="No hay red")).to_be_visible()
    # In the kiosk's look: its style came from the worker too.
    weight = page.locator("h1").evaluate("(head) => getComputedStyle(head).fontSize")
    assert weight == "72px"


def test_chromium_would_install_it(page: Page) -> None:
    page.goto("/kiosk/")
    wait_for_worker(page)
    devtools = page.context.new_cdp_session(page)

    manifest = devtools.send("Page.getAppManifest")
    against = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]

    assert manifest["errors"] == []
    assert manifest["url"].endswith(".webmanifest")
    # A test's profile is an incognito one, which installs nothing; that is all.
    assert [error["errorId"] for error in against if error["errorId"] != "in-incognito"] == []


def test_the_button_that_installs_it_is_there_where_the_browser_offers_it(page: Page) -> None:
    page.goto("/kiosk/")
    button = page.get_by_role("button", name="Install as an app")
    expect(button).to_be_hidden()

    page.evaluate(
        "() => { const offer = new Event('beforeinstallprompt', { cancelable: true });"
        " offer.prompt = () => { document.title = 'asked'; }; dispatchEvent(offer); }"
    )
    button.click()

    expect(page).to_have_title("asked")
    expect(button).to_be_hidden()


def test_without_network_the_kiosk_says_so_and_comes_back_by_itself(tablet: Page) -> None:
    tablet.context.set_offline(True)
    tablet.reload()
    says_that_there_is_no_network(tablet)

    tablet.context.set_offline(False)

    expect(tablet.get_by_role("heading", name="Your employee number")).to_be_visible()


def test_a_console_that_is_gone_is_no_network_and_signs_out(
    tablet: Page, gate: Gate, number: str
) -> None:
    sign_in(tablet, number)
    gate.status = 502
    tablet.get_by_role("button", name="Español").click()  # a form
    says_that_there_is_no_network(tablet)
    gate.status = HANGS_UP
    tablet.goto("/kiosk/me/")
    says_that_there_is_no_network(tablet)

    gate.status = None
    tablet.evaluate("() => dispatchEvent(new Event('online'))")  # sooner than its own clock

    expect(tablet.get_by_role("heading", name="Your employee number")).to_be_visible()
    tablet.goto("/kiosk/me/")
    expect(tablet.get_by_text("Rosa")).to_have_count(0)


def test_whoever_walks_away_while_the_console_is_gone_is_hidden_and_then_signed_out(
    browser: Browser, gate: Gate, number: str
) -> None:
    """Without a worker, too: as on a tablet that speaks plain http."""
    context = DESKTOP.open(browser, gate.base_url)
    page = context.new_page()
    page.add_init_script("delete Navigator.prototype.serviceWorker")
    page.clock.install()
    sign_in(page, number)
    gate.status = 502

    page.clock.run_for(46_000)
    expect(page.get_by_text("There is no network.")).to_be_visible()
    expect(page.get_by_role("heading", name="Hello, Rosa!")).to_be_hidden()

    gate.status = None
    page.clock.run_for(6_000)
    expect(page.get_by_role("heading", name="Your employee number")).to_be_visible()
    context.close()


def test_the_worker_keeps_nothing_of_a_person_and_signing_out_takes_nothing_from_it(
    tablet: Page, number: str
) -> None:
    sign_in(tablet, number)
    assert what_is_kept(tablet) == KEPT
    tablet.get_by_role("button", name="Sign out").click()
    expect(tablet.get_by_role("heading", name="Your employee number")).to_be_visible()

    assert what_is_kept(tablet) == KEPT
    tablet.go_back()
    expect(tablet.get_by_role("heading", name="Your employee number")).to_be_visible()
    tablet.context.set_offline(True)
    tablet.go_back()
    says_that_there_is_no_network(tablet)
    expect(tablet.get_by_text("Rosa")).to_have_count(0)


def test_a_new_worker_clears_what_the_one_before_kept(page: Page) -> None:
    page.goto("/healthz")
    page.evaluate("async () => { await caches.open('kiosk-old'); await caches.open('other'); }")

    page.goto("/kiosk/")
    wait_for_worker(page)

    names = page.evaluate("() => caches.keys()")
    assert len(names) == 2
    assert "other" in names
    assert "kiosk-old" not in names


KEYPAD = "const pad = "  # in the middle of setting the page up


@pytest.mark.parametrize("fault", ["?. a browser that is too old for it", "throw new Error();"])
def test_scripts_that_fail_leave_plain_fields_and_the_idle_sign_out(
    fragile: Page, number: str, fault: str
) -> None:
    def break_it(route: Route) -> None:
        script = route.fetch().text()
        assert KEYPAD in script
        route.fulfill(
            body=script.replace(KEYPAD, f"{fault}{KEYPAD}"), content_type="text/javascript"
        )

    fragile.route("**/kiosk.js", break_it)
    fragile.clock.install()
    fragile.goto("/kiosk/")
    expect(fragile.get_by_role("group", name="Keypad")).to_be_hidden()
    expect(fragile.locator("#number")).to_have_attribute("inputmode", "numeric")
    fragile.locator("#number").fill(number)
    fragile.get_by_role("button", name="Next").first.click()
    fragile.locator("#pin").fill(PIN)
    fragile.get_by_role("button", name="Sign in").first.click()
    expect(fragile.get_by_role("heading", name="Hello, Rosa!")).to_be_visible()
    fragile.get_by_role("link", name="Change PIN").click()
    for label in ("Your PIN now", "Your new PIN", "Your new PIN once more"):
        expect(fragile.get_by_label(label, exact=True)).to_be_visible()

    fragile.clock.run_for(50_000)

    expect(fragile.get_by_role("heading", name="Your employee number")).to_be_visible()
