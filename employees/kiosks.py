"""Which devices of the shop floor are ours: set up once with a code, known by a key, signed out.

The key is 256 random bits in a cookie of the device's browser; here stands its hash. The code is
for the minute in which an administrator stands beside the device, and works once. Source: the OAuth
2.0 device grant, RFC 8628, which is the same with the roles swapped, for its words on guessing.
"""

import hashlib
import secrets
from datetime import timedelta
from hmac import compare_digest

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from employees import lockout
from employees.authority import Actor, why_not_administer
from employees.errors import EmployeesError, NotAllowed
from employees.lockout import Door, Wait
from employees.models import Kiosk

CODE_DIGITS = 10  # a kiosk has a keypad, no letters; some 33 bits, for a quarter of an hour
CODE_LASTS = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)


class WrongCode(EmployeesError):
    """No kiosk waits for this code: it is wrong, used, or over."""

    def __init__(self) -> None:
        super().__init__("This code is wrong, or over. Ask for a new one.")


class TooManyCodes(EmployeesError):
    """Too many wrong codes came from this address. seconds: what is left to wait."""

    def __init__(self, wait: Wait) -> None:
        self.seconds = wait.seconds
        super().__init__("Too many wrong codes from here. Wait a minute.")


def new_code(kiosk_id: int, actor: Actor, lasts: timedelta = CODE_LASTS) -> str:
    """A code that sets up one device as this kiosk, in place of a code before.

    A device that is this kiosk already goes on until the code is used. lasts: how long it works.
    Raises: NotAllowed.
    """
    _refuse(actor)
    while True:
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        columns = {"code_hash": _hash_of_code(code), "code_until": timezone.now() + lasts}
        try:
            with transaction.atomic():
                Kiosk.objects.filter(pk=kiosk_id).update(**columns)
        except IntegrityError:  # another kiosk's code, once in a thousand million
            continue
        return code


def enrol(code: str, door: Door) -> tuple[Kiosk, str]:
    """Use a code up; returns the kiosk and what its cookie has to hold.

    Whatever device was this kiosk before is it no longer. Raises: WrongCode; TooManyCodes, where so
    many came from this address that somebody may be guessing.
    """
    wait = lockout.charge(door, None)
    if wait is not None:
        raise TooManyCodes(wait)
    hashed, now = _hash_of_code(code), timezone.now()
    key = secrets.token_urlsafe(32)
    kiosk = Kiosk.objects.filter(code_hash=hashed, code_until__gt=now).first()
    # The condition again: of two devices with one code the first gets it.
    used = kiosk is not None and Kiosk.objects.filter(pk=kiosk.pk, code_hash=hashed).update(
        code_hash=None, code_until=None, key_hash=_hash_of_key(key), enrolled_at=now, seen_at=now
    )
    if kiosk is None or not used:
        raise WrongCode
    lockout.refund_place(door)
    return kiosk, f"{kiosk.pk}.{key}"


def kiosk_of(cookie: str) -> Kiosk | None:
    """Which kiosk a device is, by its cookie; None for one that isn't, or is no longer.

    One query, and a second one a minute to note that the device is alive.
    """
    number, _, key = cookie.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    kiosk = Kiosk.objects.filter(pk=int(number)).first()
    if kiosk is None or not compare_digest(kiosk.key_hash or "", _hash_of_key(key)):
        return None
    now = timezone.now()
    if kiosk.seen_at is None or now - kiosk.seen_at > SEEN_EVERY:
        Kiosk.objects.filter(pk=kiosk.pk).update(seen_at=now)
    return kiosk


def sign_out(kiosk_id: int, actor: Actor) -> bool:
    """Have a device be no kiosk any more, from its next request; False where it was none.

    A code that waits for it is taken back too. Raises: NotAllowed.
    """
    _refuse(actor)
    kiosk = Kiosk.objects.filter(pk=kiosk_id).exclude(key_hash=None, code_hash=None)
    return bool(kiosk.update(key_hash=None, code_hash=None, code_until=None))


def _refuse(actor: Actor) -> None:
    reason = why_not_administer(actor, "set up kiosks and sign them out")
    if reason:
        raise NotAllowed(reason)


def _hash_of_code(code: str) -> str:
    """With the console's secret: all codes could be tried against a plain hash in no time."""
    return salted_hmac("employees.kiosks", code, algorithm="sha256").hexdigest()


def _hash_of_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
