"""What goes wrong on a page without being seen fails the test that opened it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser

SITE = "http://site.test"


class Site:
    """A page whose HTML, headers and files a test makes up."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.page = page
        self.watch = watch

    def show(self, html: str, status: int = 200, **headers: str) -> list[str]:
        """Open the page, wait for what it loads, and return the faults that were seen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.page.route(
            f"{SITE}/",
            lambda route: route.fulfill(
                status=status, body=html, headers=named, content_type="text/html"
            ),
        )
        self.page.goto(f"{SITE}/", wait_until="networkidle")
        return self.watch.faults

    def answer(self, path: str, status: int) -> None:
        """Have a file of the page answered with this status."""
        self.page.route(SITE + path, lambda route: route.fulfill(status=status))


@pytest.fixture
def site(browser: Browser) -> Iterator[Site]:
    context = DESKTOP.open(browser, SITE)
    watch = Watch(context)
    yield Site(context.new_page(), watch)
    context.close()


def test_a_page_without_faults_has_none(site: Site) -> None:
    assert site.show("<title>Fine</title><p>Fine") == []


def test_a_script_that_fails_is_a_fault(site: Site) -> None:
    (fault,) = site.show("<script>nobody.knows()</script>")

    assert fault == f"{SITE}/: a script failed: nobody is not defined"


def test_an_inline_script_against_the_policy_is_a_fault(site: Site) -> None:
    (fault,) = site.show(
        "<script>document.title = 'x'</script>", Content_Security_Policy="default-src 'self'"
    )

    assert "violates the following Content Security Policy directive" in fault


def test_a_form_that_the_policy_keeps_back_is_a_fault(site: Site) -> None:
    site.show(
        "<form action='http://elsewhere.test/' method=post><button>Go</button></form>",
        Content_Security_Policy="form-action 'self'",
    )

    with site.page.expect_console_message():
        site.page.evaluate("document.forms[0].requestSubmit()")

    assert any("form-action 'self'" in fault for fault in site.watch.faults)


def test_an_error_of_the_server_is_a_fault(site: Site) -> None:
    assert site.show("Broken", status=500) == [f"GET {SITE}/ answered 500"]


def test_a_script_of_the_page_that_is_missing_is_a_fault(site: Site) -> None:
    site.answer("/absent.js", 404)

    assert site.show("<script src=/absent.js></script>") == [f"GET {SITE}/absent.js answered 404"]


def test_a_page_that_is_refused_is_no_fault(site: Site) -> None:
    assert site.show("You may not see this.", status=403) == []
