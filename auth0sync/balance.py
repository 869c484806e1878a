"""What the pages of the balance sheet read: how it stands with comparing, and who sees which
differences. It writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync.difference_words import group_named, heading, parts_of
from auth0sync.models import Comparison, Difference
from auth0sync.reconcile_record import LIVING, RANKS
from employees.actors import visible_to
from employees.authority import Actor

STALE = timedelta(hours=36)  # a night was missed


@dataclass(frozen=True)
class Standing:
    """How it stands with comparing.

    last: the newest that was done; it is the sheet. under_way: one that is wanted or runs. failed:
    the newest, where it came to nothing. now: the database's clock.
    """

    last: Comparison | None
    under_way: Comparison | None
    failed: Comparison | None
    now: datetime

    @property
    def is_stale(self) -> bool:
        """Whether the last one is older than a day and half a night, or there is none."""
        finished = self.last.finished_at if self.last else None
        return finished is None or finished < self.now - STALE


@dataclass(frozen=True)
class Group:
    """Differences of one kind, or in one field. counts: state → how many."""

    name: str
    counts: dict[str, int]

    @property
    def label(self) -> str:
        """What it is called."""
        return heading(self.name)


def balance_standing() -> Standing:
    """The last comparison that was done, and what became of those after it; two queries."""
    states = Comparison.State
    newest = Comparison.objects.annotate(now=Now()).order_by("-pk").first()
    if newest is None:
        return Standing(None, None, None, timezone.now())
    done = Comparison.objects.filter(state=states.DONE).order_by("-finished_at").first()
    return Standing(
        last=done,
        under_way=newest if newest.state in (states.WANTED, states.RUNNING) else None,
        failed=newest if newest.state == states.FAILED else None,
        now=newest.now,
    )


def differences(actor: Actor) -> QuerySet[Difference]:
    """The differences that aren't over and that ``actor`` may see, the most urgent first."""
    return visible_differences(actor).filter(state__in=LIVING).order_by("rank", "pk")


def visible_differences(actor: Actor) -> QuerySet[Difference]:
    """All that ``actor`` may see, also those that are over.

    Who is bound to a place sees those of people there. Accounts of nobody here are for
    administrators.
    """
    found = Difference.objects.all()
    if not actor.may_read:
        return found.none()
    if actor.is_bound_to_a_place:
        return found.filter(Exists(visible_to(actor).filter(pk=OuterRef("employee_id"))))
    return found if actor.is_admin else found.filter(employee_id__isnull=False)


def in_group(found: QuerySet[Difference], group: str) -> QuerySet[Difference]:
    """Those of one group (``difference_words.group_of``); all for ""."""
    kind, field = parts_of(group)
    if not group:
        return found
    # Each by an index that has them in their order, so that a page costs what it shows.
    if field:
        return found.filter(kind=kind, field=field).order_by("pk")
    return found.filter(rank=RANKS[kind])


def groups(actor: Actor) -> list[Group]:
    """How many differences there are of each kind, and in each field, the most urgent kind first.

    One query, which reads an index as far as there are differences that aren't over.
    """
    found: dict[str, dict[str, int]] = {}
    by_state = differences(actor).order_by().values_list("kind", "field", "state")
    rows = by_state.annotate(number=Count("pk"))
    for kind, field, state, number in sorted(rows, key=lambda row: (RANKS[row[0]], row[1])):
        group = found.setdefault(group_named(kind, field), dict.fromkeys(LIVING, 0))
        group[state] += number
    return [Group(name, counts) for name, counts in found.items()]
