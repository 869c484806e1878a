"""When the next call to Auth0 may go out: the limits, and what to do when the tenant is down.

AUTH0_RATE_LIMIT is the ceiling over all calls. Below it the console goes as fast as the tenant's
own answers show that it may (rate.py). Everything is kept in the database, on its clock, so that
all processes on all machines share one pace. No transaction is open while somebody waits here.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from auth0sync.errors import NotNow
from auth0sync.models import Account, Bucket, TenantState
from auth0sync.rate import Group, Limits

BUCKET = "management"
WAIT_MOST_S = 2.0  # longer waits are spent without holding an employee
DOWN_AFTER = 5  # failures in a row, over all employees
PROBE_WAIT_MOST_S = 60
SIZE_MOST = 10_000  # calls; a bucket that is bigger is no limit


def take_slot(group: Group) -> float:
    """Wait for this process's turn, at most two seconds; return how many it took.

    Turns are spaced evenly, AUTH0_RATE_LIMIT in any second, wherever it begins; and there has to be
    a call left in what is known of the tenant's bucket for ``group``.
    Raises: NotNow with the time until there is room, when that is longer.
    """
    interval = timedelta(seconds=1 / settings.AUTH0_RATE_LIMIT)
    while True:
        bucket, now, limits = _read()
        turn_s = limits.next_turn(group, max(bucket.next_at, now).timestamp())
        wait_s = turn_s - now.timestamp()
        if wait_s > WAIT_MOST_S:
            raise NotNow("Waiting for Auth0's limit.", code="rate_limit", retry_after_s=wait_s)
        turn = now + timedelta(seconds=wait_s)
        if _write(bucket, limits.take(group, turn_s), next_at=turn + interval):
            time.sleep(wait_s)
            return wait_s


def learn(group: Group, headers: Mapping[str, str], wait_s: float | None = None) -> None:
    """Let an answer of Auth0 correct what is known of its limits.

    headers: the answer's, with names in lower case. wait_s: seconds that all processes have to
    wait, when the call was refused (429); without a limit in the headers that holds for all calls.
    """
    told = _told(headers)
    while True:
        bucket, now, limits = _read()
        columns: dict[str, Any] = {}
        if told is None:
            if wait_s is not None:
                columns["next_at"] = max(bucket.next_at, now + timedelta(seconds=wait_s))
            elif limits == limits.unlimited(group):
                return
            else:
                limits = limits.unlimited(group)
        elif wait_s is None:
            limits = limits.answered(group, *told, now.timestamp())
        else:
            limits = limits.refused(group, told[0], now.timestamp(), wait_s)
        if _write(bucket, limits, **columns):
            return


def room_at(bucket: Bucket) -> datetime:
    """When a call may go out again, as far as waiting as told is concerned."""
    held = (level.held_until for level in Limits.from_json(bucket.limits).levels.values())
    return max([bucket.next_at, *(datetime.fromtimestamp(until, UTC) for until in held)])


def _read() -> tuple[Bucket, datetime, Limits]:
    """The row, the database's present time, and what the row says of the tenant's limits."""
    bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
    return bucket, bucket.now, Limits.from_json(bucket.limits)


def _write(bucket: Bucket, limits: Limits, **columns: Any) -> bool:
    """Compare and set: False when another process has changed the row since it was read."""
    unchanged = Bucket.objects.filter(pk=BUCKET, version=bucket.version)
    return bool(unchanged.update(limits=limits.as_json(), version=F("version") + 1, **columns))


def _told(headers: Mapping[str, str]) -> tuple[int, int] | None:
    """The size of the bucket and what is left in it, where the answer says so."""
    size, left = (headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining"))
    if not (size.isdecimal() and left.isdecimal() and 0 < int(size) <= SIZE_MOST):
        return None
    return int(size), min(int(left), int(size))


def refuse_while_down() -> bool:
    """Let one probe through when its time has come; raises NotNow for all others while down.

    Returns whether the caller is that probe.
    """
    state = TenantState.objects.filter(pk=1, down_since__isnull=False).annotate(now=Now()).first()
    if state is None:
        return False
    wait_s = state.probe_wait_s + 2 * settings.AUTH0_TIMEOUT  # a probe may die without a word
    ready = TenantState.objects.filter(pk=1, probe_at__lte=Now())
    if ready.update(probe_at=Now() + timedelta(seconds=wait_s)):
        return True
    left_s = (state.probe_at - state.now).total_seconds() if state.probe_at else 0.0
    raise NotNow(
        "Auth0 doesn't answer; the console tries again by itself.",
        code="tenant_down",
        retry_after_s=max(left_s, 0.5),
    )


def give_probe_back() -> None:
    """The probe didn't go out, so another call may be it at once."""
    TenantState.objects.filter(pk=1, down_since__isnull=False).update(probe_at=Now())


def is_open() -> bool:
    """Whether a call could go out now: the tenant isn't down, or its next probe is due."""
    return not TenantState.objects.filter(
        pk=1, down_since__isnull=False, probe_at__gt=Now()
    ).exists()


def answered() -> None:
    """Auth0 answered something sensible: end the outage, and have everybody who waits due now."""
    state = TenantState.objects.filter(pk=1, failures_in_row__gt=0).first()
    if state is None:
        return
    TenantState.objects.filter(pk=1).update(
        failures_in_row=0, down_since=None, probe_at=None, probe_wait_s=1
    )
    if state.down_since:
        # Those who failed, or were turned away, before are waiting out their back-off.
        waiting = Account.objects.filter(due_at__gt=Now(), lease="")
        waiting.exclude(done_seq=F("due_seq")).update(due_at=Now())


def failed() -> None:
    """A call got no answer, or a 5xx: five in a row over all employees mean that Auth0 is down.

    While it is, probes go out one, two, four … at most 60 seconds after the last one failed. Calls
    that were under way when the outage was noticed don't lengthen that.
    """
    state = TenantState.objects.annotate(now=Now()).get(pk=1)
    columns: dict[str, Any] = {"failures_in_row": F("failures_in_row") + 1}
    if state.down_since is None:
        if state.failures_in_row + 1 >= DOWN_AFTER:
            columns |= {"down_since": Now(), **_next_probe(1)}
    elif state.probe_at is None or state.probe_at - state.now > timedelta(
        seconds=state.probe_wait_s
    ):
        # Only a probe on its way puts the next one off further than the wait.
        columns |= _next_probe(min(2 * state.probe_wait_s, PROBE_WAIT_MOST_S))
    TenantState.objects.filter(pk=1).update(**columns)


def _next_probe(wait_s: int) -> dict[str, Any]:
    return {"probe_wait_s": wait_s, "probe_at": Now() + timedelta(seconds=wait_s)}
