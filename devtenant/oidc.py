"""OpenID Connect by Authlib: what its server needs to know of this tenant (facts: the log-in)."""

import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, request
from joserfc.jwk import RSAKey

from devtenant import access_tokens
from devtenant.auth import Signer
from devtenant.claims import id_claims
from devtenant.signing_in import Session
from devtenant.state import Tenant

SCOPES = ("openid", "profile", "email")
CODE_S = 60  # seconds until a code is worth nothing
ID_TOKEN_S = 36_000
UNAUTHORIZED = {"error": "access_denied", "error_description": "Unauthorized"}


class Client(ClientMixin):  # type: ignore[misc]
    """An application of the tenant, as Authlib asks about it."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def get_client_id(self) -> str:
        """Its id."""
        return str(self.row["client_id"])

    def get_default_redirect_uri(self) -> str:
        """Where to go back to when the request doesn't say: the first call-back."""
        return str(self.row["callbacks"][0]) if self.row["callbacks"] else ""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What of ``scope`` there is here; anything else is left out, as Auth0 does."""
        return " ".join(name for name in (scope or "").split() if name in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Only the listed ones, to the letter."""
        return redirect_uri in self.row["callbacks"]

    def check_client_secret(self, client_secret: str) -> bool:
        """Compared in constant time."""
        stored = str(self.row["client_secret"]).encode()
        return hmac.compare_digest(stored, client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Only the way that the application is set to."""
        return bool(method == self.row["token_endpoint_auth_method"])

    def check_response_type(self, response_type: str) -> bool:
        """The authorization code and nothing else, where the application may have one."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Those that the application has; refresh tokens aren't given out here."""
        return grant_type == "authorization_code" and grant_type in self.row["grant_types"]


@dataclass(frozen=True)
class Code:
    """An authorization code that was given out; kept in memory for CODE_S seconds."""

    code: str
    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    nonce: str
    audience: str
    sid: str
    auth_time: int
    code_challenge: str
    code_challenge_method: str | None
    expires_at: float

    def get_redirect_uri(self) -> str:
        """The call-back that it was sent to."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return self.scope

    def get_nonce(self) -> str:
        """To be repeated in the id token."""
        return self.nonce

    def get_auth_time(self) -> int:
        """When the password was typed, in seconds since the epoch."""
        return self.auth_time

    def get_acr(self) -> None:
        """Not told."""

    def get_amr(self) -> None:
        """Not told."""


class OnlyS256(CodeChallenge):  # type: ignore[misc]
    """PKCE: ``plain`` proves nothing, so it is refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"


class JsonRequest(FlaskOAuth2Request):  # type: ignore[misc]
    """A call of the token endpoint with JSON, which Auth0 takes as well as a form."""

    @property
    def form(self) -> dict[str, str]:
        """The fields as a form would hold them."""
        return {str(name): str(value) for name, value in request.get_json().items()}


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for Flask, and JSON at the token endpoint."""

    def create_oauth2_request(self, asked: Any) -> FlaskOAuth2Request:
        """The request of Flask as Authlib reads it."""
        if request.mimetype != "application/json":
            return super().create_oauth2_request(asked)
        read = JsonRequest(request)
        read.payload = BasicOAuth2Payload(read.form)
        return read


def make_server(app: Flask, tenant: Tenant, signer: Signer) -> AuthorizationServer:
    """The authorization server of the tenant. Callers of its methods hold the tenant's lock."""

    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post", "client_secret_basic")

        def save_authorization_code(self, code: str, asked: Any) -> None:
            data = asked.payload.data
            now = time.time()
            for old in [key for key, kept in tenant.codes.items() if kept.expires_at < now]:
                del tenant.codes[old]
            session: Session = asked.user
            audience = data.get("audience", "")
            further = access_tokens.api_scopes(
                tenant, session.user_id, audience, asked.payload.scope or ""
            )
            tenant.codes[code] = Code(
                code=code,
                client_id=asked.client.get_client_id(),
                user_id=session.user_id,
                redirect_uri=asked.payload.redirect_uri or "",
                scope=" ".join([*asked.scope.split(), *further]),
                nonce=data.get("nonce", ""),
                audience=audience,
                sid=session.sid,
                auth_time=session.began_at,
                code_challenge=data.get("code_challenge", ""),
                code_challenge_method=data.get("code_challenge_method"),
                expires_at=now + CODE_S,
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            found: Code | None = tenant.codes.get(code)
            is_good = (
                found is not None
                and found.client_id == client.get_client_id()
                and found.expires_at > time.time()
            )
            return found if is_good else None

        def delete_authorization_code(self, authorization_code: Code) -> None:
            tenant.codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code: Code) -> dict[str, Any] | None:
            user: dict[str, Any] | None = tenant.users.rows.get(authorization_code.user_id)
            return None if user is None or user.get("blocked") else user

        def generate_token(self, **about: Any) -> dict[str, Any]:
            code: Code = self.request.authorization_code
            return access_tokens.issue(
                tenant,
                signer,
                issuer(),
                user_id=code.user_id,
                client_id=code.client_id,
                scope=code.scope,
                audience=code.audience,
            )

    class IdToken(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return False  # Auth0 leaves it to the application to use each once

        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return RSAKey.import_key(signer.pem, {"kid": signer.kid})

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": "RS256", "typ": "JWT", "kid": signer.kid}

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            now = int(time.time())
            return {
                "iss": issuer(),
                "aud": client.get_client_id(),
                "iat": now,
                "exp": now + ID_TOKEN_S,
            }

        def get_authorization_code_claims(self, authorization_code: Code) -> dict[str, Any]:
            claims = super().get_authorization_code_claims(authorization_code)
            return {**claims, "sid": authorization_code.sid}

        def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
            return id_claims(tenant, user, scope)

    def query_client(client_id: str) -> Client | None:
        row = tenant.clients.rows.get(client_id)
        return Client(row) if row else None

    def save_token(token: dict[str, Any], asked: Any) -> None:
        """Kept already, where it was made."""

    server = Server(app, query_client=query_client, save_token=save_token)
    server.register_grant(Grant, [IdToken(), OnlyS256(required=False)])
    return server


def issuer() -> str:
    """With the trailing slash that Auth0's issuer has."""
    return f"http://{request.host}/"


def in_auth0s_words(response: Response) -> Response:
    """Authlib's refusals at the token endpoint, with Auth0's statuses and texts."""
    body = json.loads(response.get_data())
    error = body.get("error")
    if error == "invalid_grant":
        failed_pkce = "challenge" in body.get("error_description", "")
        text = "Failed to verify code verifier" if failed_pkce else "Invalid authorization code"
        return json_response(403, {"error": error, "error_description": text})
    if error == "invalid_client":
        return json_response(401, UNAUTHORIZED)
    if error == "unauthorized_client":
        return json_response(403, body)
    return response


def json_response(status: int, body: dict[str, Any]) -> Response:
    """A JSON answer with this status."""
    return Response(json.dumps(body), status, content_type="application/json")
