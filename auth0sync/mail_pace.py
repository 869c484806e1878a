"""When the next mail may go out, for all processes: learned from the mail server's own answers.

A server that refuses one mail because it has enough, or isn't there, would refuse the thousand that
wait behind it: so nobody else tries until some time has passed, which doubles, and then one does.
A server that had enough is mailed to more slowly afterwards. What somebody waits for goes out
between the crowd's, unless the server takes nothing at all. Source: docs/architecture.md, "Mails".
"""

import time
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from auth0sync.errors import NotNow
from auth0sync.models import Bucket

HOLD_FIRST_S, HOLD_MOST_S = 30.0, 300.0
APART_FIRST_S, APART_MOST_S = 0.5, 60.0
SHORTER = 0.98  # the distance after every mail that was taken; nothing below APART_LEAST_S
APART_LEAST_S = 0.05
WAIT_MOST_S = 2.0  # longer waits are spent without holding an employee


class Lane(StrEnum):
    """By whom a mail is sent; also what waits for it in ``Account.waits_for``."""

    SERVER = "mail"
    AUTH0 = "mail by auth0"


# Auth0's own mail service sends ten a minute (facts: section 2b, "Mail").
APART_AT_LEAST_S = {Lane.SERVER: 0.0, Lane.AUTH0: 6.0}
WHY = {
    Lane.SERVER: "The mail server takes no more at the moment; it is tried again by itself.",
    Lane.AUTH0: "Auth0 sends few mails a minute; this one's turn comes by itself.",
}


def take_turn(lane: Lane, *, at_once: bool) -> None:
    """Wait for the turn of one mail, at most two seconds.

    at_once: somebody waits for it. Raises NotNow, when the turn is further away.
    """
    while True:
        bucket, now = _read(lane)
        left_s = (bucket.next_at - now).total_seconds()
        hold_s, apart_s = _learned(bucket)
        if left_s > WAIT_MOST_S and (hold_s or not at_once):
            raise NotNow(WHY[lane], code=f"{lane}_turn", retry_after_s=left_s)
        wait_s = 0.0 if at_once and not hold_s else max(left_s, 0.0)
        # Of a server that refused, one mail is the probe: the others wait for what becomes of it.
        apart_s = max(apart_s, APART_AT_LEAST_S[lane], _probe_s() if hold_s else 0)
        if not apart_s and left_s <= 0:
            return
        next_at = max(bucket.next_at, now) + timedelta(seconds=apart_s)
        if _write(bucket, next_at=next_at):
            time.sleep(wait_s)
            return


def taken(lane: Lane) -> None:
    """A mail was taken: what held the others up is over, and they may follow more closely."""
    while True:
        bucket, now = _read(lane)
        hold_s, apart_s = _learned(bucket)
        shorter_s = apart_s * SHORTER if apart_s * SHORTER >= APART_LEAST_S else 0.0
        if not (hold_s or apart_s):
            return
        over = {"next_at": now + timedelta(seconds=shorter_s)} if hold_s else {}
        if _write(bucket, limits={"hold_s": 0.0, "apart_s": shorter_s}, **over):
            return


def refused(lane: Lane, *, had_enough: bool) -> None:
    """A mail was refused as the next one would be: all wait, twice as long each time.

    had_enough: the server said that these are too many, instead of not being there.
    """
    while True:
        bucket, now = _read(lane)
        hold_s, apart_s = _learned(bucket)
        if hold_s and (bucket.next_at - now).total_seconds() > _probe_s():
            return  # another that was under way has said so already
        hold_s = min(max(2 * hold_s, HOLD_FIRST_S), HOLD_MOST_S)
        if had_enough:
            apart_s = min(max(2 * apart_s, APART_FIRST_S), APART_MOST_S)
        next_at = now + timedelta(seconds=hold_s)
        if _write(bucket, next_at=next_at, limits={"hold_s": hold_s, "apart_s": apart_s}):
            return


def held() -> set[str]:
    """The lanes in which nothing goes out for a while: it is no use to take who waits for them."""
    later = Now() + timedelta(seconds=WAIT_MOST_S)
    return set(
        Bucket.objects.filter(pk__in=list(Lane), next_at__gt=later).values_list("pk", flat=True)
    )


def _probe_s() -> float:
    """How long it takes at most until one knows what became of a mail; less than any hold."""
    return min(2.0 * settings.EMAIL_TIMEOUT, HOLD_FIRST_S - 1)


def _learned(bucket: Bucket) -> tuple[float, float]:
    """Seconds for which a refusal holds all up, 0 for no refusal; seconds between two mails."""
    return bucket.limits.get("hold_s", 0.0), bucket.limits.get("apart_s", 0.0)


def _read(lane: Lane) -> tuple[Bucket, datetime]:
    """The row, and the database's present time."""
    found = Bucket.objects.filter(pk=lane).annotate(now=Now()).first()
    if found is None:
        Bucket.objects.get_or_create(pk=lane)
        return _read(lane)
    return found, found.now


def _write(bucket: Bucket, **columns: object) -> bool:
    """Compare and set: False when another process has changed the row since it was read."""
    unchanged = Bucket.objects.filter(pk=bucket.pk, version=bucket.version)
    return bool(unchanged.update(version=F("version") + 1, **columns))
