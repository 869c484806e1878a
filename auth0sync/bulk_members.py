"""Who is in an import job: taking them, letting them go, and recording what became of them.

Nothing here talks to Auth0. All is done in pages of at most 500 rows, each in a transaction of its
own, and right however often it is done: rows are named by their keys, and only members of the job
are touched. Source: docs/architecture.md, "Import jobs".
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from auth0sync import brake
from auth0sync.account import PLAN_VERSION, Facts, Seen
from auth0sync.bulk_file import PEOPLE_MOST
from auth0sync.claim import NO_ERROR, after
from auth0sync.errors import Rejected
from auth0sync.invitations import wanted_invitation
from auth0sync.models import Account, ImportJob, Origin, Priority, SyncLog
from auth0sync.ownership import derived_id, stored_id
from auth0sync.plan import AddRole, Create, Step, diff, wanted_of
from auth0sync.rows import read_facts
from auth0sync.steps import as_sent
from employees.models import AuthMethod, Employee, SyncStatus

PAGE = 100  # rows whose accounts are written in one transaction
DUPLICATE = "DUPLICATED_USER"

# Whoever was tried already, is in doubt, or for whom a person has said something goes one by one.
_NEVER_TRIED: Mapping[str, Any] = {
    "origin": "",
    "user_id": "",
    "batch": None,
    "job": None,
    "lease": "",
    "attempts": 0,
    "error_code": "",
    "look_at": None,
    "waits_for": "",
    "link_to": "",
    "removal": False,
}
_HAS_NONE = Q(auth0_user_id=None) | Q(auth0_user_id="")
_RECORDED = (
    *("user_id", "origin", "seen", "fingerprint", "mail_kind"),
    *("invitation", "invitation_at", "invitation_attempts", "invitation_error"),
)


@dataclass(frozen=True)
class Member:
    """Somebody in the file. body: the entry there."""

    account: Account
    facts: Facts
    body: dict[str, Any]

    @property
    def as_seen(self) -> Seen:
        """The account as it is once Auth0 has made it from this."""
        user_id = stored_id(self.body["user_id"])
        return Seen.of({**self.body, "user_id": user_id}).with_roles(())


def candidates(priority: Priority) -> QuerySet[Account]:
    """The accounts that are due to be made and that an import job can make, longest wait first."""
    rows = Employee.objects.filter(
        _HAS_NONE,
        pk=OuterRef("pk"),
        is_active=True,
        archived_at=None,
        auth_method__in=[AuthMethod.AUTH0, AuthMethod.HYBRID],
    )
    due = Account.objects.filter(due_at__lte=Now(), priority=priority, **_NEVER_TRIED)
    return due.filter(~Q(due_seq=F("done_seq")), Exists(rows)).order_by("waiting_since")


def take(job: ImportJob, priority: Priority) -> int:
    """Fill the job up with those who have waited longest; return how many came in."""
    room = PEOPLE_MOST - Account.objects.filter(job=job).count()
    ids = list(candidates(priority).values_list("pk", flat=True)[:room])
    # The rows aren't asked for again: MariaDB would lock them, and after the accounts.
    still_free = Account.objects.filter(pk__in=ids, due_at__lte=Now(), **_NEVER_TRIED)
    return still_free.update(job=job, sent_for="")


def fit_to_send(job: ImportJob, installation: str) -> list[Member]:
    """The members that can be sent as their rows are now.

    The others are let go; whom the safety brake holds, it has taken out.
    """
    accounts = list(Account.objects.filter(job=job).order_by("pk")[:PEOPLE_MOST])
    facts = read_facts([account.pk for account in accounts])
    fit: dict[int, Member] = {}
    for account in accounts:
        row = facts.get(account.pk) if _is_untried(account) else None
        body = _body(account, row, installation) if row else None
        if row and body:
            fit[account.pk] = Member(account, row, body)
    unfit = [account.pk for account in accounts if account.pk not in fit]
    let_go(job, unfit, tried=True, look=job.doubtful, doubt=job.doubtful)
    allowed = brake.allow_creations({pk: (each.facts, each.account) for pk, each in fit.items()})
    return [each for pk, each in fit.items() if pk in allowed]


def mark_sent(job: ImportJob, sent: Sequence[Member]) -> None:
    """Remember what is sent of these; the brake has let them through for good."""
    for each in sent:
        each.account.sent_for = _hash(each.as_seen)
        each.account.let_through = brake.NEW
    accounts = [each.account for each in sent]
    Account.objects.filter(job=job).bulk_update(accounts, ["sent_for", "let_through"])


def let_go(
    job: ImportJob,
    ids: Collection[int] | None = None,
    *,
    tried: bool = False,
    look: bool = False,
    doubt: bool = False,
) -> None:
    """Leave these members, or all, to the engine: they are due now, and go one by one.

    tried: they are in no job again until they are done. look: the account is read first. doubt: and
    once more, when a file whose answer was lost can land no later.
    """
    columns: dict[str, Any] = {"job": None, "sent_for": "", "due_at": Now()}
    if tried:
        columns["attempts"] = F("attempts") + 1
    if look:
        columns["look_at"] = Now()
    if doubt:
        columns["doubt_until"] = after(settings.AUTH0_LEASE_SECONDS)
    members = Account.objects.filter(job=job)
    if ids is not None:
        members = members.filter(pk__in=list(ids))
    while page := list(members.order_by("pk").values_list("pk", flat=True)[:PEOPLE_MOST]):
        rows = read_facts(page)
        left = [pk for pk in page if pk not in rows or not rows[pk].asks_for_account]
        members.filter(pk__in=left).update(priority=Priority.LEAVER)
        members.filter(pk__in=page).update(**columns)


def unrecorded(job: ImportJob) -> QuerySet[Account]:
    """The members of whom it isn't written down yet what became of them."""
    return Account.objects.filter(job=job, origin="")


