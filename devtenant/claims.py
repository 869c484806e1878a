"""What tokens and /userinfo say about a user (facts: the log-in)."""

from typing import Any

from devtenant.permissions import permissions_of
from devtenant.post_login import roles_claims
from devtenant.roles import roles_of
from devtenant.state import Tenant

PROFILE = ("name", "given_name", "family_name", "nickname", "picture", "updated_at")
EMAIL = ("email", "email_verified")


def user_claims(user: dict[str, Any], scope: str) -> dict[str, Any]:
    """The standard claims that ``scope`` opens."""
    scopes = scope.split()
    names = (PROFILE if "profile" in scopes else ()) + (EMAIL if "email" in scopes else ())
    return {"sub": user["user_id"], **{name: user[name] for name in names if name in user}}


def id_claims(tenant: Tenant, user: dict[str, Any], scope: str) -> dict[str, Any]:
    """The claims of the id token, with what the tenant's Action adds.

    The Action is ``api.idToken.setCustomClaim(NAME, event.authorization.roles)``: role names.
    """
    return {**user_claims(user, scope), **roles_in(tenant, user, "idToken")}


def api_claims(tenant: Tenant, user: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    """The further claims of an access token for ``api``: roles, and permissions where it is set."""
    claims: dict[str, Any] = roles_in(tenant, user, "accessToken")
    if api.get("enforce_policies") and "authz" in str(api.get("token_dialect", "")):
        claims["permissions"] = permissions_of(tenant, user["user_id"], api["identifier"])
    return claims


def roles_in(tenant: Tenant, user: dict[str, Any], token: str) -> dict[str, Any]:
    """The roles under each name that a bound Action gives them in this kind of token."""
    names = roles_claims(tenant, token)
    return {name: [role["name"] for role in roles_of(tenant, user["user_id"])] for name in names}
