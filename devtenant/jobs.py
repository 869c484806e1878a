"""Jobs: the verification mail. Imports and exports of users belong here too, later."""

import time

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import random_id, timestamp
from devtenant.errors import ApiError
from devtenant.schemas import Record, Text, object_body
from devtenant.tickets import send_verification_mail
from devtenant.users import find_user

KEPT_S = 86_400  # seconds: Auth0 deletes the data of a job after a day
WORK_S = 0.5  # seconds until a job is done
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
    job = {
        "type": "verification_email",
        "status": "pending",
        "created_at": timestamp(),
        "id": random_id("job_"),
    }
    call.tenant.jobs.put(job["id"], {**job, "made_at": time.time()})
    send_verification_mail(call.tenant, user, call.base_url)
    return 201, job


@endpoint("GET", "/jobs/{id}", "create:users", "read:users", any_of=True)
def get_job(call: Call) -> Answer:
    """How far a job is; 404 a day after it was made."""
    job = call.tenant.jobs.rows.get(call.ids[0])
    if job is None or time.time() - job["made_at"] > KEPT_S:
        raise ApiError(404, "The job does not exist.", "inexistent_job")
    shown = {key: value for key, value in job.items() if key != "made_at"}
    done = time.time() - job["made_at"] >= WORK_S
    return 200, {**shown, "status": "completed" if done else "pending"}
