"""Whose account is it: the rules by which an existing account is adopted, linked or left alone.

Pure; e-mails arrive normalised. Source: docs/architecture.md, "Whose account is it".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from auth0sync.plan import CREATED_BY


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
    return int(tail) if user_id.startswith(prefix) and tail.isdecimal() else 0


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
    metadata = profile.get("app_metadata") or {}
    if profile.get("email_verified") or metadata.get("created_by") == CREATED_BY:
        return Link(profile, new_password=False)
    if not profile.get("logins_count") and not profile.get("last_login"):
        return Link(profile, new_password=True)
    return (
        "An account with this e-mail exists, somebody has signed in with it, and its e-mail was "
        "never verified: a person has to say whether it is this employee's."
    )
