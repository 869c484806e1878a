"""The token endpoint and the check of tokens (facts: M2M tokens, error bodies)."""

import hmac
import json
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from devtenant.clock import random_id
from devtenant.errors import ApiError, OAuthError, unauthorized
from devtenant.state import Tenant

LIFETIME = 86_400  # seconds
REMEMBERED = 2_000  # tokens


@dataclass(frozen=True)
class Grant:
    """What a checked token allows."""

    client_id: str
    scopes: frozenset[str]
    audience: str
    expires_at: int  # seconds since the epoch
    generation: int

    @cached_property
    def listed(self) -> list[str]:
        """The scopes in alphabetical order; made once, as each write is logged with them."""
        return sorted(self.scopes)


class Signer:
    """The tenant's RS256 key: made once, kept in the state, so a restart keeps tokens valid."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        with tenant.change():
            saved = tenant.kept.rows.get("signing_key")
            if saved is None:
                saved = {"pem": new_pem(), "kid": secrets.token_urlsafe(16)}
                tenant.kept.put("signing_key", saved)
            if "token_generation" not in tenant.kept.rows:
                tenant.kept.put("token_generation", 1)
        self.kid: str = saved["kid"]
        self.pem: str = saved["pem"]
        key = serialization.load_pem_private_key(saved["pem"].encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("The signing key in the state file is no RSA key.")
        self.key = key
        self.public = key.public_key()
        self.checked: dict[str, Grant] = {}

    def generation(self) -> int:
        """Tokens of an older generation were expired by the control interface."""
        number: int = self.tenant.kept.rows["token_generation"]
        return number

    def expire_all(self) -> None:
        """Refuse every token issued so far as expired. Callers hold the lock."""
        self.tenant.kept.put("token_generation", self.generation() + 1)

    def issue(self, client_id: str, host: str, scope: str, lifetime_s: int = LIFETIME) -> str:
        """A signed token of ``client_id`` for the Management API at ``host``."""
        now = int(time.time())
        claims = {
            "iss": f"https://{host}/",
            "sub": f"{client_id}@clients",
            "aud": audience_of(host),
            "iat": now,
            "exp": now + lifetime_s,
            "scope": scope,
            "gty": "client-credentials",
            "azp": client_id,
            # The generation lives in an opaque claim: a second is too coarse to compare iat.
            "jti": f"{self.generation()}.{random_id('')}",
        }
        return self.sign(claims)

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with these claims, signed by the tenant's key."""
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a JWT that this tenant signed, expired or not; None for any other."""
        options: Any = {"verify_exp": False, "verify_aud": False, "require": ["aud"]}
        try:
            return dict(jwt.decode(token, self.public, algorithms=["RS256"], options=options))
        except jwt.PyJWTError:
            return None

    def check(self, header: str | None, host: str) -> Grant:
        """Check an Authorization header for a call to ``host``.

        Raises: ApiError 401 in Auth0's words, 400 for a header that is none.
        Source: facts: error bodies, 401.
        """
        if not header:
            raise unauthorized("Missing authentication")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError(400, "Bad HTTP authentication header format", "Bearer")
        grant = self.checked.get(token) or self.decode(token)
        if grant.expires_at <= time.time() or grant.generation < self.generation():
            raise unauthorized("Expired token received for JSON Web Token validation")
        if grant.audience != audience_of(host):
            raise unauthorized(f"Bad audience: {grant.audience}")
        return grant

    def decode(self, token: str) -> Grant:
        """Check the signature of a token and remember it: RSA at every call would be slow.

        Raises: ApiError 401.
        """
        wanted = ["exp", "aud", "sub", "jti"]
        options: Any = {"verify_exp": False, "verify_aud": False, "require": wanted}
        try:
            claims = jwt.decode(token, self.public, algorithms=["RS256"], options=options)
        except jwt.InvalidSignatureError as error:
            message = "Invalid signature received for JSON Web Token validation"
            raise unauthorized(message) from error
        except jwt.PyJWTError as error:
            raise unauthorized("Invalid token") from error
        grant = Grant(
            client_id=str(claims.get("azp", "")),
            scopes=frozenset(str(claims.get("scope", "")).split()),
            audience=str(claims["aud"]),
            expires_at=int(claims["exp"]),
            generation=int(str(claims["jti"]).partition(".")[0]),
        )
        if len(self.checked) >= REMEMBERED:
            self.checked.clear()
        self.checked[token] = grant
        return grant

    def jwks(self) -> dict[str, Any]:
        """The public key, as /.well-known/jwks.json shows it."""
        key: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.public))
        return {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "RS256"}]}


def new_pem() -> str:
    """A new RSA key of 2048 bits as PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def audience_of(host: str) -> str:
    """The Management API's audience; host: the Host header, with the port."""
    return f"https://{host}/api/v2/"


def client_credentials(
    tenant: Tenant, signer: Signer, form: dict[str, Any], host: str
) -> dict[str, Any]:
    """Answer POST /oauth/token. form: the fields, from a form or from JSON.

    Raises: OAuthError, 401 for a wrong client or secret, 403 for all else.
    Source: facts: M2M tokens.
    """
    grant_type = str(form.get("grant_type", ""))
    if grant_type != "client_credentials":
        raise OAuthError(403, "unsupported_grant_type", f"Unsupported grant type: {grant_type}")
    client = tenant.clients.rows.get(str(form.get("client_id", "")))
    secret = str(form.get("client_secret", ""))
    if client is None or not hmac.compare_digest(client["client_secret"].encode(), secret.encode()):
        raise OAuthError(401, "access_denied", "Unauthorized")
    if "client_credentials" not in client["grant_types"]:
        refusal = "Grant type 'client_credentials' not allowed for the client."
        raise OAuthError(403, "unauthorized_client", refusal)
    audience = str(form.get("audience", ""))
    if audience != audience_of(host):
        raise OAuthError(403, "access_denied", f"Service not found: {audience}")
    scopes = granted(tenant, client["client_id"])
    if scopes is None:
        refusal = f'Client is not authorized to access "{audience}".'
        raise OAuthError(403, "access_denied", refusal)
    # An asked-for scope narrows the grant; what was not granted is not given.
    wanted = str(form.get("scope", "")).split()
    scope = " ".join(name for name in scopes if not wanted or name in wanted)
    return {
        "access_token": signer.issue(client["client_id"], host, scope),
        "scope": scope,
        "expires_in": LIFETIME,
        "token_type": "Bearer",
    }


def granted(tenant: Tenant, client_id: str) -> list[str] | None:
    """The Management API scopes of a client; None without a grant. Callers hold the lock."""
    for grant in tenant.client_grants.rows.values():
        if grant["client_id"] == client_id and grant["audience"] is None:
            scopes: list[str] = grant["scope"]
            return scopes
    return None
