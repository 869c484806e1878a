"""Whom PodFactory would find no more if somebody had a certain name; asked before it is saved.

The rules are in ``podfactory``. As in ``podfactory_standing`` an index finds the few rows that they
have to look at, so that a page of people takes a constant number of queries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count

from employees.models import Employee
from employees.podfactory import Directory, Found, rough, texts_of
from employees.podfactory_standing import KnownAs, Row, answering, known_as, lookups, with_keys
from employees.rehire import POD_KEY

NEWCOMER = 0  # instead of the number that somebody doesn't have yet
TOO_COMMON = 200  # people with one key: no text that so many answer to tells anybody apart


@dataclass(frozen=True)
class Loss:
    """Somebody whom PodFactory finds now, and not when a person has the name: then ``found``.

    names: what everybody is called who is found then, by number. was_found: False for that person
    alone, where they don't work here yet: nobody looked for them before.
    """

    employee_id: int
    known: KnownAs
    found: Found
    names: Mapping[int, str]
    was_found: bool = True


def lost_by_renaming(new_names: Mapping[int, str]) -> dict[int, list[Loss]]:
    """Whom PodFactory would find no more if these people had these names.

    new_names: number → name; each is looked at as if it were the only one, and whoever isn't active
    not at all. Returns what is lost, by the number of who is renamed; nothing for whom nothing is.
    Seven queries at most.

    Somebody who isn't in PodFactory's table is taken to be known by the new name as by the old
    one: only whom it would mistake them for counts.
    """
    if not new_names:
        return {}
    active = Employee.objects.filter(pk__in=list(new_names), is_active=True)
    rows = list(active.values_list("pk", "name", "email"))
    return _lost([_Naming(row, new_names[row[0]], row[1]) for row in rows])


def lost_by_joining(people: Iterable[Row]) -> dict[int, list[Loss]]:
    """The same if these people, who don't work here, were added, or brought back; six queries.

    people: with the names that they would have; NEWCOMER stands for the number of somebody who has
    none yet. Of themselves it is only told whom PodFactory would mistake them for.
    """
    return _lost([_Naming(row, row[1], None) for row in people])


@dataclass(frozen=True)
class _Naming:
    """One person under another name, or one more person; old_name: None where they join."""

    person: Row
    new_name: str
    old_name: str | None

    @property
    def number(self) -> int:
        return self.person[0]

    @property
    def gained(self) -> set[str]:
        """The rough keys of the texts to which they didn't answer before, or not by that rule."""
        texts = texts_of(self.new_name).items() - texts_of(self.old_name).items()
        return {key for _rule, text in texts if (key := rough(text))}

    def losses(
        self, whom: Row, known: Sequence[KnownAs], now: Directory, rows: Mapping[str, list[Row]]
    ) -> Iterator[Loss]:
        """What is lost of the ways in which PodFactory knows ``whom``.

        now: in what it looks now. rows: by rough key, those who may be found.
        """
        is_own = whom[0] == self.number
        joins = is_own and self.old_name is None
        for one in known:
            if not (joins or now.find(one.name, one.email).is_only(whom[0])):
                continue
            then = replace(one, name=self.new_name) if is_own and not one.is_mapped else one
            found, names = self._find(then, rows)
            if found.is_only(whom[0]) or (joins and not found.employee_ids):
                continue
            yield Loss(whom[0], then, found, {whom[0]: whom[1], **names}, was_found=not joins)

    def _find(self, known: KnownAs, rows: Mapping[str, list[Row]]) -> tuple[Found, dict[int, str]]:
        """Whom PodFactory finds when the person has the name, and what they are called."""
        names = {row[0]: row[1] for key in lookups([known]) for row in rows.get(key, ())}
        names[self.number] = self.new_name
        return Directory(names.items()).find(known.name, known.email), names


def _lost(namings: Sequence[_Naming]) -> dict[int, list[Loss]]:
    if not namings:
        return {}
    near = answering(_telling({key for naming in namings for key in naming.gained}))
    people = {row[0]: row for rows in near.values() for row in rows}
    people |= {naming.number: naming.person for naming in namings}
    known = known_as(people.values())
    asked = [one for each in known.values() for one in each]
    asked += [KnownAs(naming.new_name, None) for naming in namings]
    rows = answering(lookups(asked))
    names = {row[0]: row[1] for found in rows.values() for row in found}
    names |= {each.number: each.old_name for each in namings if each.old_name is not None}
    now = Directory(names.items())
    lost = {}
    for naming in namings:
        others = {row[0] for key in naming.gained for row in near.get(key, ())} - {naming.number}
        losses = [
            loss
            for pk in (naming.number, *sorted(others))
            for loss in naming.losses(people[pk], known[pk], now, rows)
        ]
        if losses:
            lost[naming.number] = losses
    return lost


def _telling(keys: set[str]) -> set[str]:
    """Without those that so many people have that nobody is found by them alone."""
    active = Employee.objects.filter(is_active=True).values("pk")
    counted = with_keys(keys).filter(employee_id__in=active).values_list("key")
    common = counted.annotate(people=Count("pk")).filter(people__gt=TOO_COMMON)
    return keys - {key.removeprefix(POD_KEY) for key, _people in common}
