"""Who may do what to whom. Pure rules (requirement L7); the services ask them before every write.

Roles have an order. Nobody touches the sign-in of somebody whose role is equal to or higher than
their own, except administrators among each other; nobody gives a role above their own, nor changes
their own role. Finance reads, and that is all. A team lead's world is her own department at her own
workspace.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from employees.models import Auth0Role

# From the least authority to the most. A role that isn't in it gives none, and is out of reach of
# everybody but administrators.
ORDER = (
    Auth0Role.PRODUCTION_ASSOCIATE,
    Auth0Role.TEAM_LEAD,
    Auth0Role.FINANCE,
    Auth0Role.MANAGER,
    Auth0Role.ADMIN,
)
READERS = frozenset({Auth0Role.TEAM_LEAD, Auth0Role.FINANCE, Auth0Role.MANAGER, Auth0Role.ADMIN})
WRITERS = READERS - {Auth0Role.FINANCE}

SIGN_IN_COLUMNS = frozenset({"email", "personal_email", "auth_method", "auth0_role", "invitation"})
PLACE_COLUMNS = frozenset({"department", "workspace"})


class Operation(StrEnum):
    """What somebody wants to do to a person, in the words of a refusal."""

    VIEW = "see this person"
    ADD = "add people"
    CHANGE = "change this person"
    MOVE = "move this person to another department or workspace"
    CHANGE_SIGN_IN = "change how this person signs in"
    SET_PIN = "set this person's PIN"
    INVITE = "send this person an invitation"
    SYNC = "sync this person's account"
    DEACTIVATE = "deactivate this person"
    REACTIVATE = "reactivate this person"
    ARCHIVE = "archive this person"
    RESTORE = "take this person out of the archive"


# What L7 keeps out of reach where the role is equal or higher.
GUARDED = frozenset(
    {
        Operation.CHANGE_SIGN_IN,
        Operation.SET_PIN,
        Operation.INVITE,
        Operation.DEACTIVATE,
        Operation.REACTIVATE,
        Operation.ARCHIVE,
        Operation.RESTORE,
    }
)


class Person(Protocol):
    """What the rules look at in an employee row."""

    @property
    def pk(self) -> int: ...
    @property
    def auth0_role(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def workspace(self) -> str | None: ...


@dataclass(frozen=True)
class Actor:
    """Who asks for a change.

    name: how history and log name them: ``admin:7`` (a Django user's id), ``kiosk:42`` (an
    employee's number) or a program's name. role: the role they act with, one of ``Auth0Role``; ""
    for nobody in particular, who may do nothing. employee_id: their own row, where they have one.
    is_program: a command of the operator, which no rule about roles holds back.
    together: all whom one click or file concerns, where that is more than one person.
    mass: the kind of the mass change that is carried out in their name (``MassChange.Kind``); ""
    for what they do themselves. What it does is foreseen and confirmed, and waits behind whatever
    somebody does by hand.
    """

    name: str
    role: str = ""
    employee_id: int | None = None
    department: str = ""
    workspace: str = ""
    is_program: bool = False
    together: tuple[int, ...] = ()
    mass: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether everything but the last administrator's removal is open to them."""
        return self.is_program or self.role == Auth0Role.ADMIN

    @property
    def may_read(self) -> bool:
        """Whether there is anybody but themselves whom they may see."""
        return self.is_program or self.role in READERS

    @property
    def may_write(self) -> bool:
        """Whether there may be anybody whom they may change."""
        return self.is_program or self.role in WRITERS

    @property
    def is_bound_to_a_place(self) -> bool:
        """Whether they see only the people of their own department at their own workspace."""
        return not self.is_program and self.role == Auth0Role.TEAM_LEAD


def program(name: str) -> Actor:
    """A command or sweep that the operator started; ``name`` stands in the history."""
    return Actor(name=name, is_program=True)


def planner(name: str) -> Actor:
    """Who planned what is carried out now: on the authority that they had when they planned it.

    name: ``Actor.name`` of who planned it, who is named in the history.
    """
    return Actor(name=name, is_program=True)


def rank_of(role: str) -> int:
    """How much a role outranks others; an unknown one ranks with administrators."""
    return ORDER.index(Auth0Role(role)) if role in ORDER else len(ORDER) - 1


def lower_role(row_role: str, claimed: Iterable[str]) -> str:
    """The role to act with when the row says one thing and the log-in's claim another.

    The highest claimed role is compared: where it is less it counts, where it is more the row's
    does. Without any known role in the claim the least counts. Source: design, "Log-in".
    """
    if row_role not in ORDER:
        return Auth0Role.PRODUCTION_ASSOCIATE
    known = [role for role in ORDER if role in set(claimed)]
    highest = known[-1] if known else Auth0Role.PRODUCTION_ASSOCIATE
    return min(highest, Auth0Role(row_role), key=rank_of)


def why_not(actor: Actor, operation: Operation, person: Person | None = None) -> str:
    """Why ``actor`` may not do this to ``person``; "" when they may.

    person: None for ``ADD``. The sentence can be shown to the person who asked.
    """
    if actor.is_program:
        return ""
    if operation == Operation.ADD:
        may_add = actor.may_write and not actor.is_bound_to_a_place
        return "" if may_add else "You can't add people: ask a manager."
    if person is None:
        raise ValueError(f"{operation} needs a person.")
    if operation == Operation.VIEW:
        return "" if _may_see(actor, person) else "This person isn't one of yours."
    if not actor.may_write or not _may_see(actor, person):
        return f"You can't {operation}: ask a manager."
    return _why_not_write(actor, operation, person)


def operation_of(column: str) -> Operation:
    """Which operation it is to change this column of a person."""
    if column in SIGN_IN_COLUMNS:
        return Operation.CHANGE_SIGN_IN
    return Operation.MOVE if column in PLACE_COLUMNS else Operation.CHANGE


def _why_not_write(actor: Actor, operation: Operation, person: Person) -> str:
    is_self = person.pk == actor.employee_id
    if is_self and operation in (Operation.DEACTIVATE, Operation.ARCHIVE):
        return "You can't switch yourself off: ask somebody else."
    if actor.is_bound_to_a_place and operation == Operation.MOVE:
        return f"You can't {operation}: ask a manager."
    needs_rank = operation in GUARDED or actor.is_bound_to_a_place
    outranked = actor.is_admin or rank_of(actor.role) > rank_of(person.auth0_role)
    if needs_rank and not outranked:
        if is_self:
            return f"You can't {operation}, since it is you: ask somebody with a higher role."
        return f"You can't {operation}: their role is as high as yours, or higher."
    return ""


def why_not_grant(actor: Actor, person_id: int | None, role: str) -> str:
    """Why ``actor`` may not give ``role`` to this person; "" when they may.

    person_id: None for somebody who is being added.
    """
    if actor.is_program:
        return ""
    if person_id is not None and person_id == actor.employee_id:
        return "Nobody changes their own role: ask an administrator."
    if rank_of(role) > rank_of(actor.role):
        return "You can't give a role above your own."
    return ""


def why_not_administer(actor: Actor, what: str) -> str:
    """Why ``actor`` may not do what is for administrators alone; "" when they may.

    what: it is about no person's row, such as a device; in the words of a refusal.
    """
    return "" if actor.is_admin else f"Only administrators can {what}."


def _may_see(actor: Actor, person: Person) -> bool:
    if person.pk == actor.employee_id:
        return True
    if not actor.may_read:
        return False
    if not actor.is_bound_to_a_place:
        return True
    place = (actor.department, actor.workspace)
    return all(place) and place == (person.department or "", person.workspace or "")
