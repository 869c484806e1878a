"""What an answer of Auth0 means to the caller. Source: facts, "Error bodies" and "Headers"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings

from auth0sync.errors import (
    Conflict,
    Gone,
    Misconfigured,
    Rejected,
    SyncError,
    Transient,
    Unknown,
)

THROTTLED = "too_many_requests"
JOBS_BUSY = "jobs_busy"  # no limit of calls: two import jobs are under way, whoever began them
BUSY_S = 30.0
SETUP = "setup"  # the capability of calls that set a tenant up
TOO_LARGE = "http_413"
IDP_CONFLICT = "auth0_idp_error"
# Auth0's property: the form's field, and how a sentence calls it.
FORM_FIELDS = {
    "email": ("email", "the e-mail"),
    "name": ("name", "the name"),
    "given_name": ("name", "the name"),
    "family_name": ("name", "the name"),
    "phone_number": ("phone_number", "the phone number"),
    "personal_email": ("personal_email", "the personal e-mail"),
    "department": ("department", "the department"),
    "workspace": ("workspace", "the workspace"),
}


@dataclass(frozen=True)
class Answer:
    """An answer, or the lack of one, without anything of the request in it."""

    status: int | None = None
    data: Any = None
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


def meaning(answer: Answer, capability: str, *, writes: bool) -> SyncError | None:
    """What an answer means to the caller; None when it is a good one."""
    status = answer.status
    if answer.failure.startswith("unreachable_"):
        return Transient("Auth0 can't be reached.", code=answer.failure)
    if status is None or answer.failure or status >= 500 or status == 408:
        code = answer.failure or f"http_{status}"
        if writes:
            return Unknown(
                "Auth0 gave no clear answer; the console looks what happened.", code=code
            )
        return Transient("Auth0 gave no usable answer.", code=code)
    if status < 300:
        return None
    return _refusal(status, answer, capability)


def _refusal(status: int, answer: Answer, capability: str) -> SyncError:
    code = str(answer.body.get("errorCode") or "")
    message = str(answer.body.get("message") or "")
    if status == 429 and re.search(r"\bactive\b.*\bjobs\b", message):
        why = "Two import jobs are under way in Auth0, and it takes no third."
        return Transient(why, code=JOBS_BUSY, retry_after_s=BUSY_S)
    if status == 429:
        told_s = wait_s(answer.headers)
        return Transient("Auth0's limit is reached.", code=THROTTLED, retry_after_s=told_s)
    if code == IDP_CONFLICT:  # 409, for some tenants 400
        return Conflict("This e-mail or id is taken by another account in Auth0.", code=code)
    if code == "inexistent_connection":
        return no_connection()
    if status == 401:
        return Misconfigured("Auth0 refuses the token.", code="unauthorized", capability="token")
    if status == 403:
        missing = message.partition("expected any of:")[2].strip()
        return Misconfigured(
            f"Auth0 doesn't allow this: grant the scope {missing}."
            if missing
            else "Auth0 doesn't allow this in the tenant's plan, or to this application.",
            code=code or "insufficient_scope",
            capability=capability,
            missing=missing,
        )
    if capability == SETUP and (refusal := _set_up_refusal(status, code, message)):
        return refusal
    if status == 404:
        is_about_users = code == "inexistent_user" or "users do not exist" in message
        if capability == "roles" and not is_about_users:
            return Misconfigured(
                "A role doesn't exist in Auth0 any more.", code="role_missing", capability="roles"
            )
        return Gone("The account doesn't exist in Auth0.", code=code or "http_404")
    if status == 413:  # whatever code Auth0 gives it
        return _rejection(TOO_LARGE, message)
    if status in {400, 422}:
        return _rejection(code or f"http_{status}", message)
    return Misconfigured(
        f"Auth0 answered with an unexpected error ({status}).",
        code=code or f"http_{status}",
        capability=capability,
    )


def _set_up_refusal(status: int, code: str, message: str) -> SyncError | None:
    """What a refusal means to whoever sets the tenant up, which is about nobody's account."""
    if status == 404:
        return Gone("It isn't in Auth0 (any more).", code=code or "http_404")
    if status == 409:
        return Conflict(
            "Auth0 has such a one by now, or no room for more.", code=code or "http_409"
        )
    if status in {400, 413, 422}:
        said = message[:200] or "it gives no reason"
        return Rejected(f"Auth0 refuses it: {said}", code=code or f"http_{status}")
    return None


def no_connection() -> Misconfigured:
    """The connection in the settings isn't in the tenant."""
    return Misconfigured(
        f"The connection {settings.AUTH0_CONNECTION} doesn't exist in Auth0.",
        code="inexistent_connection",
        capability="create",
        missing=settings.AUTH0_CONNECTION,
    )


def _rejection(code: str, message: str) -> Rejected:
    """A 400 in the form's words: which field, and Auth0's reason less anything that is data.

    Auth0 says: Payload validation error: 'String is too long' on property name.
    """
    found = re.search(r"(?:'(?P<reason>[^']*)' )?on property (?:\w+\.)*(?P<name>\w+)", message)
    form_field, what = FORM_FIELDS.get(found["name"] if found else "", ("", "this person's data"))
    reason = (found and found["reason"]) or message or "it gives no reason"
    reason = re.sub(r"\S+@\S+", "…", reason)[:200]
    return Rejected(f"Auth0 refuses {what}: {reason}.", code=code, field=form_field)


def wait_s(headers: Mapping[str, str]) -> float:
    """Seconds to wait after a 429: Retry-After, else the reset time less the answer's own Date.

    The Date header makes a duration of it, so that a wrong clock on either side does no harm.
    """
    retry_after = headers.get("retry-after", "")
    if retry_after.isdecimal():
        return min(max(float(retry_after), 1.0), 60.0)
    try:
        now = parsedate_to_datetime(headers["date"]).timestamp()
        return min(max(float(headers["x-ratelimit-reset"]) - now, 1.0), 60.0)
    except (KeyError, ValueError, TypeError):
        return 1.0
