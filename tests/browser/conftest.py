"""One console and one Chromium for all browser tests, and pages that report their own faults."""

import re
from collections.abc import Generator, Iterator
from typing import Protocol

import bcrypt
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import DESKTOP, Device, launched_chromium
from tests.browser.console import ConsoleWithPages, console_with_pages
from tests.browser.kiosk import PIN
from tests.browser.watching import Watch
from tests.processes import ROOT

# In the checkout, since the temporary files of `make test` are gone when somebody reads of them.
FAILURES = ROOT / ".screenshots" / "failures"
FAILED = pytest.StashKey[bool]()


class OpenPage(Protocol):
    """Opens a page with a fresh profile, as one more person with a browser of their own."""

    def __call__(self, device: Device = DESKTOP) -> Page: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleWithPages]:
    """The console that all browser tests share: each brings people of its own."""
    with console_with_pages(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium."""
    with launched_chromium() as chromium:
        yield chromium


@pytest.fixture
def open_page(
    browser: Browser, console: ConsoleWithPages, request: pytest.FixtureRequest
) -> Iterator[OpenPage]:
    """Pages for as many people as the test has.

    At the end the test fails for what went wrong on any of them (see ``Watch``); when it failed,
    each page is kept as a picture and as HTML, and the test's report says where.
    """
    opened: list[tuple[BrowserContext, Watch]] = []

    def open_one(device: Device = DESKTOP) -> Page:
        context = device.open(browser, console.base_url)
        opened.append((context, Watch(context)))
        return context.new_page()

    yield open_one
    faults = []
    for number, (context, watch) in enumerate(opened, start=1):
        if watch.faults or request.node.stash.get(FAILED, False):
            keep(context, f"{request.node.name}-{number}")
        context.close()
        faults += watch.faults
    assert not faults, "the pages had faults:\n" + "\n".join(faults)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page of the one person in most tests, on a desktop."""
    return open_page()


@pytest.fixture
def number(console: ConsoleWithPages) -> str:
    """The number of somebody new with a PIN, as the Flask application writes it."""
    employee_id = console.insert(name="Rosa Quill", department="Heat Press", auth_method="pin")
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
    console.sql("INSERT INTO employee_auth (employee_id, pin) VALUES (%s, %s)", employee_id, hashed)
    return str(employee_id)


def keep(context: BrowserContext, name: str) -> None:
    """Keep what a failed test showed, and print where."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages, start=1):
        path = FAILURES / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}-{number}"
        page.screenshot(path=path.with_suffix(".png"), full_page=True)
        path.with_suffix(".html").write_text(page.content(), encoding="utf-8")
        print(f"{page.url} is kept as {path}.png and .html")  # noqa: T201  (pytest shows it)
