"""The three-way view of one person: who wrote each value, which side counts, and why.

It reads the database alone. What Auth0 has now is what the last comparison read, where that was
after the account was last seen; else what was last seen stands for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from auth0sync.account import Facts, Seen
from auth0sync.errors import Conflict, Rejected
from auth0sync.field_words import in_words
from auth0sync.models import Account, Comparison, Difference, TenantState
from auth0sync.plan import wanted_of
from auth0sync.reconcile_policy import Rule, rule_of
from auth0sync.rows import read_facts
from auth0sync.sides import COLUMNS, flat
from auth0sync.three_way import Line, Verdict, three_way
from auth0sync.value_words import said
from employees.actors import names_of
from employees.history import SQL_ACTOR, notice_changes
from employees.models import Change

Kind = Difference.Kind
# What somebody who looks after people knows by these names; the rest follows from it.
PLAIN = (
    *("email", "name", "blocked", "roles"),
    *("user_metadata.department", "user_metadata.hire_date", "user_metadata.phone_number"),
    *("user_metadata.personal_email", "app_metadata.workspace", "app_metadata.connecteam_id"),
)
MOVED = {
    Verdict.HERE: "Changed here; it goes to Auth0 by itself.",
    Verdict.THERE: "Changed by somebody in Auth0.",
    Verdict.BOTH: "Changed here, and in Auth0 to something else.",
    Verdict.NEVER_SEEN: "The account was never like this.",
}
WINS = {
    Rule.REPORT: "What the console has counts, until a person decides otherwise.",
    Rule.ROW: "What the console has counts: by rule, the next comparison puts it back.",
    Rule.AUTH0: "What Auth0 has counts: by rule, the next comparison takes it over.",
}


@dataclass(frozen=True)
class Writer:
    """Who wrote the row's value last. who: "" for another program. door: as in the history."""

    who: str
    door: str
    at: datetime


@dataclass(frozen=True)
class Field:
    """One field on three sides, in words.

    rule: which side wins by itself. difference: what the last comparison wrote down of it, where
    that isn't over.
    """

    line: Line
    writer: Writer | None
    rule: Rule
    difference: Difference | None

    @property
    def name(self) -> str:
        """As Auth0 calls it."""
        return self.line.name

    @property
    def label(self) -> str:
        """As the form calls it."""
        return in_words(self.name)

    @property
    def seen(self) -> str:
        """As last seen."""
        return said(self.name, self.line.seen)

    @property
    def row(self) -> str:
        """As the row wants it."""
        return said(self.name, self.line.row)

    @property
    def auth0(self) -> str:
        """As it is in Auth0, as far as is known."""
        return said(self.name, self.line.auth0)

    @property
    def why(self) -> str:
        """Which side counts, and why; "" where they agree."""
        if not self.line.differs:
            return ""
        moved = MOVED[self.line.verdict]
        return moved if self.line.verdict == Verdict.HERE else f"{moved} {WINS[self.rule]}"


@dataclass(frozen=True)
class SideBySide:
    """The view of one person.

    plain, others: the fields that a manager knows, or that differ, those first; and those that
    follow from them. refused: why nothing can be planned as the row is; "" when it can. is_alone:
    the console has seen no account. whole: the differences that are about no field, such as a
    second account. read_at: when the comparison read Auth0's side, where that was after it was
    last seen.
    """

    plain: list[Field]
    others: list[Field]
    refused: str
    is_alone: bool
    whole: list[Difference]
    seen_at: datetime | None
    read_at: datetime | None

    @property
    def differences(self) -> list[Field]:
        """The fields on which row and Auth0 disagree."""
        return [field for field in self.plain if field.line.differs]


