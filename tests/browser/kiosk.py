"""What people do at the kiosk in a browser test."""

from playwright.sync_api import Page

PIN = "7306"
FINGERS_MS = 90  # from key to key; scanner.js takes up to 50 for a scanner


def enter(page: Page, digits: str, leads_to: str = "") -> None:
    """Put digits into the field that has the focus, then Enter; waits for where it leads."""
    page.locator("[data-field]:focus").wait_for(state="attached")
    page.keyboard.insert_text(digits)
    page.keyboard.press("Enter")
    if leads_to:
        page.wait_for_url(f"**{leads_to}")


def type_by_hand(page: Page, digits: str) -> None:
    """Type as fast as fingers do, key by key."""
    for digit in digits:
        page.keyboard.press(digit)
        page.wait_for_timeout(FINGERS_MS)


def scan(page: Page, badge: str, end: str = "Enter") -> None:
    """As a scanner does it, a key every 5 ms by the events' own clock, however busy it is.

    end: the key that the scanner is set to send at the end, "" for none.
    """
    page.evaluate(SCAN, [*badge, *filter(None, [end])])


# Keys that a script sends type nothing by themselves, so the field gets its digit here.
SCAN = """
(keys) => {
  let timeStamp = performance.now();
  for (const key of keys) {
    const at = document.activeElement;
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: (timeStamp += 5) });
    if (!at.dispatchEvent(event)) continue;
    if (key === "Enter") (at.form ? at.form.requestSubmit() : at.click());
    else if (key.length === 1 && at.matches("input")) {
      at.value += key;
      at.dispatchEvent(new InputEvent("input", { data: key, bubbles: true }));
    }
  }
}
"""


def sign_in(page: Page, number: str, pin: str = PIN) -> None:
    """Number and PIN on the kiosk's own pages."""
    page.goto("/kiosk/")
    enter(page, number, "/kiosk/pin/")
    enter(page, pin, "/kiosk/me/")
