"""What a profile may hold: schemas, user names, metadata, size (facts: users, metadata limits)."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from devtenant.errors import ApiError, invalid_body
from devtenant.schemas import Anything, Flag, Record, Shape, Text

PROFILE_LIMIT = 10 * 1024  # bytes
RESERVED = frozenset(
    [
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email_verified",
        "email",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor_last_modified",
        "multifactor",
        "updated_at",
        "user_id",
    ]
)


def profile_fields(nullable: bool) -> dict[str, Shape]:
    """The properties that POST and PATCH share."""
    return {
        "email": Text(1, 320, format="email"),
        "email_verified": Flag(),
        "phone_number": Text(1, 30, pattern=r"^\+[0-9]{1,15}$", nullable=nullable),
        "phone_verified": Flag(),
        "blocked": Flag(),
        "verify_email": Flag(),
        "given_name": Text(1, 150, nullable=nullable),
        "family_name": Text(1, 150, nullable=nullable),
        "name": Text(1, 300, nullable=nullable),
        "nickname": Text(1, 300, nullable=nullable),
        "picture": Text(1, 2048, format="uri", nullable=nullable),
        "username": Text(1, 128),
        "password": Text(1, 10_000),
        "connection": Text(1, 300),
        "user_metadata": Anything(nullable=nullable),
        "app_metadata": Anything(nullable=nullable),
    }


CREATE = Record(
    {**profile_fields(nullable=False), "user_id": Text(0, 255, pattern=r"^\S*$")},
    required=("connection",),
)
UPDATE = Record(
    {**profile_fields(nullable=True), "verify_phone_number": Flag(), "client_id": Text(1)},
    open_ended=True,
    smallest=1,
)


def username_rule(options: dict[str, Any]) -> tuple[bool, bool, int]:
    """(allowed, required, longest) for user names of a connection (facts: connection)."""
    identifier = options.get("attributes", {}).get("username", {})
    flexible = bool(identifier.get("identifier", {}).get("active", False))
    required = bool(options.get("requires_username", False))
    longest = options.get("validation", {}).get("username", {}).get("max", 15)
    return required or flexible, required, int(longest)


def check_username(
    options: dict[str, Any], connection: str, username: str | None, creating: bool
) -> None:
    """Refuse a user name the connection does not take, and none where it wants one.

    Raises: ApiError 400.
    Source: facts: users, POST, and the claims that were wrong.
    """
    allowed, required, longest = username_rule(options)
    if username is None:
        if creating and required:
            message = f"Missing username for {connection} connection with requires_username enabled"
            raise ApiError(400, message, "invalid_body")
        return
    if not allowed:
        message = "Cannot set username for connection without requires_username"
        raise ApiError(400, message, "invalid_body")
    if len(username) > longest or "@" in username:
        message = f"Username must be 1 to {longest} characters and no e-mail"
        raise ApiError(400, message, "invalid_body")


def check_metadata(body: dict[str, Any]) -> None:
    """Refuse reserved names in app_metadata, and ``.`` or ``$`` in any name.

    Raises: ApiError 400 ``invalid_body``.
    Source: facts: metadata limits; reserved names (believed to be refused).
    """
    for name in body.get("app_metadata") or {}:
        if name in RESERVED:
            raise invalid_body(f"Reserved property name: {name}", f"app_metadata.{name}")
    for kind in ("user_metadata", "app_metadata"):
        check_names(body.get(kind), kind)


def check_names(value: Any, path: str) -> None:
    """Walk through metadata for names with ``.`` or ``$``."""
    if isinstance(value, list):
        for item in value:
            check_names(item, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "." in name or "$" in name:
                raise invalid_body(f"Invalid property name: {name}", path)
            check_names(inner, f"{path}.{name}")


def check_size(user: dict[str, Any]) -> None:
    """Refuse a profile above 10 KB: Auth0 has announced it, so it is refused already here.

    Raises: ApiError 400.
    Source: facts: metadata limits.
    """
    if len(json.dumps(user, ensure_ascii=False).encode()) > PROFILE_LIMIT:
        raise ApiError(400, "The user profile exceeds the limit of 10 KB.", "invalid_body")


def gravatar(email: str) -> str:
    """The picture that Auth0 gives to a user who has none."""
    digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
    fallback = quote(f"https://cdn.auth0.com/avatars/{email[:2]}.png", safe="")
    return f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d={fallback}"
