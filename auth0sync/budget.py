"""The live budget (requirement M9): how many calls go out, what waits, and when it is finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Count, Exists, F, Q
from django.db.models.functions import Now

from auth0sync.models import Account, Bucket, InvitationState, Pause, Priority, SyncLog
from auth0sync.pace import BUCKET
from auth0sync.pauses import EVERYTHING
from auth0sync.rate import Group, Limits

USED_OVER_S = 10
# What one person costs, in calls: made (account, role), changed, closed (block, sessions, refresh
# tokens, read back), a link to set a password, a look at the account.
CREATION = {Group.USER_WRITES: 1, Group.REST: 1}
CHANGE = {Group.USER_WRITES: 1}
CLOSING = {Group.USER_WRITES: 1, Group.USER_READS: 1, Group.REST: 2}
MAIL = {Group.REST: 1}
LOOK = {Group.USER_READS: 1, Group.REST: 1}


@dataclass(frozen=True)
class Budget:
    """The figures at ``now``, the database's time.

    used: calls a second, over the last ten seconds. left: calls that could go out at once; None
    when Auth0 hasn't told. people, calls: that wait for their turn. finished_at: when it is all of
    theirs; None when nobody waits. paused: people who wait for a pause to end, and nobody knows
    when that is.
    """

    now: datetime
    used: float
    left: int | None
    people: int
    calls: int
    finished_at: datetime | None
    paused: int


def budget() -> Budget:
    """The live figures; three queries, over what is due and the newest rows of the log."""
    bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
    now: datetime = bucket.now
    limits = Limits.from_json(bucket.limits)
    people, calls, paused = _waiting()
    starts = max(bucket.next_at, now).timestamp()
    finished = limits.finished(calls, starts, settings.AUTH0_RATE_LIMIT)
    level = limits.level(Group.USER_WRITES)
    return Budget(
        now=now,
        used=_used(now),
        left=max(0, int(level.left_at(now.timestamp()))) if level else None,
        people=people,
        calls=sum(calls.values()),
        finished_at=now + timedelta(seconds=finished - now.timestamp()) if people else None,
        paused=paused,
    )


def duration(made: int, mailed: int) -> timedelta:
    """How long it takes until so many accounts more are made, and mails sent: after what waits.

    At the present pace, as far as Auth0 has told; two queries.
    """
    bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
    now: datetime = bucket.now
    _people, calls, _paused = _waiting()
    _add(calls, CREATION, made)
    _add(calls, MAIL, mailed if settings.MAIL_CONFIGURED else 0)
    starts = max(bucket.next_at, now).timestamp()
    limits = Limits.from_json(bucket.limits)
    finished = limits.finished(calls, starts, settings.AUTH0_RATE_LIMIT)
    return timedelta(seconds=finished - now.timestamp())


def _waiting() -> tuple[int, dict[Group, int], int]:
    """How many people wait for a call, for how many of each group, and how many for a pause."""
    pauses = Pause.objects.values("pk")
    paused = Q(waits_for__in=pauses) | Q(Exists(pauses.filter(pk=EVERYTHING)))
    waits, ours = ~Q(due_seq=F("done_seq")), ~Q(origin="")
    unclean = waits & ~paused
    leaves = Q(priority=Priority.LEAVER)
    counts = Account.objects.filter(due_at__isnull=False, batch=None).aggregate(
        people=Count("pk", filter=unclean),
        made=Count("pk", filter=unclean & ~ours),
        changed=Count("pk", filter=unclean & ours & ~leaves),
        closed=Count("pk", filter=unclean & ours & leaves),
        mailed=Count(
            "pk",
            filter=~paused
            & (
                unclean & ~ours
                | Q(invitation__in=[InvitationState.WANTED, InvitationState.WAITING])
            ),
        ),
        looked=Count("pk", filter=unclean & Q(look_at__lte=Now())),
        paused=Count("pk", filter=waits & paused),
    )
    calls = dict.fromkeys(Group, 0)
    for kind, price in (
        ("made", CREATION),
        ("changed", CHANGE),
        ("closed", CLOSING),
        ("mailed", MAIL if settings.MAIL_CONFIGURED else {}),
        ("looked", LOOK),
    ):
        _add(calls, price, counts[kind])
    return counts["people"], calls, counts["paused"]


def _add(calls: dict[Group, int], price: Mapping[Group, int], number: int) -> None:
    for group, each in price.items():
        calls[group] += number * each


def _used(now: datetime) -> float:
    since = now - timedelta(seconds=USED_OVER_S)
    newest = SyncLog.objects.order_by("-id").values_list("created_at", "response_data")
    # Twice what the ceiling lets out: mails and token fetches stand in the log too.
    rows = newest[: ceil(2 * USED_OVER_S * settings.AUTH0_RATE_LIMIT)]
    called = [at for at, data in rows if at > since and data.get("http_status")]
    return len(called) / USED_OVER_S
