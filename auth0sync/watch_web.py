"""The web servers' part: they notice that nobody sweeps any more, since who sweeps can't.

Pages of the admin and /readyz ask; each process looks once a minute at most, all of them together
too. No request waits for a mail. When the whole machine is gone only a watcher outside notices
(ALERT_HEARTBEAT_URL).
"""

import logging
import time
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from auth0sync import alert_delivery, alerts
from auth0sync.models import TenantState

logger = logging.getLogger(__name__)

EVERY_S = 60.0
SILENT_FOR = timedelta(minutes=5)
SILENT = "silent:sweep"

_next_look = 0.0  # of this process


def look() -> None:
    """Tell when no sweep was made for five minutes, and send what nobody else sends.

    The sweep tells when that is over. Never raises for a database that is away: the request that
    asks has its own answer to that.
    """
    global _next_look
    now = time.monotonic()
    if now < _next_look:
        return
    _next_look = now + EVERY_S
    try:
        _look()
    except DatabaseError:
        logger.warning("Can't look whether the sweep runs: the database doesn't answer.")


def _look() -> None:
    silent = TenantState.objects.filter(_isnt_within("looked_at", SILENT_FOR), pk=1)
    if not silent.exists():
        return
    mine = silent.filter(_isnt_within("watched_at", timedelta(seconds=EVERY_S)))
    if not mine.update(watched_at=Now()):
        return
    alerts.alert(
        SILENT,
        "nothing has synced: the worker isn't running",
        "For more than five minutes nobody has looked who is due. Changes are kept, but no "
        "account follows, nobody who leaves is shut out of Auth0, and no import goes on. Start "
        "“manage.py qcluster” on one machine at least, and look at its log.\n\n"
        "What to do: docs/alerts.md.",
    )
    alert_delivery.in_background()


def _isnt_within(column: str, length: timedelta) -> Q:
    """Longer ago; or as far ahead, which is of a clock that has been put back since."""
    is_past = Q(**{f"{column}__lt": Now() - length})
    return is_past | Q(**{f"{column}__gt": Now() + length})
