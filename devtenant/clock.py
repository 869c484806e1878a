"""Time and random names in the forms Auth0 gives them."""

import hashlib
import secrets
import string
from datetime import UTC, datetime

LETTERS = string.ascii_letters + string.digits


def timestamp(at: float | None = None) -> str:
    """A moment (seconds since the epoch, None = now) such as ``2023-01-25T17:48:14.784Z``."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def random_id(prefix: str, length: int = 16) -> str:
    """``prefix`` and ``length`` random letters and digits, such as ``rol_k1SD22gLpZCOvGjd``."""
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


def settled_id(prefix: str, name: str, length: int = 16) -> str:
    """An id for something that exists from the start: the same after every reset."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, position = divmod(number, len(LETTERS))
        letters.append(LETTERS[position])
    return prefix + "".join(letters)


def hex_id() -> str:
    """24 hexadecimal digits, the form of the ids that Auth0 makes for users and APIs."""
    return secrets.token_hex(12)
