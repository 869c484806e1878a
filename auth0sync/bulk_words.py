"""How far an import job is, in words."""

from datetime import datetime

from django.db.models import Count, QuerySet

from auth0sync.models import ImportJob
from auth0sync.status import clock

State = ImportJob.State


def jobs() -> QuerySet[ImportJob]:
    """All of them, each with how many ``members`` it still has."""
    return ImportJob.objects.annotate(members=Count("account"))


def progress(job: ImportJob, now: datetime) -> str:
    """Such as "sent at 10:02 UTC; Auth0 is working at it"; with what went wrong, and the next try.

    now: the database's time.
    """
    if job.state == State.OVER:
        return job.error or "over"
    words = {
        State.ASSEMBLED: f"put together {clock(job.made_at, now)}; it is sent when its turn comes",
        State.SENDING: "being sent",
        State.SENT: f"sent {clock(job.sent_at or job.made_at, now)}; Auth0 is working at it",
        State.SETTLING: "made by Auth0; the result is being written down",
        State.ROLES: "made by Auth0; the roles are being given",
    }
    said = words[State(job.state)]
    if job.error:
        left_s = round((job.next_at - now).total_seconds())
        again = f"in {left_s} s" if 0 < left_s < 600 else clock(job.next_at, now)
        said = f"{said}. {job.error.rstrip('.')}; it is tried again {again}"
    return said
