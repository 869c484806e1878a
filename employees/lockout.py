"""Wrong PINs are counted: by whose PIN was tried at which door, and by where the tries came from.

Two budgets, and both have to have room:

- **Person.** From the fifth wrong PIN on this number has to wait, each time twice as long, *at this
  door*. Each enrolled kiosk is a door, and everything else together is one more: so whoever tries
  PINs from elsewhere never keeps anybody out at the kiosk, nor at one kiosk from another.
- **Place.** A kiosk, or a network address, that tries one PIN at many numbers runs out of tries,
  and gets one more every minute or third of one.

A try is counted *before* its PIN is looked at, by a compare-and-set in the database: a hundred
guesses at once are five guesses and ninety-five refusals. A right PIN takes its own count back.
Numbers that nobody has are counted and made to wait like any other, so nobody learns which there
are. The table can't grow without end: each row costs one bcrypt check, is forgotten after MEMORY,
and every refused try sweeps old ones away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from django.db import connection
from django.db.models import DateTimeField, F, QuerySet, Value
from django.db.models.constants import OnConflict
from django.db.models.functions import Greatest
from django.utils import timezone

from employees.contention import again_after_deadlock
from employees.models import PinTries

FREE_TRIES = 5  # the fifth wrong one brings the first wait
MEMORY = timedelta(hours=24)  # without a try, or after a wait; then all is forgotten
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=60)
SWEPT_AT_ONCE = 100
NOBODY = 0  # in the place of a number: the place itself
IPV6_NETWORK = 64  # bits; whoever has one address of such a network has them all


@dataclass(frozen=True)
class Door:
    """Where a PIN is tried.

    place: whose budget for trying many numbers it is. scope: in which a person's tries are
    counted. burst: wrong tries at once; every: for how long one more has to be waited for.
    """

    place: str
    scope: str
    burst: int
    every: timedelta


def kiosk_door(kiosk_id: int) -> Door:
    """The door of an enrolled kiosk, at which a whole shift stands in line."""
    name = f"kiosk:{kiosk_id}"
    return Door(place=name, scope=name, burst=30, every=timedelta(minutes=1))


def outside_door(address: str) -> Door:
    """Every other door, by the caller's network address; many people may share one."""
    return Door(
        place=f"address:{network_of(address)}",
        scope="outside",
        burst=60,
        every=timedelta(seconds=20),
    )


@dataclass(frozen=True)
class Wait:
    """How long nothing is looked at. is_here: because of the place, not of the number."""

    seconds: int
    is_here: bool = False


def charge(door: Door, number: int | None) -> Wait | None:
    """Count a try as wrong; :func:`refund` takes it back when it was right.

    number: whose PIN; None for what can't be a number. Returns None when the PIN may be looked at.
    Tries while waiting are not counted and make the wait no longer, or anybody could keep a
    colleague out for ever. Call it outside a transaction: the count must be there for others before
    the PIN is looked at.
    """
    wait = _charge_place(door)
    if wait is not None or number is None:
        return wait
    wait = _charge_person(door, number)
    if wait is not None:  # nothing was looked at
        refund_place(door)
    return wait


@again_after_deadlock
def refund(door: Door, number: int) -> None:
    """The PIN was right: this person's tries at this door are forgotten, and this one here."""
    PinTries.objects.filter(scope=door.scope, number=number).delete()
    refund_place(door)


@again_after_deadlock
def refund_place(door: Door) -> None:
    """This try wasn't wrong, or nothing was looked at."""
    place = PinTries.objects.filter(scope=door.place, number=NOBODY)
    place.update(forget_at=F("forget_at") - door.every)


@again_after_deadlock
def unlock(number: int) -> None:
    """Forget this person's tries at every door: somebody who knows them says that they may."""
    PinTries.objects.filter(number=number).delete()


def waiting(number: int) -> list[PinTries]:
    """The doors at which this number has to wait now; [] for nowhere."""
    at_doors = PinTries.objects.filter(number=number, wait_until__gt=timezone.now())
    return list(at_doors.order_by("scope"))


@again_after_deadlock
def sweep() -> None:
    """Delete some of the rows that mean nothing any more; called after each refused try."""
    stale = PinTries.objects.filter(forget_at__lte=timezone.now())
    ids = list(stale.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    if ids:
        stale.filter(pk__in=ids).delete()


def wait_after(wrong: int) -> timedelta:
    """How long to wait after so many wrong PINs: 1, 2, 4 … up to 60 minutes, from the fifth on."""
    if wrong < FREE_TRIES:
        return timedelta()
    doubled = min(wrong - FREE_TRIES, 10)  # far past the longest wait, and no huge number
    return min(FIRST_WAIT * (1 << doubled), LONGEST_WAIT)


@again_after_deadlock
def _charge_person(door: Door, number: int) -> Wait | None:
    while True:
        now = timezone.now()
        row = PinTries.objects.filter(scope=door.scope, number=number).first()
        # When somebody else counted a try since the read, theirs counts first: look again.
        if row is None:
            if _insert(door.scope, number, now + MEMORY):
                return None
            continue
        if row.forget_at <= now:
            _as_read(row).delete()
            continue
        if row.wait_until is not None and row.wait_until > now:
            return Wait(_seconds(row.wait_until - now))
        wait = wait_after(row.wrong + 1)
        if _as_read(row).update(
            wrong=row.wrong + 1,
            wait_until=now + wait if wait else None,
            forget_at=now + wait + MEMORY,
        ):
            return None


@again_after_deadlock
def _charge_place(door: Door) -> Wait | None:
    """A leaky bucket: ``forget_at`` is when it is empty again, and a try puts that off."""
    while True:
        now = timezone.now()
        row = PinTries.objects.filter(scope=door.place, number=NOBODY).first()
        if row is None:
            if _insert(door.place, NOBODY, now + door.every):
                return None
            continue
        empty_at = max(row.forget_at, now) + door.every
        too_full = empty_at - now - door.every * door.burst
        if too_full > timedelta():
            return Wait(_seconds(too_full), is_here=True)
        # Not as read: a refund since then is not to be lost.
        put_off = Greatest(F("forget_at"), Value(now, DateTimeField())) + door.every
        if _as_read(row).update(wrong=row.wrong + 1, forget_at=put_off):
            return None


def _as_read(row: PinTries) -> QuerySet[PinTries]:
    """The row while nobody counted since; ``wrong`` only grows, until the row is deleted."""
    # By no indexed column but the key, or MariaDB may lock the other index first, and deadlock.
    return PinTries.objects.filter(pk=row.pk, wrong=row.wrong)


def _insert(scope: str, number: int, forget_at: datetime) -> bool:
    """The first wrong try; False when the row is there by now."""
    # By hand: what Django has for this opens a transaction, which every log-in would pay for.
    statement = connection.ops.insert_statement(on_conflict=OnConflict.IGNORE)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{statement} pin_budgets (scope, number, wrong, forget_at) VALUES (%s, %s, 1, %s)",
            [scope, number, connection.ops.adapt_datetimefield_value(forget_at)],
        )
        return bool(cursor.rowcount == 1)


def network_of(address: str) -> str:
    """What one caller has: an IPv4 address, or a network of IPv6; "unknown" for no address."""
    try:
        caller = ip_address(address)
    except ValueError:  # a Unix socket has none
        return "unknown"
    if isinstance(caller, IPv6Address):
        return str(ip_network((caller, IPV6_NETWORK), strict=False))
    return str(caller)


def _seconds(left: timedelta) -> int:
    return ceil(left.total_seconds())
