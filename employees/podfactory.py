"""Whom PodFactory takes somebody for. Pure rules: no Django, no database.

PodFactory knows a person by a name and an e-mail, and looks for them among the active employees.
``Directory`` holds what it looks in, ``Directory.find`` looks as it does, and says why when nobody
is found. Source: docs/legacy-contract.md, "PodFactory matching". Where that leaves something open:

- It reads ``LOWER(TRIM(name))`` and compares the texts itself, letter by letter. Were they compared
  by the database, é would be e as well (``Found.nearly`` says for whom that would count).
- The first of the rules that anybody answers to decides. Where several people answer to one, it
  takes one of them, and nothing says which: here that is no match.
- Of the suffixes one is taken away: the first in their order in which the text ends.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SUFFIXES = ("shp", "ship", "pack", "pick", "label", "film", "heatpress", "hp")
LEAST_LAST_NAME = 4  # letters
KEY_MOST = 200  # characters of a rough key
BETWEEN = " ._"  # what stands between the words of a name


class Rule(StrEnum):
    """What of an employee's name was equal, in the order in which PodFactory tries it."""

    NAME = "name"
    DOTS = "name with dots"
    UNDERSCORES = "name with underscores"
    FIRST = "first name"
    LAST = "last name"


@dataclass(frozen=True)
class Found:
    """Whom PodFactory finds for one name and e-mail.

    employee_ids: nobody, one person, or several whom it can't tell apart, by number. rule: None
    for nobody. by_email: found by the e-mail, as the name found nobody. asked: the texts that were
    looked for, the last of which found somebody. nearly: who would answer if accents and the like
    didn't count; only where nobody is found.
    """

    employee_ids: tuple[int, ...] = ()
    rule: Rule | None = None
    by_email: bool = False
    asked: tuple[str, ...] = ()
    nearly: tuple[int, ...] = ()

    def is_only(self, employee_id: int) -> bool:
        """Whether this person is found, and nobody beside them."""
        return self.employee_ids == (employee_id,)

    @property
    def how(self) -> str:
        """By what somebody is found, such as "first name, from the e-mail"; "" for nobody."""
        if self.rule is None:
            return ""
        return f"{self.rule}, from the e-mail" if self.by_email else str(self.rule)


class Directory:
    """The active employees as PodFactory looks them up: made once, then asked as often as needed.

    people: number and name of each; whoever isn't active isn't among them.
    """

    def __init__(self, people: Iterable[tuple[int, str]]) -> None:
        self._exactly: dict[tuple[Rule, str], list[int]] = {}
        self._roughly: dict[str, list[int]] = {}
        namesakes: dict[str, list[int]] = {}
        for employee_id, name in people:
            namesakes.setdefault(name, []).append(employee_id)
        for name, ids in namesakes.items():  # each name once: hundreds may have it
            for answer in texts_of(name).items():
                self._exactly.setdefault(answer, []).extend(ids)
            for key in rough_keys(name):
                self._roughly.setdefault(key, []).extend(ids)

    def find(self, name: str | None, email: str | None) -> Found:
        """Whom PodFactory takes for somebody of this name and e-mail; either may be missing."""
        asked: tuple[str, ...] = ()
        for text, by_email in _lookups(name, email):
            asked = (*asked, text)
            for rule in Rule:
                found = self._exactly.get((rule, text))
                if found:
                    return Found(tuple(sorted(found)), rule, by_email, asked)
        nearly = {pk for text in asked for pk in self._roughly.get(rough(text), ())}
        return Found(asked=asked, nearly=tuple(sorted(nearly)))


def lowered(text: str | None) -> str:
    """``LOWER(TRIM(text))`` as MariaDB and MySQL answer: spaces alone are trimmed.

    Letter by letter: to Python the last Σ of a word is another letter, and İ becomes two.
    """
    return "".join(character.lower()[:1] for character in (text or "").strip(" "))


def texts_of(name: str | None) -> dict[Rule, str]:
    """Under which texts an employee is found; what is left out would find nobody."""
    whole = lowered(name)
    words = whole.split()
    if not words:
        return {}
    texts = {
        Rule.NAME: whole,
        Rule.DOTS: whole.replace(" ", "."),
        Rule.UNDERSCORES: whole.replace(" ", "_"),
        Rule.FIRST: words[0],
    }
    if len(words[-1]) >= LEAST_LAST_NAME:
        texts[Rule.LAST] = words[-1]
    return texts


def from_email(email: str | None) -> str:
    """What PodFactory looks for when all it has is an e-mail: jo.hart for jo.harthp@example.com."""
    local = lowered(email).partition("@")[0]
    suffix = next((suffix for suffix in SUFFIXES if local.endswith(suffix)), "")
    return local.removesuffix(suffix)


def rough_keys(name: str | None) -> set[str]:
    """By what an index finds everybody whom a text may mean; ``find`` then decides."""
    texts = texts_of(name)
    return {key for text in texts.values() if (key := rough(text))}


def rough_lookups(name: str | None, email: str | None) -> set[str]:
    """Which of those keys stand for a person whom PodFactory knows by this name and e-mail."""
    return {key for text, _ in _lookups(name, email) if (key := rough(text))}


def rough(text: str) -> str:
    """The text without case, accents and what stands between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (each for each in letters if not unicodedata.combining(each) and each not in BETWEEN)
    return "".join(kept)[:KEY_MOST]


def _lookups(name: str | None, email: str | None) -> list[tuple[str, bool]]:
    """The texts to look for, each with whether it comes from the e-mail."""
    texts = [(lowered(name), False), (from_email(email), True)]
    return [(text, by_email) for text, by_email in texts if text]
