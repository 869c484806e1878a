"""The live budget (requirement M9): how many calls go out, what waits, and when it is finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Count, Exists, F, Q
from django.db.models.functions import Now

from auth0sync.bulk import why_one_by_one
from auth0sync.bulk_file import PEOPLE_MOST
from auth0sync.bulk_steps import ACTIVE_MOST, ROLE_MOST
from auth0sync.models import (
    PLANNED,
    Account,
    Bucket,
    ImportJob,
    InvitationState,
    Pause,
    Priority,
    SyncLog,
)
from auth0sync.pace import BUCKET
from auth0sync.pauses import EVERYTHING
from auth0sync.rate import Group, Limits

USED_OVER_S = 10
# What one person costs, in calls: made (account, role), changed, closed (block, sessions, refresh
# tokens, read back), a link to set a password, a look at the account.
CREATION = {Group.USER_WRITES: 1, Group.REST: 1}
# Many accounts made by an import job: two calls and what is read of it, and a role for fifty.
JOB = {Group.REST: 10}
ROLES_BATCH = {Group.REST: 1}
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
    when that is. by_job: how many of the people get their account by an import job.
    """

    now: datetime
    used: float
    left: int | None
    people: int
    calls: int
    finished_at: datetime | None
    paused: int
    by_job: int = 0


@dataclass(frozen=True)
class _Waiting:
    """people: who wait for a call. paused: for a pause. calls: of each group. by_job: as above."""

    people: int
    paused: int
    calls: Mapping[Group, int]
    by_job: int


def budget() -> Budget:
    """The live figures; three queries, over what is due and the newest rows of the log.

    Two more where a crowd of new accounts waits.
    """
    bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
    now: datetime = bucket.now
    waiting = _waiting()
    level = Limits.from_json(bucket.limits).level(Group.USER_WRITES)
    return Budget(
        now=now,
        used=_used(now),
        left=max(0, int(level.left_at(now.timestamp()))) if level else None,
        people=waiting.people,
        calls=sum(waiting.calls.values()),
        finished_at=now + _takes(waiting, bucket) if waiting.people else None,
        paused=waiting.paused,
        by_job=waiting.by_job,
    )


def duration(made: int, mailed: int) -> timedelta:
    """How long it takes until so many accounts more are made, and mails sent: after what waits.

    At the present pace, as far as Auth0 has told; two queries, and two more for a crowd.
    """
    bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
    return _takes(_waiting(made, mailed), bucket)


def _takes(waiting: _Waiting, bucket: Bucket) -> timedelta:
    """How long all that takes: the calls, and what Auth0 itself needs for the jobs.

    bucket: annotated with ``now``.
    """
    now: datetime = vars(bucket)["now"]
    starts = max(bucket.next_at, now).timestamp()
    limits = Limits.from_json(bucket.limits)
    finished = limits.finished(waiting.calls, starts, settings.AUTH0_RATE_LIMIT)
    return max(timedelta(seconds=finished - now.timestamp()), _in_jobs(waiting.by_job))


def _in_jobs(people: int) -> timedelta:
    """How long Auth0 works at import jobs of so many, as fast as at the last one."""
    ended = ImportJob.objects.filter(ended_at__isnull=False, people__gt=0)
    job = ended.order_by("-pk").first() if people else None
    if job is None or job.ended_at is None or job.sent_at is None:
        return timedelta()
    return (job.ended_at - job.sent_at) * (people / job.people / ACTIVE_MOST)


def _waiting(made: int = 0, mailed: int = 0) -> _Waiting:
    """What waits for a call or a pause. made, mailed: what comes besides."""
    pauses = Pause.objects.values("pk")
    paused = Q(waits_for__in=pauses) | Q(Exists(pauses.filter(pk=EVERYTHING)))
    waits, ours = ~Q(due_seq=F("done_seq")), ~Q(origin="")
    unclean, alone = waits & ~paused, Q(job=None)
    leaves = Q(priority=Priority.LEAVER)
    counts = Account.objects.filter(PLANNED, batch=None).aggregate(
        people=Count("pk", filter=unclean),
        made=Count("pk", filter=unclean & ~ours & alone),
        by_job=Count("pk", filter=unclean & ~alone),
        changed=Count("pk", filter=unclean & ours & ~leaves & alone),
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
    one_by_one, by_job = counts["made"] + made, counts["by_job"]
    if one_by_one > settings.AUTH0_BULK_MIN and not why_one_by_one():
        one_by_one, by_job = 0, by_job + one_by_one
    calls = dict.fromkeys(Group, 0)
    for price, number in (
        (CREATION, one_by_one),
        (JOB, ceil(by_job / PEOPLE_MOST)),
        (ROLES_BATCH, ceil(by_job / ROLE_MOST)),
        (CHANGE, counts["changed"]),
        (CLOSING, counts["closed"]),
        (MAIL if settings.MAIL_CONFIGURED else {}, counts["mailed"] + mailed),
        (LOOK, counts["looked"]),
    ):
        for group, each in price.items():
            calls[group] += number * each
    return _Waiting(counts["people"], counts["paused"], calls, by_job)


def _used(now: datetime) -> float:
    since = now - timedelta(seconds=USED_OVER_S)
    newest = SyncLog.objects.order_by("-id").values_list("created_at", "response_data")
    # Twice what the ceiling lets out: mails and token fetches stand in the log too.
    rows = newest[: ceil(2 * USED_OVER_S * settings.AUTH0_RATE_LIMIT)]
    called = [at for at, data in rows if at > since and data.get("http_status")]
    return len(called) / USED_OVER_S
