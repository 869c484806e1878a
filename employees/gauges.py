"""How things stand at this moment, for /metrics: numbers of people and rows, never who they are.

Each is asked of the database when somebody asks for them, by few queries that read little of an
index. ``auth0sync.gauges`` has those about Auth0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from employees.console_sessions import living
from employees.models import Kiosk, PlannedMove, Receipt, Review

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Gauge:
    """One number, or one for each set of labels. about: a sentence for whoever reads /metrics.

    Whatever isn't known has no sample.
    """

    name: str
    about: str
    samples: Iterable[tuple[Labels, float]]


def gauge(name: str, about: str, value: float | None) -> Gauge:
    """A gauge without labels; None for what isn't known."""
    return Gauge(name, about, [] if value is None else [({}, float(value))])


def by_label(name: str, about: str, label: str, values: Mapping[str, float]) -> Gauge:
    """A gauge with one label."""
    return Gauge(name, about, [({label: key}, float(value)) for key, value in values.items()])


def gauges() -> list[Gauge]:
    """Those about people and the console; five queries."""
    now = timezone.now()
    planned = PlannedMove.objects.values("state").annotate(rows=Count("pk")).order_by()
    plans = dict.fromkeys((str(PlannedMove.State.OPEN), str(PlannedMove.State.FAILED)), 0)
    for row in planned.filter(state__in=list(plans)):
        plans[row["state"]] = row["rows"]
    kiosks = Kiosk.objects.filter(key_hash__isnull=False).values_list("seen_at", flat=True)
    seen = [now - at for at in kiosks if at is not None]
    return [
        gauge(
            "console_quarantine",
            "People whom another program added and who wait until somebody completes them.",
            Review.objects.filter(state=Review.State.OPEN).count(),
        ),
        gauge("console_sessions", "Browsers that are signed in to the console.", living().count()),
        by_label(
            "console_planned_moves",
            "Plans to join or leave: open, or refused when their time had come (failed).",
            "state",
            plans,
        ),
        gauge(
            "console_receipts_open",
            "Lock-out receipts of people who left of which a door isn't proven shut yet.",
            Receipt.objects.filter(try_at__isnull=False).count(),
        ),
        gauge("kiosks", "Devices that are set up as a kiosk.", len(kiosks)),
        gauge(
            "kiosk_seen_age_seconds",
            "Since when the kiosk that was seen last wasn't seen.",
            min(seen).total_seconds() if seen else None,
        ),
    ]
