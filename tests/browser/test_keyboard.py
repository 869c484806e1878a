"""Key strokes are counted as somebody without a mouse makes them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP
from tests.browser.keyboard import FAR, Keyboard

pytestmark = pytest.mark.browser

FORM = """
<form><label>Name <input name=name></label>
<label>E-mail <input name=email></label>
<button tabindex=-1>Hidden from Tab</button></form>
"""


@pytest.fixture
def form(browser: Browser) -> Iterator[Page]:
    context = DESKTOP.open(browser, "http://site.test")
    page = context.new_page()
    page.set_content(FORM)
    yield page
    context.close()


def test_every_character_and_every_key_is_one_stroke(form: Page) -> None:
    keyboard = Keyboard(form)

    keyboard.press("Tab")
    keyboard.type("Ada")
    keyboard.press("Shift+ArrowLeft", times=2)

    assert keyboard.strokes == 6
    assert form.get_by_label("Name").input_value() == "Ada"


def test_the_way_to_a_field_is_counted(form: Page) -> None:
    keyboard = Keyboard(form)

    keyboard.tab_to(form.get_by_label("E-mail"))

    assert keyboard.strokes == 2
    assert keyboard.is_at(form.get_by_label("E-mail"))


def test_what_no_tab_reaches_is_said(form: Page) -> None:
    with pytest.raises(AssertionError, match=f"{FAR} times Tab"):
        Keyboard(form).tab_to(form.get_by_role("button"))
