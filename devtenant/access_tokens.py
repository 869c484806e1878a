"""Access tokens of people: opaque ones for /userinfo, JWTs for the APIs of the tenant."""

import secrets
import time
from typing import Any

from devtenant.auth import Signer
from devtenant.claims import api_claims
from devtenant.permissions import permissions_of, server_of
from devtenant.state import Tenant

LIFETIME_S = 86_400


def issue(
    tenant: Tenant,
    signer: Signer,
    issuer: str,
    *,
    user_id: str,
    client_id: str,
    scope: str,
    audience: str,
) -> dict[str, Any]:
    """The answer of the token endpoint, without an id token. Callers hold the lock.

    audience: an API of the tenant, or "" for an opaque token.
    Source: facts: the log-in, access tokens.
    """
    api = server_of(tenant, audience)
    lifetime_s = LIFETIME_S if api is None else int(api["token_lifetime"])
    now = int(time.time())
    opened = "openid" in scope.split()
    token = secrets.token_urlsafe(32)
    if api is not None:
        claims = {
            "iss": issuer,
            "sub": user_id,
            "aud": [audience, f"{issuer}userinfo"] if opened else audience,
            "iat": now,
            "exp": now + lifetime_s,
            "scope": scope,
            "azp": client_id,
            "jti": token,
        }
        token = signer.sign(claims | api_claims(tenant, tenant.users.rows[user_id], api))
    for old in [key for key, (_, _, ends) in tenant.access_tokens.items() if ends <= now]:
        del tenant.access_tokens[old]
    if opened:
        tenant.access_tokens[token] = (user_id, scope, now + lifetime_s)
    return {
        "access_token": token,
        "scope": scope,
        "expires_in": lifetime_s,
        "token_type": "Bearer",
    }


def user_of(tenant: Tenant, authorization: str) -> tuple[dict[str, Any], str] | None:
    """The user and the scope behind an Authorization header; None also for a blocked user."""
    scheme, _, token = authorization.partition(" ")
    user_id, scope, ends_at = tenant.access_tokens.get(token, ("", "", 0.0))
    user = tenant.users.rows.get(user_id)
    if scheme.lower() != "bearer" or user is None or user.get("blocked"):
        return None
    return (user, scope) if ends_at > time.time() else None


def api_scopes(tenant: Tenant, user_id: str, audience: str, asked: str) -> list[str]:
    """What of ``asked`` belongs to the API and, where it enforces policies, to the user."""
    api = server_of(tenant, audience)
    if api is None:
        return []
    known = {scope["value"] for scope in api.get("scopes", [])}
    if api.get("enforce_policies"):
        known &= set(permissions_of(tenant, user_id, audience))
    return [name for name in asked.split() if name in known]
