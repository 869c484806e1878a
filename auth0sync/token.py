"""The machine token: one for the whole installation, renewed by one process for all.

It is kept in memory, and encrypted in TenantState with a key made from the client secret, so that
a copy of the database opens nothing. Source: facts, "M2M tokens" (a token can't be revoked, and
lives 24 hours).
"""

import base64
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import httpx
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from auth0sync.answers import wait_s
from auth0sync.bounded import BoundedClient
from auth0sync.errors import Misconfigured, NotNow, SyncError, Transient
from auth0sync.models import TenantState
from employees.counters import count, counted, observe, record

logger = logging.getLogger(__name__)

WAIT_FOR_OTHER_S = 0.1
TRY_AGAIN_S = 30  # after a renewal that failed, while the old token is good
NEW_FOR_S = 30  # a token fetched for a missing scope this lately holds every scope there is
MACHINE = (
    "machine-to-machine application: check AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET"
)
LIFE_MOST_S = 2_592_000  # facts: resource server, ``token_lifetime``


@dataclass(frozen=True)
class _Held:
    """The token in this process's memory; the ends are of this process's own steady clock."""

    token: str
    renew_at: float
    ends_at: float


_held: _Held | None = None


def have_token() -> str:
    """See to it that there is a token for the next call, and return it.

    Renewed AUTH0_TOKEN_REFRESH_BUFFER seconds before its end, by one process; the others go on
    with the old one meanwhile, as they do when a renewal fails. It may take as long as two
    time-outs, so ask before you hold a lease or a slot.
    Raises: Misconfigured when Auth0 refuses the client; Transient when it can't be reached; NotNow
    when it is the limit, or another process, that has to be waited for.
    """
    global _held
    held = _held
    if held is None or time.monotonic() >= held.renew_at:
        held = _held = _shared() or _renewed()
    return held.token


def get_token() -> str:
    """The token of :func:`have_token`, which isn't renewed now unless it has ended."""
    held = _held
    return held.token if held and time.monotonic() < held.ends_at else have_token()


def drop_token(token: str, *, for_scope: bool = False) -> bool:
    """Forget a token that Auth0 refused, for all processes; False when that would be of no use.

    for_scope: a scope is missing. It may be in a new token, however young this one is; but for half
    a minute after that, no other is fetched for a scope: all processes together do it once.
    """
    global _held
    row = TenantState.objects.filter(pk=1).first()
    if row is not None and _opened(row.token) == token:
        same = TenantState.objects.filter(pk=1, token=row.token)
        lately = same.filter(token_at__gt=Now() - timedelta(seconds=NEW_FOR_S))
        if for_scope and lately.exists():
            return False
        when = {"token_at": Now()} if for_scope else {}
        same.update(token="", token_renew_at=None, token_expires_at=None, **when)
    if _held is not None and _held.token == token:
        _held = None
    return True


def _shared() -> _Held | None:
    """The token that another process has stored, unless it is about to end."""
    held = _read()
    return held if held is not None and time.monotonic() < held.renew_at else None


def _renewed() -> _Held:
    """Renew the token, or go on with the old one while another process does, or wait for it."""
    patience = time.monotonic() + 2 * settings.AUTH0_TIMEOUT
    while time.monotonic() < patience:
        old = _read()
        left_s = _told_to_wait_s()
        if not left_s and (lease := _take_lease()):
            try:
                # Whoever had the lease until now may have done it.
                return _shared() or _fetch(old)
            finally:
                _give_back(lease)
        if old is not None and time.monotonic() < old.ends_at:
            return old
        if left_s:
            raise NotNow(
                "Auth0 gives no token yet: its limit is reached.",
                code="token_429",
                retry_after_s=left_s,
            )
        time.sleep(WAIT_FOR_OTHER_S)
    raise NotNow(
        "Another process is renewing the Auth0 token and hasn't finished.",
        code="token_wait",
        retry_after_s=1,
    )


def _told_to_wait_s() -> float:
    """Seconds until Auth0 may be asked for a token; 0 when it may now."""
    row = TenantState.objects.filter(pk=1, token_wait_until__gt=Now())
    left = row.annotate(left=F("token_wait_until") - Now()).values_list("left", flat=True).first()
    return max(left.total_seconds(), 0.1) if left else 0.0


def _take_lease() -> str:
    """The right to renew, as the name with which to give it back; '' when another has it."""
    lease = uuid4().hex
    until = Now() + timedelta(seconds=2 * settings.AUTH0_TIMEOUT)
    free = Q(token_lease_until__isnull=True) | Q(token_lease_until__lt=Now())
    row = TenantState.objects.filter(free, pk=1)
    return lease if row.update(token_lease=lease, token_lease_until=until) else ""


