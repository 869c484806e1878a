"""Finding somebody who was here before, so that no second row is made for them (requirement P7).

By name, phone, e-mail or personal e-mail, each compared after normalising; former e-mails and names
count too, from the history. A table of search keys, one row a key, answers from an index however
many people there are. It is brought up to date by whoever writes a snapshot (``history``).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from employees.actors import visible_to
from employees.authority import Actor
from employees.emails import is_placeholder, normalise_email
from employees.models import Change, Employee, PlannedMove, SearchKey
from employees.podfactory import rough_keys
from employees.review_names import pairs_of
from employees.selectors import planned_moves
from employees.zones import in_full

MOST = 5  # people
PHONE_DIGITS = 10  # at the end, which +1 662 555 0100 and (662) 555-0100 share
LEAST_PHONE = 7
NAME, PHONE, EMAIL = "name:", "phone:", "e-mail:"  # before the keys that stand for the person
KEYED = ("name", "phone_number", "email", "personal_email")  # the columns that keys are made of
PAIR = "pair:"  # before the keys of names that may only be alike
WITHIN_WORDS = dict.fromkeys(map(ord, "'’‘ʼʻ`´."))  # an apostrophe, however typed, parts no words
POD_KEY = "pod:"  # before the keys of whom PodFactory may mean


@dataclass(frozen=True)
class LookAlike:
    """Somebody who may be the newcomer.

    same: what they share, such as ("name", "phone"). left_at: when they were switched off, as the
    history says; as the row says where it doesn't. joins: the plan of somebody who will be here.
    """

    employee: Employee
    same: tuple[str, ...]
    left_at: datetime | None = None
    joins: PlannedMove | None = None

    @property
    def works_here(self) -> bool:
        """Whether they are active now: then there is nobody to bring back."""
        return self.employee.is_active and self.employee.archived_at is None


def keys_of(values: Mapping[str, Any]) -> set[str]:
    """The search keys of a person, or of what has been typed so far: kind, ":", normalised value.

    values: columns of ``employees``; others are passed over.
    """
    keys = {f"{NAME}{name}"} if (name := plain_name(values.get("name"))) else set()
    if phone := plain_phone(values.get("phone_number")):
        keys.add(f"{PHONE}{phone}")
    for column in ("email", "personal_email"):
        email = normalise_email(values.get(column))
        if email and not is_placeholder(email):
            keys.add(f"{EMAIL}{email[:200]}")
    return keys


def plain_name(name: str | None) -> str:
    """Without case, accents, punctuation and the order of its words; "" when nothing is left.

    "O'Brien-Ortiz, Ana" and "ana obrien ortiz" are one name.
    """
    decomposed = unicodedata.normalize("NFKD", (name or "").translate(WITHIN_WORDS).casefold())
    letters = "".join(
        character if _is_of_a_word(character) else " "
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return " ".join(sorted(letters.split()))[:200]


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter or digit, or a vowel that some scripts write as a mark beside one."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def plain_phone(phone: str | None) -> str:
    """The last ten digits; "" when there are too few to tell anybody apart."""
    digits = "".join(character for character in phone or "" if character.isdecimal())
    return digits[-PHONE_DIGITS:] if len(digits) >= LEAST_PHONE else ""


def look_alikes(typed: Mapping[str, Any], actor: Actor) -> list[LookAlike]:
    """Who may be the newcomer, those who left first; at most MOST, four queries by index."""
    wanted = keys_of(typed)
    rows = SearchKey.objects.filter(key__in=wanted).values_list("employee_id", "key")
    shared: dict[int, set[str]] = {}
    for employee_id, key in rows[: MOST * 20]:
        # MariaDB finds josé for jose; the key was made by one function, so compare exactly.
        if key in wanted:
            shared.setdefault(employee_id, set()).add(key.partition(":")[0])
    people = visible_to(actor).in_bulk(list(shared))
    left = _switched_off(people)
    open_joins = {"kind": PlannedMove.Kind.JOIN, "state": PlannedMove.State.OPEN}
    plans = planned_moves().filter(**open_joins, employee__in=list(people))
    joins = {plan.employee_id: plan for plan in plans}
    found = [
        LookAlike(people[pk], tuple(sorted(same)), left.get(pk), joins.get(pk))
        for pk, same in shared.items()
        if pk in people
    ]
    found.sort(key=lambda one: (one.works_here, -len(one.same), one.employee.pk))
    return found[:MOST]


def said_of(one: LookAlike) -> str:
    """Who it is, where they are by now, and what they share, in a sentence."""
    person = one.employee
    place = ", ".join(filter(None, [person.department, person.workspace]))
    who = f"{person.name} (number {person.pk}{f', {place}' if place else ''})"
    same = " and ".join(one.same)
    if one.works_here:
        return f"{who} works here already: the same {same}."
    if one.joins:
        starts = in_full(one.joins.at, ZoneInfo(one.joins.zone))
        return f"{who} joins on {starts}: the same {same}."
    when = f" in {one.left_at:%B %Y}" if one.left_at else ""
    return f"{who} left{when}: the same {same}."


def _switched_off(people: Mapping[int, Employee]) -> dict[int, datetime]:
    rows = {pk: person.archived_at or person.updated_at for pk, person in people.items()}
    changes = Change.objects.filter(employee_id__in=people, changes__has_key="is_active")
    lines = changes.order_by("pk").values_list("employee_id", "at")
    return {pk: at for pk, at in [*rows.items(), *lines] if at is not None}


def remember(employee_id: int, values: Mapping[str, Any] | None, *, is_new: bool = False) -> None:
    """Add the keys of a person as they are now; former ones stay, so that an old e-mail is found.

    values: None when the row is gone: all keys go with it. is_new: there are none to look for.
    """
    if values is None:
        SearchKey.objects.filter(employee_id=employee_id).delete()
        return
    add_keys({employee_id: values}, are_new=is_new)


def add_keys(people: Mapping[int, Mapping[str, Any]], *, are_new: bool = False) -> None:
    """Add the missing keys of many people at once; one query reads, one writes.

    are_new: nobody has any yet, so that nothing is read.
    """
    wanted = {(pk, key) for pk, values in people.items() for key in _all_keys_of(values)}
    rows = SearchKey.objects.filter(employee_id__in=[] if are_new else list(people))
    missing: Iterable[tuple[int, str]] = wanted - set(rows.values_list("employee_id", "key"))
    SearchKey.objects.bulk_create(
        [SearchKey(employee_id=pk, key=key) for pk, key in sorted(missing)], ignore_conflicts=True
    )


def _all_keys_of(values: Mapping[str, Any]) -> set[str]:
    name = values.get("name")
    pairs = {f"{PAIR}{pair}" for pair in pairs_of(plain_name(name))}
    return keys_of(values) | pairs | {POD_KEY + key for key in rough_keys(name)}
