"""The tenant's log: what happened, newest last, kept as long as the plan keeps it (facts: logs)."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import islice
from typing import Any

from devtenant.clock import timestamp
from devtenant.state import Tenant

KEPT = 20_000  # records, whatever the plan: the tenant's memory is this machine's
CHUNK = 1_000  # records that go at once
DAY_S = 86_400
# Days by plan; "demo" is no plan of Auth0's and takes what Essentials has.
RETENTION = {"free": 1, "demo": 5, "essentials": 5, "enterprise": 30}
WARNING = 0.2  # what is left of a bucket when the warning comes: 80 % are used
LIMIT_NOTED_S = 60.0  # seconds between two records of one sort about one bucket (believed)
NO_DIGIT = str.maketrans("", "", "-:.TZ")
MASKED = "*****"
SECRET_KEYS = ("password", "password_hash", "client_secret", "signing_secret", "httpAuthorization")
DESCRIPTIONS = {
    "s": "Successful login",
    "f": "User is blocked",
    "fp": "Wrong email or password.",
    "fu": "Wrong email or password.",
    "ss": "Successful signup",
    "fs": "Password is too weak",
    "sv": "Successfully verified email",
    "fv": "Failed to verify email",
    "svr": "Verification email requested",
    "scpr": "Change password request sent",
    "fcpr": "Change password request failed",
    "scp": "Changed password",
    "fcp": "Password is too weak",
    "sce": "Email changed",
    "fce": "The specified new email already exists",
    "sdu": "User deleted",
    "slo": "User successfully logged out",
    "flo": "The address to return to is not allowed",
    "seccft": "Client credentials exchanged for an access token",
    "feccft": "Unauthorized",
    "seacft": "Authorization Code for Access Token",
    "feacft": "Invalid authorization code",
    "sapi": "Management API operation",
    "limit_wc": "Account blocked for this IP after too many wrong passwords",
    "fn": "Failed to send email notification",
    "api_limit": "Global limit has been reached",
    "api_limit_warning": "80 % of the global limit have been used",
    "sui": "Users imported",
    "fui": "Users import failed",
}


def note(
    tenant: Tenant,
    kind: str,
    user: dict[str, Any] | None = None,
    *,
    user_name: str | None = None,
    client_id: str | None = None,
    ip: str = "127.0.0.1",
    description: str | None = None,
    details: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Write one record. Callers hold the lock.

    kind: Auth0's code, such as ``s``. user: whom it is about, as stored; ``user_name`` alone for
    somebody who has no account. ``more``: other keys of the record.
    Source: facts: log codes, log streams (the form of a record).
    """
    said = DESCRIPTIONS.get(kind, kind) if description is None else description
    record: dict[str, Any] = {"date": "", "type": kind, "description": said}
    if user is not None:
        identity = user["identities"][0]
        connection = next(
            (
                row["id"]
                for row in tenant.connections.rows.values()
                if row["name"] == identity["connection"]
            ),
            None,
        )
        record |= {
            "connection": identity["connection"],
            "connection_id": connection,
            "user_id": user["user_id"],
            "user_name": user.get("email", ""),
            "strategy": identity["provider"],
            "strategy_type": "database",
        }
    elif user_name is not None:
        record["user_name"] = user_name
    if client_id:
        record["client_id"] = client_id
        record["client_name"] = tenant.clients.rows.get(client_id, {}).get("name", "")
    record |= {"ip": ip, "user_agent": "devtenant", "details": details or {}, **more}
    write(tenant, record)
    return record


def write(tenant: Tenant, record: dict[str, Any]) -> None:
    """Give a record its moment and its id, which rises even where the clock goes back."""
    tenant.log_at = max(time.time(), tenant.log_at)
    tenant.log_number += 1
    record["date"] = timestamp(tenant.log_at)
    record["log_id"] = f"{beginning(record['date'])}{tenant.log_number:036d}"
    tenant.logs.put(record["log_id"], record)
    if len(tenant.logs.rows) >= KEPT + CHUNK:
        forget(tenant, CHUNK)
    if tenant.log_streams.rows:  # waking a thread costs more than the record
        tenant.log_grew.notify_all()


def id_at(at: float) -> str:
    """How the ids of a moment (seconds since the epoch) begin; ids sort as texts."""
    return beginning(timestamp(at))


def beginning(date: str) -> str:
    """How the ids of a date begin, which is in the form of ``timestamp``."""
    return "900" + date.translate(NO_DIGIT)


def forget(tenant: Tenant, number: int) -> None:
    """Remove the oldest records."""
    for log_id in list(islice(tenant.logs.rows, number)):
        tenant.logs.remove(log_id)


def kept(tenant: Tenant) -> list[str]:
    """The ids of what the plan still keeps, oldest first; what is older goes."""
    seconds = tenant.settings.log_retention_s
    if seconds is None:
        seconds = RETENTION[tenant.settings.plan] * DAY_S
    ids = list(tenant.logs.rows)
    gone = bisect_left(ids, id_at(time.time() - seconds))
    if gone:
        forget(tenant, gone)
    return ids[gone:]


def after(tenant: Tenant, log_id: str | None, number: int) -> list[dict[str, Any]]:
    """Up to ``number`` records after that id, in their order; None: from the oldest.

    An id that is no longer kept stands for its place in the order (believed).
    """
    ids = kept(tenant)
    start = bisect_right(ids, log_id) if log_id else 0
    return [tenant.logs.rows[key] for key in ids[start : start + number]]


def newest(
    tenant: Tenant, matches: Callable[[dict[str, Any]], bool], number: int
) -> list[dict[str, Any]]:
    """Up to ``number`` of the records that match, the newest first."""
    rows = (tenant.logs.rows[key] for key in reversed(kept(tenant)))
    return list(islice((row for row in rows if matches(row)), number))


def masked(value: Any) -> Any:
    """A body as the log shows it: whole, but for the secrets in it (recorded for passwords)."""
    if isinstance(value, dict):
        return {
            key: MASKED
            if key in SECRET_KEYS and inner is not None
            # Most values are neither: to ask here is much faster than to call for each.
            else (masked(inner) if isinstance(inner, dict | list) else inner)
            for key, inner in value.items()
        }
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def note_limit(tenant: Tenant, group: str, left: float, *, allowed: bool, ip: str) -> None:
    """Log that a bucket is empty, or nearly so; left: the part of it that is left, 0.0 to 1.0.

    Source: facts: log codes.
    """
    if allowed and left > WARNING:
        return
    kind = "api_limit_warning" if allowed else "api_limit"
    now = time.time()
    if now - tenant.limits_noted.get((group, kind), 0.0) < LIMIT_NOTED_S:
        return
    tenant.limits_noted[group, kind] = now
    note(tenant, kind, ip=ip, details={"bucket": group})
