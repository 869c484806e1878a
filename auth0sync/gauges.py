"""How the link to Auth0 stands at this moment, for /metrics; nobody's name, number or e-mail.

A dozen queries that read little of an index where little is to be done. What looks at everybody who
is due is kept for half a minute in a process where that is a crowd (``employees.counting``).
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce, Now
from django_q.tasks import queue_size
from redis import RedisError

from auth0sync import alert_kinds, switch
from auth0sync.account import PLAN_VERSION
from auth0sync.mail_pace import Lane
from auth0sync.models import (
    PLANNED,
    Account,
    Attention,
    Bucket,
    Comparison,
    Difference,
    Heartbeat,
    ImportJob,
    Incident,
    InvitationState,
    Pause,
    Priority,
    StagedBatch,
    TenantState,
)
from auth0sync.pace import BUCKET, room_at
from auth0sync.rate import Group, Limits
from auth0sync.sweep import LEASE_LEAST_S
from auth0sync.worker import DEAD_AFTER_S
from employees.counted import CAPABILITIES
from employees.counting import kept
from employees.gauges import Gauge, by_label, gauge

OFF = ("not_configured", "switched_off", "foreign_tenant", "restored", "paused")
PRIORITIES = {Priority.LEAVER: "leaver", Priority.INTERACTIVE: "by_hand", Priority.BULK: "bulk"}
WAITING_MAIL = (InvitationState.WANTED, InvitationState.WAITING)


def gauges() -> list[Gauge]:
    """All of them; fourteen queries, and none that grows with the people who have no work open."""
    state = TenantState.objects.annotate(now=Now()).filter(pk=1).first()
    found = [*_waiting(), *_held(), *_drift(), *_work()]
    if state is None:  # the migration makes it
        return found
    return [*_link(state), *_limits(state.now), *_comparison(state), *_life(state), *found]


def _link(state: Any) -> list[Gauge]:
    off = switch.by_settings() or switch.by_state(state)
    paused = {_word(pk) for pk in Pause.objects.values_list("pk", flat=True)}
    names = (*CAPABILITIES, *sorted(paused - set(CAPABILITIES)))
    expires = state.token_expires_at
    return [
        by_label(
            "auth0_off",
            "1 for the reason why nothing is called at all, 0 for the others.",
            "reason",
            {reason: float(off is not None and off.code == reason) for reason in OFF},
        ),
        by_label(
            "auth0_paused",
            "1 for what Auth0 refuses the console at the moment; token stands for everything.",
            "capability",
            {name: float(name in paused) for name in names},
        ),
        gauge(
            "auth0_down_seconds",
            "For how long Auth0 hasn't answered; 0 while it does.",
            _age_s(state.now, state.down_since) or 0,
        ),
        gauge(
            "auth0_token_left_seconds",
            "How long the machine token is good for; 0 when there is none.",
            max((expires - state.now).total_seconds(), 0) if expires else 0,
        ),
    ]


def _waiting() -> list[Gauge]:
    """What is to be done: of a crowd not older than half a minute."""
    found: dict[str, Any] = kept("gauges of what is due", _ask_who_waits)
    now = found["now"]
    oldest = {name: _age_s(now, found[f"oldest_{name}"]) or 0 for name in PRIORITIES.values()}
    needing = dict.fromkeys((each.name.lower() for each in Attention), 0)
    rows = Account.objects.filter(attention__gt=0).values_list("attention").order_by()
    for why, number in rows.annotate(rows=Count("pk")):
        needing[Attention(why or 0).name.lower()] = number
    return [
        by_label(
            "auth0_due",
            "Employees for whom there is something to do now.",
            "priority",
            {name: found[f"due_{name}"] for name in PRIORITIES.values()},
        ),
        by_label(
            "auth0_oldest_due_seconds",
            "Since when whoever has waited longest waits; who is held or put off isn't looked at.",
            "priority",
            oldest,
        ),
        gauge("auth0_later", "Employees for whom something is planned for later.", found["later"]),
        gauge("auth0_in_work", "Employees whom a worker has at this moment.", found["in_work"]),
        gauge(
            "auth0_waiting_for_pause",
            "Employees who wait until Auth0, or the mail server, takes something again.",
            found["waits"],
        ),
        gauge("auth0_invitations_waiting", "Mails with a link that are to go out.", found["mails"]),
        by_label(
            "auth0_needs_attention",
            "Employees whose account needs a person, by why; failed: it isn't as the row wants it.",
            "why",
            needing,
        ),
    ]


def _ask_who_waits() -> tuple[dict[str, Any], int]:
    """The figures, and how many rows were looked at for them: those with something planned."""
    is_due = Q(due_at__lte=Now())
    counts: dict[str, Any] = {
        "rows": Count("pk"),
        "in_work": Count("pk", filter=Q(lease_until__gt=Now()) & ~Q(lease="")),
        "waits": Count("pk", filter=~Q(waits_for="")),
        "mails": Count("pk", filter=Q(invitation__in=WAITING_MAIL)),
        "later": Count("pk", filter=~is_due),
    }
    for priority, name in PRIORITIES.items():
        mine = is_due & Q(priority=priority)
        counts[f"due_{name}"] = Count("pk", filter=mine)
        counts[f"oldest_{name}"] = Min("waiting_since", filter=mine)
    found = Account.objects.filter(PLANNED).aggregate(**counts)
    found["now"] = TenantState.objects.annotate(now=Now()).values_list("now", flat=True).first()
    return found, found["rows"]


def _held() -> list[Gauge]:
    batches = StagedBatch.objects.filter(state=StagedBatch.State.OPEN)
    kinds = dict.fromkeys((str(kind) for kind in StagedBatch.Kind), 0)
    for row in batches.values("kind").annotate(people=Count("account")).order_by():
        kinds[row["kind"]] = row["people"]
    about = "People whose changes the safety brake holds until a second person decides."
    return [by_label("auth0_held", about, "kind", kinds)]


def _drift() -> list[Gauge]:
    """Of many not older than half a minute."""
    kinds = dict.fromkeys((str(kind) for kind in Difference.Kind), 0)

    def ask() -> tuple[dict[str, int], int]:
        rows = Difference.objects.filter(state=Difference.State.OPEN).values("kind").order_by()
        found = {row["kind"]: row["rows"] for row in rows.annotate(rows=Count("pk"))}
        return found, sum(found.values())

    about = "Differences between Auth0 and the table that wait for a decision."
    return [by_label("auth0_drift", about, "kind", {**kinds, **kept("gauges of drift", ask)})]


def _work() -> list[Gauge]:
    jobs = ImportJob.objects.exclude(state=ImportJob.State.OVER).count()
    incidents = dict.fromkeys((*alert_kinds.NAMES, alert_kinds.OTHER), 0)
    for key in Incident.objects.filter(ended_at__isnull=True).values_list("pk", flat=True):
        incidents[alert_kinds.name_of(key)] += 1
    try:
        queued: int | None = queue_size()
    except RedisError:
        queued = None
    return [
        gauge("auth0_import_jobs", "Import jobs that aren't over.", jobs),
        by_label("auth0_incidents", "Incidents that were told and aren't over.", "kind", incidents),
        gauge(
            "auth0_queue", "Tasks that stand in the queue; none while it can't be asked.", queued
        ),
        Gauge(
            "console_build_info",
            "1; the labels say which version of the plan runs, and on which database.",
            [
                (
                    {
                        "plan": str(PLAN_VERSION),
                        "database": settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
                        "environment": settings.ENVIRONMENT_NAME,
                    },
                    1.0,
                )
            ],
        ),
    ]


def _limits(now: datetime) -> list[Gauge]:
    """The pace of calls and mails."""
    buckets = {each.pk: each for each in Bucket.objects.all()}
    calls = buckets.get(BUCKET)
    limits = Limits.from_json(calls.limits if calls else {})
    levels = {_word(group): level for group in Group if (level := limits.level(group))}
    left = {name: max(level.left_at(now.timestamp()), 0.0) for name, level in levels.items()}
    sizes = {name: float(level.limit) for name, level in levels.items()}
    held = [bucket.next_at for lane in Lane if (bucket := buckets.get(lane))]
    return [
        gauge(
            "auth0_rate_limit_ceiling",
            "Calls a second that go out at most (AUTH0_RATE_LIMIT).",
            settings.AUTH0_RATE_LIMIT,
        ),
        by_label(
            "auth0_rate_limit_size",
            "Calls that the tenant's own bucket holds, where an answer has told.",
            "group",
            sizes,
        ),
        by_label(
            "auth0_rate_limit_left",
            "Calls that should be left in that bucket now.",
            "group",
            left,
        ),
        gauge(
            "auth0_rate_limit_wait_seconds",
            "How long no call goes out, because Auth0 said so or the ceiling is reached.",
            _left_s(now, room_at(calls)) if calls else None,
        ),
        gauge(
            "console_mail_wait_seconds",
            "How long no mail goes out, because a mail server takes none.",
            max((_left_s(now, at) for at in held), default=0.0),
        ),
    ]


def _comparison(state: Any) -> list[Gauge]:
    done = Comparison.objects.filter(state=Comparison.State.DONE)
    last = done.order_by("-finished_at").first()
    return [
        gauge(
            "auth0_comparison_age_seconds",
            "Since when Auth0 wasn't compared with the table; before the first time since set-up.",
            _age_s(state.now, state.compared_at),
        ),
        gauge(
            "auth0_unexplained",
            "By how many accounts the last balance sheet doesn't add up.",
            last.unexplained if last else None,
        ),
        gauge(
            "auth0_differing",
            "People who differed in the last comparison.",
            last.differing if last else None,
        ),
    ]


def _life(state: Any) -> list[Gauge]:
    """Signs of life of the workers and of the sweep."""
    last = Coalesce("beaten_at", "started_at")
    beats = list(Heartbeat.objects.annotate(last=last).values_list("last", flat=True))
    ages = [_age_s(state.now, at) or 0 for at in beats]
    length = timedelta(seconds=max(LEASE_LEAST_S, settings.AUTH0_SWEEP_SECONDS))
    swept_at = state.sweep_lease_until - length if state.sweep_lease_until else None
    return [
        gauge(
            "auth0_clusters",
            "Clusters of workers (qcluster) that gave a sign of life lately.",
            sum(age <= DEAD_AFTER_S for age in ages),
        ),
        gauge(
            "auth0_heartbeat_age_seconds",
            "Since when no cluster gave a sign of life; nothing where none runs.",
            min(ages, default=None),
        ),
        gauge(
            "auth0_sweep_age_seconds",
            "Since when no sweeper worked; nothing where all were stopped in order.",
            _age_s(state.now, swept_at),
        ),
    ]


def _age_s(now: datetime, since: datetime | None) -> float | None:
    """Seconds since then, at least 0."""
    return None if since is None else max((now - since).total_seconds(), 0.0)


def _left_s(now: datetime, until: datetime) -> float:
    return max((until - now).total_seconds(), 0.0)


def _word(group: str) -> str:
    return group.replace(" ", "_")
