"""Sends what is to be told, and tries again what couldn't be sent.

Whoever writes a telling has it sent by a thread of its own, so that no request, call or sweep waits
for a mail server; what is left, the sweep tries again. Whoever sends claims the rows first: of
several processes one does. One that dies while it sends may have its message sent twice, and so may
one for which a mail server takes longer than the claim holds.
"""

import logging
import threading
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync import alert_channels
from auth0sync.alert_digest import Message, messages
from auth0sync.models import Telling
from auth0sync.quiet_hours import is_quiet

logger = logging.getLogger(__name__)

AT_ONCE = 50  # rows by one channel; the rest in the next round
CLAIMED_FOR = timedelta(seconds=60)
WAIT_S, WAIT_MOST_S = 30, 900  # after a failure, twice as long each time
GIVE_UP_AFTER = timedelta(days=2)
KEPT_FOR = timedelta(days=90)
PAGE = 50  # rows that are forgotten in one transaction


def in_background() -> None:
    """Send what is due without having the caller wait; nothing is started where nothing is due."""
    if any(_due(channel).exists() for channel in alert_channels.configured()):
        threading.Thread(target=_run, name="alerts").start()


def ping_in_background() -> None:
    """Give the watcher outside a sign of life."""
    threading.Thread(target=alert_channels.ping, name="alert-heartbeat").start()


def deliver() -> None:
    """Send what is due by every channel. By each one failure at most, so seconds each."""
    for channel in alert_channels.configured():
        _deliver(channel)


def prune() -> None:
    """Forget what was told, or given up, long ago: of the oldest page, as of the log of calls."""
    oldest = list(Telling.objects.order_by("pk").values_list("pk", flat=True)[:PAGE])
    Telling.objects.filter(pk__in=oldest, written_at__lt=Now() - KEPT_FOR).delete()


def unsent(channel: str) -> QuerySet[Telling]:
    """What waits to be sent by this channel, and isn't given up."""
    fresh = Telling.objects.filter(written_at__gt=Now() - GIVE_UP_AFTER)
    return fresh.filter(channel=channel, sent_at__isnull=True)


def _run() -> None:
    try:
        deliver()
    except DatabaseError:  # what was claimed is tried again when the claim is over
        logger.warning("The alerts couldn't be sent: the database doesn't answer.")
    finally:
        connections.close_all()


def _due(channel: str) -> QuerySet[Telling]:
    # Nothing is put off for so long: the clock was, and has been put back.
    is_due = Q(due_at__lte=Now()) | Q(due_at__gt=Now() + timedelta(seconds=2 * WAIT_MOST_S))
    due = unsent(channel).filter(is_due)
    if is_quiet(settings.ALERT_QUIET_HOURS, timezone.now()):
        return due.filter(held=False)
    return due


def _deliver(channel: str) -> None:
    claim = uuid4().hex
    rows = _claim(channel, claim)
    for message in messages(rows, timezone.now()):
        # The messages before it took their time. Whoever has taken this one over sends it.
        if not _claimed(claim).filter(pk__in=message.rows).update(due_at=Now() + CLAIMED_FOR):
            return
        error = alert_channels.send(channel, message)
        if error:
            _put_off(channel, error)
            return
        _sent(message)
    if any(row.attempts for row in rows):  # it is back: what waits for its turn goes out too
        unsent(channel).filter(claim="").update(due_at=Now())


def _claim(channel: str, claim: str) -> list[Telling]:
    ids = list(_due(channel).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    _due(channel).filter(pk__in=ids).update(claim=claim, due_at=Now() + CLAIMED_FOR)
    return list(_claimed(claim).order_by("pk"))


def _claimed(claim: str) -> QuerySet[Telling]:
    return Telling.objects.filter(sent_at__isnull=True, claim=claim)


def _sent(message: Message) -> None:
    Telling.objects.filter(pk__in=message.rows).update(sent_at=Now(), claim="", error="")


def _put_off(channel: str, error: str) -> None:
    """What failed for one would fail for all: none of them is tried before the wait is over."""
    tried = unsent(channel).aggregate(most=Max("attempts"))["most"] or 0
    wait_s = min(WAIT_S * 2 ** min(tried, 10), WAIT_MOST_S)
    unsent(channel).update(
        due_at=Now() + timedelta(seconds=wait_s),
        attempts=F("attempts") + 1,
        error=error[:200],
        claim="",
    )
