"""What became of the members of an import job: recorded as the engine would have, or left to it.

Nothing here talks to Auth0. All is done in pages, each in a transaction of its own, and right
however often it is done. Source: docs/architecture.md, "Import jobs".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Case, CharField, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from auth0sync.account import PLAN_VERSION, Seen
from auth0sync.bulk_file import Refusal
from auth0sync.bulk_members import Member, as_it_was_sent, let_go, steps_left
from auth0sync.calls import CREATE
from auth0sync.claim import NO_ERROR
from auth0sync.invitations import wanted_invitation
from auth0sync.models import Account, ImportJob, Origin, Priority, SyncLog
from auth0sync.plan import AddRole
from auth0sync.rows import active_holders, read_facts
from employees.counters import count
from employees.models import Employee, SyncStatus

PAGE = 100  # rows whose accounts are written in one transaction
DUPLICATE = "DUPLICATED_USER"
_RECORDED = (
    *("user_id", "origin", "seen", "fingerprint", "mail_kind"),
    *("invitation", "invitation_at", "invitation_attempts", "invitation_error"),
)


@dataclass(frozen=True)
class Refused:
    """Whom Auth0 refused. codes: by which code, by employee.

    is_whole: False where an error is about nobody who can be told; then nobody knows of any whom
    none names whether they were made.
    """

    codes: Mapping[int, str]
    is_whole: bool


def who_was_refused(errors: Sequence[Refusal]) -> Refused:
    """Whom these are about: by the id that was sent, or else by the e-mail."""
    emails = {each.email for each in errors if each.employee_id is None}
    holders = active_holders(emails) if emails else {}
    codes: dict[int, str] = {}
    told = 0
    for each in errors:
        whom = holders.get(each.email, []) if each.employee_id is None else [each.employee_id]
        told += not codes.keys() >= set(whom)
        codes |= dict.fromkeys(whom, each.code)
    return Refused(codes, is_whole=told == len(errors))


def unrecorded(job: ImportJob) -> QuerySet[Account]:
    """The members of whom it isn't written down yet what became of them."""
    return Account.objects.filter(job=job, origin="")


def record(job: ImportJob, refused: Refused, installation: str) -> bool:
    """Write down what became of the next page of members; False when there is none.

    Whoever was made for a row that has moved since is read by the engine, as is everybody of whom
    something exists already, or isn't known; the rest of the refused are tried by the engine, and
    that answer says what is wrong.
    """
    ids = list(unrecorded(job).order_by("pk").values_list("pk", flat=True)[:PAGE])
    if not ids:
        return False
    with transaction.atomic():
        known = Employee.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        made_at = dict(known.values_list("pk", "auth0_account_created_at"))
        members = unrecorded(job).select_for_update().filter(pk__in=ids).order_by("pk")
        facts, made = read_facts(ids), []
        again, look = [], []
        for account in members:
            code = refused.codes.get(account.pk)
            member = as_it_was_sent(account, facts.get(account.pk), installation)
            if code is None and member and refused.is_whole:
                made.append(member)
            elif code is None or code == DUPLICATE or job.doubtful:
                look.append(account.pk)
            else:
                again.append(account.pk)
        held = _held_by_others(made)
        _record_own([each for each in made if each.account.pk not in held], made_at, job)
        let_go(job, again, tried=True)
        let_go(job, [*look, *held], look=True, doubt=job.doubtful)
    return True


def by_what_is_left(job: ImportJob, installation: str) -> tuple[dict[str, list[int]], list[int]]:
    """The recorded members: who lacks nothing but a role, by role; and all the others."""
    accounts = list(Account.objects.filter(job=job).exclude(origin="").order_by("pk"))
    facts = read_facts([account.pk for account in accounts])
    lacking: dict[str, list[int]] = {}
    others: list[int] = []
    for account in accounts:
        seen = Seen.from_json(account.seen or {})
        match steps_left(facts.get(account.pk), seen, installation):
            case [AddRole(role)]:
                lacking.setdefault(role, []).append(account.pk)
            case _:
                others.append(account.pk)
    return lacking, others


