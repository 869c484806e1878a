"""Exports of users: the job, and the link to its file (facts: exports)."""

import hashlib
import hmac
import time
from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import invalid_body, upgrade_needed
from devtenant.job_rows import change_job, erase_job, need_bulk_jobs, new_job, shown
from devtenant.schemas import Many, Record, Text, Whole, object_body
from devtenant.state import Tenant
from devtenant.tickets import CONNECTION_ID
from devtenant.users import unknown_connection

LINK_S = 60  # seconds that a link to a file lives
SNAPSHOTS_KEPT = 4
MOST_CSV_FIELDS = 30
FOLDER = "/user-exports"
# Neither metadata nor blocks: who needs them has to ask for them (believed).
DEFAULT_FIELDS = (
    *("user_id", "email", "email_verified", "name", "nickname", "given_name", "family_name"),
    *("picture", "created_at", "updated_at"),
)
EXPORT = Record(
    {
        "connection_id": CONNECTION_ID,
        "format": Text(choices=("json", "csv")),
        "limit": Whole(1),
        "fields": Many(Record({"name": Text(1), "export_as": Text(1)}, required=("name",)), low=1),
    }
)


@endpoint("POST", "/jobs/users-exports", "read:users")
def export_users(call: Call) -> Answer:
    """Begin to export users as they are now: 200, not 201.

    Source: facts: exports.
    """
    tenant = call.tenant
    need_bulk_jobs(tenant, "user exports")
    if tenant.settings.plan == "free":
        raise upgrade_needed("user exports")
    body = object_body(call.body, EXPORT) if call.raw_body else {}
    connection = tenant.connections.rows.get(body.get("connection_id", ""))
    if "connection_id" in body and connection is None:
        raise unknown_connection()
    as_format = body.get("format", "json")
    fields = body.get("fields")
    if as_format == "csv":
        check_csv(fields or [])
    job = new_job(
        tenant,
        "users_export",
        connection_id=body.get("connection_id"),
        connection=connection["name"] if connection else None,
        format=as_format,
        limit=body.get("limit"),
        fields=fields,
    )
    take_snapshot(tenant, job)
    return 200, shown(job)


def check_csv(fields: list[dict[str, Any]]) -> None:
    """Refuse what a CSV export cannot hold.

    Raises: ApiError 400.
    Source: facts: exports.
    """
    if len(fields) > MOST_CSV_FIELDS:
        raise invalid_body(
            f"Array is too long ({len(fields)}), maximum {MOST_CSV_FIELDS}", "fields"
        )
    for field in fields:
        if field["name"] in ("app_metadata", "user_metadata"):
            raise invalid_body(f"{field['name']} cannot be exported as a whole in csv", "fields")


def take_snapshot(tenant: Tenant, job: dict[str, Any]) -> list[dict[str, Any]]:
    """Keep the records an export holds; after a restart those of that moment are taken.

    Stored users are never changed in place, so the list is all that has to be copied.
    """
    connection, limit = job.get("connection"), job.get("limit")
    rows = list(tenant.users.rows.values())
    if connection:
        rows = [row for row in rows if row["identities"][0]["connection"] == connection]
    tenant.snapshots[job["id"]] = rows[:limit]
    while len(tenant.snapshots) > SNAPSHOTS_KEPT:
        del tenant.snapshots[next(iter(tenant.snapshots))]
    return tenant.snapshots[job["id"]]


def move_export(tenant: Tenant, job: dict[str, Any], now: float) -> None:
    """Do what is due of one export at ``now`` (seconds since the epoch)."""
    passed_s = now - job["made_at"]
    wanted_s = tenant.settings.export_s
    fate = job.get("fate", {}).get("kind")
    if passed_s >= wanted_s and fate == "job_erased":
        erase_job(tenant, job["id"])
    elif passed_s >= wanted_s and fate != "job_stuck":
        status = "failed" if fate == "job_dies" else "completed"
        change_job(tenant, job, status=status, percentage_done=None, time_left_seconds=None)
    elif passed_s >= wanted_s / 2 and job["status"] == "pending":
        left_s = max(1, round(wanted_s - passed_s))
        change_job(tenant, job, status="processing", percentage_done=50, time_left_seconds=left_s)


def link_to(tenant: Tenant, job: dict[str, Any], base_url: str) -> str:
    """A new link to the file of a finished export: a credential that lives for a minute.

    Source: facts: exports.
    """
    expires = int(time.time()) + LINK_S
    path = f"{FOLDER}/{job['id']}/devtenant.{job['format']}.gz"
    query = f"Expires={expires}&Key-Pair-Id=DEVTENANT&Signature={signature(tenant, path, expires)}"
    return f"{base_url}{path}?{query}"


def signature(tenant: Tenant, path: str, expires: int) -> str:
    """What makes a link one of this tenant's; expires: seconds since the epoch."""
    key: str = tenant.kept.rows["signing_key"]["pem"]
    return hmac.new(key.encode(), f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()


def may_download(tenant: Tenant, path: str, expires: str, signed: str) -> bool:
    """True for a link of this tenant that has not expired."""
    if not expires.isdecimal() or int(expires) < time.time():
        return False
    return hmac.compare_digest(signature(tenant, path, int(expires)), signed)
