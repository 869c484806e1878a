"""The lease on one import job, as :mod:`auth0sync.claim` has it for one employee."""

from dataclasses import dataclass
from os import getpid
from socket import gethostname
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from auth0sync.claim import after
from auth0sync.errors import LeaseLost
from auth0sync.models import ImportJob


@dataclass
class JobClaim:
    """A lease that was taken; ``job`` is the row as it was read under it."""

    job: ImportJob
    lease: str

    @classmethod
    def take(cls, job_id: int) -> "JobClaim | None":
        """Take the job, or None when another worker has it.

        A lease that ran out leaves doubt about what its holder did. It counts as a try without
        success, so that a job at which workers die is given up too.
        """
        lease = f"{gethostname()[:40]}:{getpid()}:{uuid4().hex[:16]}"
        until = after(settings.AUTH0_LEASE_SECONDS)
        row = ImportJob.objects.filter(pk=job_id)
        taken = row.filter(lease="").update(lease=lease, lease_until=until)
        if not taken:
            ran_out = row.filter(lease_until__lte=Now()).exclude(lease="")
            taken = ran_out.update(
                lease=lease, lease_until=until, doubtful=True, attempts=F("attempts") + 1
            )
        return cls(row.get(lease=lease), lease) if taken else None

    def renew(self) -> None:
        """Hold the lease for its whole length again. Raises LeaseLost."""
        self.write()

    def logged_as(self) -> dict[str, Any]:
        """As gate.Holder: the calls are nobody's in particular."""
        return {"actor": str(self.job), "attempt": self.job.attempts + 1}

    def write(self, **columns: Any) -> None:
        """Write these columns of the job and go on holding it. Raises LeaseLost."""
        mine = ImportJob.objects.filter(pk=self.job.pk, lease=self.lease)
        if not mine.update(lease_until=after(settings.AUTH0_LEASE_SECONDS), **columns):
            raise LeaseLost
        for name, value in columns.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.job, name, value)

    def give_back(self, due_in_s: float, **columns: Any) -> None:
        """Give the lease back; there is something to do in so many seconds. Raises LeaseLost."""
        self.write(lease="", next_at=after(due_in_s), **columns)

    def abandon(self) -> None:
        """Let go as if the lease had run out."""
        ImportJob.objects.filter(pk=self.job.pk, lease=self.lease).update(lease_until=Now())