@transaction.atomic
def finish(job: ImportJob, ids: Collection[int], installation: str, role: str = "") -> None:
    """Give these recorded members back; clean where nothing is left to do for the row as it is.

    role: which was given to all of them just now.
    """
    members = Account.objects.filter(job=job, pk__in=list(ids))
    accounts = list(members.select_for_update().order_by("pk"))
    facts = read_facts([account.pk for account in accounts])
    clean = []
    for account in accounts:
        seen = Seen.from_json(account.seen or {})
        if role:
            seen = seen.with_roles(tuple(sorted({*(seen.roles or ()), role})))
            account.seen = seen.as_json()
        if account.look_at is None and steps_left(facts.get(account.pk), seen, installation) == []:
            clean.append(account.pk)
    if role:
        Account.objects.bulk_update(accounts, ["seen"])
    members.filter(pk__in=clean).update(
        **NO_ERROR,
        job=None,
        sent_for="",
        done_seq=F("due_seq"),
        due_at=F("invitation_at"),
        waiting_since=None,
        priority=Priority.BULK,
        let_through="",
        plan_version=PLAN_VERSION,
        attention=None,
        attention_at=None,
    )
    let_go(job, set(ids) - set(clean))


def _held_by_others(made: Sequence[Member]) -> list[int]:
    """Those whose account another row names already: the engine says so."""
    holders = Employee.objects.filter(auth0_user_id__in=[each.as_seen.user_id for each in made])
    taken = set(holders.values_list("auth0_user_id", flat=True))
    return [each.account.pk for each in made if each.as_seen.user_id in taken]


def _record_own(
    made: Sequence[Member], made_at: Mapping[int, datetime | None], job: ImportJob
) -> None:
    """As ``looking.own``: their own from now on, in their rows too, and they are invited."""
    if not made:
        return
    accounts = []
    for each in made:
        account, seen = each.account, each.as_seen
        account.user_id, account.origin = seen.user_id, Origin.CREATED
        account.seen = seen.as_json()
        account.fingerprint = replace(each.facts, auth0_user_id=seen.user_id).fingerprint()
        if not seen.email_verified and made_at[account.pk] is None:
            for name, value in wanted_invitation(each.facts).items():
                setattr(account, name, value)
        accounts.append(account)
    _write_rows(made)
    Account.objects.bulk_update(accounts, _RECORDED)
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(seen_at=Now())
    SyncLog.objects.bulk_create(_logged(each, job) for each in made)
    count("auth0_user_creation_success", len(made))


def _write_rows(made: Sequence[Member]) -> None:
    """The console's own columns, as ``rows.account_columns`` has them for one."""
    now = timezone.now().replace(microsecond=0)
    ids = [When(pk=each.account.pk, then=Value(each.as_seen.user_id)) for each in made]
    verified = [each.account.pk for each in made if each.as_seen.email_verified]
    is_verified = Q(pk__in=verified)
    Employee.objects.filter(pk__in=[each.account.pk for each in made]).update(
        auth0_user_id=Case(*ids, output_field=CharField()),
        auth0_sync_status=Case(
            When(is_verified, then=Value(SyncStatus.VERIFIED)), default=Value(SyncStatus.CREATED)
        ),
        auth0_account_created_at=Coalesce("auth0_account_created_at", Value(now)),
        auth0_email_verified_at=Case(
            When(is_verified, then=Coalesce("auth0_email_verified_at", Value(now))),
            output_field=DateTimeField(),
        ),
        updated_at=F("updated_at"),
    )


def _logged(member: Member, job: ImportJob) -> SyncLog:
    """The row of the sync log for one account that the job has made."""
    return SyncLog(
        employee_id=member.account.pk,
        auth0_user_id=member.as_seen.user_id,
        action=CREATE,
        status=SyncLog.Status.SUCCESS,
        response_data={"job": job.auth0_id, "fields": sorted(member.body.keys() - {"user_id"})},
        actor=member.account.due_by,
        attempt=member.account.attempts + 1,
        request_id=member.account.request_id,
    )
