"""What every job has: an id, a status, an age, and an end (facts: bulk jobs)."""

import time
from typing import Any

from devtenant.clock import random_id, timestamp
from devtenant.errors import ApiError, upgrade_needed
from devtenant.state import Tenant

KEPT_S = 86_400  # seconds: Auth0 deletes the data of a job after a day
PATHS = {
    "users_import": "/api/v2/jobs/users-imports",
    "users_export": "/api/v2/jobs/users-exports",
    "verification_email": "/api/v2/jobs/verification-email",
}
ACTIVE = ("pending", "processing")
# What is kept with a job and never shown.
HIDDEN = frozenset(["made_at", "done", "counts", "fate"])


def new_job(tenant: Tenant, kind: str, **fields: Any) -> dict[str, Any]:
    """Store a job that waits for its turn. fields: what its answer shows besides, None left out.

    The fate of a job is decided here: a fault of POST /_faults that is meant for jobs.
    """
    job = {
        "type": kind,
        "status": "pending",
        "created_at": timestamp(),
        "id": random_id("job_"),
        **{name: value for name, value in fields.items() if value is not None},
        "made_at": time.time(),
    }
    fault = tenant.faults.pick_for_job(PATHS[kind])
    if fault is not None:
        job["fate"] = {"kind": fault.kind, "after": fault.after_users}
    tenant.jobs.put(job["id"], job)
    tenant.job_waits.set()
    return job


def shown(job: dict[str, Any]) -> dict[str, Any]:
    """A job as the interface shows it."""
    return {key: value for key, value in job.items() if key not in HIDDEN}


def find_job(tenant: Tenant, job_id: str) -> dict[str, Any]:
    """The stored job.

    Raises: ApiError 404 for one that is unknown, or a day old.
    """
    job: dict[str, Any] | None = tenant.jobs.rows.get(job_id)
    if job is None or time.time() - job["made_at"] > KEPT_S:
        raise ApiError(404, "The job does not exist.", "inexistent_job")
    return job


def active_jobs(tenant: Tenant) -> list[dict[str, Any]]:
    """The jobs that have not ended."""
    return [job for job in tenant.jobs.rows.values() if job["status"] in ACTIVE]


def change_job(tenant: Tenant, job: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Store a job with some fields changed, and return it; None takes a field away."""
    changed = {key: value for key, value in {**job, **fields}.items() if value is not None}
    tenant.jobs.put(job["id"], changed)
    return changed


def erase_job(tenant: Tenant, job_id: str) -> None:
    """Forget a job and all its data."""
    for table in (tenant.jobs, tenant.job_files, tenant.job_errors):
        table.remove(job_id)
    tenant.snapshots.pop(job_id, None)


def need_bulk_jobs(tenant: Tenant, feature: str) -> None:
    """Refuse where POST /_control says that the plan has no bulk jobs.

    Raises: ApiError 403 ``insufficient_entitlement``.
    """
    if not tenant.settings.bulk_jobs:
        raise upgrade_needed(feature)
