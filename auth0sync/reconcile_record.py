"""Writing down what the comparison has found: one open row for each difference, however often.

What was decided about a difference stays as long as neither side moves; when one does, it is to
be decided anew.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync.models import Difference
from auth0sync.reconcile_judge import Found
from employees.contention import again_after_deadlock

State = Difference.State
LIVING = [state for state in State.values if state != State.CLOSED]
PAGE = 500  # rows in one transaction
RANKS = {kind: rank for rank, kind in enumerate(Difference.Kind.values)}
UNDECIDED: Mapping[str, Any] = {
    "state": State.OPEN,
    "decision": "",
    "decided_by": "",
    "decided_at": None,
    "applied_at": None,
    "reason": "",
    "until": None,
    "error": "",
}
COMPARED = ("auth0", "wanted", "seen", "risk")
# Of ``about``: what moves with every sign-in, and is nothing to decide anew for.
PASSING = ("logins_count", "last_login")


@dataclass(frozen=True)
class Sighting:
    """A difference that was found, and how. employee_id: None for an account of nobody's."""

    employee_id: int | None
    found: Found
    read_at: datetime
    is_read_again: bool = False

    @property
    def key(self) -> str:
        """What makes it the same difference the next time."""
        parts = (self.found.kind, self.employee_id, self.found.user_id, self.found.field)
        return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def known(sightings: Sequence[Sighting]) -> dict[str, Difference]:
    """The open rows for these, by their keys."""
    keys = [sighting.key for sighting in sightings]
    return {row.open_key or "": row for row in Difference.objects.filter(open_key__in=keys)}


def is_as_noted(sighting: Sighting, row: Difference | None) -> bool:
    """Whether the row says just what was found, and it was read by name before."""
    return row is not None and row.is_read_again and not _moved(sighting, row)


def record(sightings: Sequence[Sighting], comparison_id: int) -> None:
    """Write them down, by pages: whole accounts may differ, so that five hundred people have
    thousands of differences."""
    rest = iter(sightings)
    while page := list(islice(rest, PAGE)):
        _record(page, comparison_id)


@again_after_deadlock
def _record(sightings: Sequence[Sighting], comparison_id: int) -> None:
    rows = known(sightings)
    fresh: list[Difference] = []
    same: dict[bool, list[int]] = {False: [], True: []}
    with transaction.atomic():
        for sighting in sightings:
            row = rows.get(sighting.key)
            if row is None:
                fresh.append(_new(sighting, comparison_id))
            elif _moved(sighting, row):
                _rewrite(row, sighting, comparison_id)
            else:
                if row.about != sighting.found.about:
                    Difference.objects.filter(pk=row.pk).update(about=sighting.found.about)
                same[sighting.is_read_again].append(row.pk)
        Difference.objects.bulk_create(fresh)
        again = {"is_read_again": True, "read_at": Now()}
        for is_read_again, ids in same.items():
            Difference.objects.filter(pk__in=ids).update(
                last_seen_at=Now(),
                comparison_id=comparison_id,
                **(again if is_read_again else {}),
            )


@again_after_deadlock
def keep(employee_ids: Iterable[int], comparison_id: int) -> None:
    """Leave open what is known of people of whom nothing could be said this time."""
    stands = Difference.objects.filter(employee_id__in=list(employee_ids), state__in=LIVING)
    stands.update(comparison_id=comparison_id)


def come_back() -> Iterator[None]:
    """What was left as it is until today is to be decided again; a page a step."""
    over = Difference.objects.filter(state=State.IGNORED, until__lte=timezone.localdate())
    while ids := list(over.values_list("pk", flat=True)[:PAGE]):
        over.filter(pk__in=ids).update(**UNDECIDED, version=F("version") + 1)
        yield


def close_others(comparison_id: int) -> Iterator[None]:
    """What this comparison, which is complete, didn't find is over; a page a step."""
    others = Difference.objects.filter(state__in=LIVING, comparison_id__lt=comparison_id)
    while ids := list(others.values_list("pk", flat=True)[:PAGE]):
        close(ids, "not there any more")
        yield


@again_after_deadlock
def close(ids: Sequence[int], outcome: str) -> None:
    """These are over; outcome: how, in a few words."""
    Difference.objects.filter(pk__in=ids).update(
        state=State.CLOSED,
        open_key=None,
        outcome=outcome,
        closed_at=Now(),
        version=F("version") + 1,
    )


def numbers(comparison_id: int) -> tuple[dict[str, int], int]:
    """How many of each kind stand open after this comparison, and how many are ignored."""
    found = Difference.objects.filter(comparison_id=comparison_id, state__in=LIVING)
    by_kind = found.exclude(state=State.IGNORED).values("kind").order_by("kind")
    kinds = {row["kind"]: row["number"] for row in by_kind.annotate(number=Count("pk"))}
    return kinds, found.filter(state=State.IGNORED).count()


def _moved(sighting: Sighting, row: Difference) -> bool:
    found = sighting.found
    if _lasting(row.about) != _lasting(found.about):
        return True
    return any(getattr(row, name) != getattr(found, name) for name in COMPARED)


def _lasting(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if name not in PASSING}


def _values(sighting: Sighting, comparison_id: int) -> dict[str, Any]:
    return {
        **{name: getattr(sighting.found, name) for name in (*COMPARED, "about")},
        "read_at": sighting.read_at,
        "is_read_again": sighting.is_read_again,
        "comparison_id": comparison_id,
    }


def _new(sighting: Sighting, comparison_id: int) -> Difference:
    return Difference(
        kind=sighting.found.kind,
        rank=RANKS[sighting.found.kind],
        employee_id=sighting.employee_id,
        user_id=sighting.found.user_id,
        field=sighting.found.field,
        open_key=sighting.key,
        **_values(sighting, comparison_id),
    )


def _rewrite(row: Difference, sighting: Sighting, comparison_id: int) -> None:
    """One side has moved: what was decided about the old values is void."""
    values = {**UNDECIDED, **_values(sighting, comparison_id)}
    Difference.objects.filter(pk=row.pk).update(
        **values, last_seen_at=Now(), version=F("version") + 1
    )