def record(job: ImportJob, refused: Mapping[int, str], installation: str) -> bool:
    """Write down what became of the next page of members; False when there is none.

    refused: whom Auth0 refused, and why. Whoever was made for a row that has moved since is read
    by the engine, as is everybody of whom something exists already; the rest of the refused are
    tried by the engine, and that answer says what is wrong.
    """
    ids = list(unrecorded(job).order_by("pk").values_list("pk", flat=True)[:PAGE])
    if not ids:
        return False
    with transaction.atomic():
        known = Employee.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        made_at = dict(known.values_list("pk", "auth0_account_created_at"))
        members = unrecorded(job).select_for_update().filter(pk__in=ids).order_by("pk")
        facts, made = read_facts(ids), []
        fates: dict[str, list[int]] = {"not sent": [], "refused": [], "look": []}
        for account in members:
            if not account.sent_for:
                fates["not sent"].append(account.pk)
            elif (code := refused.get(account.pk)) is not None:
                is_there = code == DUPLICATE or job.doubtful
                fates["look" if is_there else "refused"].append(account.pk)
            elif member := _as_it_was_sent(account, facts.get(account.pk), installation):
                made.append(member)
            else:
                fates["look"].append(account.pk)
        held = _held_by_others(made)
        _record_own([each for each in made if each.account.pk not in held], made_at, job)
        let_go(job, fates["not sent"])
        let_go(job, fates["refused"], tried=True)
        let_go(job, [*fates["look"], *held], look=True, doubt=job.doubtful)
    return True


def by_what_is_left(job: ImportJob, installation: str) -> tuple[dict[str, list[int]], list[int]]:
    """The recorded members: who lacks nothing but a role, by role; and all the others."""
    accounts = list(Account.objects.filter(job=job).exclude(origin="").order_by("pk"))
    facts = read_facts([account.pk for account in accounts])
    lacking: dict[str, list[int]] = {}
    others: list[int] = []
    for account in accounts:
        seen = Seen.from_json(account.seen or {})
        match _steps_left(facts.get(account.pk), seen, installation):
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
        if account.look_at is None and _steps_left(facts.get(account.pk), seen, installation) == []:
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


def _is_untried(account: Account) -> bool:
    """Whether all that made a member of it still holds."""
    taken = {"job", "lease"}
    return all(getattr(account, name) == _NEVER_TRIED[name] for name in _NEVER_TRIED.keys() - taken)


def _body(account: Account, facts: Facts, installation: str) -> dict[str, Any] | None:
    """What a file says of this person; None for somebody who can't be in one."""
    if facts.auth0_user_id or not facts.wants_account:
        return None
    match _steps_left(facts, None, installation):
        case [Create() as step]:
            user_id = derived_id(installation, account.pk, account.generation)
            return {"user_id": user_id, **as_sent(step, facts)}
        case _:
            return None


def _as_it_was_sent(account: Account, facts: Facts | None, installation: str) -> Member | None:
    """The member as the file had it; None where the row says something else by now."""
    body = _body(account, facts, installation) if facts else None
    if facts is None or body is None:
        return None
    member = Member(account, facts, body)
    return member if _hash(member.as_seen) == account.sent_for else None


def _hash(seen: Seen) -> str:
    data = json.dumps(seen.as_json(), sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()


def _steps_left(facts: Facts | None, seen: Seen | None, installation: str) -> list[Step] | None:
    """What the engine would do for an open account; None where it isn't as simple as that."""
    if facts is None or not facts.wants_account:
        return None
    try:
        wanted = wanted_of(
            facts,
            seen,
            has_account=seen is not None,
            installation=installation,
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
    except Rejected:  # a role that is none
        return None
    return diff(wanted, seen)


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
        action="create account",
        status=SyncLog.Status.SUCCESS,
        response_data={"job": job.auth0_id, "fields": sorted(member.body.keys() - {"user_id"})},
        actor=member.account.due_by,
        attempt=member.account.attempts + 1,
    )
