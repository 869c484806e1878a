"""Jobs: what became of them, the mail that verifies an e-mail, and the thread that works."""

import time

from devtenant.api import Answer, Call, endpoint
from devtenant.export_jobs import link_to, move_export
from devtenant.import_jobs import move_import
from devtenant.job_rows import (
    KEPT_S,
    active_jobs,
    change_job,
    erase_job,
    find_job,
    new_job,
    shown,
)
from devtenant.schemas import Record, Text, object_body
from devtenant.state import Tenant
from devtenant.tickets import send_verification_mail
from devtenant.users import find_user

WORK_S = 0.5  # seconds until the job of a mail is done
STEP_S = 0.02  # seconds between two looks at the jobs that run
VERIFICATION = Record(
    {
        "user_id": Text(1),
        "client_id": Text(1),
        "identity": Record({}, open_ended=True),
        "organization_id": Text(1),
    },
    required=("user_id",),
)


@endpoint("POST", "/jobs/verification-email", "update:users")
def verification_email(call: Call) -> Answer:
    """Send the tenant's verification mail: 201 with a job.

    Source: facts: POST /jobs/verification-email.
    """
    user = find_user(call.tenant, object_body(call.body, VERIFICATION)["user_id"])
    job = new_job(call.tenant, "verification_email")
    send_verification_mail(call.tenant, user, call.base_url)
    return 201, shown(job)


@endpoint("GET", "/jobs/{id}", "create:users", "read:users", any_of=True)
def get_job(call: Call) -> Answer:
    """How far a job is; a finished export has a new link to its file each time."""
    move_jobs(call.tenant, time.time())
    job = find_job(call.tenant, call.ids[0])
    if job["type"] == "users_export" and job["status"] == "completed":
        return 200, {**shown(job), "location": link_to(call.tenant, job, call.base_url)}
    return 200, shown(job)


@endpoint("GET", "/jobs/{id}/errors", "create:users", "read:users", any_of=True)
def get_job_errors(call: Call) -> Answer:
    """The users that an import did not take: 200, or 204 when there are none."""
    job = find_job(call.tenant, call.ids[0])
    errors = call.tenant.job_errors.rows.get(job["id"])
    return (200, errors) if errors else (204, None)


def move_jobs(tenant: Tenant, now: float) -> None:
    """Do what is due of every job at ``now`` (seconds since the epoch). Callers hold the lock."""
    for job in list(tenant.jobs.rows.values()):
        if now - job["made_at"] > KEPT_S:
            erase_job(tenant, job["id"])
    for job in active_jobs(tenant):
        if job["type"] == "users_import":
            move_import(tenant, job, now)
        elif job["type"] == "users_export":
            move_export(tenant, job, now)
        elif now - job["made_at"] >= WORK_S:
            change_job(tenant, job, status="completed")


def work(tenant: Tenant) -> None:
    """Work off the jobs until the tenant stops: the body of a thread.

    Users of an import appear while nobody asks for the job, as they do at Auth0.
    """
    while not tenant.stopping.is_set():
        tenant.job_waits.wait()
        with tenant.change():
            move_jobs(tenant, time.time())
            if not active_jobs(tenant):
                tenant.job_waits.clear()
        tenant.stopping.wait(STEP_S)
