"""One account three times over: as last seen, as the row wants it, and as Auth0 has it now. Pure.

What stands where tells who moved: a field that the row has left and Auth0 hasn't is a change that
is on its way; the other way round somebody has edited the account; where both have left what was
last seen, and not for the same value, a person may want to decide.
Source: requirement M5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auth0sync.plan import ROLE_CODES


class Verdict(StrEnum):
    """Who moved since the field was last seen, in words for a page."""

    EQUAL = "equal"
    HERE = "changed here"
    THERE = "changed in Auth0"
    BOTH = "changed on both sides"
    NEVER_SEEN = "different from the beginning"


@dataclass(frozen=True)
class Line:
    """One field on all sides; None where there is nothing, or where nobody has looked."""

    name: str
    seen: Any
    row: Any
    auth0: Any
    verdict: Verdict

    @property
    def differs(self) -> bool:
        """Whether row and Auth0 disagree."""
        return self.verdict != Verdict.EQUAL


def three_way(
    row: Mapping[str, Any], seen: Mapping[str, Any] | None, auth0: Mapping[str, Any] | None
) -> list[Line]:
    """Field by field, all that the row says something about.

    row: what it wants, by the names of ``sides.flat``; what it has no say in is left out.
    seen: as last seen or confirmed; None where there was no account yet.
    auth0: as read since; None where it wasn't, so that what was last seen stands for it.
    """
    now = seen if auth0 is None else auth0
    lines = []
    for name in row:
        before, wanted, found = (side.get(name) if side else None for side in (seen, row, now))
        if any(_compared(value) is not None for value in (before, wanted, found)):
            verdict = _verdict(name, before, wanted, found, was_seen=seen is not None)
            lines.append(Line(name, before, wanted, found, verdict))
    return lines


def is_same(name: str, one: Any, other: Any) -> bool:
    """Whether two sides agree on this field, as the plan compares them."""
    return bool(_comparable(name, one) == _comparable(name, other))


def _verdict(name: str, seen: Any, row: Any, auth0: Any, *, was_seen: bool) -> Verdict:
    if is_same(name, row, auth0):
        return Verdict.EQUAL
    if not was_seen:
        return Verdict.NEVER_SEEN
    if is_same(name, auth0, seen):
        return Verdict.HERE
    return Verdict.THERE if is_same(name, row, seen) else Verdict.BOTH


def _comparable(name: str, value: Any) -> Any:
    if name == "roles":
        held = [value] if isinstance(value, str) else value or []
        return sorted(role for role in held if role in ROLE_CODES)  # others aren't the console's
    return _compared(value)


def _compared(value: Any) -> Any:
    return None if value == "" else value
