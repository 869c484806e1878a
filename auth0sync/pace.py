"""When the next call to Auth0 may go out: the limit, and what to do when the tenant is down.

Everything is kept in the database, on its clock, so that all processes on all machines share one
pace. No transaction is open while somebody waits here.
"""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest, Now

from auth0sync.errors import NotNow
from auth0sync.models import Account, Bucket, TenantState

BUCKET = "management"
WAIT_MOST_S = 2.0  # longer waits are spent without holding an employee
DOWN_AFTER = 5  # failures in a row, over all employees
PROBE_WAIT_MOST_S = 60


def take_slot() -> None:
    """Wait for this process's turn, at most two seconds; calls are spaced evenly.

    Even spacing keeps any second, wherever it begins, within AUTH0_RATE_LIMIT calls.
    Raises: NotNow with the time until there is room, when that is longer.
    """
    interval = timedelta(seconds=1 / settings.AUTH0_RATE_LIMIT)
    while True:
        bucket = Bucket.objects.annotate(now=Now()).get(pk=BUCKET)
        turn = max(bucket.next_at, bucket.now)
        wait_s = (turn - bucket.now).total_seconds()
        if wait_s > WAIT_MOST_S:
            raise NotNow("Waiting for Auth0's limit.", code="rate_limit", retry_after_s=wait_s)
        # Compare and set: whoever changes the row first has the turn, the others look again.
        unchanged = Bucket.objects.filter(pk=BUCKET, version=bucket.version)
        if unchanged.update(next_at=turn + interval, version=F("version") + 1):
            time.sleep(wait_s)
            return


def hold_back(seconds: float) -> None:
    """Let no process call for so many seconds: Auth0 said so with a 429."""
    Bucket.objects.filter(pk=BUCKET).update(
        next_at=Greatest(F("next_at"), Now() + timedelta(seconds=seconds)), version=F("version") + 1
    )


def refuse_while_down() -> None:
    """Let one probe through when its time has come; raises NotNow for all others while down."""
    state = TenantState.objects.filter(pk=1, down_since__isnull=False).annotate(now=Now()).first()
    if state is None:
        return
    wait_s = state.probe_wait_s + 2 * settings.AUTH0_TIMEOUT  # a probe may die without a word
    ready = TenantState.objects.filter(pk=1, probe_at__lte=Now())
    if ready.update(probe_at=Now() + timedelta(seconds=wait_s)):
        return
    left_s = (state.probe_at - state.now).total_seconds() if state.probe_at else 0.0
    raise NotNow(
        "Auth0 doesn't answer; the console tries again by itself.",
        code="tenant_down",
        retry_after_s=max(left_s, 0.5),
    )


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
