"""Sessions, refresh tokens and brute-force blocks of a user.

Refresh tokens are never given out here, so there is none to revoke.
"""

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import upgrade_needed
from devtenant.schemas import Flag, Record, Text, object_body
from devtenant.users import find_user, without_blocks

REVOKE = Record({"session_id": Text(1), "preserve_refresh_tokens": Flag()})


def enterprise_only(call: Call) -> None:
    """Refuse below the Enterprise plan.

    Raises: ApiError 403 ``insufficient_entitlement``.
    Source: facts, number 7.
    """
    if call.tenant.settings.plan != "enterprise":
        raise upgrade_needed("session management")


@endpoint("DELETE", "/users/{id}/sessions", "delete:sessions")
def delete_sessions(call: Call) -> Answer:
    """End all sessions of a user: 202 ``{}``; Auth0 may take a while, this does it at once."""
    enterprise_only(call)
    call.tenant.end_logins(call.ids[0])
    return 202, {}


@endpoint("DELETE", "/users/{id}/refresh-tokens", "delete:refresh_tokens")
def delete_refresh_tokens(call: Call) -> Answer:
    """Revoke all refresh tokens of a user: 202 ``{}``."""
    enterprise_only(call)
    return 202, {}


@endpoint("POST", "/users/{id}/revoke-access", "delete:sessions", "delete:refresh_tokens")
def revoke_access(call: Call) -> Answer:
    """Both in one call: 202; the body is optional, and no 404 is documented."""
    body = object_body(call.body, REVOKE) if call.raw_body.strip() else {}
    enterprise_only(call)
    call.tenant.end_logins(call.ids[0], body.get("session_id"))
    return 202, {}


@endpoint("GET", "/user-blocks/{id}", "read:users")
def get_blocks(call: Call) -> Answer:
    """The brute-force blocks of a user, which are not the administrator's ``blocked``."""
    user = find_user(call.tenant, call.ids[0])
    secret = call.tenant.secrets.rows.get(user["user_id"], {})
    return 200, {"blocked_for": secret.get("blocked_for", [])}


@endpoint("DELETE", "/user-blocks/{id}", "update:users")
def delete_blocks(call: Call) -> Answer:
    """Lift the brute-force blocks: 204."""
    user = find_user(call.tenant, call.ids[0])
    secret = call.tenant.secrets.rows.get(user["user_id"], {})
    call.tenant.secrets.put(user["user_id"], without_blocks(secret))
    return 204, None
