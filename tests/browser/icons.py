"""``python -m tests.browser.icons``: the kiosk's icons, drawn anew from static/favicon.svg.

They are committed; run it when the picture changes. An icon that a tablet cuts to its own shape
(maskable) has its ground up to the edges, and the picture within the circle that is never cut: 40 %
of the width around the middle. Source: https://www.w3.org/TR/appmanifest/#icon-masks
"""

from playwright.sync_api import Browser

from tests.browser.chromium import launched_chromium
from tests.processes import ROOT
from tests.run import say

STATIC = ROOT / "static"
WHOLE, CUT = 1.0, 0.76  # how large the picture is on its ground
ICONS = {
    "icon-192": (192, WHOLE),
    "icon-512": (512, WHOLE),
    "icon-maskable-192": (192, CUT),
    "icon-maskable-512": (512, CUT),
    "icon-180": (180, CUT),  # iOS, which rounds the corners itself
}


def draw(browser: Browser, drawing: str, size: int, scale: float) -> bytes:
    """A PNG of so many pixels. The favicon's first shape is its ground."""
    ground = drawing.split('fill="', 1)[1].split('"', 1)[0] if scale < WHOLE else "transparent"
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(
        f"<style>body {{ margin: 0; height: 100vh; display: grid; place-items: center; "
        f"background: {ground} }} svg {{ width: {scale:.0%} }}</style>{drawing}"
    )
    picture = page.screenshot(omit_background=True)
    page.close()
    return picture


def main() -> None:
    """Write them all."""
    drawing = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    with launched_chromium() as browser:
        for name, (size, scale) in ICONS.items():
            path = STATIC / "kiosk" / f"{name}.png"
            path.write_bytes(draw(browser, drawing, size, scale))
            say(f"{path.relative_to(ROOT)}: {size} px")


if __name__ == "__main__":
    main()
