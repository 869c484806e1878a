"""What an application reads of the tenant: discovery, keys, and /userinfo (facts: the log-in)."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from devtenant.access_tokens import user_of
from devtenant.auth import Signer
from devtenant.claims import EMAIL, PROFILE, user_claims
from devtenant.oidc import SCOPES, issuer
from devtenant.state import Tenant


def discovery_answers(tenant: Tenant, signer: Signer) -> Blueprint:
    """The blueprint with /.well-known and /userinfo."""
    blueprint = Blueprint("discovery", __name__)

    @blueprint.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(configuration())

    @blueprint.get("/.well-known/jwks.json")
    def keys() -> Response:
        return jsonify(signer.jwks())

    @blueprint.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        with tenant.lock:
            found = user_of(tenant, request.headers.get("Authorization", ""))
            if found is not None:
                return jsonify(user_claims(*found))
        response = jsonify(error="invalid_token", error_description="Unauthorized")
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response

    return blueprint


def configuration() -> dict[str, Any]:
    """What /.well-known/openid-configuration says."""
    root = issuer()
    return {
        "issuer": root,
        "authorization_endpoint": f"{root}authorize",
        "token_endpoint": f"{root}oauth/token",
        "userinfo_endpoint": f"{root}userinfo",
        "jwks_uri": f"{root}.well-known/jwks.json",
        "end_session_endpoint": f"{root}oidc/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": sorted(
            {*PROFILE, *EMAIL, "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"}
        ),
    }
