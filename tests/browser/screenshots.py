"""``make screenshots``: every page as pictures, light and dark, on a phone and on a desktop.

    python -m tests.browser.screenshots [--out DIR] [--only WORD]

--out   where the pictures go (default .screenshots/); NAME-DEVICE-light.png and -dark.png
--only  just the pages with this word in their name

The console that is shown is a new one with the sample people. Beside the pictures it says what is
wrong with a page: wider than the screen, an error of a script or of the server, a breach of the
Content-Security-Policy. The exit status is 1 if anything is.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, StorageState

import tests.settings  # noqa: F401  (takes the developer's own settings out of the environment)
from tests.browser.chromium import DESKTOP, PHONE, Device, launched_chromium
from tests.browser.console import ConsoleWithPages, console_with_pages
from tests.browser.pages import NOBODY, PAGES, SIGN_IN, Shown
from tests.browser.watching import Watch
from tests.processes import ROOT, wait_for
from tests.run import say

DEVICES = [each for device in (DESKTOP, PHONE) for each in (device, device.in_the_dark())]
ACCOUNTS_S = 120.0  # until every sample person who should have an account has one

# What stands out to the right, or null. On a phone window.innerWidth grows with the page, so the
# screen's width has to be given. What a box scrolls or cuts off by itself doesn't widen the page.
WIDER = """
(screen) => {
  const page = document.documentElement.scrollWidth;
  if (page <= screen) return null;
  const kept = (box) =>
    box && (getComputedStyle(box).overflowX !== "visible" || kept(box.parentElement));
  const found = [...document.body.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > screen && !kept(each.parentElement));
  const names = found.slice(0, 3).map((each) => [each.localName, ...each.classList].join("."));
  return `${page - screen} px wider than the screen: ${names.join(", ")}`;
}
"""


class Gallery:
    """Takes the pictures of one console into the folder ``out``."""

    def __init__(self, browser: Browser, console: ConsoleWithPages, out: Path) -> None:
        self.browser = browser
        self.console = console
        self.out = out
        self.sessions: dict[str, StorageState] = {}

    def take(self, shown: Shown, device: Device) -> list[str]:
        """Take one picture; returns what is wrong with the page."""
        session = self.session_of(shown.who)
        with shown.during(self.console):
            context = device.open(self.browser, self.console.base_url, storage_state=session)
            watch = Watch(context)
            page = context.new_page()
            page.goto(shown.address_on(self.console), wait_until="networkidle")
            shown.prepare(page)
            name = f"{shown.name}-{device.name}-{'dark' if device.is_dark else 'light'}"
            page.screenshot(path=self.out / f"{name}.png", full_page=True, animations="disabled")
            wrong = [*watch.faults, wider_than(page, device), headed_twice(page)]
            context.close()
        return [f"{name}: {fault}" for fault in wrong if fault]

    def session_of(self, who: str) -> StorageState | None:
        """Their session, which is begun where it is first wanted; None for nobody."""
        if who == NOBODY:
            return None
        if who not in self.sessions:
            context = DESKTOP.open(self.browser, self.console.base_url)
            SIGN_IN[who](context.new_page(), self.console)
            self.sessions[who] = context.storage_state()
            context.close()
        return self.sessions[who]


def wider_than(page: Page, device: Device) -> str:
    """By how much the page has to be scrolled sideways, and for what; '' when it hasn't to be."""
    return page.evaluate(WIDER, device.width) or ""


def headed_twice(page: Page) -> str:
    """The first headings of a page that has more than one, or none; '' for exactly one."""
    heads = page.locator("h1:visible").all_inner_texts()
    return "" if len(heads) == 1 else f"first headings: {', '.join(heads) or 'none'}"


def add_sample_people(console: ConsoleWithPages) -> None:
    """The people of the demo, with their accounts made."""
    console.manage("load_sample_data", "--fast-pins")
    pending = "SELECT COUNT(*) AS number FROM employees WHERE auth0_sync_status = 'pending'"
    wait_for(lambda: console.sql(pending)[0]["number"] == 0, ACCOUNTS_S, "the accounts are made")


def main(arguments: list[str]) -> int:
    """Take all pictures; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("--out", type=Path, default=ROOT / ".screenshots")
    parser.add_argument("--only", default="", metavar="WORD")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()  # for the sample people, whose PINs a page types
    chosen = [shown for shown in PAGES if options.only in shown.name]
    if not chosen:
        parser.error(f"no page has {options.only!r} in its name")
    options.out.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="identity-console-") as folder,
        console_with_pages(Path(folder)) as console,
        launched_chromium() as browser,
    ):
        add_sample_people(console)
        gallery = Gallery(browser, console, options.out)
        for shown in chosen:
            for device in DEVICES:
                faults += gallery.take(shown, device)
    say(f"{len(chosen) * len(DEVICES)} pictures are in {options.out}.")
    for fault in faults:
        say(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
