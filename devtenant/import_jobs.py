"""Imports of users: a file of up to 500 KB, worked off user by user (facts: import file)."""

import io
import json
from typing import Any

from werkzeug.formparser import parse_form_data

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import ApiError, invalid_body, too_large
from devtenant.import_rows import RowError, import_user, repeated_rows, without_hashes
from devtenant.job_rows import active_jobs, change_job, erase_job, need_bulk_jobs, new_job, shown
from devtenant.outbox import add_mail
from devtenant.schemas import Flag, Record, Text, object_body
from devtenant.state import Tenant
from devtenant.tenant_log import note
from devtenant.tickets import CONNECTION_ID, SENDER
from devtenant.users import unknown_connection

MOST_BYTES = 512_000
MOST_ACTIVE = 2
MOST_A_STEP = 200  # users
PENDING_S = 0.1  # seconds until a job begins
TIMEOUT_S = 7_200
OWNER = "tenant-owner@example.com"
FORM = Record(
    {
        "users": Text(0, MOST_BYTES),
        "connection_id": CONNECTION_ID,
        "upsert": Flag(),
        "external_id": Text(),
        "send_completion_email": Flag(),
    },
    required=("users", "connection_id"),
)


@endpoint("POST", "/jobs/users-imports", "create:users")
def import_users(call: Call) -> Answer:
    """Begin to import the users of a file: 202; what is in the file is looked at later.

    Source: facts: bulk jobs, imports.
    """
    tenant = call.tenant
    need_bulk_jobs(tenant, "user imports")
    if len(call.raw_body) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    form = object_body(read_form(call), FORM)
    connection = tenant.connections.rows.get(form["connection_id"])
    if connection is None or connection["strategy"] != "auth0":
        raise unknown_connection()
    running = [job for job in active_jobs(tenant) if job["type"] == "users_import"]
    if len(running) >= MOST_ACTIVE:
        message = (
            f"There are {MOST_ACTIVE} active import users jobs, "
            "please wait until some of them are finished and try again"
        )
        raise ApiError(429, message)  # as documented: without an errorCode
    job = new_job(
        tenant,
        "users_import",
        connection=connection["name"],
        connection_id=connection["id"],
        upsert=form.get("upsert", False),
        external_id=form.get("external_id"),
        send_completion_email=form.get("send_completion_email", True),
    )
    rows = users_in(form["users"])
    tenant.job_files.put(job["id"], {"rows": rows, "repeated": repeated_rows(rows or [])})
    return 202, shown(job)


def read_form(call: Call) -> dict[str, Any]:
    """The parts of a multipart body; booleans are the texts "true" and "false".

    Raises: ApiError 415 for a body of another type, 400 for a file where a text is wanted.
    """
    if not call.content_type.startswith("multipart/form-data"):
        raise ApiError(415, "Unsupported Media Type")
    environ = {
        "wsgi.input": io.BytesIO(call.raw_body),
        "CONTENT_TYPE": call.content_type,
        "CONTENT_LENGTH": str(len(call.raw_body)),
        "REQUEST_METHOD": "POST",
    }
    _, texts, files = parse_form_data(environ)
    form: dict[str, Any] = dict(texts)
    for name in ("upsert", "send_completion_email"):
        form[name] = {"true": True, "false": False}.get(form.get(name, "false"), form.get(name))
        if name not in texts:
            del form[name]
    for name, file in files.items():
        if name != "users":
            raise invalid_body("Expected type string but found type object", name)
        form[name] = file.read().decode("utf-8", "replace")
    return form


def users_in(text: str) -> list[Any] | None:
    """The users of a file; None for a file that is no JSON array, or an empty one."""
    try:
        rows = json.loads(text)
    except ValueError:
        return None
    return rows if isinstance(rows, list) and rows else None


def move_import(tenant: Tenant, job: dict[str, Any], now: float) -> None:
    """Do what is due of one import at ``now`` (seconds since the epoch)."""
    passed_s = now - job["made_at"]
    if passed_s < PENDING_S:
        return
    file = tenant.job_files.rows[job["id"]]
    if file["rows"] is None or passed_s > TIMEOUT_S:
        end_import(tenant, job, "failed")
        return
    rate = tenant.settings.import_users_per_second
    fate = job.get("fate", {})
    total = len(file["rows"])
    last = total if fate.get("after") is None else min(total, fate["after"])
    begun = job.get("done", 0)
    # One at once and the rest by the clock; never so many that others wait for the lock.
    due = min(last, int((passed_s - PENDING_S) * rate) + 1, begun + MOST_A_STEP)
    if due > begun or job["status"] == "pending":
        job = do_rows(tenant, job, file, due)
    if job["done"] >= last:
        meet_end(tenant, job, fate.get("kind"))


def do_rows(tenant: Tenant, job: dict[str, Any], file: dict[str, Any], due: int) -> dict[str, Any]:
    """Import the users up to the position ``due``; returns the job as it is stored now."""
    connection = tenant.connections.rows[job["connection_id"]]
    counts = dict(job.get("counts") or {"failed": 0, "updated": 0, "inserted": 0, "total": 0})
    errors = list(tenant.job_errors.rows.get(job["id"], []))
    begun = job.get("done", 0)
    for position in range(begun, due):
        row = file["rows"][position]
        repeated = file["repeated"].get(str(position))
        try:
            done = import_user(tenant, connection, row, upsert=job["upsert"], repeated=repeated)
        except RowError as error:
            errors.append({"user": without_hashes(row), "errors": [error.shown]})
            done = "failed"
        counts[done] += 1
        counts["total"] += 1
    if len(errors) > len(tenant.job_errors.rows.get(job["id"], [])):
        tenant.job_errors.put(job["id"], errors)
    total = len(file["rows"])
    left_s = (total - due) / tenant.settings.import_users_per_second
    return change_job(
        tenant,
        job,
        status="processing",
        done=due,
        counts=counts,
        percentage_done=100 * due // total,
        time_left_seconds=round(left_s),
    )


def meet_end(tenant: Tenant, job: dict[str, Any], fate: str | None) -> None:
    """End an import whose last user is done, as well or badly as a fault wants."""
    match fate:
        case "job_stuck":
            return  # until it is too old
        case "job_erased":
            erase_job(tenant, job["id"])
        case "job_dies":
            end_import(tenant, job, "failed")
        case _:
            end_import(tenant, job, "completed")


def end_import(tenant: Tenant, job: dict[str, Any], status: str) -> None:
    """Give a job its last status; a failed one says neither why nor how far it came.

    Source: facts: bulk jobs, imports.
    """
    summary = job.get("counts") if status == "completed" else None
    job = change_job(
        tenant, job, status=status, summary=summary, percentage_done=None, time_left_seconds=None
    )
    tenant.job_files.remove(job["id"])
    kind = "sui" if status == "completed" else "fui"
    details = {"job_id": job["id"], "connection": job["connection"], "summary": summary}
    note(tenant, kind, connection=job["connection"], details=details)
    if status == "failed":
        tenant.job_errors.remove(job["id"])
    if job["send_completion_email"]:
        add_mail(
            tenant,
            source="tenant",
            sender=SENDER,
            to=[OWNER],
            subject=f"Users import {status}",
            text=f"The import {job['id']} into {job['connection']} is {status}.\n",
        )
