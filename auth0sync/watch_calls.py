"""What the calls of the last ten minutes say: slow answers, and Auth0's limit in the way.

The sync log may hold millions of rows. Only its newest stretch is read, by primary key: no more
rows than AUTH0_RATE_LIMIT lets into ten minutes, and as much again for numbers that were skipped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync.alert_kinds import CALLS_WITHIN_S
from auth0sync.answers import THROTTLED
from auth0sync.events_numbers import numbers_since
from auth0sync.events_types import TYPES, Kind, words_of
from auth0sync.models import Bucket, SyncLog
from auth0sync.pace import BUCKET, room_at

SLOW_OVER_MS = 5_000
REFUSED_OVER = 0.01  # of the calls
REFUSED_LEAST = 3  # of a few calls one refusal would be some per cent, and says nothing
STILL_OVER = timedelta(seconds=60)
OF_THE_LIMIT = [name for name, found in TYPES.items() if found.kind is Kind.LIMIT]

Found = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Calls:
    """The calls of the last ten minutes; times are the database's, durations milliseconds."""

    every: int
    slow: int
    slowest_ms: int
    refused: int
    answered_at: datetime | None
    refused_at: datetime | None


def calls() -> Calls:
    """One query, of one stretch of the primary key."""
    newest = SyncLog.objects.aggregate(newest=Max("pk"))["newest"] or 0
    stretch = 2 * round(settings.AUTH0_RATE_LIMIT * CALLS_WITHIN_S) + 100
    recent = SyncLog.objects.filter(
        pk__gt=newest - stretch, created_at__gt=Now() - timedelta(seconds=CALLS_WITHIN_S)
    )
    refused = Q(error_code=THROTTLED)
    found: dict[str, Any] = recent.aggregate(
        every=Count("pk"),
        slow=Count("pk", filter=Q(duration_ms__gt=SLOW_OVER_MS)),
        slowest_ms=Max("duration_ms", default=0),
        refused=Count("pk", filter=refused),
        answered_at=Max("created_at", filter=~refused),
        refused_at=Max("created_at", filter=refused),
    )
    return Calls(**found)


def found_in(recent: Calls) -> Found:
    """Key → subject and text of what is wrong with these calls."""
    found: Found = {}
    if recent.slow:
        found["slow"] = (
            f"Auth0 took more than {SLOW_OVER_MS // 1000} seconds to answer",
            f"{recent.slow} of {recent.every} calls in the last ten minutes did, the slowest "
            f"{recent.slowest_ms / 1000:.1f} seconds. Nothing is lost. If it stays so, look at "
            "https://status.auth0.com and at the network between here and there.",
        )
    still_s = _stands_still_s(recent)
    if still_s > STILL_OVER.total_seconds():
        found["throttled"] = (
            "Auth0's limit has everything stand still",
            f"Auth0 lets nothing through for {round(still_s)} seconds. {_OTHERS}",
        )
    elif recent.refused >= REFUSED_LEAST and recent.refused > recent.every * REFUSED_OVER:
        found["throttled"] = (
            "Auth0 refuses calls: too many",
            f"{recent.refused} of {recent.every} calls in the last ten minutes were refused (429). "
            f"They are made again. {_OTHERS}",
        )
    return found


def warnings() -> Found:
    """What Auth0 itself says of its limit: also where other programs, not the console, near it.

    Only what was read in Auth0's own log counts: whoever has the stream's token can make up more.
    """
    since = timezone.now() - timedelta(seconds=CALLS_WITHIN_S)
    told = numbers_since(since, OF_THE_LIMIT, is_sure=True)
    if not told:
        return {}
    what = ", ".join(f"“{words_of(name)}” ({number})" for name, number in told.items())
    text = f"Auth0's log says within the last ten minutes: {what}. {_OTHERS}"
    return {"limit": ("Auth0 warns that the tenant's limit of calls is near", text)}


_OTHERS = (
    "The console keeps below the tenant's limit by itself, so probably another program makes "
    "many calls too. Find it in the tenant's logs, or lower AUTH0_RATE_LIMIT."
)


def _stands_still_s(recent: Calls) -> float:
    """For how many seconds nothing may go out yet, or nothing has got through; 0 for neither."""
    bucket = Bucket.objects.annotate(now=Now()).filter(pk=BUCKET).first()
    if bucket is None:
        return 0.0
    now: datetime = bucket.now
    left = room_at(bucket) - now
    if left > STILL_OVER or recent.refused_at is None or left <= timedelta():
        return max(left.total_seconds(), 0.0)
    if recent.answered_at is None:
        return float(CALLS_WITHIN_S)
    if recent.answered_at > recent.refused_at:
        return left.total_seconds()
    return (now - recent.answered_at).total_seconds()
