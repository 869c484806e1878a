"""Wrong PINs are counted for each number, and from the tenth on that number has to wait.

A try is counted *before* its PIN is looked at, under the row's lock and committed: a hundred
guesses at once are ten guesses and ninety refusals. A right PIN takes the count away again. The
count goes by the number that was typed, so a number that nobody has is counted and made to wait
like any other, and nobody learns which numbers there are.

The table can't grow without end: each row costs one bcrypt check, is forgotten after QUIET (MEMORY,
where somebody had to wait), and every refused try sweeps old ones away.
"""

from datetime import datetime, timedelta
from math import ceil

from django.db import connection, transaction
from django.utils import timezone

from employees.models import PinTries

FREE_TRIES = 10  # the tenth wrong one brings the first wait
QUIET = timedelta(minutes=15)  # without a try, after which fewer than FREE_TRIES are forgotten
MEMORY = timedelta(hours=24)  # after a wait, for which the next one stays longer
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=60)
SWEPT_AT_ONCE = 100


def charge(number: int) -> int:
    """Count a try for ``number`` as wrong; :func:`forgive` takes it back when it was right.

    Returns how many seconds are left to wait: with 0 the PIN may be looked at. Tries while waiting
    are not counted and make the wait no longer, or anybody could keep a colleague out for ever.
    Committed before it returns, so it can't be part of another transaction.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        row = _locked(number, now)
        if row.wait_until is not None and row.wait_until > now:
            return ceil((row.wait_until - now).total_seconds())
        wrong = row.wrong + 1 if now < row.forget_at else 1
        wait = wait_after(wrong)
        PinTries.objects.filter(pk=number).update(
            wrong=wrong,
            wait_until=now + wait if wait else None,
            forget_at=now + (wait + MEMORY if wait else QUIET),
        )
    return 0


def forgive(number: int) -> None:
    """Forget the wrong tries: the PIN was right, or somebody set a new one."""
    PinTries.objects.filter(pk=number).delete()


def sweep() -> None:
    """Delete some of the rows that mean nothing any more; called after each refused try."""
    stale = PinTries.objects.filter(forget_at__lte=timezone.now())
    numbers = list(stale.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    if numbers:
        stale.filter(pk__in=numbers).delete()


def wait_after(wrong: int) -> timedelta:
    """How long to wait after so many wrong PINs: 1, 2, 4 … up to 60 minutes, from the tenth on."""
    if wrong < FREE_TRIES:
        return timedelta()
    doubled = min(wrong - FREE_TRIES, 10)  # far past the longest wait, and no huge number
    return min(FIRST_WAIT * (1 << doubled), LONGEST_WAIT)


def _locked(number: int, now: datetime) -> PinTries:
    """The row, made where there is none, locked until the transaction ends.

    In one statement: two that both find no row would else both insert it, and MariaDB would end
    one of them as a deadlock.
    """
    targets = connection.features.supports_update_conflicts_with_target
    PinTries.objects.bulk_create(
        [PinTries(number=number, tried_at=now, forget_at=now + QUIET)],
        update_conflicts=True,
        update_fields=["tried_at"],
        unique_fields=["number"] if targets else None,
    )
    return PinTries.objects.select_for_update().get(pk=number)
