"""Who somebody on the review list probably is: people with a score, and the reasons in words.

Asked for a page of them at once, by indexes: ``employee_search_keys`` names the few whose names may
be alike (``rehire.PAIR``), also by what they were called before, and only those are compared.
Reads only, and nothing is kept: a suggestion is about people as they are now.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from employees.actors import visible_to
from employees.authority import Actor
from employees.emails import is_placeholder, normalise_email
from employees.models import Employee, PodFactoryMapping, Review, SearchKey
from employees.podfactory import from_email
from employees.rehire import EMAIL, NAME, PAIR, PHONE, keys_of, plain_name
from employees.review_names import LEAST, alike, names_in, pairs_alike

MOST = 3  # suggestions for one person
LOOKED_AT = 12  # of the best, in case some may not be seen
CANDIDATES_MOST = 20_000  # keys of one sort, read for one page

POINTS = {PHONE: 85, EMAIL: 96}  # of 100, for what is the same
FROM_EMAIL = 4  # what a name read out of an e-mail is worth less
ANOTHER_REASON = 3  # what each further reason adds


@dataclass(frozen=True)
class Suggestion:
    """Somebody whom a row may be about. score: of 100. reasons: the strongest first."""

    employee: Employee
    score: int
    reasons: tuple[str, ...]


class Reason(NamedTuple):
    """Something that two have in common. called: the other's plain name that was found, or ""."""

    points: int
    words: str
    called: str = ""


SAME_CONNECTEAM = Reason(99, "the same Connecteam id")


@dataclass
class _Asked:
    """What is known of somebody on the list. names: plain ones → where they were read."""

    keys: set[str]
    names: Mapping[str, str]
    found: dict[int, set[Reason]] = field(default_factory=lambda: defaultdict(set))


def suggestions(people: Sequence[Employee], actor: Actor) -> dict[int, list[Suggestion]]:
    """For each of ``people``, by number: whom they may be, the best first, at most MOST.

    Only people whom ``actor`` may see. Eight queries at most, however many they are.
    """
    asked = _ask(people)
    _by_connecteam(people, asked)
    _by_keys(asked)
    best = {pk: _best(one) for pk, one in asked.items()}
    wanted = {other for found in best.values() for other, _, _ in found}
    seen = visible_to(actor).in_bulk(list(wanted))
    merged = Review.objects.filter(pk__in=list(wanted), state=Review.State.MERGED)
    away = set(merged.values_list("pk", flat=True))
    return {
        pk: [
            Suggestion(seen[other], score, tuple(_in_words(each, seen[other]) for each in reasons))
            for other, score, reasons in found
            if other in seen and other not in away
        ][:MOST]
        for pk, found in best.items()
    }


def _ask(people: Sequence[Employee]) -> dict[int, _Asked]:
    emails: dict[int, list[tuple[str, str]]] = defaultdict(list)
    mapped: dict[int, list[str]] = defaultdict(list)
    for person in people:
        emails[person.pk].append((normalise_email(person.email), "the e-mail"))
    mappings = PodFactoryMapping.objects.filter(employee__in=[person.pk for person in people])
    rows = mappings.values_list("employee_id", "podfactory_email", "podfactory_name")
    for pk, email, name in rows.order_by("pk"):
        emails[pk].append((normalise_email(email), "PodFactory’s e-mail"))
        mapped[pk].append(name or "")
    return {
        person.pk: _Asked(
            keys_of(vars(person)), _names(person.name, mapped[person.pk], emails[person.pk])
        )
        for person in people
    }


def _names(name: str, mapped: Iterable[str], emails: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The plain names of somebody → where each was read, "" for the row."""
    found: dict[str, str] = {}
    for email, source in emails:
        if not is_placeholder(email):
            names = map(plain_name, names_in(from_email(email)))
            found = {**dict.fromkeys(names, source), **found}
    found |= {plain_name(other): "PodFactory’s name" for other in mapped}
    return {**found, plain_name(name): ""}


def _by_connecteam(people: Sequence[Employee], asked: Mapping[int, _Asked]) -> None:
    ids = {person.connecteam_user_id for person in people} - {None, ""}
    rows = Employee.objects.filter(connecteam_user_id__in=ids)
    for other, connecteam in rows.values_list("pk", "connecteam_user_id"):
        for person in people:
            if person.connecteam_user_id == connecteam and person.pk != other:
                asked[person.pk].found[other].add(SAME_CONNECTEAM)


def _by_keys(asked: Mapping[int, _Asked]) -> None:
    of_people: dict[str, set[int]] = defaultdict(set)
    of_names: dict[str, set[int]] = defaultdict(set)
    for pk, one in asked.items():
        for key in one.keys | {f"{NAME}{name}" for name in one.names if name}:
            of_people[key].add(pk)
        for pair in {pair for name in one.names for pair in pairs_alike(name)}:
            of_names[f"{PAIR}{pair}"].add(pk)
    # Apart, so that very many with alike names don't crowd out who has the same phone.
    rows = [*_with_keys(of_people), *_with_keys(of_names)]
    wanted = of_people | of_names
    to_compare: dict[int, set[int]] = defaultdict(set)
    for key, other in rows:
        # MariaDB finds josé for jose; the keys were made by one function, so compare exactly.
        for pk in wanted.get(key, set()) - {other}:
            for kind, points in POINTS.items():
                if key.startswith(kind):
                    asked[pk].found[other].add(Reason(points, f"the same {kind[:-1]}"))
            to_compare[other].add(pk)
    names = SearchKey.objects.filter(
        employee_id__in=list(to_compare), key__gte=NAME, key__lt=f"{NAME[:-1]};"
    )
    for other, key in names.values_list("employee_id", "key"):
        for pk in to_compare[other]:
            _compare(asked[pk], other, key.removeprefix(NAME))


def _with_keys(keys: Iterable[str]) -> Iterable[tuple[str, int]]:
    """Key and number of those with one of these, as the database compares them."""
    rows = SearchKey.objects.filter(key__in=list(keys)).values_list("key", "employee_id")
    return rows[:CANDIDATES_MOST]


def _compare(one: _Asked, other: int, called: str) -> None:
    """Note how alike somebody on the list and a name of another person are."""
    for name, source in one.names.items():
        score, how = alike(name, called)
        if score and source:
            one.found[other].add(Reason(score - FROM_EMAIL, f"{how} (by {source})", called))
        elif score:
            one.found[other].add(Reason(score, how, called))


def _best(one: _Asked) -> list[tuple[int, int, list[Reason]]]:
    """Number, score and reasons of those who are likely enough, the likeliest first."""
    found = []
    for other, reasons in one.found.items():
        named = max((each for each in reasons if each.called), default=None)
        # One name that is alike in several ways is one reason.
        kept = sorted((each for each in reasons if not each.called or each == named), reverse=True)
        score = min(kept[0].points + ANOTHER_REASON * (len(kept) - 1), 100)
        if score >= LEAST:
            found.append((other, score, kept))
    return sorted(found, key=lambda each: (-each[1], each[0]))[:LOOKED_AT]


def _in_words(reason: Reason, employee: Employee) -> str:
    """The reason; it says when the name is one that somebody doesn't have any more."""
    is_former = reason.called and reason.called != plain_name(employee.name)
    return f"{reason.words}, which they had before" if is_former else reason.words
