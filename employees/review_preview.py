"""What merging two rows of one person would do, before anybody does it. Reads only."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from employees.authority import Actor, Operation, operation_of, why_not
from employees.emails import is_placeholder, is_usable
from employees.history import values_of
from employees.models import AuthMethod, Employee, PodFactoryMapping, Review
from employees.removal import tables_pointing_to

# What somebody may choose, in the order of the form.
COLUMNS = (
    "name",
    "email",
    "personal_email",
    "phone_number",
    "department",
    "role_id",
    "workspace",
    "hire_date",
)
BRINGS_BACK = "is_active"  # to be chosen as well, where the kept row is switched off


@dataclass(frozen=True)
class Choice:
    """A column in which the two rows differ. takes_other: what is proposed.

    why_not: why the kept row can't have the other's value; "" when it can.
    """

    column: str
    kept: Any
    other: Any
    takes_other: bool
    why_not: str


@dataclass(frozen=True)
class Preview:
    """What a merge would do. other: the row that goes. why_not: why it can't be done, or "".

    brings_back: a choice too, where the kept row is switched off. connecteam: the id that goes to
    the kept row, or "". gives_up: the one that the kept row loses thereby, or "". mappings: how
    many of PodFactory's go along. tables: of other programs, in which the other's number stays.
    token: both rows as they were shown.
    """

    kept: Employee
    other: Employee
    choices: list[Choice]
    brings_back: Choice | None
    connecteam: str
    gives_up: str
    frees_email: bool
    mappings: int
    tables: list[str]
    has_account: bool
    why_not: str
    token: str


def preview(other: Employee, kept: Employee, actor: Actor) -> Preview:
    """What merging ``other`` into ``kept`` would do, as both rows are now."""
    connecteam = other.connecteam_user_id or ""
    had = kept.connecteam_user_id or ""
    ours = PodFactoryMapping._meta.db_table
    return Preview(
        kept=kept,
        other=other,
        choices=[_choice(name, other, kept, actor) for name in differing(other, kept)],
        brings_back=_bringing_back(kept, actor),
        connecteam=connecteam,
        gives_up=had if connecteam and had != connecteam else "",
        frees_email=bool(other.email) and finds_by_email(other),
        mappings=PodFactoryMapping.objects.filter(employee_id=other.pk).count(),
        tables=[table for table in tables_pointing_to(other.pk) if table != ours],
        has_account=has_account(other),
        why_not=why_not_merge(other, kept, actor),
        token=token_of(other, kept),
    )


def why_not_merge(other: Employee, kept: Employee, actor: Actor) -> str:
    """Why the two can't be merged; "" when they can."""
    if other.pk == kept.pk:
        return "This is the same row."
    if has_account(other) and has_account(kept):
        return (
            "Both have an Auth0 account that is in use. Have one of the two sign in with the PIN "
            "alone first (“Signs in with”); its account is blocked then."
        )
    merged = Review.objects.filter(pk=kept.pk, state=Review.State.MERGED).first()
    if merged is not None:
        return f"Number {kept.pk} was merged into number {merged.kept_id}: choose that one."
    return why_not(actor, Operation.ARCHIVE, other) or why_not(actor, Operation.CHANGE, kept)


def differing(other: Employee, kept: Employee) -> list[str]:
    """The COLUMNS in which the row that goes has a value that the kept one hasn't."""
    values = {name: getattr(other, name) for name in COLUMNS}
    return [
        name
        for name, value in values.items()
        if value not in (None, "") and value != getattr(kept, name)
    ]


def is_away(person: Employee) -> bool:
    """Whether they are switched off, or put away."""
    return not person.is_active or person.archived_at is not None


def has_account(person: Employee) -> bool:
    """Whether somebody may sign in with an Auth0 account of this row."""
    return bool(person.auth0_user_id) and person.auth_method != AuthMethod.PIN


def finds_by_email(other: Employee) -> bool:
    """Whether Connecteam might find the row that goes by its e-mail, and write it again."""
    return bool(other.connecteam_user_id) or is_placeholder(other.email)


def token_of(*people: Employee) -> str:
    """Changes with any tracked column, so that nobody merges what they haven't seen."""
    return sha256(repr([values_of(person) for person in people]).encode()).hexdigest()[:32]


def _choice(name: str, other: Employee, kept: Employee, actor: Actor) -> Choice:
    mine, theirs = getattr(kept, name), getattr(other, name)
    refused = why_not(actor, operation_of(name), kept)
    is_better = not mine or (name == "email" and not is_usable(mine) and is_usable(theirs))
    return Choice(name, mine, theirs, is_better and not refused, refused)


def _bringing_back(kept: Employee, actor: Actor) -> Choice | None:
    if not is_away(kept):
        return None
    refused = why_not(actor, Operation.REACTIVATE, kept)
    return Choice(BRINGS_BACK, False, True, not refused, refused)
