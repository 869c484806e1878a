"""Auth0's access tokens: whose they are, and what their person may do with them.

Nothing is asked of Auth0 but its public keys, now and then. What Auth0 says of a person counts only
as far as the row goes. Sources: RFC 9068 (4), RFC 8725; facts: the log-in, access tokens.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings

from auth0sync.login import CLOCK_SKEW_S, Auth0, acting_role, tenant_root, words
from auth0sync.rows import holder_of
from auth0sync.signing_keys import signing_keys
from employees.actors import may_sign_in
from employees.history import access_changed_at
from employees.models import Employee
from employees.permissions import held_to
from employees.signing_in import NoSession

logger = logging.getLogger(__name__)

NEEDED = ["exp", "iat", "iss", "aud", "sub"]


class Refused(Exception):
    """The message is a word for the log: nothing of it is out of the token."""


@dataclass(frozen=True)
class Bearer:
    """Whoever shows an access token, as the row was when it was read.

    role: the one they act with, the lower of row and claim. permissions: of the token's, those
    that the row's role may have too.
    """

    employee: Employee
    role: str
    permissions: list[str]


def is_jwt(token: str) -> bool:
    """Whether the text has the shape of a signed JWT (RFC 7515, 3.1), which no PIN token has."""
    return token.count(".") == 2


def bearer_of(token: str) -> Bearer:
    """Whose token this is.

    Raises: NoSession, whatever is wrong with it; what it was stands in the log.
    """
    try:
        claims = _checked(token)
        employee = person_of(claims)
    except Refused as refusal:
        logger.info("Access token refused: %s", refusal)
        raise NoSession from None
    role = acting_role(employee.auth0_role, claims)
    return Bearer(employee, role, held_to((employee.auth0_role, role), _given(claims)))


def _checked(token: str) -> dict[str, Any]:
    """The claims of a token that the tenant signed, for our API, in its time.

    An id token is for an application, so it has another audience. Raises: Refused.
    """
    root, audience = tenant_root(), settings.AUTH0_API_AUDIENCE
    if not (root and audience):
        raise Refused("AUTH0_API_AUDIENCE or AUTH0_DOMAIN isn't set")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = signing_keys(f"{root}/.well-known/jwks.json").find(kid) if kid else None
        if key is None:
            raise Refused("unknown key")
        return jwt.decode(
            token,
            key,
            algorithms=Auth0.JWT_ALGORITHMS,
            audience=audience,
            issuer=f"{root}/",
            leeway=CLOCK_SKEW_S,
            options={"require": NEEDED},
        )
    except jwt.PyJWTError as error:
        raise Refused(type(error).__name__) from error


def person_of(claims: Mapping[str, Any]) -> Employee:
    """Who it is, if they may still sign in. Raises: Refused.

    A token lives on for hours after the account was blocked, so whoever lost their access and got
    it back must not come in with one of before. Auth0's clock may be ahead by the skew, and ``iat``
    has whole seconds: a token of the seconds after the change is refused as well.
    """
    employee = holder_of(claims["sub"])
    if employee is None:
        raise Refused("no employee")  # a machine's token, for instance
    if not may_sign_in(employee):
        raise Refused("may not sign in")
    changed_at = access_changed_at(employee.pk)
    if changed_at and int(claims["iat"]) <= changed_at.timestamp() + CLOCK_SKEW_S:
        raise Refused("older than the last change of access")
    return employee


def _given(claims: Mapping[str, Any]) -> list[str]:
    """The permissions in the token: its own claim where the API has one (RBAC), else the scope."""
    if "permissions" in claims:
        return list(words(claims["permissions"]))
    scope = claims.get("scope")
    return scope.split() if isinstance(scope, str) else []
