"""PINs: their form, how they are kept, and which are too easy. Pure: no database, no clock.

The Flask application checks the same column, so a PIN is kept and compared exactly as it does it.
Source: docs/legacy-contract.md, "PIN log-in".
"""

import re
import secrets
from datetime import date, timedelta
from enum import StrEnum
from hmac import compare_digest

import bcrypt

COST = 10  # the Flask application's; every check takes the same time, some 60 ms
LONGEST = 72  # bytes; more bcrypt doesn't take
USUAL_LENGTH = 4
FORM = re.compile(r"[0-9]{4,6}")
HASH = re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}")
# No PIN: what is compared with where there is nothing to compare with, at the same cost.
NOBODYS = "$2b$10$4ImzPqoWTBi0/uSiPyD0Supb0S4x46BbYFHsbIRzaS3bx89XCNFb6"
KEYPAD_LINES = frozenset({"2580", "0852"})  # straight down and up the middle
BIRTH_YEARS = range(1930, 2030)
MONTH_DAY = frozenset((date(2000, 1, 1) + timedelta(n)).strftime("%m%d") for n in range(366))
BIRTHDAYS = MONTH_DAY | {day[2:] + day[:2] for day in MONTH_DAY}  # as Mexico writes them, too


class Weak(StrEnum):
    """Why a PIN is refused, as a sentence."""

    FORM = "A PIN is 4 to 6 digits."
    PATTERN = "This PIN is too easy: it repeats itself or counts up or down."
    YEAR = "This PIN is too easy: it looks like a year of birth."
    BIRTHDAY = "This PIN is too easy: it looks like a birthday."
    NUMBER = "This PIN is too easy: it is the employee number."
    HIRED = "This PIN is too easy: it is the day or year of hire."


def is_pin(text: str) -> bool:
    """Whether the text has the form of a PIN: 4 to 6 ASCII digits."""
    return FORM.fullmatch(text) is not None


def is_hashed(stored: str) -> bool:
    """Whether the column holds a hash; else it holds the plain digits, as old rows do."""
    return stored.startswith("$2")


def hash_pin(pin: str) -> str:
    """The bcrypt hash that goes into the column, ``$2b$10$…``. Raises ValueError for no PIN."""
    if not is_pin(pin):
        raise ValueError(Weak.FORM)
    return hash_plain(pin)


def hash_plain(stored: str) -> str:
    """The hash of what an old row holds in plain text, which need not have the form of a PIN.

    The Flask application compares plain text with whatever was typed, and so it does with a hash.
    Raises: ValueError, for more than LONGEST bytes.
    """
    if len(stored.encode()) > LONGEST:
        raise ValueError(f"bcrypt hashes {LONGEST} bytes at most.")
    return bcrypt.hashpw(stored.encode(), bcrypt.gensalt(COST)).decode()


def check_pin(tried: str, stored: str | None) -> bool:
    """Whether ``tried`` is the PIN that the column holds; exactly one bcrypt check, whatever comes.

    stored: hash or plain digits; None, or a hash that bcrypt doesn't know, is nobody's PIN.
    What hasn't the form of a PIN never reaches bcrypt, which refuses long texts, but costs as much.
    """
    well_formed = is_pin(tried)
    known = stored is not None and HASH.fullmatch(stored) is not None
    matches = _bcrypt_says(tried if well_formed else "0", stored if known and stored else NOBODYS)
    if not well_formed or not stored:
        return False
    if is_hashed(stored):
        return known and matches
    return compare_digest(tried.encode(), stored.encode())


def weakness(pin: str, employee_id: int, hired: date | None = None) -> Weak | None:
    """Why this PIN is refused for this person; None when it is good.

    hired: the day of hire, which colleagues know.
    """
    if not is_pin(pin):
        return Weak.FORM
    if int(pin) == employee_id:
        return Weak.NUMBER
    if any(_repeats(part) or _counts(part) for part in _parts(pin)) or pin in KEYPAD_LINES:
        return Weak.PATTERN
    if hired is not None and pin in _written(hired):
        return Weak.HIRED
    if len(pin) == USUAL_LENGTH and int(pin) in BIRTH_YEARS:
        return Weak.YEAR
    if _is_birthday(pin):
        return Weak.BIRTHDAY
    return None


def random_pin(employee_id: int, hired: date | None = None, length: int = USUAL_LENGTH) -> str:
    """A random PIN that isn't weak; length: 4 to 6 digits, 4 as the Flask application makes it."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(length))
        if weakness(pin, employee_id, hired) is None:
            return pin


def _bcrypt_says(pin: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(pin.encode(), hashed.encode())
    except ValueError:  # the right letters, yet no hash: a cost or a salt that can't be
        return False


def _parts(pin: str) -> list[str]:
    """The PIN, and what remains of 112233 or 123321 when each digit is taken once."""
    parts = [pin]
    if pin[::2] == pin[1::2]:
        parts.append(pin[::2])
    if pin == pin[::-1]:
        parts.append(pin[: (len(pin) + 1) // 2])
    return parts


def _repeats(pin: str) -> bool:
    """1111, 1212, 123123: some piece over and over."""
    pieces = (pin[:size] for size in range(1, len(pin) // 2 + 1) if len(pin) % size == 0)
    return any(piece * (len(pin) // len(piece)) == pin for piece in pieces)


def _counts(pin: str) -> bool:
    """1234, 8901, 4321: each digit one further, or one back, than the one before."""
    steps = {(int(after) - int(before)) % 10 for before, after in zip(pin, pin[1:], strict=False)}
    return steps in ({1}, {9})


def _is_birthday(pin: str) -> bool:
    """0314, 1403, 031487, 140387, 870314; the 29th of February in any year."""
    if len(pin) == 4:
        return pin in BIRTHDAYS
    return len(pin) == 6 and (pin[:4] in BIRTHDAYS or pin[2:] in MONTH_DAY)


def _written(day: date) -> set[str]:
    """A day as people write it in 4 or 6 digits."""
    return {day.strftime(form) for form in ("%Y", "%m%d", "%d%m", "%m%d%y", "%d%m%y", "%y%m%d")}
