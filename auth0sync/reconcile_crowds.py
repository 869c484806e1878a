"""What people decide about many differences at once: what it would do, and noting it.

The sweep carries out what is fixed or taken over (reconcile_follow), slice by slice. The services
judge each as they would by itself, the safety brake all as the one crowd that they are. What was
decided already isn't decided again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
# All that has to be read of 50,000 differences, and of the people whom they concern.
READ = ("kind", "state", "field", "employee_id", "auth0", "about", "risk", "version")
READ_OF_PEOPLE = ("auth0_role", "department", "workspace")


@dataclass(frozen=True)
class Preview:
    """What deciding many differences alike would do, and about which.

    others: how many of those asked for would not be decided, since they can't be, or not by this
    person. people: how many it concerns. held: how many people the safety brake would hold until
    a second person decides. by_version: version → the differences that are decided as they are in
    that version.
    """

    decision: Difference.Decision
    others: int
    people: int
    held: int
    by_version: Mapping[int, list[int]]

    @property
    def differences(self) -> int:
        """How many would be decided."""
        return sum(map(len, self.by_version.values()))

    @property
    def stamp(self) -> str:
        """Another one as soon as any of them has moved."""
        versions = sum(version * len(ids) for version, ids in self.by_version.items())
        return f"{self.differences}-{versions}"


def preview(rows: QuerySet[Difference], actor: Actor, decision: Difference.Decision) -> Preview:
    """What the functions below would do with these; changes nothing.

    Reads all of them, 500 at a time: a second or two for 50,000.
    """
    people: set[int | None] = set()
    counted: set[int | None] = set()
    by_version: dict[int, list[int]] = defaultdict(list)
    others = 0
    for page in _pages(rows):
        mine = _decidable(page, actor, decision)
        others += len(page) - len(mine)
        for row in mine:
            by_version[row.version].append(row.pk)
        people |= {row.employee_id for row in mine}
        counted |= {row.employee_id for row in mine if row.risk in COUNTED}
    goes_out = decision == Decision.FIX
    held = brake.would_hold_so_many(len(counted)) if goes_out else 0
    return Preview(decision, others, len(people), held, by_version)


def fix_all(found: Preview, actor: Actor) -> int:
    """Have all of these fixed that were previewed; returns how many."""
    brake.expect(found.held, actor.name)
    return _decide_all(found, actor, state=State.FIXING)


def take_all(found: Preview, actor: Actor) -> int:
    """Have Auth0's values taken over into the rows, where that can be; returns how many.

    Nobody is deactivated by it: leavers have a forecast of their own.
    """
    return _decide_all(found, actor, state=State.FIXING)


def ignore_all(found: Preview, actor: Actor, *, reason: str, until: date | None) -> int:
    """Leave all of these as they are; returns how many. Raises NotAllowed as ``ignore`` does."""
    return _decide_all(found, actor, **left_until(reason, until))


def _pages(rows: QuerySet[Difference]) -> Iterable[list[Difference]]:
    """Those that are open, by key."""
    last = 0
    wanted = rows.filter(state=State.OPEN).order_by("pk").only(*READ)
    while page := list(wanted.filter(pk__gt=last)[:PAGE]):
        yield page
        last = page[-1].pk


def _decidable(
    page: list[Difference], actor: Actor, decision: Difference.Decision
) -> list[Difference]:
    ids = {row.employee_id or 0 for row in page}
    people = Employee.objects.only(*READ_OF_PEOPLE).in_bulk(ids)
    return [
        row
        for row in page
        if decision in offers(row)
        and not (decision == Decision.TAKE_OVER and row.kind == Kind.SHUT)
        and not why_not(actor, row, decision, people.get(row.employee_id or 0))
    ]


def _decide_all(found: Preview, actor: Actor, **columns: object) -> int:
    """What has moved since it was previewed stays to be decided."""
    number = 0
    for version, ids in found.by_version.items():
        for first in range(0, len(ids), PAGE):
            some = Difference.objects.filter(pk__in=ids[first : first + PAGE], version=version)
            number += some.filter(state=State.OPEN).update(
                decision=found.decision,
                decided_by=actor.name[:100],
                decided_at=Now(),
                applied_at=None,
                owner=actor.name[:100],
                error="",
                version=F("version") + 1,
                **columns,
            )
    return number
