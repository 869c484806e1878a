"""How PodFactory would find the people of the table: by whom, by what, and why not.

``podfactory`` has the rules. Here an index finds the few rows that they have to look at
(``employee_search_keys``, kept by the history's writer), so that a page of people takes two
queries however many work here. What the index finds is decided by the rows as they are now.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models import TextChoices as Choices

from employees.history import notice_changes
from employees.models import Employee, PodFactoryMapping, SearchKey
from employees.podfactory import Directory, Found, rough_lookups
from employees.rehire import POD_KEY
from employees.selectors import among

PAGE = 500  # people looked at together

Row = tuple[int, str, str | None]  # number, name, e-mail


class Outcome(Choices):
    """Whom PodFactory would find, from the best to the worst."""

    FOUND = "found", "Found"
    LEFT = "left", "Left"
    SEVERAL = "several", "Not told apart"
    NOBODY = "nobody", "Not found"
    OTHER = "other", "Taken for somebody else"


@dataclass(frozen=True)
class KnownAs:
    """Under which name and e-mail PodFactory knows somebody.

    is_mapped: from its own table; else nothing is known, and it is taken to be what the row says.
    """

    name: str | None
    email: str | None
    is_mapped: bool = True
    is_verified: bool = False

    def __str__(self) -> str:
        return (self.name or "").strip() or self.email or "nobody in particular"


@dataclass(frozen=True)
class Standing:
    """One person, and whom PodFactory finds for each name and e-mail that it knows them by.

    names: what everybody is called who may be found, by number.
    """

    employee_id: int
    name: str
    email: str | None
    is_active: bool
    answers: tuple[tuple[KnownAs, Found], ...]
    names: Mapping[int, str]

    @property
    def outcome(self) -> Outcome:
        """The worst of them: somebody of two mailboxes has to be found by both."""
        found = [self.outcome_of(answer) for _known, answer in self.answers]
        return max(found, key=list(Outcome).index)

    @property
    def how(self) -> str:
        """By what they are found, the first of the ways in which PodFactory knows them."""
        return next((found.how for _known, found in self.answers if found.rule), "")

    @property
    def is_mapped(self) -> bool:
        """Whether PodFactory's table has them."""
        return any(known.is_mapped for known, _found in self.answers)

    def outcome_of(self, found: Found) -> Outcome:
        """What one answer means for this person."""
        if not self.is_active:
            return Outcome.LEFT
        if found.is_only(self.employee_id):
            return Outcome.FOUND
        if self.employee_id in found.employee_ids:
            return Outcome.SEVERAL
        return Outcome.OTHER if found.employee_ids else Outcome.NOBODY


def known_to_podfactory(people: QuerySet[Employee]) -> QuerySet[Employee]:
    """Whom of them it may look for: who is active, and who left but stands in its table."""
    mappings = PodFactoryMapping.objects.filter(employee=OuterRef("pk"))
    return people.filter(Q(is_active=True) | Exists(mappings)).order_by("pk")


def notice_everybody() -> None:
    """Have the index know what SQL has changed, as the sweep does all the time."""
    after, numbers = 0, Employee.objects.order_by("pk").values_list("pk", flat=True)
    while page := list(numbers.filter(pk__gt=after)[:PAGE]):
        notice_changes(page)
        after = page[-1]


def standings(people: Sequence[Employee]) -> list[Standing]:
    """How PodFactory would find each of ``people``; two queries."""
    known = known_as([(person.pk, person.name, person.email) for person in people])
    names = _answering_names(lookups(one for each in known.values() for one in each))
    names |= {person.pk: person.name for person in people if person.is_active}
    directory = Directory(names.items())
    return [
        Standing(
            person.pk,
            person.name,
            person.email,
            person.is_active,
            tuple((one, directory.find(one.name, one.email)) for one in known[person.pk]),
            names,
        )
        for person in people
    ]


def all_standings(
    people: QuerySet[Employee], after: int = 0, together: int = PAGE
) -> Iterator[Standing]:
    """The same of everybody among ``people``, so many together: memory stays flat.

    people: by number. after: the number to begin behind.
    """
    rows = people.only("id", "name", "email", "is_active")
    while page := list(rows.filter(pk__gt=after)[:together]):
        yield from standings(page)
        after = page[-1].pk


def known_as(people: Iterable[Row]) -> dict[int, list[KnownAs]]:
    """By number: the entries of PodFactory's table, else what the row says."""
    rows = {row[0]: row for row in people}
    found: dict[int, list[KnownAs]] = {}
    mappings = PodFactoryMapping.objects.filter(among(rows, "employee_id")).order_by("pk")
    for pk, name, email, verified in mappings.values_list(
        "employee_id", "podfactory_name", "podfactory_email", "is_verified"
    ):
        if pk in rows:
            found.setdefault(pk, []).append(KnownAs(name, email, is_verified=verified))
    for pk, name, email in rows.values():
        found.setdefault(pk, [KnownAs(name, email, is_mapped=False)])
    return found


def lookups(known: Iterable[KnownAs]) -> set[str]:
    """The rough keys by which the index finds whom PodFactory may take for these."""
    return {key for one in known for key in rough_lookups(one.name, one.email)}


def answering(keys: Iterable[str]) -> dict[str, list[Row]]:
    """Rough key → the active people who have it, or had it once; two queries."""
    by_key = list(with_keys(keys).values_list("key", "employee_id"))
    active = Employee.objects.filter(pk__in={pk for _key, pk in by_key}, is_active=True)
    rows = {row[0]: row for row in active.values_list("pk", "name", "email")}
    found: dict[str, list[Row]] = {}
    for key, pk in by_key:
        if pk in rows:
            found.setdefault(key.removeprefix(POD_KEY), []).append(rows[pk])
    return found


def _answering_names(keys: Iterable[str]) -> dict[int, str]:
    """The same people, whichever of these keys they have: by number, what they are called."""
    people = Employee.objects.filter(pk__in=with_keys(keys).values("employee_id"), is_active=True)
    return dict(people.values_list("pk", "name"))


def with_keys(keys: Iterable[str]) -> QuerySet[SearchKey]:
    """The entries of the index for these rough keys."""
    return SearchKey.objects.filter(key__in=[POD_KEY + key for key in keys])
