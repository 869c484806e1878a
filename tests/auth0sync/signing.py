"""A key of one's own in the tenant's place, to make tokens that the tenant never would."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.devtenant.running import RunningTenant

JWKS = "/.well-known/jwks.json"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key by this name, the same in every test: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(name: str, **over: Any) -> dict[str, Any]:
    """The public half as a JWK set lists it."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True)
    return {**public, "kid": name, "use": "sig", "alg": "RS256", **over}


@dataclass(frozen=True)
class Forge:
    """Signs claims; ``claims`` are those of a good token."""

    claims: dict[str, Any] = field(default_factory=dict)

    def sign(
        self,
        key: Any = None,
        algorithm: str = "RS256",
        headers: dict[str, Any] | None = None,
        **over: Any,
    ) -> str:
        """A token with these claims in place of the good ones; None leaves one out."""
        both = {**self.claims, **over}
        claims = {name: value for name, value in both.items() if value is not None}
        signed_with = rsa_key("ours") if key is None else key
        return jwt.encode(
            claims, signed_with, algorithm=algorithm, headers={"kid": "ours", **(headers or {})}
        )


def take_the_tenants_place(tenant: RunningTenant, **claims: Any) -> Forge:
    """From now on the tenant shows our key as its own."""
    show_keys(tenant, jwk("ours"))
    now = int(time.time())
    return Forge({"iss": f"{tenant.base_url}/", "iat": now, "exp": now + 3600, **claims})


def show_keys(tenant: RunningTenant, *keys: dict[str, Any]) -> None:
    """The tenant's JWK set holds these."""
    tenant.clear_faults()
    tenant.fault(kind="wrong_body", body={"keys": list(keys)}, match={"path": JWKS})


def public_pem() -> str:
    """Our public key as text, which an attacker might sign with as if it were a secret."""
    return (
        rsa_key("ours")
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def hmac_with_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key for a secret, which PyJWT itself refuses to sign."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    header = {"alg": "HS256", "typ": "JWT", "kid": "ours"}
    signed = ".".join(part(json.dumps(each).encode()) for each in (header, claims))
    seal = hmac.new(public_pem().encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(seal)}"
