"""Whose account is it: the rules by which an existing account is adopted, linked or left alone.

Pure; e-mails arrive normalised. Source: docs/architecture.md, "Whose account is it".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from auth0sync.plan import CREATED_BY

# Where an account's e-mail waits while two people swap theirs; nothing is ever mailed there, and
# no mail server can have it (RFC 2606).
PARKED_DOMAIN = "parked.invalid"
# employees.id is an INT: a longer number in a marker, which anybody may have written, is nobody's.
NUMBER_MOST = 2**31 - 1
GENERATION_DIGITS_MOST = 9


class Whose(Enum):
    """To whom the markers in an account's app_metadata say that it belongs."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNMARKED = "unmarked"


@dataclass(frozen=True)
class Link:
    """An account that may be linked. new_password: nobody has ever logged in with it, so whoever
    made it may still know its password, which is replaced first."""

    profile: Mapping[str, Any]
    new_password: bool


def derived_id(installation: str, employee_id: int, generation: int) -> str:
    """The ``user_id`` sent at creation; at most 100 characters."""
    return f"emp-{installation}-{employee_id}-{generation}"


def stored_id(user_id: str) -> str:
    """The id as Auth0 stores and returns it (facts: users, POST, ``user_id``)."""
    return f"auth0|{user_id}"


def generation_of(user_id: str, installation: str, employee_id: int) -> int:
    """The generation in an id that this installation derived; 0 for any other id."""
    prefix = stored_id(f"emp-{installation}-{employee_id}-")
    tail = user_id.removeprefix(prefix)
    is_ours = user_id.startswith(prefix) and len(tail) <= GENERATION_DIGITS_MOST
    return int(tail) if is_ours and tail.isdecimal() else 0


def whose(profile: Mapping[str, Any], employee_id: int, installation: str) -> Whose:
    """Ours when ``employee_id`` is equal (number or text) and the installation equal or absent."""
    metadata = profile.get("app_metadata")
    markers = metadata if isinstance(metadata, Mapping) else {}
    marked_id = markers.get("employee_id")
    marked_installation = markers.get("installation")
    if marked_installation and marked_installation != installation:
        return Whose.FOREIGN
    if marked_id in (None, ""):
        return Whose.UNMARKED
    return Whose.OURS if str(marked_id) == str(employee_id) else Whose.FOREIGN


def is_unused(profile: Mapping[str, Any], employee_id: int, installation: str) -> bool:
    """Whether this console made the account and nobody has ever signed in with it."""
    return (
        whose(profile, employee_id, installation) is Whose.OURS
        and generation_of(str(profile["user_id"]), installation, employee_id) > 0
        and not profile.get("logins_count")
        and not profile.get("last_login")
    )


def marked_for(profile: Mapping[str, Any], installation: str) -> int | None:
    """Which employee of this installation the account is marked for; None for nobody of ours."""
    metadata = profile.get("app_metadata")
    markers = metadata if isinstance(metadata, Mapping) else {}
    marked_id = str(markers.get("employee_id") or "")
    if markers.get("installation") not in (None, "", installation) or not marked_id.isdecimal():
        return None
    # The length first: Python refuses to read thousands of digits.
    number = int(marked_id) if len(marked_id) <= len(str(NUMBER_MOST)) else 0
    return number if 0 < number <= NUMBER_MOST else None


def shown(
    profile: Mapping[str, Any], *, employee_id: int, installation: str, connection: str
) -> dict[str, Any]:
    """What a manager may see of an account that stands in the way, as JSON.

    user_id, email, name, email_verified, blocked, created_at and last_login (ISO 8601, '' for
    never), logins_count; employee_id: whose account it is by its marker, None for nobody of ours;
    linkable: whether a person may say that it is this employee's.
    """
    owner = whose(profile, employee_id, installation)
    return {
        "user_id": str(profile["user_id"]),
        "email": str(profile.get("email") or ""),
        "name": str(profile.get("name") or ""),
        "email_verified": bool(profile.get("email_verified")),
        "blocked": bool(profile.get("blocked")),
        "created_at": _iso(profile.get("created_at")),
        "last_login": _iso(profile.get("last_login")),
        "logins_count": int(profile.get("logins_count") or 0),
        "employee_id": marked_for(profile, installation),
        "linkable": owner is not Whose.FOREIGN and in_connection(profile, connection),
    }


def parked_email(installation: str, employee_id: int) -> str:
    """An address that nobody else's account can have."""
    return f"{installation}-{employee_id}@{PARKED_DOMAIN}"


def is_parked(email: str) -> bool:
    """Whether :func:`parked_email` made this address."""
    return email.endswith(f"@{PARKED_DOMAIN}")


def in_connection(profile: Mapping[str, Any], connection: str) -> bool:
    """Whether the account can be signed in to through this database connection."""
    identities = profile.get("identities") or []
    return any(identity.get("connection") == connection for identity in identities)


def find_ours(
    profiles: Sequence[Mapping[str, Any]], *, employee_id: int, installation: str, connection: str
) -> Mapping[str, Any] | None:
    """The one account in our connection that carries this employee's marker, if there is one."""
    ours = [
        profile
        for profile in profiles
        if in_connection(profile, connection)
        and whose(profile, employee_id, installation) is Whose.OURS
    ]
    return ours[0] if len(ours) == 1 else None


def find_link(
    profiles: Sequence[Mapping[str, Any]],
    *,
    employee_id: int,
    installation: str,
    email: str,
    connection: str,
) -> Link | str:
    """The one account that may be linked by itself, or a sentence that says why none may.

    profiles: every account that Auth0 knows under this e-mail.
    email: the row's, normalised; it has to be equal exactly.
    """
    matches = [
        profile
        for profile in profiles
        if in_connection(profile, connection) and profile.get("email") == email
    ]
    if len(matches) != 1:
        return (
            "Auth0 has no account with exactly this e-mail in our connection."
            if not matches
            else f"{len(matches)} accounts in Auth0 have this e-mail."
        )
    profile = matches[0]
    if whose(profile, employee_id, installation) is Whose.FOREIGN:
        return "The account with this e-mail belongs to another employee or installation."
    if is_proven(profile):
        return Link(profile, new_password=False)
    if not is_used(profile):
        return Link(profile, new_password=True)
    return (
        "An account with this e-mail exists, somebody has signed in with it, and its e-mail was "
        "never verified: a person has to say whether it is this employee's."
    )


def link_by_word(
    profile: Mapping[str, Any], *, employee_id: int, installation: str, connection: str
) -> Link | str:
    """The account that a person says is this employee's, or why it can't be linked all the same.

    Whoever made an account that nobody ever signed in with may know its password.
    """
    if not in_connection(profile, connection):
        return "That account can't be signed in to through our connection, so it wasn't linked."
    if whose(profile, employee_id, installation) is Whose.FOREIGN:
        return "That account is marked as somebody else's, so it wasn't linked."
    return Link(profile, new_password=not is_proven(profile) and not is_used(profile))


def is_proven(profile: Mapping[str, Any]) -> bool:
    """Whether the account's e-mail was verified, or the console's predecessor made it."""
    metadata = profile.get("app_metadata") or {}
    return bool(profile.get("email_verified")) or metadata.get("created_by") == CREATED_BY


def is_used(profile: Mapping[str, Any]) -> bool:
    """Whether anybody has ever signed in with the account."""
    return bool(profile.get("logins_count") or profile.get("last_login"))


def _iso(moment: Any) -> str:
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment or "")
