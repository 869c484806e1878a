"""Reading Auth0's log from a checkpoint, for plans without log streams; beside one it does no harm.

One process reads at a time, by a worker of the queue, so the sweep never waits for it.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from auth0sync import pauses
from auth0sync.calls import Call
from auth0sync.claim import after
from auth0sync.errors import Gone, Misconfigured, Rejected, Transient
from auth0sync.events_models import LogCheckpoint
from auth0sync.events_parsing import read_item
from auth0sync.events_store import store
from auth0sync.gate import Gate
from auth0sync.tenant_logs import TAKE, TenantLogs

logger = logging.getLogger(__name__)

PAGES_AT_ONCE = 10  # of the log, before others have their turn
REFUSED_S = 3600  # until it is tried again


class _Reader:
    """As gate.Holder. There is no lease: two who read the same page store it once."""

    def renew(self) -> None:
        """Nothing to be renewed."""

    def logged_as(self) -> dict[str, Any]:
        """As gate.Holder: a call for everybody."""
        return {"actor": "auth0_events"}


class _QuietGate(Gate):
    """The log of calls would be full of readings that found nothing."""

    def log(self, call: Call) -> None:
        """Only what went wrong."""
        if call.error is not None:
            super().log(call)


def is_due() -> bool:
    """Whether the log is to be read on now."""
    if not settings.AUTH0_LOG_POLL_SECONDS:
        return False
    row = LogCheckpoint.objects.filter(pk=1)
    return row.filter(next_at__lte=Now()).exists() or not row.exists()


def read_on(until: float) -> bool:
    """Read some pages of the log, when it is time; False when it isn't.

    until: ``time.monotonic()`` by which the last call has to be over.
    """
    if not is_due():
        return False
    LogCheckpoint.objects.get_or_create(pk=1)
    due = LogCheckpoint.objects.filter(pk=1, next_at__lte=Now())
    if not due.update(next_at=after(settings.AUTH0_LOG_POLL_SECONDS)):
        return False  # another process was quicker
    gate = _QuietGate(_Reader(), until)
    try:
        _read_pages(TenantLogs(gate.before_call, gate.after_call))
    except Transient as error:
        logger.info("Auth0's log is read later: %s", error)
    except Misconfigured as error:
        logger.error("Auth0's log can't be read: %s", error)
        pauses.begin(error, gate.outgoing.action)
        # It is an optional scope: to be refused every minute would fill the log of calls.
        LogCheckpoint.objects.filter(pk=1).update(next_at=after(REFUSED_S))
    return True


def _read_pages(logs: TenantLogs) -> None:
    for _ in range(PAGES_AT_ONCE):
        last = LogCheckpoint.objects.values_list("log_id", flat=True).get(pk=1)
        try:
            page = logs.read_log(last)
        except (Gone, Rejected) as error:
            if not last:
                raise Transient(str(error), code=error.code) from error
            # Auth0 keeps that entry no more: all that it keeps is read, and what is known counts
            # once.
            logger.warning("Auth0's log is read from its beginning: the last entry is gone.")
            _note(last, log_id="", next_at=Now())
            return
        store(filter(None, map(read_item, page)), is_read=True)
        # Its own order, which says more than the time of an entry (facts: GET /logs).
        newest = max([last, *map(_log_id, page)])
        if not _note(last, log_id=newest, read_at=Now()) or len(page) < TAKE or newest == last:
            return
    LogCheckpoint.objects.filter(pk=1).update(next_at=Now())


def _note(last: str, **columns: Any) -> bool:
    """False when another process has read on meanwhile."""
    return bool(LogCheckpoint.objects.filter(pk=1, log_id=last).update(**columns))


def _log_id(entry: object) -> str:
    found = entry.get("log_id") if isinstance(entry, Mapping) else None
    return found if isinstance(found, str) and len(found) <= 100 else ""
