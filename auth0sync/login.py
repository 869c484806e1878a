"""Signing in with Auth0: the backend for social-auth, and the steps from an answer to a person.

The name ``auth0`` stands in the database beside every account that ever signed in: it is never to
be changed. No token is stored anywhere. Source: design, "Log-in"; facts: the log-in.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from requests import Response
from social_core.backends.auth0_openidconnect import Auth0OpenIdConnectAuth
from social_core.backends.utils import load_oidc_config
from social_core.exceptions import AuthPolicyError, AuthResponseError
from social_core.utils import cache
from social_django.models import UserSocialAuth

from auth0sync.arrivals import note_login
from auth0sync.due import mark_due
from auth0sync.rows import active_holders, holder_of, write_columns
from employees.actors import may_sign_in
from employees.authority import lower_role, program, rank_of
from employees.console_users import UsernameTaken, signed_in, user_for
from employees.emails import is_usable, normalise_email
from employees.history import record_change, record_event, values_of
from employees.middleware import refusal_of
from employees.models import Auth0Role, Employee, SyncStatus

logger = logging.getLogger(__name__)

NAME = "auth0"
LOG_IN = program("log-in")  # who changed it, in the history
DISCOVERY_S = 3600  # how long the tenant's addresses are kept; they may change with a setting
CLOCK_SKEW_S = 30
LEAST_WAIT_S = 0.001  # a call can't be told to wait for nothing
LONGEST_SUBJECT = 255  # characters, all ASCII (OpenID Connect Core, 2: sub); the columns hold that


class SignInRefused(AuthPolicyError):
    """Auth0 knows the person, but the console doesn't let them in.

    reason: the name of a page in ``templates/login/refused/``.
    """

    def __init__(self, backend: "Auth0", reason: str) -> None:
        super().__init__(backend, code="authentication_disallowed", stage="pipeline")
        self.reason = reason


class Auth0(Auth0OpenIdConnectAuth[Any]):
    """Authorization code with PKCE (S256), state and nonce, against one tenant.

    Works with any OpenID Connect provider that has a discovery document.
    """

    name = NAME
    DEFAULT_USE_PKCE = True
    JWT_ALGORITHMS = ["RS256"]
    JWT_LEEWAY = CLOCK_SKEW_S
    TOKEN_ENDPOINT_AUTH_METHOD = "client_secret_post"  # noqa: S105  (Auth0's default)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._until = time.monotonic() + settings.SOCIAL_AUTH_REQUESTS_TIMEOUT

    def request(self, url: str, **kwargs: Any) -> Response:
        """A call to the tenant, which waits for what is left of the time for all of them.

        One object does one step of a log-in; the call-back makes up to four calls.
        """
        left = max(self._until - time.monotonic(), LEAST_WAIT_S)
        return super().request(url, **{**kwargs, "timeout": left})

    def get_key_and_secret(self) -> tuple[str, str]:
        """The web application's id and secret."""
        return settings.AUTH0_LOGIN_CLIENT_ID, settings.AUTH0_LOGIN_CLIENT_SECRET

    def api_path(self, path: str = "") -> str:
        """An address of the tenant; ``path`` without a leading slash."""
        return f"{tenant_root()}/{path}" if path else tenant_root()

    @cache(ttl=DISCOVERY_S)
    def get_openid_configuration(self, url: str) -> dict[str, Any]:
        """The discovery document; the last good one while the tenant doesn't answer."""
        return load_oidc_config(self, url)

    def id_token_issuer(self) -> str:
        """The issuer, which has to be the tenant itself (OpenID Connect Discovery, 4.3).

        Auth0's ends with a slash; other providers' don't.
        """
        issuer = super().id_token_issuer()
        if issuer.rstrip("/") != tenant_root():
            raise AuthResponseError(
                self, code="invalid_claim", claim="iss", stage="token_validation"
            )
        return issuer

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What /userinfo says, which has to be about the id token's subject."""
        found: object = self.get_json(
            self.userinfo_url(), headers={"Authorization": f"Bearer {access_token}"}
        )
        if not (isinstance(found, dict) and found.get("sub")):
            raise AuthResponseError(self, code="malformed_response", stage="user_info")
        return self.validate_userinfo_sub(found) or {}

    def get_user_details(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """The e-mail and whether it is verified, both from the same source."""
        claims = response if "email" in response else self.id_token or {}
        return {
            "email": claims.get("email"),
            "email_verified": claims.get("email_verified") is True,
        }

    def end_session_url(self, back_to: str) -> str:
        """Where a browser ends its Auth0 session, and then comes back.

        back_to: an address in the application's Allowed Logout URLs.
        Raises: SocialAuthBaseException, when the tenant was never reached.
        """
        client_id, _ = self.get_key_and_secret()
        address = self.oidc_config().get("end_session_endpoint")
        # Auth0's own asks for a confirmation when it gets no id token, and none is kept here;
        # older tenants don't show one. /v2/logout does it without (facts: the log-in).
        if address in (None, self.api_path("oidc/logout")):
            query = {"client_id": client_id, "returnTo": back_to}
            return f"{self.api_path('v2/logout')}?{urlencode(query)}"
        query = {"client_id": client_id, "post_logout_redirect_uri": back_to}
        return f"{address}?{urlencode(query)}"


def tenant_root() -> str:
    """Where people log in: AUTH0_BASE_URL, else AUTH0_CUSTOM_DOMAIN, else AUTH0_DOMAIN."""
    base: str = settings.AUTH0_BASE_URL
    custom: str = settings.AUTH0_CUSTOM_DOMAIN
    return f"https://{custom}" if custom and base == f"https://{settings.AUTH0_DOMAIN}" else base


def is_configured() -> bool:
    """Whether anybody can sign in with Auth0."""
    return bool(tenant_root() and settings.AUTH0_LOGIN_CLIENT_ID)


# --- The steps, in the order of SOCIAL_AUTH_PIPELINE ---


def match_employee(
    backend: Auth0, uid: str, details: Mapping[str, Any], **kwargs: Any
) -> dict[str, Any]:
    """Whose account this is, by its subject, else by a verified e-mail that nobody holds.

    Raises: SignInRefused.
    """
    if not uid.isascii() or len(uid) > LONGEST_SUBJECT:  # MariaDB fails at the comparison
        raise SignInRefused(backend, "fault")
    employee = holder_of(uid) or _link_by_email(backend, uid, details)
    if not may_sign_in(employee):
        raise SignInRefused(backend, refusal_of(employee))
    return {"employee": employee}


def user_for_employee(backend: Auth0, employee: Employee, **kwargs: Any) -> dict[str, Any]:
    """The employee's one Django user. Raises: SignInRefused, when it was switched off."""
    try:
        user = user_for(employee)
    except UsernameTaken as error:
        logger.error("Sign-in: the user name %s is taken by hand; rename that user.", error)
        raise SignInRefused(backend, "fault") from error
    if not user.is_active:
        raise SignInRefused(backend, "inactive")
    return {"user": user, "is_new": False}


def associate(backend: Auth0, uid: str, user: User, **kwargs: Any) -> dict[str, Any]:
    """Note which account the user signs in with, in place of an older note; no token is kept.

    An account may have been made anew, or moved to its rightful person: what counts is the row.
    """
    with transaction.atomic():
        # The lock lets two browsers of one person take turns.
        User.objects.select_for_update().get(pk=user.pk)
        known = UserSocialAuth.get_social_auth(backend.name, uid)
        if known is None or known.user_id != user.pk:
            notes = UserSocialAuth.objects.filter(provider=backend.name)
            notes.filter(user=user).delete()
            notes.filter(uid=uid).delete()
            known = UserSocialAuth.objects.create(
                provider=backend.name, uid=uid, id_key=backend.id_key(), user=user
            )
    return {"social": known}


def follow_role(backend: Auth0, employee: Employee, user: User, **kwargs: Any) -> None:
    """Act with the row's role, or with less where Auth0's claim says less.

    A claim that says more doesn't count: it is noted, and the worker takes the role away there.
    Without a claim the row's role counts alone.
    """
    claims = backend.id_token or {}
    row_role = employee.auth0_role
    claimed = words(claims.get(settings.AUTH0_ROLES_CLAIM))
    if any(role in Auth0Role and rank_of(role) > rank_of(row_role) for role in claimed):
        logger.warning("Auth0 gives employee %d a higher role than the row.", employee.pk)
        record_event(employee.pk, LOG_IN, "Auth0 role above the row's")
        mark_due([employee.pk], actor=LOG_IN.name, look=True)
    signed_in(user, employee, acting_role(row_role, claims))


def notice_verified(details: Mapping[str, Any], employee: Employee, **kwargs: Any) -> None:
    """Have the account read when Auth0 says that the e-mail is verified, and the row doesn't yet.

    Nothing is called or believed here; the worker reads and writes it.
    """
    if details["email_verified"] and employee.auth0_sync_status != SyncStatus.VERIFIED:
        mark_due([employee.pk], actor=LOG_IN.name, look=True)


def note_arrival(employee: Employee, **kwargs: Any) -> None:
    """Keep when this person first signed in with Auth0."""
    note_login(employee.pk, timezone.now())


def _link_by_email(backend: Auth0, uid: str, details: Mapping[str, Any]) -> Employee:
    """The one active person with this verified e-mail, whose row then names the account.

    Raises: SignInRefused.
    """
    email = normalise_email(details["email"]) if isinstance(details["email"], str) else ""
    if not details["email_verified"]:
        raise SignInRefused(backend, "unverified")
    holders = active_holders({email}).get(email, []) if is_usable(email) else []
    if len(holders) != 1:
        raise SignInRefused(backend, "unknown")
    try:
        with transaction.atomic():
            return _link(backend, uid, holders[0])
    except IntegrityError:  # linked to somebody else at the same moment
        raise SignInRefused(backend, "held") from None


def _link(backend: Auth0, uid: str, employee_id: int) -> Employee:
    employee = Employee.objects.select_for_update().filter(pk=employee_id).first()
    if employee is None:
        raise SignInRefused(backend, "unknown")
    if employee.auth0_user_id == uid:  # another browser of theirs was quicker
        return employee
    if employee.auth0_user_id:
        raise SignInRefused(backend, "held")
    if not may_sign_in(employee):
        raise SignInRefused(backend, refusal_of(employee))
    write_columns(employee_id, auth0_user_id=uid)
    values = values_of(employee)
    linked = {"auth0_user_id": (None, uid)}
    record_change(employee_id, values, values, LOG_IN, "linked by verified e-mail", extra=linked)
    mark_due([employee_id], actor=LOG_IN.name, look=True)
    return Employee.objects.get(pk=employee_id)


def acting_role(row_role: str, claims: Mapping[str, Any]) -> str:
    """The row's role, or less where a token's AUTH0_ROLES_CLAIM says less; without it the row's."""
    claim = claims.get(settings.AUTH0_ROLES_CLAIM, row_role)
    return lower_role(row_role, words(claim))


def words(claim: object) -> Iterable[str]:
    """The names in a claim, which may be one or a list; anything else names nothing."""
    if isinstance(claim, str):
        return [claim]
    return [word for word in claim if isinstance(word, str)] if isinstance(claim, list) else []
