"""What the types of Auth0's log mean to the console. Pure. Source: facts, "Log codes"."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the console makes of an event.

    LOOK: the account may have changed. LOGIN: somebody has signed in. FAILED: somebody couldn't.
    MAIL: Auth0 couldn't send a mail. LIMIT: the tenant is asked too much. NOTE: only counted.
    """

    LOOK = "look"
    LOGIN = "login"
    FAILED = "failed log-in"
    MAIL = "mail"
    LIMIT = "limit"
    NOTE = "note"


@dataclass(frozen=True)
class EventType:
    """words: as a person's page says it."""

    kind: Kind
    words: str


def _note(words: str) -> EventType:
    return EventType(Kind.NOTE, words)


VERIFIED, DELETED, LOGGED_IN, PASSWORD, EMAIL, EDITED, MAIL_FAILED = (
    *("sv", "sdu", "s", "scp", "sce", "sapi", "fn"),
)
TYPES: Mapping[str, EventType] = {
    VERIFIED: EventType(Kind.LOOK, "E-mail verified"),
    EMAIL: EventType(Kind.LOOK, "E-mail changed"),
    PASSWORD: EventType(Kind.LOOK, "Password changed"),
    DELETED: EventType(Kind.LOOK, "Account deleted"),
    EDITED: EventType(Kind.LOOK, "Edited in Auth0"),
    LOGGED_IN: EventType(Kind.LOGIN, "Signed in"),
    "f": EventType(Kind.FAILED, "Couldn’t sign in"),
    "fp": EventType(Kind.FAILED, "Wrong password"),
    "fu": EventType(Kind.FAILED, "Unknown e-mail or user name"),
    "limit_wc": EventType(Kind.FAILED, "Too many wrong passwords from one address"),
    "limit_mu": EventType(Kind.FAILED, "An address was shut out for too many tries"),
    "pwd_leak": EventType(Kind.FAILED, "A password that is known to have leaked"),
    MAIL_FAILED: EventType(Kind.MAIL, "Auth0 couldn’t send a mail"),
    "api_limit": EventType(Kind.LIMIT, "The tenant’s limit of calls was reached"),
    "api_limit_warning": EventType(Kind.LIMIT, "The tenant’s limit of calls is near"),
    "ss": _note("Account made"),
    "fs": _note("An account couldn’t be made"),
    "fv": _note("A link to verify the e-mail failed"),
    "svr": _note("Mail to verify the e-mail asked for"),
    "fvr": _note("Mail to verify the e-mail couldn’t be asked for"),
    "scpr": _note("New password asked for"),
    "fcpr": _note("New password couldn’t be asked for"),
    "fcp": _note("Password couldn’t be changed"),
    "fce": _note("E-mail couldn’t be changed"),
    "fdu": _note("Account couldn’t be deleted"),
    "slo": _note("Signed out"),
    "flo": _note("Couldn’t sign out"),
    "sui": _note("Accounts were imported"),
    "fui": _note("Accounts couldn’t be imported"),
    "seccft": _note("A program got a token"),
    "feccft": _note("A program was refused a token"),
    "seacft": _note("A program was told who signed in"),
    "feacft": _note("A program couldn’t be told who signed in"),
    "sertft": _note("A program renewed a token"),
    "fertft": _note("A program couldn’t renew a token"),
    "mgmt_api_read": _note("Secrets were read"),
}


def kind_of(name: str) -> Kind:
    """What is done about an event of this type; NOTE for one that nobody knows."""
    found = TYPES.get(name)
    return found.kind if found else Kind.NOTE


def words_of(name: str) -> str:
    """How a page calls it; the type itself where nobody knows it."""
    found = TYPES.get(name)
    return found.words if found else f"Event “{name}”"


def counted_as(name: str) -> str:
    """The label under which it is counted: made-up types must not make counters without end."""
    return name if name in TYPES else "other"
