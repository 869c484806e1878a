"""What a page of rows would do, said before it is done; the services decide again.

A row is about an existing person where it has their number, or exactly their e-mail; else about a
newcomer. Somebody who may be the newcomer is a question. As many queries as there are questions,
and a constant number for all the others of a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from employees.authority import Actor, Operation, operation_of, why_not, why_not_grant
from employees.emails import normalise_email
from employees.errors import EmployeesError
from employees.importing.cells import Cleaned, Cleaner, in_words
from employees.mass.deeds import columns_of
from employees.mass.models import MassChange, MassRow
from employees.models import (
    Auth0Role,
    Employee,
    Invitation,
    InvitationChoice,
    PlannedMove,
    SearchKey,
)
from employees.plan_forms import beginning_of
from employees.podfactory_words import said_of_renaming
from employees.rehire import keys_of, look_alikes, plain_name, said_of
from employees.services import refuse_losing_last_admin
from employees.zones import today_in, zone_of

Outcome = MassRow.Outcome
RISKY = frozenset({"email", "auth0_role", "auth_method"})  # what the safety brake counts
LATER = " They can't be brought back on a later day here: plan that on their page."
Line = tuple[int, list[str]]


@dataclass(frozen=True)
class _Known:
    """What the database has for a page of rows, read at once."""

    by_id: Mapping[int, Employee]
    by_email: Mapping[str, Employee]
    invitations: Mapping[int, str]
    joining: frozenset[int]  # who is switched off only until they start
    keys: frozenset[str]
    earlier: Mapping[str, int]  # key of a row of this file → its line


def judge(
    change: MassChange, lines: Sequence[Line], cleaner: Cleaner, actor: Actor
) -> list[MassRow]:
    """The rows to be staged for these lines."""
    cleaned = [cleaner.clean(cells) for _line, cells in lines]
    known = _look_up(change, cleaned)
    earlier = dict(known.earlier)
    defaults = change.options.get("defaults", {})
    found = []
    for (line, cells), row_cleaned in zip(lines, cleaned, strict=True):
        row = MassRow(
            change=change,
            line=line,
            cells=[cell[:1_000] for cell in cells[: len(cleaner.mapping)]],
            values=row_cleaned.values,
            outcome=Outcome.PROBLEM,
        )
        _judge_one(row, row_cleaned, known, defaults, actor)
        _compare_with_earlier(row, earlier)
        found.append(row)
    _warn_of_podfactory(found, actor)
    return found


def _warn_of_podfactory(rows: Sequence[MassRow], actor: Actor) -> None:
    """Say of a new name whom PodFactory would miss by it; a warning, which stops nothing."""
    renamed = {
        row.employee_id: row
        for row in rows
        if row.outcome == Outcome.CHANGE
        and row.employee_id is not None
        and "name" in row.values
        and row.values["name"] != row.before["name"]
    }
    said = said_of_renaming({pk: row.values["name"] for pk, row in renamed.items()}, actor)
    for pk, sentences in said.items():
        renamed[pk].field, renamed[pk].reason = "name", " ".join(sentences)[:500]


def _look_up(change: MassChange, cleaned: Sequence[Cleaned]) -> _Known:
    numbers = {one.number for one in cleaned if one.number is not None}
    emails = {email for one in cleaned if (email := one.values.get("email"))}
    by_id = Employee.objects.in_bulk(list(numbers))
    # The database finds candidates, José for jose too; they are compared exactly.
    found = Employee.objects.filter(email__in=emails).order_by("pk")
    by_email: dict[str, Employee] = {}
    for person in found:
        by_email.setdefault(normalise_email(person.email), person)
    people = {*by_id, *(person.pk for person in by_email.values())}
    choices = InvitationChoice.objects.filter(pk__in=people)
    open_joins = {"kind": PlannedMove.Kind.JOIN, "state": PlannedMove.State.OPEN}
    plans = PlannedMove.objects.filter(**open_joins, employee__in=people)
    wanted = {key for one in cleaned for key in keys_of(columns_of(one.values))}
    keys = SearchKey.objects.filter(key__in=wanted).values_list("key", flat=True).distinct()
    own = {_key(one.values) for one in cleaned} | {f"number:{pk}" for pk in people}
    rows = MassRow.objects.filter(change=change, key__in=own - {""}).order_by("-line")
    return _Known(
        by_id=by_id,
        by_email=by_email,
        invitations=dict(choices.values_list("pk", "kind")),
        joining=frozenset(plans.values_list("employee", flat=True)),
        keys=frozenset(keys),
        earlier=dict(rows.values_list("key", "line")),
    )


def _judge_one(
    row: MassRow, cleaned: Cleaned, known: _Known, defaults: Mapping[str, Any], actor: Actor
) -> None:
    person = known.by_email.get(cleaned.values.get("email", ""))
    if cleaned.number is not None:
        person = known.by_id.get(cleaned.number)
        if person is None or why_not(actor, Operation.VIEW, person):
            text = f"There is no employee {cleaned.number}: leave it empty for a newcomer."
            cleaned.problems.append(("id", text))
    if cleaned.problems:
        _refuse(row, cleaned.problems)
    elif person is not None:
        row.employee_id, row.key = person.pk, f"number:{person.pk}"
        _compare_with_person(row, person, known, actor)
    else:
        row.key = _key(row.values)
        _judge_newcomer(row, {**defaults, **row.values}, known, actor)


def _compare_with_person(row: MassRow, person: Employee, known: _Known, actor: Actor) -> None:
    """The row is about somebody who is here, or was."""
    if refused := why_not(actor, Operation.VIEW, person):
        row.employee_id = None
        _refuse(row, [("email", refused)])
        return
    changed = _differences(row, person, known)
    problems = _problems_of_change(row, person, changed, known, actor)
    if problems:
        _refuse(row, problems)
    elif _seems_another(row, person):
        question = f"Number {person.pk} is {person.name} here: is this the same person?"
        _ask(row, question, [Outcome.CHANGE, Outcome.SKIP])
    elif _is_away(person) and person.pk not in known.joining:
        ways = _ways_back(row, person, actor) + [Outcome.CHANGE] * bool(changed)
        since = "is in the archive" if person.archived_at else "is switched off"
        later = LATER if _is_later(row, person) else ""
        _ask(row, f"{person.name} (number {person.pk}) {since}.{later}", [*ways, Outcome.SKIP])
    else:
        row.outcome = Outcome.CHANGE if changed else Outcome.NOTHING


def _judge_newcomer(row: MassRow, values: dict[str, Any], known: _Known, actor: Actor) -> None:
    if problems := _problems_of_newcomer(values, actor):
        _refuse(row, problems)
        return
    row.outcome = Outcome.NEW
    columns = columns_of(values)
    if known.keys.isdisjoint(keys_of(columns)):
        return
    alike = look_alikes(columns, actor)
    if not alike:
        return
    first = alike[0]
    row.employee_id = first.employee.pk
    changed = _differences(row, first.employee, known)
    if not changed and "name" in first.same and first.works_here and not values.get("email"):
        # The same file once more, with somebody who has no e-mail to be known by.
        row.outcome, row.reason = Outcome.NOTHING, said_of(first)
        return
    ways = [Outcome.CHANGE] if first.works_here else _ways_back(row, first.employee, actor)
    if _problems_of_change(row, first.employee, changed, known, actor):
        ways = []
    more = f" So may {len(alike) - 1} more." if len(alike) > 1 else ""
    later = LATER if not first.works_here and _is_later(row, first.employee) else ""
    _ask(row, f"{said_of(first)}{more}{later}", [*ways, Outcome.NEW, Outcome.SKIP])


def _differences(row: MassRow, person: Employee, known: _Known) -> set[str]:
    """What the row would change of this person; ``row.before`` is what all its columns hold."""
    columns = columns_of(row.values)
    row.before = {name: _as_json(getattr(person, name)) for name in columns}
    changed = {name for name, value in columns.items() if getattr(person, name) != value}
    if "email" in changed and normalise_email(person.email) == columns["email"]:
        changed.discard("email")  # written otherwise by another program; the same all the same
    invited = row.values.get("invitation")
    if invited is not None:
        row.before["invitation"] = known.invitations.get(person.pk, Invitation.WORK)
        if invited != row.before["invitation"]:
            changed.add("invitation")
    row.is_risky = not RISKY.isdisjoint(changed)
    return changed


def _problems_of_change(
    row: MassRow, person: Employee, changed: set[str], known: _Known, actor: Actor
) -> list[tuple[str, str]]:
    """Why the services would refuse this change, by the same rules."""
    found = [
        (name, reason)
        for name in sorted(changed)
        if (reason := why_not(actor, operation_of(name), person))
    ]
    if "auth0_role" in changed:
        reason = why_not_grant(actor, person.pk, row.values["auth0_role"])
        found += [("auth0_role", reason)] if reason else []
    holder = known.by_email.get(row.values.get("email", "")) if "email" in changed else None
    if holder is not None and holder.pk != person.pk:
        text = f"This e-mail already belongs to {holder.name} (number {holder.pk})."
        found.append(("email", text))
    if person.auth0_role == Auth0Role.ADMIN and {"auth0_role", "auth_method"} & changed:
        found += _refused(lambda: refuse_losing_last_admin(person), "auth0_role")
    return found


def _problems_of_newcomer(values: Mapping[str, Any], actor: Actor) -> list[tuple[str, str]]:
    found = [] if values.get("name") else [("name", "The name must not be empty.")]
    if reason := why_not(actor, Operation.ADD):
        found.append(("", reason))
    role = values.get("auth0_role") or Auth0Role.PRODUCTION_ASSOCIATE
    if reason := why_not_grant(actor, None, role):
        found.append(("auth0_role", reason))
    if starts_on := columns_of({"hire_date": values.get("starts_on")})["hire_date"]:
        zone = zone_of(values.get("workspace"))
        found += _refused(lambda: beginning_of(starts_on, zone), "starts_on")
    return found


def _compare_with_earlier(row: MassRow, earlier: dict[str, int]) -> None:
    """One row for each person; of two without an e-mail but with one name a person decides."""
    if not row.key or row.outcome == Outcome.PROBLEM:
        row.key = ""
        return
    line = earlier.setdefault(row.key, row.line)
    if line == row.line:
        return
    if row.key.startswith("name:"):
        row.key, row.employee_id = "", None
        _ask(row, f"Line {line} has the same name.", [Outcome.NEW, Outcome.SKIP])
        return
    row.key, row.employee_id = "", None
    same = "is about the same person" if row.values.get("email") is None else "has the same e-mail"
    _refuse(row, [("email", f"Line {line} {same}: leave one of them out.")])


def _seems_another(row: MassRow, person: Employee) -> bool:
    """Whether neither name nor e-mail is theirs: the number may be one of another program."""
    name, email = row.values.get("name"), row.values.get("email")
    if not name or plain_name(name) == plain_name(person.name):
        return False
    return not email or email != normalise_email(person.email)


def _ways_back(row: MassRow, person: Employee, actor: Actor) -> list[str]:
    may_not = _is_later(row, person) or why_not(actor, Operation.REACTIVATE, person)
    return [] if may_not else [Outcome.BACK]


def _is_later(row: MassRow, person: Employee) -> bool:
    """Whether the file lets them in on a later day only."""
    starts_on = row.values.get("starts_on")
    zone = zone_of(row.values.get("workspace") or person.workspace)
    return bool(starts_on) and date.fromisoformat(starts_on) > today_in(zone)


def _key(values: Mapping[str, Any]) -> str:
    """What only one row of a file may have: the e-mail, or else the name."""
    if email := values.get("email"):
        return f"e-mail:{email}"[:255]
    return f"name:{name}"[:255] if (name := plain_name(values.get("name"))) else ""


def _ask(row: MassRow, question: str, choices: Iterable[str]) -> None:
    row.outcome, row.asks, row.reason = Outcome.QUESTION, True, question[:500]
    row.choices = [str(choice) for choice in choices]


def _refuse(row: MassRow, problems: Sequence[tuple[str, str]]) -> None:
    row.outcome, row.is_risky = Outcome.PROBLEM, False
    row.field, reason = in_words(problems)
    row.reason = reason[:500]


def _refused(check: Any, column: str) -> list[tuple[str, str]]:
    try:
        check()
    except EmployeesError as error:
        return [(column, str(error))]
    return []


def _is_away(person: Employee) -> bool:
    return not person.is_active or person.archived_at is not None


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
