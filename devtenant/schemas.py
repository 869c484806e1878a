"""A small schema check that answers in the words of Auth0's own validator.

Only what the facts name is checked: types, lengths, patterns, required and unknown properties.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devtenant.errors import invalid_body

type_names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}

EMAIL = re.compile(r"^[^@\s,;<>()\"]+@[^@\s,;<>()\"]+\.[^@\s.,;<>()\"]+$")
URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$")


@dataclass(frozen=True)
class Text:
    """A string of ``low`` to ``high`` characters; ``nullable`` for what null unsets."""

    low: int = 0
    high: int = 10_000
    pattern: str = ""
    format: str = ""
    nullable: bool = False
    choices: tuple[str, ...] = ()

    def check(self, value: Any, path: str) -> None:
        if value is None and self.nullable:
            return
        if not isinstance(value, str):
            raise wrong_type("string", value, path)
        if len(value) < self.low:
            raise invalid_body(
                f"String is too short ({len(value)} chars), minimum {self.low}", path
            )
        if len(value) > self.high:
            raise invalid_body(
                f"String is too long ({len(value)} chars), maximum {self.high}", path
            )
        if self.pattern and not re.search(self.pattern, value):
            raise invalid_body(f"String does not match pattern {self.pattern}", path)
        if self.choices and value not in self.choices:
            raise invalid_body(f"No enum match for: {value}", path)
        shapes = {"email": EMAIL, "uri": URI}
        if self.format and not shapes[self.format].match(value):
            raise invalid_body(
                f"Object didn't pass validation for format {self.format}: {value}", path
            )


@dataclass(frozen=True)
class Flag:
    """A boolean; text such as "true" is refused."""

    nullable: bool = False

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, bool) and not (value is None and self.nullable):
            raise wrong_type("boolean", value, path)


@dataclass(frozen=True)
class Whole:
    """A whole number from ``low`` to ``high``."""

    low: int = 0
    high: int = 2**53
    nullable: bool = False

    def check(self, value: Any, path: str) -> None:
        if value is None and self.nullable:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type("integer", value, path)
        if value < self.low:
            raise invalid_body(f"Value {value} is less than minimum {self.low}", path)
        if value > self.high:
            raise invalid_body(f"Value {value} is greater than maximum {self.high}", path)


@dataclass(frozen=True)
class Many:
    """An array of ``low`` to ``high`` items, each of the shape ``item``."""

    item: "Shape"
    low: int = 0
    high: int = 100_000

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong_type("array", value, path)
        if len(value) < self.low:
            raise invalid_body(f"Array is too short ({len(value)}), minimum {self.low}", path)
        if len(value) > self.high:
            raise invalid_body(f"Array is too long ({len(value)}), maximum {self.high}", path)
        for position, item in enumerate(value):
            self.item.check(item, f"{path}[{position}]")


@dataclass(frozen=True)
class Anything:
    """An object whose inside is not checked here."""

    nullable: bool = False

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, dict) and not (value is None and self.nullable):
            raise wrong_type("object", value, path)


@dataclass(frozen=True)
class Record:
    """An object with named properties.

    ``open_ended``: additional properties pass in silence, as on PATCH of a user.
    ``smallest``: the least number of properties.
    """

    fields: "dict[str, Shape]"
    required: tuple[str, ...] = ()
    open_ended: bool = False
    smallest: int = 0

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type("object", value, path)
        for name in self.required:
            if name not in value:
                raise invalid_body(f"Missing required property: {name}", path or None)
        if len(value) < self.smallest:
            raise invalid_body(
                f"Too few properties defined ({len(value)}), minimum {self.smallest}", path or None
            )
        for name, inner in value.items():
            shape = self.fields.get(name)
            if shape is None:
                if self.open_ended:
                    continue
                raise invalid_body(f"Additional properties not allowed: {name}", path or None)
            shape.check(inner, f"{path}.{name}" if path else name)


Shape = Text | Flag | Whole | Many | Anything | Record


def wrong_type(wanted: str, value: Any, path: str) -> Exception:
    """The error for a value of another JSON type than the schema's."""
    found = type_names.get(type(value), "number")
    return invalid_body(f"Expected type {wanted} but found type {found}", path or None)


def object_body(body: Any, shape: Record) -> dict[str, Any]:
    """Check a request body and return it as a dict.

    Raises: ApiError 400 ``invalid_body`` that names the property.
    Source: facts: error bodies.
    """
    shape.check(body, "")
    checked: dict[str, Any] = body
    return checked


Check = Callable[[Any, str], None]
