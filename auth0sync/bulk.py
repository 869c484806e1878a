"""Import jobs: many new accounts in one call, followed to their end.

Read it from the top: the sweeper calls ``assemble``, workers call ``follow_next``, which takes one
job and does one step of it (bulk_steps.py). What a failure means is decided here. Whatever becomes
of a job, its members end up with the engine, which reads Auth0 where anything is in doubt.
Source: docs/architecture.md, "Import jobs".
"""

import logging
import random
import time

from django.conf import settings
from django.db import OperationalError
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Now

from auth0sync import pauses, switch
from auth0sync.answers import BUSY_S, JOBS_BUSY, THROTTLED, TOO_LARGE
from auth0sync.bulk_claim import JobClaim
from auth0sync.bulk_file import PEOPLE_MOST
from auth0sync.bulk_members import candidates, take
from auth0sync.bulk_steps import ACTIVE_MOST, UNSENT, Work, active, give_up, halve, step
from auth0sync.errors import (
    Gone,
    LeaseLost,
    Misconfigured,
    NotNow,
    Paused,
    Rejected,
    Transient,
    Unknown,
)
from auth0sync.models import ImportJob, Pause, Priority
from auth0sync.tenant_jobs import IMPORTS
from employees.contention import gave_way

logger = logging.getLogger(__name__)

State = ImportJob.State
TRIES_MOST = 8  # in a row without success: some two minutes, half an hour of busy
BACKOFF_MOST_S = 60.0
AFTER_A_BUG_S = 300


def assemble(until: float) -> None:
    """Put the new accounts that are due into import jobs, where there is a crowd of them.

    Those changed by hand and the others apart: who was added alone isn't put with a crowd. One
    process does this, the sweeper. until: ``time.monotonic()`` after which no job is filled any
    more.
    """
    for priority in (Priority.INTERACTIVE, Priority.BULK):
        while _is_crowd(priority) and time.monotonic() < until:
            job = _open_job()
            if job is None:
                return
            take(job, priority)


def due_jobs() -> QuerySet[ImportJob]:
    """The jobs that have something to do now, and that nobody is working at."""
    ready = ImportJob.objects.filter(next_at__lte=Now()).exclude(state=State.OVER)
    if active().count() >= ACTIVE_MOST:
        ready = ready.exclude(state=State.ASSEMBLED)
    return ready.exclude(lease_until__gt=Now(), lease__gt="").order_by("next_at", "pk")


def follow_next(until: float | None = None) -> bool:
    """Do one step of the import job whose turn it is; False when none has anything to do.

    until: as for ``engine.sync``. What fails is stored with the job; only a bug is raised.
    """
    job_id = due_jobs().values_list("pk", flat=True).first()
    claim = JobClaim.take(job_id) if job_id else None
    if claim is None:
        return False
    try:
        _follow(Work(claim, until))
    except LeaseLost:
        logger.warning("%s was taken over by another worker.", claim.job)
    except OperationalError as error:
        if not gave_way(error):
            raise
        logger.warning("%s is begun again: %s", claim.job, error)
        claim.abandon()
    return True


def why_one_by_one() -> str:
    """Why new accounts are made one by one however many they are; "" when they aren't."""
    if settings.AUTH0_SEND_VERIFICATION_EMAIL:
        return "An import job sends no verification mails (AUTH0_SEND_VERIFICATION_EMAIL)."
    pause = Pause.objects.filter(pk=IMPORTS).first()
    return pause.error if pause else ""


def _is_crowd(priority: Priority) -> bool:
    least = settings.AUTH0_BULK_MIN
    return candidates(priority).order_by()[least : least + 1].exists()


def _open_job() -> ImportJob | None:
    """A job with room for more; None where new accounts can't go by job at the moment.

    While jobs are refused, one a minute goes out to see whether they still are.
    """
    if not switch.is_on() or settings.AUTH0_SEND_VERIFICATION_EMAIL:
        return None
    if pauses.held() & {IMPORTS, "create", pauses.EVERYTHING}:
        return None
    unsent = ImportJob.objects.filter(state=State.ASSEMBLED)
    for job in unsent.filter(lease="").annotate(members=Count("account")).order_by("pk"):
        if job.members < PEOPLE_MOST:
            return job
    if Pause.objects.filter(pk=IMPORTS).exists() and unsent.exists():
        return None
    return ImportJob.objects.create()


def _follow(work: Work) -> None:
    try:
        if work.job.attempts >= TRIES_MOST:
            give_up(work, work.job.error or "Workers died at this job.")
        else:
            step(work)
    except Paused as error:
        _wait_or_leave(work, error)
    except NotNow as error:
        work.claim.give_back(error.retry_after_s)
    except Transient as error:
        if error.code == THROTTLED:
            work.claim.give_back(error.retry_after_s or 1.0)
        else:
            _try_again(work, error)
    except Unknown as error:
        work.claim.write(doubtful=True)
        _try_again(work, error)
    except Misconfigured as error:
        logger.error("Auth0 is not set up as import jobs need it: %s", error)
        _wait_or_leave(work, pauses.begin(error, work.gate.outgoing.action))
    except Rejected as error:
        if error.code == TOO_LARGE:
            halve(work)
        else:
            give_up(work, str(error))
    except Gone:
        give_up(work, "Auth0 doesn't know the job any more.")
    except LeaseLost:
        raise
    except Exception as error:
        if not gave_way(error):
            bug = "The console has a fault; see its log."
            # Whatever went out before it isn't written down.
            told = {"attempts": F("attempts") + 1, "error": bug, "doubtful": True}
            work.claim.give_back(AFTER_A_BUG_S, **told)
        raise


def _wait_or_leave(work: Work, error: Paused) -> None:
    """Who can't be made by a job is made one by one, at once; what is sent waits for its result."""
    if work.job.state in UNSENT and error.capability != pauses.EVERYTHING:
        give_up(work, str(error), tried=False)
    else:
        work.claim.give_back(error.retry_after_s, error=str(error)[:500])


def _try_again(work: Work, error: Transient | Unknown) -> None:
    """Later, and later each time; somebody else's import jobs may take minutes."""
    first_s, most_s = (BUSY_S, 300.0) if error.code == JOBS_BUSY else (1.0, BACKOFF_MOST_S)
    wait_s = min(first_s * 2**work.job.attempts, most_s)
    wait_s *= random.uniform(0.8, 1.2)  # noqa: S311 (jitter is no secret)
    work.claim.give_back(wait_s, attempts=F("attempts") + 1, error=str(error)[:500])
