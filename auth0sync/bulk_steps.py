"""The steps of one import job, each of one call or two: send, see how far it is, write down what
became of its members, give them their roles.

Every step may be cut off anywhere and is then done again: what was sent twice makes nothing twice,
since the ids are derived and nothing is overwritten; errors are read before anything is written
down, as often as need be. Source: docs/architecture.md, "Import jobs".
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from auth0sync import switch
from auth0sync.bulk_claim import JobClaim
from auth0sync.bulk_file import packed, refusals
from auth0sync.bulk_members import fit_to_send, let_go, mark_sent
from auth0sync.bulk_results import by_what_is_left, finish, record, unrecorded, who_was_refused
from auth0sync.errors import Gone, Misconfigured, Paused
from auth0sync.gate import Gate
from auth0sync.models import Account, ImportJob, TenantState
from auth0sync.pauses import begin
from auth0sync.steps import with_role_id
from auth0sync.tenant import Tenant
from auth0sync.tenant_jobs import IMPORTS, RESULTS, TenantJobs
from employees.counters import count

State = ImportJob.State
UNSENT = (State.ASSEMBLED, State.SENDING)
ACTIVE_MOST = 2  # jobs at a time in one tenant (facts: import file)
LOOK_LEAST_S, LOOK_MOST_S = 2.0, 60.0
USERS_PER_S = 250  # at most, as a first guess; how far a job is tells the rest
# Auth0 ends a job after two hours (facts: import file).
STUCK_AFTER = timedelta(hours=2, minutes=10)
ROLE_MOST = 50  # accounts a call (facts: POST /roles/{id}/users)


@dataclass
class Work:
    """What the steps work with. until: as for the engine."""

    claim: JobClaim
    until: float | None

    def __post_init__(self) -> None:
        self.gate = Gate(self.claim, self.until)
        self.tenant = TenantJobs(self.gate.before_call, self.gate.after_call)
        self.installation = TenantState.objects.get(pk=1).installation

    @property
    def job(self) -> ImportJob:
        """The job, as it was read or written last under the lease."""
        return self.claim.job


def active() -> QuerySet[ImportJob]:
    """The jobs that Auth0 may be working at."""
    return ImportJob.objects.filter(state__in=[State.SENDING, State.SENT])


def step(work: Work) -> None:
    """Do what is next, and give the job back. Raises what the tenant raises."""
    match work.job.state:
        case State.ASSEMBLED | State.SENDING:
            _send(work)
        case State.SENT:
            _look(work)
        case State.SETTLING:
            _settle(work)
        case _:
            _give_roles(work)


def give_up(work: Work, why: str, *, tried: bool = True, may_run: bool = False) -> None:
    """Leave all members to the engine, which reads Auth0 first for whoever may have been made.

    tried: they are in no other job. may_run: Auth0 may still be working at it.
    """
    job, doubt = work.job, work.job.doubtful or may_run
    left = list(unrecorded(job).values_list("pk", flat=True))
    look = doubt or job.state not in UNSENT
    let_go(job, left, tried=tried, look=look, doubt=doubt)
    let_go(job)
    _end(work, error=why[:500])


def halve(work: Work) -> None:
    """Auth0 takes no file of this size: send half of it, and leave the others to another job."""
    ids = list(Account.objects.filter(job=work.job).order_by("pk").values_list("pk", flat=True))
    if len(ids) < 2:
        give_up(work, "Auth0 takes no file, however small.")
        return
    let_go(work.job, ids[len(ids) // 2 :], look=work.job.doubtful, doubt=work.job.doubtful)
    work.claim.give_back(0, attempts=0)


def _send(work: Work) -> None:
    job, claim = work.job, work.claim
    if job.state == State.ASSEMBLED and not _take_turn(claim):
        claim.give_back(LOOK_LEAST_S)
        return
    connection_id = work.tenant.connection_id(IMPORTS)
    members = fit_to_send(job, work.installation)
    file, number = packed([each.body for each in members])
    surplus = [each.account.pk for each in members[number:]]
    let_go(job, surplus, look=job.doubtful, doubt=job.doubtful)
    if not number:
        _end(work)
        return
    mark_sent(job, members[:number])
    claim.write(people=number)
    name = f"{work.installation}-{job.pk}"
    auth0_id = work.tenant.import_users(connection_id, file, name)
    count("auth0_user_creation_attempts", number)
    switch.remember_tenant()
    sent: dict[str, Any] = {"state": State.SENT, "auth0_id": auth0_id[:100], "sent_at": Now()}
    claim.give_back(LOOK_LEAST_S + number / USERS_PER_S, **sent, **_WELL)


def _take_turn(claim: JobClaim) -> bool:
    """Become one of the two jobs that Auth0 works at; False when two are under way."""
    with transaction.atomic():
        TenantState.objects.select_for_update().get(pk=1)
        if active().count() >= ACTIVE_MOST:
            return False
        claim.write(state=State.SENDING)
        return True


def _look(work: Work) -> None:
    """See how far the job is."""
    found = work.tenant.read_job(work.job.auth0_id, RESULTS)
    row = ImportJob.objects.annotate(now=Now()).get(pk=work.job.pk)
    passed: timedelta = row.now - (row.sent_at or row.made_at)
    if not found.is_over:
        if passed > STUCK_AFTER:
            give_up(work, "Auth0 never finished the job.", may_run=True)
            return
        wait_s = passed.total_seconds() / 2 if found.left_s is None else found.left_s
        work.claim.give_back(min(max(wait_s, LOOK_LEAST_S), LOOK_MOST_S), **_WELL)
        return
    counts = {name: int(found.summary.get(name) or 0) for name in ("inserted", "failed", "updated")}
    adds_up = counts["inserted"] + counts["failed"] == row.people and not counts["updated"]
    work.claim.write(inserted=counts["inserted"], refused=counts["failed"], ended_at=Now())
    if found.status == "failed":
        give_up(work, "Auth0 ended the job as failed.")
    elif not adds_up:
        give_up(work, "Auth0's numbers don't add up.")
    else:
        work.claim.give_back(0, state=State.SETTLING, **_WELL)


def _settle(work: Work) -> None:
    """Read who was refused, before Auth0 forgets it, and write down what became of everybody."""
    errors = work.tenant.job_errors(work.job.auth0_id)
    if len(errors) != work.job.refused:
        give_up(work, "Auth0's list of errors isn't that of this job.")
        return
    refused = who_was_refused(refusals(errors, work.installation))
    while record(work.job, refused, work.installation):
        work.claim.renew()
    work.claim.give_back(0, state=State.ROLES, **_WELL)


def _give_roles(work: Work) -> None:
    """Give one role to up to fifty, and everybody back who needs none."""
    lacking, others = by_what_is_left(work.job, work.installation)
    finish(work.job, others, work.installation)
    if not lacking:
        _end(work)
        return
    role, ids = max(lacking.items(), key=lambda item: len(item[1]))
    ids = ids[:ROLE_MOST]
    user_ids = list(Account.objects.filter(pk__in=ids).values_list("user_id", flat=True))
    single = Tenant(work.gate.before_call, work.gate.after_call)
    try:
        with_role_id(single, role, lambda role_id: work.tenant.give_role(role_id, user_ids))
    except Gone:  # one of them: each is looked at
        let_go(work.job, ids, look=True)
    except (Misconfigured, Paused) as error:
        # The engine waits for the pause, account by account, and does all else meanwhile.
        if isinstance(error, Misconfigured):
            begin(error, work.gate.outgoing.action)
        give_up(work, str(error))
        return
    else:
        finish(work.job, ids, work.installation, role)
    work.claim.give_back(0, **_WELL)


def _end(work: Work, error: str = "") -> None:
    work.claim.give_back(0, state=State.OVER, over_at=Now(), error=error)


_WELL: dict[str, Any] = {"attempts": 0, "error": ""}
