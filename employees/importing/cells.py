"""From the cells of a row to values that columns may hold; a blank cell says nothing at all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from employees.errors import InvalidValue
from employees.importing.columns import BY_NAME, plain
from employees.importing.days import NotADay, Order, read_day
from employees.importing.files import MOST_CHARACTERS
from employees.models import Auth0Role, AuthMethod, Invitation, Workspace
from employees.values import clean_value

# Where a spreadsheet would begin to compute: at the beginning of a cell, or of a line in it, and
# behind a semicolon, which separates cells in other countries. Source: OWASP, "CSV injection".
FORMULA = re.compile(r"(?:^|(?<=[;\n]))(?=[=+\-@\t\r＝＋－＠])")
_NEUTRAL = re.compile(r"(?:^|(?<=[;\n]))'(?=[=+\-@\t\r＝＋－＠])")
_SHORTENED = re.compile(r"\d+(?:[.,]\d+)?E\+?\d+")  # 6.62555E+09
_FAULTS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
UNREADABLE = "\ufffd"  # stands for a letter that the file's encoding doesn't have
DAYS = ("hire_date", "starts_on")
NAMES = ("first_name", "last_name")


def _words(choices: Any, **also: str) -> dict[str, str]:
    """Plain word → value: the values, their labels, and other usual words."""
    found = {plain(text): str(value) for value, label in choices for text in (value, str(label))}
    return found | {plain(word): value for word, value in also.items()}


WORDS: Mapping[str, Mapping[str, str]] = {
    "workspace": _words(Workspace.choices),
    "auth_method": _words(
        AuthMethod.choices,
        both=AuthMethod.HYBRID,
        kiosk=AuthMethod.PIN,
        ambos=AuthMethod.HYBRID,
        pin_and_auth0=AuthMethod.HYBRID,
        pin_auth0=AuthMethod.HYBRID,
    ),
    "invitation": _words(
        Invitation.choices,
        no=Invitation.NONE,
        work_e_mail=Invitation.WORK,
        personal_e_mail="personal",
    ),
    "auth0_role": _words(
        Auth0Role.choices,
        associate=Auth0Role.PRODUCTION_ASSOCIATE,
        lead=Auth0Role.TEAM_LEAD,
        administrador="admin",
        gerente=Auth0Role.MANAGER,
    ),
}


@dataclass
class Cleaned:
    """values: column → what it may hold, as JSON has it. problems: column and sentence.

    number: of the employee, where the file says it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    number: int | None = None


@dataclass(frozen=True)
class Cleaner:
    """How the rows of one file are read.

    mapping: for each cell the column, "" where it is left out. order: of its days. roles: names of
    jobs, plain, → number.
    """

    mapping: Sequence[str]
    order: Order
    roles: Mapping[str, int]

    def clean(self, cells: Sequence[str]) -> Cleaned:
        """What a row says, and what of it can't be taken as it is."""
        found = Cleaned()
        if any(cells[len(self.mapping) :]):
            text = "There are more cells than headings: is there a separator in one of them?"
            found.problems.append(("", text))
        typed = {
            name: as_typed(cell) for name, cell in zip(self.mapping, cells, strict=False) if name
        }
        parts = [typed.pop(name, "") for name in NAMES]
        if not typed.get("name") and any(parts):
            typed["name"] = " ".join(filter(None, parts))
        for name, text in typed.items():
            if text:
                try:
                    self._take(found, name, text)
                except InvalidValue as error:
                    found.problems.append((name, error.reason))
        return found

    def _take(self, found: Cleaned, name: str, text: str) -> None:
        if reason := _why_spoiled(text):
            raise InvalidValue(name, reason)
        if name == "id":
            found.number = _number(text)
        elif name in DAYS:
            found.values[name] = self._day(name, text).isoformat()
        elif name == "role":
            found.values["role_id"] = self._role(text)
        else:
            found.values[name] = _cleaned(name, text)

    def _day(self, name: str, text: str) -> Any:
        try:
            day = read_day(text, self.order)
        except NotADay as error:
            raise InvalidValue(name, str(error)) from None
        return clean_value("hire_date", day)

    def _role(self, text: str) -> int:
        number = self.roles.get(plain(text))
        if number is None:
            raise InvalidValue("role", f"There is no role “{text[:50]}”.")
        return number


def as_typed(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from computing it (``results``)."""
    return _NEUTRAL.sub("", cell.strip())


def _why_spoiled(text: str) -> str:
    """What has become of a cell on its way here, whatever it is about; "" for nothing."""
    if len(text) > MOST_CHARACTERS:
        return "This is too long: is a quotation mark missing?"
    if UNREADABLE in text:
        return "A letter of this can't be read: choose another encoding, or type it anew."
    if text in _FAULTS:
        return "The spreadsheet couldn't work this cell out: type what belongs there."
    if _SHORTENED.fullmatch(text):
        return "The spreadsheet has shortened this number: make the column text and type it anew."
    return ""


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise InvalidValue("id", "An employee number has digits alone.")
    return int(text)


def _cleaned(name: str, text: str) -> Any:
    words = WORDS.get(name)
    if words is None:
        return clean_value(name, text)
    value = words.get(plain(text))
    if value is None:
        known = ", ".join(dict.fromkeys(value.replace("_", " ") for value in words.values()))
        raise InvalidValue(name, f"“{text[:50]}” isn't known: write one of {known}.")
    return value


def in_words(problems: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The column of the first problem, and all of them in a sentence; the others name theirs."""
    (first, reason), *others = problems
    return first, " ".join([reason, *(f"{label_of(name)}: {text}" for name, text in others)])


def label_of(name: str) -> str:
    """What people call a column of a row; "Row" for none in particular."""
    name = "role" if name == "role_id" else name
    return BY_NAME[name].label if name in BY_NAME else "Row"
