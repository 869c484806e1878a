"""Helping a colleague at the kiosk: who may, whom, and what (requirement M11).

A supervisor who is signed in with her own PIN looks up a number, gives a new PIN, or lets somebody
try again. What she may do to whom is ``authority``'s to say; here stands who is offered at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Length, Substr, Upper

from employees.actors import actor_at_kiosk, visible_to
from employees.authority import ORDER, Actor, rank_of
from employees.history import record_event
from employees.models import AuthMethod, Employee

ON_A_PAGE = 24  # names, as big buttons
LONGEST_START = 12  # letters of a name; then the list is cut instead
LOOKED_UP = "number looked up"


@dataclass(frozen=True)
class Choice:
    """One step on the way to a name: people, and how the names of the others go on."""

    people: Sequence[Employee]
    starts: list[str]


def helper(employee: Employee) -> Actor | None:
    """Who somebody is as a helper; None for those whose role changes nobody."""
    actor = actor_at_kiosk(employee)
    return actor if actor.may_write else None


def helped_by(actor: Actor, workspace: str) -> QuerySet[Employee]:
    """The people whom ``actor`` can help: of a lower role, with a PIN to sign in with.

    workspace: where the kiosk stands; "" for anywhere.
    """
    people = visible_to(actor).filter(is_active=True, archived_at=None)
    people = people.exclude(auth_method=AuthMethod.AUTH0).exclude(pk=actor.employee_id or 0)
    if workspace:
        people = people.filter(workspace=workspace)
    if not actor.is_admin:
        people = people.filter(auth0_role__in=ORDER[: rank_of(actor.role)])
    return people


def choose(people: QuerySet[Employee], start: str) -> Choice:
    """Those whose name begins with ``start``, or, of many, the next letters; no keyboard needed."""
    start = start[:LONGEST_START]
    while True:
        found = people.filter(name__istartswith=start).order_by("name", "pk")
        few = list(found[: ON_A_PAGE + 1])
        if len(few) <= ON_A_PAGE or len(start) == LONGEST_START:
            return Choice(few[:ON_A_PAGE], [])
        # By their length, and not by what they begin with: MariaDB takes "Maria" for "Maria ".
        found = found.annotate(length=Length("name"))
        ending = list(found.filter(length__lte=len(start))[:ON_A_PAGE])
        going_on = found.filter(length__gt=len(start))
        starts = going_on.annotate(start=Upper(Substr("name", 1, len(start) + 1)))
        longer = sorted(starts.order_by("start").values_list("start", flat=True).distinct())
        if ending or len(longer) != 1:
            return Choice(ending, longer)
        start = longer[0]  # all go on alike: that is no choice


def find(employee_id: int, actor: Actor, workspace: str) -> Employee | None:
    """The person, where ``actor`` can help them here."""
    return helped_by(actor, workspace).filter(pk=employee_id).first()


def note_look_up(employee: Employee, actor: Actor) -> None:
    """Write into the history who was told this person's number."""
    record_event(employee.pk, actor, LOOKED_UP)
