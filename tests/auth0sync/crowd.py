"""Many newcomers at once, and the import jobs that make their accounts."""

import time
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from auth0sync import bulk
from auth0sync.due import next_due, note
from auth0sync.engine import sync
from auth0sync.models import Account, ImportJob
from employees.models import Employee, InvitationChoice
from tests.auth0sync.conftest import time_passes
from tests.builders import make_employee

JOBS = "/api/v2/jobs/users-imports"
WITHIN_S = 20.0


def newcomers(number: int, invitation: str = "none", **over: Any) -> list[Employee]:
    """So many people who should have an account, as a confirmed file brings them."""
    found = [make_employee(**{"auth_method": "hybrid", **over}) for _ in range(number)]
    InvitationChoice.objects.bulk_create(
        InvitationChoice(employee_id=person.pk, kind=invitation) for person in found
    )
    note([person.pk for person in found], actor="import", confirmed=True)
    return found


def assembled() -> ImportJob:
    """The one job that is made of whoever is due now."""
    bulk.assemble(until=time.monotonic() + WITHIN_S)
    return ImportJob.objects.exclude(state=ImportJob.State.OVER).get()


def follow() -> ImportJob:
    """One step of the one job that isn't over, whose time has come; the job as it is then."""
    job = ImportJob.objects.exclude(state=ImportJob.State.OVER).get()
    ImportJob.objects.filter(pk=job.pk).update(next_at=Now())
    assert bulk.follow_next()
    return ImportJob.objects.get(pk=job.pk)


def follow_until(*states: str) -> ImportJob:
    """Step by step, until the one job has one of these states."""
    deadline = time.monotonic() + WITHIN_S
    while (job := follow()).state not in states:
        assert time.monotonic() < deadline, f"{job} is still {job.state}: {job.error}"
    return job


def run_jobs() -> ImportJob:
    """Put whoever is due into one job, and follow it to its end."""
    assembled()
    return follow_until(ImportJob.State.OVER)


def sync_all() -> None:
    """The engine's work, until nobody is due."""
    while ids := next_due(100):
        for pk in ids:
            sync(pk)


def members(job: ImportJob) -> list[int]:
    """The numbers of those who are in the job."""
    return list(Account.objects.filter(job=job).order_by("pk").values_list("pk", flat=True))


def lease_of_job_runs_out(job: ImportJob) -> None:
    """As time would do it: the worker that had the job was silent for too long."""
    ImportJob.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


def settle_all() -> None:
    """Follow every job to its end, and let the engine do the rest, whatever was put off."""
    while job := ImportJob.objects.exclude(state=ImportJob.State.OVER).first():
        if job.lease:
            lease_of_job_runs_out(job)
        ImportJob.objects.filter(pk=job.pk).update(next_at=Now())
        bulk.follow_next()
    sync_all()
    for pk in Account.objects.values_list("pk", flat=True):
        time_passes(pk)
    sync_all()
