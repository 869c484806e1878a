"""What the doctor says of one thing: its line, and the step that mends it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is; the words of ``auth0_doctor --json``, which other programs rely on."""

    OK = "ok"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What was looked at and how it is; ``mend`` is the step that mends it, '' when it is well.

    is_known: False where it couldn't be looked at, and ``text`` says what that takes.
    """

    what: str
    text: str
    mend: str = ""
    is_known: bool = True

    @property
    def state(self) -> State:
        """Whether it is well, has to be mended, or couldn't be looked at."""
        if self.mend:
            return State.FAULT
        return State.OK if self.is_known else State.UNKNOWN

    def as_json(self) -> dict[str, str]:
        """The finding for other programs; the names stay."""
        return {"what": self.what, "state": self.state, "text": self.text, "mend": self.mend}

    def __str__(self) -> str:
        well = "ok" if self.is_known else "?"
        line = f"{'FAULT' if self.mend else well:6}{self.what}: {self.text}"
        return f"{line}\n      → {self.mend}" if self.mend else line


class NotLooked(Exception):
    """This couldn't be looked at; the text says why, and what that takes."""


def unknown(what: str, text: str) -> Finding:
    """A line that says neither well nor ill."""
    return Finding(what, text, is_known=False)
