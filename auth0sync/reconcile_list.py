"""Getting Auth0's side: who holds which role, and the list of all accounts, into a picture.

An export's job may fail, its data may be gone, and its link lives for a minute: then another link
is asked for, and then another job. Nothing is concluded from a list that ends in the middle.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db.models.functions import Now

from auth0sync.download import exported, unusable
from auth0sync.errors import Gone, Misconfigured, NotNow, Paused, Transient
from auth0sync.gate import Gate
from auth0sync.models import Account, Comparison, Priority, TenantState
from auth0sync.plan import ROLE_CODES
from auth0sync.reconcile_picture import Picture
from auth0sync.reconcile_runs import RESTORED, Lease, note
from auth0sync.tenant import Tenant
from auth0sync.tenant_jobs import EXPORTS, Job, TenantJobs

FIELDS = (
    "user_id",
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "blocked",
    "user_metadata",
    "app_metadata",
    "identities",
    "logins_count",
    "last_login",
    "created_at",
)
JOBS_MOST = 3
LINKS_MOST = 3  # of one job
JOB_MOST_S = 2 * 3600.0
LOOK_MOST_S = 30.0  # between two looks at a job
PATIENCE_S = 900.0  # for a tenant that doesn't answer, or has no room below its limit
GIVE_WAY_S = 60.0  # in all, to people who wait for a call: there may be no worker
RENEW_EVERY_S = 5.0  # while the file is read, however slowly it comes
NO_EXPORTS = (
    "This tenant's plan has no list of all accounts (user exports; Auth0's free plan has none), so "
    "both sides can't be compared as a whole. Changes go to Auth0 all the same, and Sync now reads "
    "one person's account."
)

Result = TypeVar("Result")


@dataclass
class Source:
    """The tenant as a comparison asks it: patiently, and after those who wait for a call."""

    lease: Lease
    notes: list[str] = field(default_factory=list)
    way_given_s: float = 0.0

    def __post_init__(self) -> None:
        self.gate = Gate(self.lease, None, despite=RESTORED)
        self.jobs = TenantJobs(self.gate.before_call, self.gate.after_call)
        self.tenant = Tenant(self.gate.before_call, self.gate.after_call)

    def ask(self, call: Callable[[], Result]) -> Result:
        """Make a call, again and again while Auth0 can't; raises what can't be waited for."""
        waited_s, wait_s = 0.0, 1.0
        self._give_way()
        while True:
            try:
                return call()
            except Transient as error:
                is_off = isinstance(error, Paused) or error.code in _SWITCHED
                if is_off or waited_s >= PATIENCE_S:
                    raise
                left_s = error.retry_after_s or wait_s
                if not isinstance(error, NotNow):
                    wait_s = min(2 * wait_s, 60.0)
                self.wait(left_s)
                waited_s += left_s

    def wait(self, seconds: float) -> None:
        """Wait without losing the lease. Raises LeaseLost."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, 1.0))
            self.lease.renew()

    def _give_way(self) -> None:
        """Let leavers, and whom somebody has just changed, go first; but not for ever."""
        urgent = Account.objects.filter(
            priority__lte=Priority.INTERACTIVE, due_at__lte=Now(), batch=None, job=None
        ).filter(waits_for="", lease="")
        while self.way_given_s < GIVE_WAY_S and urgent.exists():
            self.wait(1.0)
            self.way_given_s += 1.0


_SWITCHED = {"not_configured", "switched_off", "foreign_tenant", "paused"}


def take_roles(source: Source, picture: Picture) -> bool:
    """Ask who holds each of our roles; False where nobody is to be asked."""
    if not settings.AUTH0_ENABLE_ROLE_ASSIGNMENT:
        return False
    for name in ROLE_CODES:
        try:
            _take_role(source, picture, name)
        except Misconfigured as error:
            if error.code != "role_missing":
                raise
            source.notes.append(str(error))
    return True


def take_list(source: Source, picture: Picture, row: Comparison) -> int:
    """Have Auth0 list all its accounts; returns how many there are.

    Raises Transient when no list can be had, Misconfigured when the tenant doesn't let us.
    """
    failure = unusable("Auth0 didn't finish it", "export_failed")
    for _ in range(JOBS_MOST):
        note(row, stage=Comparison.Stage.EXPORT, export_at=Now())
        job_id = _begun(source)
        for job in _links(source, job_id):
            note(row, stage=Comparison.Stage.DOWNLOAD)
            try:
                return picture.take(_renewing(source, exported(job.location)))
            except Transient as error:
                failure = error
    raise failure


def _begun(source: Source) -> str:
    """A new job. Raises Misconfigured, also where the plan has none."""
    try:
        return source.ask(lambda: source.jobs.export_users(FIELDS))
    except Misconfigured as error:
        if error.code != "insufficient_entitlement":
            raise
        raise Misconfigured(NO_EXPORTS, code=error.code, capability=EXPORTS) from error


def _take_role(source: Source, picture: Picture, name: str) -> None:
    known: dict[str, str] = TenantState.objects.get(pk=1).role_ids
    try:
        _take_members(source, picture, name, known.get(name) or _role_id(source, name))
    except Gone:  # made anew in the tenant, it has another id
        _take_members(source, picture, name, _role_id(source, name))


def _role_id(source: Source, name: str) -> str:
    return source.ask(lambda: source.tenant.role_id(name))


def _take_members(source: Source, picture: Picture, name: str, role_id: str) -> None:
    after: str | None = None
    while after != "":
        user_ids, after = source.ask(
            lambda after=after: source.jobs.members_of_role(role_id, after)  # type: ignore[misc]
        )
        picture.take_role(name, user_ids)


def _links(source: Source, job_id: str) -> Iterator[Job]:
    """The finished job, each time with a new link to its file; ends when it has none to give."""
    for _ in range(LINKS_MOST):
        job = _finished(source, job_id)
        if job is None or job.status != "completed" or not job.location:
            return
        yield job


def _finished(source: Source, job_id: str) -> Job | None:
    """The job when nothing changes any more; None when its data is gone, or it never ends."""
    began, wait_s = time.monotonic(), 0.5
    while time.monotonic() - began < JOB_MOST_S:
        try:
            job = source.ask(lambda: source.jobs.read_job(job_id, EXPORTS))
        except Gone:
            return None
        if job.is_over:
            return job
        source.wait(wait_s)
        wait_s = min(2 * wait_s, LOOK_MOST_S)
    return None


def _renewing(source: Source, accounts: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    renew_at = 0.0
    for account in accounts:
        if time.monotonic() >= renew_at:
            source.lease.renew()
            renew_at = time.monotonic() + RENEW_EVERY_S
        yield account
