"""What counts as one and the same e-mail, and which ones can be written to. Pure rules."""

import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_LENGTH = 254  # characters; the longest address that mail servers accept (RFC 5321)


def normalise_email(email: str | None) -> str:
    """The form in which e-mails are stored and compared: stripped, NFC, lower case; None is ''.

    Auth0 lowers every e-mail, so two that differ only in case are one account there.
    """
    return unicodedata.normalize("NFC", (email or "").strip()).lower()


def is_placeholder(email: str | None) -> bool:
    """Whether the e-mail stands in for one that isn't known.

    The Connecteam sync writes ``<id>@company.com``; PLACEHOLDER_EMAIL_DOMAINS lists the domains.
    Nothing is ever mailed there and no account is made for it.
    """
    _, at, domain = normalise_email(email).rpartition("@")
    return bool(at) and domain in settings.PLACEHOLDER_EMAIL_DOMAINS


def is_usable(email: str | None) -> bool:
    """Whether an account can be made for this e-mail: valid, not too long, not a placeholder."""
    address = normalise_email(email)
    return is_valid(address) and not is_placeholder(address)


def is_valid(email: str) -> bool:
    """Whether ``email``, already normalised, has the form of an e-mail."""
    if not email or len(email) > MAX_LENGTH:
        return False
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True
