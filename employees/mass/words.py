"""A mass change and its rows, as pages say them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from employees.admin_history import LABELS, in_words
from employees.mass.changes import DEEDS
from employees.mass.deeds import merged
from employees.mass.models import MassChange, MassRow
from employees.models import Employee, RoleConfig

Outcome, State, RowState = MassRow.Outcome, MassChange.State, MassRow.State
ALL_LABELS = {**LABELS, "starts_on": "Starts on", "id": "Number"}
CHOICES = {
    Outcome.BACK: "Bring back",
    Outcome.CHANGE: "It is them: change them",
    Outcome.NEW: "Somebody else: add anew",
    Outcome.SKIP: "Leave out",
}
ADDED = (RowState.DONE, RowState.UNDONE, RowState.KEPT)
DONE = {Outcome.NEW: "added", Outcome.CHANGE: "changed", Outcome.BACK: "brought back"}
TONES = {
    Outcome.NEW: "good",
    Outcome.CHANGE: "waiting",
    Outcome.BACK: "waiting",
    Outcome.QUESTION: "attention",
    Outcome.PROBLEM: "attention",
}


@dataclass(frozen=True)
class Shown:
    """A row on the page.

    name: whom it is about; pk: their number where there is one to go to. what: what happens, or
    happened, in a word; tone: of its colour. fields: label, before, after. reason: with the
    column's label in front. choices: value and words, where somebody may choose.
    """

    row: MassRow
    name: str
    pk: int | None
    what: str
    tone: str
    fields: Sequence[tuple[str, str, str]]
    reason: str
    choices: Sequence[tuple[str, str]]


def shown(
    change: MassChange, rows: Sequence[MassRow], in_sight: Callable[[], Any], zone: ZoneInfo
) -> list[Shown]:
    """The rows in words; two queries for all of them. in_sight: the people of whom it may speak."""
    people = in_sight().in_bulk([row.employee_id for row in rows if row.employee_id])
    roles = dict(RoleConfig.objects.values_list("pk", "role_name"))
    return [_shown(change, row, people, zone, roles) for row in rows]


def _shown(
    change: MassChange,
    row: MassRow,
    people: Mapping[int, Employee],
    zone: ZoneInfo,
    roles: Mapping[int, str],
) -> Shown:
    person = people.get(row.employee_id or 0)
    # As long as a newcomer isn't added it is the number of who looks like them.
    is_theirs = row.outcome != Outcome.NEW or row.state in ADDED
    name = row.values.get("name") or (person.name if person else "")
    label = ALL_LABELS.get(row.field, "")
    return Shown(
        row=row,
        name=name or next(filter(None, row.cells), "–"),
        pk=person.pk if person and is_theirs else None,
        what=_what(row),
        tone="attention" if row.state in (RowState.REFUSED, RowState.KEPT) else _tone(row),
        fields=[
            (ALL_LABELS.get(key, key), in_words(key, before, zone, roles), after)
            for key, before, value in _values(change, row)
            if (after := in_words(_kind_of(key), value, zone, roles))
        ],
        reason=f"{label}: {row.reason}" if label and row.reason else row.reason,
        choices=[(value, CHOICES[Outcome(value)]) for value in row.choices] if row.asks else [],
    )


def _values(change: MassChange, row: MassRow) -> list[tuple[str, Any, Any]]:
    """Column, before and after, of what is written; of a newcomer all but the name."""
    if row.outcome == Outcome.NEW:
        values = merged(row, change)
        return [(key, None, value) for key, value in values.items() if value and key != "name"]
    return [
        (key, row.before.get(key), value)
        for key, value in row.values.items()
        if key in row.before and row.before[key] != value
    ]


def _kind_of(key: str) -> str:
    return "hire_date" if key == "starts_on" else key  # a day like any other


def _what(row: MassRow) -> str:
    if row.state == RowState.WAITING:
        return str(row.get_outcome_display())
    done = DONE.get(Outcome(row.outcome), "")
    return done.capitalize() if row.state == RowState.DONE else str(row.get_state_display())


def _tone(row: MassRow) -> str:
    if row.state == RowState.UNDONE:
        return "quiet"
    return "good" if row.state == RowState.DONE else TONES.get(Outcome(row.outcome), "quiet")


def what_became(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What a mass change has done so far, such as "112 people added, 14 changed."."""
    get = Counter({(o, s): n for o, states in counts.items() for s, n in states.items()})
    said = []
    parts = [f"{get[o, RowState.DONE]:,} {DONE[o]}" for o in DEEDS if get[o, RowState.DONE]]
    if parts:
        said.append(f"{', '.join(parts)}.".capitalize())
    undone = sum(get[o, RowState.UNDONE] for o in DEEDS)
    if undone:
        said.append(f"{undone:,} taken back.")
    if problems := sum(counts.get(Outcome.PROBLEM, {}).values()):
        said.append(f"{problems:,} left out, since something is wrong in the line.")
    if questions := sum(counts.get(Outcome.QUESTION, {}).values()):
        said.append(f"{questions:,} left out, since nobody answered the question.")
    for state, words in (
        (RowState.KEPT, "left as they are: signed in, or changed, since."),
        (RowState.REFUSED, "not carried out: see the problems."),
    ):
        if number := sum(get[o, state] for o in DEEDS):
            said.append(f"{number:,} {words}")
    return said or ["Nothing was done."]


def progress(change: MassChange, counts: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    """How many rows are through, and of how many; (staged, 0) while it is being read."""
    if change.state == State.READING:
        return sum(n for states in counts.values() for n in states.values()), 0
    get = Counter[str]()
    for outcome in DEEDS:
        get.update(counts.get(outcome, {}))
    if change.state == State.UNDOING:
        left = get[RowState.DONE]
        return get[RowState.UNDONE] + get[RowState.KEPT], left + get[RowState.UNDONE] + get[
            RowState.KEPT
        ]
    return get.total() - get[RowState.WAITING], get.total()