def side_by_side(employee_id: int) -> SideBySide:
    """Everything that the three-way view shows of a person who has a row.

    Looks at the row first, so that SQL of a second ago has a writer too.
    """
    notice_changes([employee_id])
    facts = read_facts([employee_id]).get(employee_id)
    account = Account.objects.filter(pk=employee_id).first() or Account(pk=employee_id)
    seen = Seen.from_json(account.seen) if account.seen else None
    state = TenantState.objects.get(pk=1)
    row, refused = _wanted(facts, account, seen, state.installation)
    noted = list(living(employee_id))
    fresh = [each for each in noted if _is_since(each.read_at, account)]
    read = {each.field: each for each in fresh if each.field}
    now = flat(seen) | {name: each.auth0 for name, each in read.items()} if read else None
    lines = three_way(row, flat(seen) if seen else None, now)
    writers = last_writers(employee_id)
    by_field = {each.field: each for each in noted if each.field}
    fields = [
        Field(
            line,
            _writer_of(line.name, writers),
            rule_of(_ruled(line), state.compare_policy),
            by_field.get(line.name),
        )
        for line in lines
    ]
    shown = {f.name for f in fields if f.name in PLAIN or (f.line.differs and seen)}
    return SideBySide(
        plain=sorted(
            (field for field in fields if field.name in shown), key=lambda f: not f.line.differs
        ),
        others=[field for field in fields if field.name not in shown and seen],
        refused=refused,
        is_alone=seen is None and not read,
        whole=[each for each in noted if not each.field],
        seen_at=account.seen_at,
        read_at=max((e.read_at for e in fresh if e.read_at), default=compared_since(account)),
    )


def living(employee_id: int) -> QuerySet[Difference]:
    """What the comparison has found of this person that isn't over, the most urgent first."""
    found = Difference.objects.filter(employee_id=employee_id)
    return found.exclude(state=Difference.State.CLOSED).order_by("rank", "pk")


def _is_since(moment: datetime | None, account: Account) -> bool:
    return moment is not None and (account.seen_at is None or moment > account.seen_at)


def compared_since(account: Account) -> datetime | None:
    """Of when the last comparison's list is, where the account was seen before that."""
    done = Comparison.objects.filter(state=Comparison.State.DONE).order_by("-finished_at").first()
    return done.export_at if done and _is_since(done.export_at, account) else None


def last_writers(employee_id: int) -> dict[str, Writer]:
    """Column → who wrote it last, for the columns that were ever changed; two queries."""
    lines = Change.objects.filter(employee_id=employee_id).order_by("pk")
    last = {column: line for line in lines for column in line.changes}
    who = names_of({line.actor for line in last.values()})
    return {
        column: Writer(
            who="" if line.actor == SQL_ACTOR else who.get(line.actor, line.actor),
            door=str(line.get_source_display()),
            at=line.at,
        )
        for column, line in last.items()
    }


def _ruled(line: Line) -> str:
    """What the rule for this field is called."""
    if line.name == "blocked":
        return str(Kind.OPEN if line.row else Kind.SHUT)
    return str(Kind.ROLE) if line.name == "roles" else line.name


def _writer_of(name: str, writers: Mapping[str, Writer]) -> Writer | None:
    wrote = [writers[column] for column in COLUMNS.get(name, ()) if column in writers]
    return max(wrote, key=lambda writer: writer.at, default=None)


def _wanted(
    facts: Facts | None, account: Account, seen: Seen | None, installation: str
) -> tuple[dict[str, Any], str]:
    """What the row wants of each field, and why that can't be done; nothing where it has no say."""
    try:
        wanted = wanted_of(
            facts,
            seen,
            has_account=account.origin != "",
            installation=installation,
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
    except (Conflict, Rejected) as error:
        columns = {name: COLUMNS[name][0] for name in PLAIN if name != "blocked"}
        return {name: getattr(facts, column) for name, column in columns.items()}, str(error)
    if wanted is None:
        return ({"blocked": True} if account.origin else {}), ""
    row = flat(wanted)
    for name in ("roles", "name"):
        if row[name] is None:  # without a role to give, or a name: Auth0 shows the e-mail instead
            del row[name]
    return row, ""
