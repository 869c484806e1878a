"""Password strength by the connection's policy, and a hash that is worth nothing elsewhere."""

import hashlib
import hmac
import re
import secrets

from devtenant.errors import ApiError

POLICIES = ("none", "low", "fair", "good", "excellent")
RULES = {
    "none": "Any password will do.",
    "low": "At least 6 characters.",
    "fair": "At least 8 characters, with small letters, capitals and digits.",
    "good": "At least 8 characters, with three of: small letters, capitals, digits, others.",
    "excellent": "At least 10 characters, with three of: small letters, capitals, digits, others; "
    "none three times in a row.",
}
CLASSES = ("[a-z]", "[A-Z]", "[0-9]", r"[^A-Za-z0-9]")


def strong_enough(password: str, policy: str) -> bool:
    """True when ``password`` passes ``policy`` (one of POLICIES)."""
    kinds = [bool(re.search(pattern, password)) for pattern in CLASSES]
    match policy:
        case "none":
            return len(password) >= 1
        case "low":
            return len(password) >= 6
        case "fair":
            return len(password) >= 8 and all(kinds[:3])
        case "good":
            return len(password) >= 8 and sum(kinds) >= 3
        case _:
            same = re.search(r"(.)\1\1", password)
            return len(password) >= 10 and sum(kinds) >= 3 and not same


def check_strength(password: str, policy: str) -> None:
    """Refuse a weak password: 400 without an errorCode.

    Raises: ApiError.
    Source: facts: error bodies, 400 weak password.
    """
    if not strong_enough(password, policy):
        raise ApiError(400, "PasswordStrengthError: Password is too weak")


def hashed(password: str) -> str:
    """Salt and digest. Cheap on purpose: the accounts of a stand-in protect nothing."""
    salt = secrets.token_hex(8)
    return f"{salt}${hashlib.sha256((salt + password).encode()).hexdigest()}"


def matches(password: str, stored: str) -> bool:
    """True when ``password`` belongs to ``stored``."""
    salt, _, digest = stored.partition("$")
    own = hashlib.sha256((salt + password).encode()).hexdigest()
    return hmac.compare_digest(own, digest)
