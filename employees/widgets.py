"""Inputs of the forms that the theme doesn't have."""

from datetime import date, time
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from employees.admin_base import ThemedTextInput


class DatalistInput(ThemedTextInput):
    """A text input that proposes values and takes any other."""

    proposals: list[str]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.proposals = []

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The input and its ``<datalist>``."""
        list_id = f"{(attrs or {}).get('id', name)}_list"
        options = format_html_join("", '<option value="{}">', ((text,) for text in self.proposals))
        return format_html(
            '{}<datalist id="{}">{}</datalist>',
            super().render(name, value, {**(attrs or {}), "list": list_id}, renderer),
            list_id,
            options,
        )


class DayInput(ThemedTextInput):
    """The browser's own field for a day: typed or picked, in the order of the reader's country."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """As such a field wants it, whatever the language."""
        return value.isoformat() if isinstance(value, date) else value


class ClockInput(ThemedTextInput):
    """The browser's own field for a time of the day."""

    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        """As such a field wants it, whatever the language."""
        return f"{value:%H:%M}" if isinstance(value, time) else value
