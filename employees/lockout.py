"""Wrong PINs are counted for each number, and from the tenth on that number has to wait.

A try is counted *before* its PIN is looked at, by a compare-and-set in the database: a hundred
guesses at once are ten guesses and ninety refusals. A right PIN takes the count away again. The
count goes by the number that was typed, so a number that nobody has is counted and made to wait
like any other, and nobody learns which numbers there are.

The table can't grow without end: each row costs one bcrypt check, is forgotten after QUIET (MEMORY,
where somebody had to wait), and every refused try sweeps old ones away.
"""

from datetime import datetime, timedelta
from math import ceil

from django.db import connection
from django.db.models.constants import OnConflict
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
    Call it outside a transaction: the count must be there for others before the PIN is looked at.
    """
    while True:
        now = timezone.now()
        row = PinTries.objects.filter(pk=number).first()
        if row is not None and row.wait_until is not None and row.wait_until > now:
            return ceil((row.wait_until - now).total_seconds())
        # When somebody else counted a try since the read, theirs counts first: look again.
        if _insert(number, now) if row is None else _count(row, now):
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


def _insert(number: int, now: datetime) -> bool:
    """The first wrong try; False when the row is there by now."""
    # By hand: what Django has for this opens a transaction, which every log-in would pay for.
    statement = connection.ops.insert_statement(on_conflict=OnConflict.IGNORE)
    forget_at = connection.ops.adapt_datetimefield_value(now + QUIET)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{statement} pin_tries (number, wrong, forget_at) VALUES (%s, 1, %s)",
            [number, forget_at],
        )
        return bool(cursor.rowcount == 1)


def _count(row: PinTries, now: datetime) -> bool:
    """One wrong try more; False when the row isn't as it was read."""
    wrong = row.wrong + 1 if now < row.forget_at else 1
    wait = wait_after(wrong)
    as_read = PinTries.objects.filter(pk=row.pk, wrong=row.wrong, forget_at=row.forget_at)
    changed = as_read.update(
        wrong=wrong,
        wait_until=now + wait if wait else None,
        forget_at=now + (wait + MEMORY if wait else QUIET),
    )
    return bool(changed)
