"""The browser: the system's Chromium, driven by Playwright, on a desktop or a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from identity_console.bootstrap import browser_advice, chromium_command, find_chromium

PATIENCE_MS = 15_000  # how long a page may take for anything; a machine under test is busy
# Nothing but the pages may be asked for: no updates, no field trials, no accounts.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Device:
    """What somebody looks through. Width and height in CSS pixels."""

    name: str
    width: int
    height: int
    is_phone: bool = False
    is_dark: bool = False

    def in_the_dark(self) -> Self:
        """The same device of somebody who wants dark pages."""
        return replace(self, is_dark=True)

    def open(self, browser: Browser, base_url: str, **options: Any) -> BrowserContext:
        """A fresh profile: no cookies, no storage. ``options`` are ``Browser.new_context``'s."""
        context = browser.new_context(
            base_url=base_url,
            viewport={"width": self.width, "height": self.height},
            device_scale_factor=2 if self.is_phone else 1,
            is_mobile=self.is_phone,
            has_touch=self.is_phone,
            color_scheme="dark" if self.is_dark else "light",
            locale="en-US",
            timezone_id="America/Chicago",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        return context


DESKTOP = Device("desktop", 1280, 800)
PHONE = Device("phone", 390, 844, is_phone=True)


@contextmanager
def launched_chromium() -> Iterator[Browser]:
    """One Chromium without a window.

    While it runs, Django refuses its ORM in this process: Playwright keeps an event loop here. Who
    tests with a browser speaks to the database by ``console.sql``, as another program.
    It runs without its sandbox, which many containers forbid: only our own pages are looked at.
    Raises: RuntimeError, with what to do, when there is none.
    """
    path = find_chromium()
    if not path:
        raise RuntimeError(f"There is no Chromium: {browser_advice(chromium_command())}")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=list(FLAGS), chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()
