"""Somebody without a mouse, whose key strokes are counted."""

from playwright.sync_api import Locator, Page

FAR = 100  # more presses of Tab than any page of ours should need


class Keyboard:
    """Drives a page by keys alone; ``strokes`` counts them.

    A stroke is one press of a key, whatever is held down beside it: a capital letter is one, and
    so is Shift+Tab.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.strokes = 0

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, such as ``Enter``, ``ArrowDown`` or ``Shift+Tab``."""
        for _ in range(times):
            self.page.keyboard.press(key)
            self.strokes += 1

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.page.keyboard.type(text)
        self.strokes += len(text)

    def tab_to(self, target: Locator) -> None:
        """Press Tab until ``target`` has the focus. Raises: AssertionError, when it never has."""
        for _ in range(FAR):
            if self.is_at(target):
                return
            self.press("Tab")
        raise AssertionError(f"{FAR} times Tab don't lead to {target}")

    def is_at(self, target: Locator) -> bool:
        """Whether ``target`` has the focus."""
        return bool(target.evaluate("element => element === document.activeElement"))
