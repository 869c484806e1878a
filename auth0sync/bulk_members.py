"""Who is in an import job: taking them, what the file says of them, and letting them go.

Nothing here talks to Auth0. Whatever is done to many is done in pages of at most 500 rows, and is
right however often it is done: rows are named by their keys, and only members of the job are
touched. Source: docs/architecture.md, "Import jobs".
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from auth0sync import brake
from auth0sync.account import Facts, Seen
from auth0sync.bulk_file import PEOPLE_MOST
from auth0sync.claim import after
from auth0sync.errors import Rejected
from auth0sync.models import Account, ImportJob, Priority
from auth0sync.ownership import derived_id, stored_id
from auth0sync.plan import Create, Step, diff, wanted_of
from auth0sync.rows import read_facts
from auth0sync.steps import as_sent
from employees.history import notice_changes
from employees.models import AuthMethod, Employee

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


@transaction.atomic
def take(job: ImportJob, priority: Priority) -> int:
    """Fill the job up with those who have waited longest; return how many came in.

    Nobody does once a worker has begun to send it: nobody would follow what becomes of them.
    """
    unsent = ImportJob.objects.filter(pk=job.pk, state=ImportJob.State.ASSEMBLED, lease="")
    if unsent.select_for_update().first() is None:
        return 0
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
    ids = [account.pk for account in accounts]
    notice_changes(ids)  # as in Run.refresh, for the earlier names
    facts = read_facts(ids)
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


def _is_untried(account: Account) -> bool:
    """Whether all that made a member of it still holds."""
    taken = {"job", "lease"}
    return all(getattr(account, name) == _NEVER_TRIED[name] for name in _NEVER_TRIED.keys() - taken)


def _body(account: Account, facts: Facts, installation: str) -> dict[str, Any] | None:
    """What a file says of this person; None for somebody who can't be in one."""
    if facts.auth0_user_id or not facts.wants_account:
        return None
    match steps_left(facts, None, installation):
        case [Create() as step]:
            user_id = derived_id(installation, account.pk, account.generation)
            return {"user_id": user_id, **as_sent(step, facts)}
        case _:
            return None


def as_it_was_sent(account: Account, facts: Facts | None, installation: str) -> Member | None:
    """The member as the file had it; None where the row says something else by now."""
    body = _body(account, facts, installation) if facts else None
    if facts is None or body is None:
        return None
    member = Member(account, facts, body)
    return member if _hash(member.as_seen) == account.sent_for else None


def _hash(seen: Seen) -> str:
    data = json.dumps(seen.as_json(), sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()


def steps_left(facts: Facts | None, seen: Seen | None, installation: str) -> list[Step] | None:
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