def _give_back(lease: str) -> None:
    """Only what is still ours: a fetch that took too long may have been overtaken."""
    TenantState.objects.filter(pk=1, token_lease=lease).update(
        token_lease="", token_lease_until=None
    )


def _fetch(old: _Held | None) -> _Held:
    """Ask Auth0 for a token and store it for all; ``old`` when that fails for the moment."""
    began = time.monotonic()
    found = ask(settings.AUTH0_CLIENT_ID, settings.AUTH0_CLIENT_SECRET, MACHINE)
    observe("auth0_api_response_time", time.monotonic() - began, capability="token")
    if not isinstance(found, SyncError):
        count("auth0_token_refresh_count")
        return _store(found.token, found.lives_s)
    logger.warning("No machine token (%s).", found.code)
    _count_failure(found)
    is_good = old is not None and time.monotonic() < old.ends_at
    if isinstance(found, NotNow):
        _put_off(found.retry_after_s)
    elif is_good and isinstance(found, Transient):
        _put_off(TRY_AGAIN_S)
    if old is not None and is_good and isinstance(found, Transient):
        return old
    raise found


def _count_failure(failure: SyncError) -> None:
    if isinstance(failure, NotNow):
        record(
            counted("auth0_token_refresh_failed", reason="limit"),
            counted("auth0_rate_limit_hits", capability="token"),
        )
    else:
        reason = "unreachable" if isinstance(failure, Transient) else "refused"
        count("auth0_token_refresh_failed", reason=reason)


def _put_off(seconds: float) -> None:
    """Let no process ask for a token for so long."""
    TenantState.objects.filter(pk=1).update(token_wait_until=Now() + timedelta(seconds=seconds))


@dataclass(frozen=True)
class Granted:
    """A token as Auth0 gave it. scopes: None where the answer doesn't tell them."""

    token: str = field(repr=False)
    lives_s: int
    scopes: frozenset[str] | None


def ask(client_id: str, client_secret: str, application: str) -> Granted | SyncError:
    """A token of an application, or what keeps Auth0 from giving one.

    application: what to check, in words, where Auth0 refuses it.

    Errors are returned, not raised, and none is chained: the request holds the client secret, the
    answer the token, and neither should hang on an error's traceback.
    """
    try:
        with BoundedClient(timeout=settings.AUTH0_TIMEOUT) as client:
            answer = client.post(
                f"{settings.AUTH0_BASE_URL}/oauth/token",
                json={
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": client_secret,
                    "audience": f"https://{settings.AUTH0_DOMAIN}/api/v2/",
                },
            )
    except httpx.RequestError as failure:
        return Transient(
            "Auth0 can't be reached for a token.", code=f"token_{type(failure).__name__}"
        )
    if answer.status_code != httpx.codes.OK:
        return _refusal(answer.status_code, answer.headers, application)
    try:
        data = answer.json()
        token, lives_s = data["access_token"], int(data["expires_in"])
    except (ValueError, KeyError, TypeError, OverflowError):
        token, lives_s = "", 0
    if isinstance(token, str) and token and 0 < lives_s <= LIFE_MOST_S:
        told = data.get("scope")
        return Granted(token, lives_s, frozenset(told.split()) if isinstance(told, str) else None)
    return Transient("Auth0's answer holds no token.", code="token_answer")


def _refusal(status: int, headers: Mapping[str, str], application: str) -> SyncError:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return NotNow(
            "Auth0 gives no token yet: its limit is reached.",
            code="token_429",
            retry_after_s=wait_s(headers),
        )
    if status >= 500:
        return Transient("Auth0 gives no token at the moment.", code=f"token_{status}")
    return Misconfigured(
        f"Auth0 refuses the {application}, and that it is authorised for the Management API.",
        code=f"token_{status}",
        capability="token",
    )


def _store(token: str, lives_s: int) -> _Held:
    # A tenant may issue tokens that live shorter than the buffer: renew after half their life then.
    renew_in_s = max(lives_s - settings.AUTH0_TOKEN_REFRESH_BUFFER, lives_s / 2)
    TenantState.objects.filter(pk=1).update(
        token=_cipher().encrypt(token.encode()).decode(),
        token_wait_until=None,
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
    token = _opened(row.token)
    if not token:
        return None
    return _hold(token, row.renew_in.total_seconds(), row.ends_in.total_seconds())


def _opened(sealed: str) -> str:
    """The token in clear; '' when there is none, or the client was changed since."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""


def _hold(token: str, renew_in_s: float, lives_s: float) -> _Held:
    now = time.monotonic()
    return _Held(token=token, renew_at=now + renew_in_s, ends_at=now + lives_s)


def _cipher() -> Fernet:
    secret = settings.AUTH0_CLIENT_SECRET.encode()
    info = f"machine token of {settings.AUTH0_CLIENT_ID} at {settings.AUTH0_DOMAIN}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
