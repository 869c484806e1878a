"""What people decide about many differences at once: what it would do, and noting it.

The sweep carries out what is fixed or taken over (reconcile_follow), slice by slice. The services
judge each as they would by itself, the safety brake all as the one crowd that they are. What was
decided already isn't decided again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from auth0sync import brake
from auth0sync.models import Difference
from auth0sync.reconcile_decisions import COUNTED, left_until, offers, why_not
from employees.authority import Actor
from employees.models import Employee

Kind, State, Decision = Difference.Kind, Difference.State, Difference.Decision
PAGE = 500  # differences in one statement


@dataclass(frozen=True)
class Preview:
    """What deciding many differences alike would do.

    differences: how many would be decided; others: how many of those asked for would not, since
    they can't be, or not by this person. people: whom it concerns. held: how many people the
    safety brake would hold until a second person decides. stamp: another one as soon as any of
    them has moved.
    """

    differences: int
    others: int
    people: int
    held: int
    stamp: str


def preview(rows: QuerySet[Difference], actor: Actor, decision: Difference.Decision) -> Preview:
    """What the functions below would do with these; changes nothing."""
    people: set[int | None] = set()
    counted: set[int | None] = set()
    number = others = versions = 0
    for page in _pages(rows):
        mine = _decidable(page, actor, decision)
        number += len(mine)
        others += len(page) - len(mine)
        versions += sum(row.version for row in mine)
        people |= {row.employee_id for row in mine}
        counted |= {row.employee_id for row in mine if row.risk in COUNTED}
    goes_out = decision == Decision.FIX
    held = brake.would_hold_so_many(len(counted)) if goes_out else 0
    return Preview(number, others, len(people), held, f"{number}-{versions}")


def fix_all(rows: QuerySet[Difference], actor: Actor) -> int:
    """Have all of these fixed that can be, and that ``actor`` may; returns how many."""
    brake.expect(preview(rows, actor, Decision.FIX).held, actor.name)
    return _decide_all(rows, actor, Decision.FIX, state=State.FIXING)


def take_all(rows: QuerySet[Difference], actor: Actor) -> int:
    """Have Auth0's values taken over into the rows, where that can be; returns how many.

    Nobody is deactivated by it: leavers have a forecast of their own.
    """
    return _decide_all(rows, actor, Decision.TAKE_OVER, state=State.FIXING)


def ignore_all(rows: QuerySet[Difference], actor: Actor, *, reason: str, until: date | None) -> int:
    """Leave all of these as they are; returns how many. Raises NotAllowed as ``ignore`` does."""
    return _decide_all(rows, actor, Decision.IGNORE, **left_until(reason, until))


def _pages(rows: QuerySet[Difference]) -> Iterable[list[Difference]]:
    """Those that are open, by key."""
    last = 0
    wanted = rows.filter(state=State.OPEN).order_by("pk")
    while page := list(wanted.filter(pk__gt=last)[:PAGE]):
        yield page
        last = page[-1].pk


def _decidable(
    page: list[Difference], actor: Actor, decision: Difference.Decision
) -> list[Difference]:
    people = Employee.objects.in_bulk({row.employee_id or 0 for row in page})
    return [
        row
        for row in page
        if decision in offers(row)
        and not (decision == Decision.TAKE_OVER and row.kind == Kind.SHUT)
        and not why_not(actor, row, decision, people.get(row.employee_id or 0))
    ]


def _decide_all(
    rows: QuerySet[Difference], actor: Actor, decision: Difference.Decision, **columns: object
) -> int:
    number = 0
    for page in _pages(rows):
        ids = [row.pk for row in _decidable(page, actor, decision)]
        number += Difference.objects.filter(pk__in=ids, state=State.OPEN).update(
            decision=decision,
            decided_by=actor.name[:100],
            decided_at=Now(),
            applied_at=None,
            owner=actor.name[:100],
            error="",
            version=F("version") + 1,
            **columns,
        )
    return number
