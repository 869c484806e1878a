"""The machine token: one for the whole installation, renewed by one process for all.

It is kept in memory, and encrypted in TenantState with a key made from the client secret, so that
a copy of the database opens nothing. Source: facts, "M2M tokens" (a token can't be revoked, and
lives 24 hours).
"""

import base64
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from auth0sync.errors import Misconfigured, SyncError, Transient
from auth0sync.models import TenantState

logger = logging.getLogger(__name__)

WAIT_FOR_OTHER_S = 0.1
LIFE_MOST_S = 2_592_000  # facts: resource server, ``token_lifetime``


@dataclass(frozen=True)
class _Held:
    """The token in this process's memory; the ends are of this process's own steady clock."""

    token: str
    renew_at: float
    ends_at: float


_held: _Held | None = None


def get_token() -> str:
    """A token that Auth0 will take for a while yet.

    Renewed AUTH0_TOKEN_REFRESH_BUFFER seconds before it ends; the others go on with the old one
    while one process renews it.
    Raises: Misconfigured when Auth0 refuses the client; Transient when it can't be reached.
    """
    global _held
    if _held is None or time.monotonic() >= _held.renew_at:
        _held = _shared() or _renewed()
    return _held.token


def drop_token(token: str) -> None:
    """Forget a token that Auth0 refused, here and for all processes that still hold the same."""
    global _held
    shared = _read()
    if shared is not None and shared.token == token:
        TenantState.objects.filter(pk=1).update(
            token="", token_renew_at=None, token_expires_at=None
        )
    if _held is not None and _held.token == token:
        _held = None


def _shared() -> _Held | None:
    """The token that another process has stored, unless it is about to end."""
    held = _read()
    return held if held is not None and time.monotonic() < held.renew_at else None


def _renewed() -> _Held:
    """Renew the token, or wait for the process that does."""
    patience = time.monotonic() + 2 * settings.AUTH0_TIMEOUT
    while time.monotonic() < patience:
        if _take_lease():
            try:
                # Whoever had the lease until now may have done it.
                return _shared() or _fetch()
            finally:
                TenantState.objects.filter(pk=1).update(token_lease_until=None)
        current = _read()
        if current is not None and time.monotonic() < current.ends_at:
            return current
        time.sleep(WAIT_FOR_OTHER_S)
    raise Transient(
        "Another process is renewing the Auth0 token and hasn't finished.", code="token_wait"
    )


def _take_lease() -> bool:
    until = Now() + timedelta(seconds=2 * settings.AUTH0_TIMEOUT)
    free = Q(token_lease_until__isnull=True) | Q(token_lease_until__lt=Now())
    return bool(TenantState.objects.filter(free, pk=1).update(token_lease_until=until))


def _fetch() -> _Held:
    """Ask Auth0 for a token and store it for all."""
    found = _ask()
    if isinstance(found, SyncError):
        logger.warning("No machine token: %s", found.code)
        raise found
    return _store(*found)


def _ask() -> tuple[str, int] | SyncError:
    """The token and how many seconds it lives, or what keeps Auth0 from giving one.

    Errors are returned, not raised, and none is chained: the request holds the client secret, the
    answer the token, and neither should hang on an error's traceback.
    """
    try:
        answer = httpx.post(
            f"{settings.AUTH0_BASE_URL}/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": settings.AUTH0_CLIENT_ID,
                "client_secret": settings.AUTH0_CLIENT_SECRET,
                "audience": f"https://{settings.AUTH0_DOMAIN}/api/v2/",
            },
            timeout=settings.AUTH0_TIMEOUT,
        )
    except httpx.RequestError as failure:
        return Transient(
            "Auth0 can't be reached for a token.", code=f"token_{type(failure).__name__}"
        )
    if answer.status_code != httpx.codes.OK:
        return _refusal(answer.status_code)
    try:
        data = answer.json()
        token, lives_s = data["access_token"], int(data["expires_in"])
    except (ValueError, KeyError, TypeError, OverflowError):
        token, lives_s = "", 0
    if isinstance(token, str) and token and 0 < lives_s <= LIFE_MOST_S:
        return token, lives_s
    return Transient("Auth0's answer holds no token.", code="token_answer")


def _refusal(status: int) -> SyncError:
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        return Transient("Auth0 gives no token at the moment.", code=f"token_{status}")
    return Misconfigured(
        "Auth0 refuses the machine-to-machine application: check AUTH0_DOMAIN, AUTH0_CLIENT_ID and "
        "AUTH0_CLIENT_SECRET, and that it is authorised for the Management API.",
        code=f"token_{status}",
        capability="token",
    )


def _store(token: str, lives_s: int) -> _Held:
    # A tenant may issue tokens that live shorter than the buffer: renew after half their life then.
    renew_in_s = max(lives_s - settings.AUTH0_TOKEN_REFRESH_BUFFER, lives_s / 2)
    TenantState.objects.filter(pk=1).update(
        token=_cipher().encrypt(token.encode()).decode(),
        token_renew_at=Now() + timedelta(seconds=renew_in_s),
        token_expires_at=Now() + timedelta(seconds=lives_s),
    )
    logger.info("Machine token renewed, good for %d s.", lives_s)
    return _hold(token, renew_in_s, lives_s)


def _read() -> _Held | None:
    """The stored token, or None when there is none, it has ended, or the secret was changed."""
    live = TenantState.objects.filter(
        pk=1, token_expires_at__gt=Now(), token_renew_at__isnull=False
    )
    row = live.annotate(
        renew_in=F("token_renew_at") - Now(), ends_in=F("token_expires_at") - Now()
    ).first()
    if row is None:
        return None
    try:
        token = _cipher().decrypt(row.token.encode()).decode()
    except InvalidToken:
        return None
    return _hold(token, row.renew_in.total_seconds(), row.ends_in.total_seconds())


def _hold(token: str, renew_in_s: float, lives_s: float) -> _Held:
    now = time.monotonic()
    return _Held(token=token, renew_at=now + renew_in_s, ends_at=now + lives_s)


def _cipher() -> Fernet:
    secret = settings.AUTH0_CLIENT_SECRET.encode()
    info = f"machine token of {settings.AUTH0_CLIENT_ID} at {settings.AUTH0_DOMAIN}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
