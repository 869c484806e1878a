"""*Due*: the fact that an employee has to be looked at, kept in the database with the row.

The listener writes it in the transaction that changes the row; the sweep writes it for rows that
somebody changed by SQL. Both call :func:`note`. Waking a worker comes after the commit and may
fail: the sweep finds what is due.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Least, Now
from django_q.brokers import get_broker
from django_q.tasks import async_task

from auth0sync import brake, mail_pace, pauses, switch
from auth0sync.account import Facts
from auth0sync.models import Account, Attention, InvitationState, MailKind, Priority
from auth0sync.rows import read_facts, write_columns
from employees import request_ids
from employees.actors import ADMIN_PREFIX
from employees.models import SyncStatus
from employees.selectors import among
from employees.signals import employee_changed

# One person whose columns of these were changed in the form passes the safety brake.
DECIDED_BY_HAND = frozenset({"is_active", "archived_at", "auth_method", "email", "auth0_role"})
TASK = "auth0sync.tasks.sync_employee"
# An edit of somebody who has an account waits for a second without another one, so that quick
# edits become one update; but not for longer than this since the first.
QUIET = timedelta(seconds=1)
QUIET_MOST = timedelta(seconds=4)


def listen() -> None:
    """Have :func:`note` called inside every transaction that changes a person."""
    employee_changed.connect(_on_employee_changed, dispatch_uid="auth0sync.due")


def note(
    employee_ids: Iterable[int],
    *,
    actor: str,
    priority: Priority = Priority.BULK,
    by_hand: bool = False,
    together: Iterable[int] = (),
    confirmed: bool = False,
) -> list[int]:
    """Compare rows with their fingerprints and mark due those that moved; return their ids.

    Also for ids whose row is gone: an account of theirs has to be closed.
    actor: who changed them, for the log. Each row is noted in a transaction of its own, or in
    the caller's.
    by_hand, together, confirmed: for the safety brake (``brake.renew``).
    """
    ids = list(employee_ids)
    facts = read_facts(ids)
    noted = dict(Account.objects.filter(among(ids)).values_list("pk", "fingerprint"))
    moved = [pk for pk in ids if _has_moved(facts.get(pk), noted.get(pk))]
    if not moved:
        return []
    accounts = Account.objects.in_bulk([pk for pk in moved if pk in noted])
    braked = brake.renew(
        {pk: (facts.get(pk), accounts.get(pk)) for pk in moved},
        actor=actor,
        by_hand=by_hand,
        together=together,
        confirmed=confirmed,
    )
    return [
        pk
        for pk in moved
        if _note_one(
            pk, facts.get(pk), actor, priority, braked.get(pk, {}), is_new=pk not in accounts
        )
    ]


def mark_due(
    employee_ids: Iterable[int],
    *,
    actor: str,
    look: bool = False,
    priority: Priority = Priority.INTERACTIVE,
    **columns: Any,
) -> int:
    """Have these employees synced, whether their rows moved or not; return how many.

    look: read the account in Auth0 first. A due mark alone never mends drift.
    columns: more columns of Account to write with it.
    """
    if look:
        columns["look_at"] = Now()
    marked, ids = 0, list(employee_ids)
    leavers = set(
        Account.objects.filter(pk__in=ids, attention=Attention.LEAVER).values_list("pk", flat=True)
    )
    for employee_id in ids:
        with transaction.atomic():
            Account.objects.get_or_create(pk=employee_id)
            urgency = Priority.LEAVER if employee_id in leavers else priority
            _write_due(employee_id, actor, urgency, **columns)
        marked += 1
        transaction.on_commit(lambda pk=employee_id: wake(pk), robust=True)  # type: ignore[misc]
    return marked


def invite_again(
    employee_ids: Iterable[int], *, actor: str, kind: MailKind = MailKind.INVITATION
) -> int:
    """Have the invitation sent (again) to those who have an account; return to how many.

    kind: ``PASSWORD`` for the mail that somebody asks for on their own page.
    """
    ids = Account.objects.filter(pk__in=list(employee_ids)).exclude(user_id="")
    return mark_due(
        ids.values_list("pk", flat=True),
        actor=actor,
        mail_kind=kind,
        invitation=InvitationState.WANTED,
        invitation_at=Now(),
        invitation_attempts=0,
        invitation_error="",
    )


def link_to(employee_id: int, user_id: str, *, actor: str) -> None:
    """Have the account ``user_id`` linked: a person says that it is this employee's.

    user_id: of one in ``Account.found`` that is ``linkable``. The engine reads the account first
    and refuses one that carries a marker, or is another row's, all the same.
    """
    mark_due([employee_id], actor=actor, link_to=user_id)


def wake(employee_id: int) -> None:
    """Ask a worker to sync this employee now, unless enough tasks stand in the queue already.

    The task carries the id only: lost, doubled or late, the outcome is the same. A leaver's gets
    in where the queue is full for the others. Whoever isn't due yet is left to the sweep.
    """
    if not switch.is_on():
        return
    account = Account.objects.filter(pk=employee_id, due_at__lte=Now()).only("priority").first()
    if account is None:
        return
    room = settings.QUEUE_WORKERS * (2 if account.priority == Priority.LEAVER else 1)
    broker = get_broker()  # one for both: each new one closes and opens the database connection
    if broker.queue_size() < room:
        async_task(TASK, employee_id, broker=broker)


def _on_employee_changed(
    sender: object,
    employee_id: int,
    actor: str,
    fields: Collection[str] = (),
    together: Collection[int] = (),
    mass: str = "",
    **kwargs: object,
) -> None:
    by_hand = actor.startswith(ADMIN_PREFIX) and not mass
    moved = note(
        [employee_id],
        actor=actor,
        priority=Priority.INTERACTIVE if by_hand else Priority.BULK,
        by_hand=by_hand and len(together) < 2 and not DECIDED_BY_HAND.isdisjoint(fields),
        together=together,
        confirmed=bool(mass),
    )
    if moved and not mass:  # of a crowd the sweep tells the workers, in its next second
        transaction.on_commit(lambda: wake(employee_id), robust=True)


def _has_moved(facts: Facts | None, noted: str | None) -> bool:
    if facts is None:
        # Deleted by SQL. An account that was never ours, or is closed already, needs nothing.
        return bool(noted)
    return noted != facts.fingerprint()


@transaction.atomic
def _note_one(
    employee_id: int,
    facts: Facts | None,
    actor: str,
    priority: Priority,
    braked: Mapping[str, Any],
    *,
    is_new: bool,
) -> bool:
    """Remember the row as it is now; True when there is something to do for it.

    is_new: nothing was noted of this employee before.
    """
    if facts is not None:  # employees before accounts, as in the services
        _write_status(employee_id, facts, is_new=is_new)
    if is_new:  # in one statement, where get_or_create takes four
        Account.objects.bulk_create([Account(pk=employee_id)], ignore_conflicts=True)
    account, _ = Account.objects.get_or_create(pk=employee_id)
    columns: dict[str, Any] = {
        "fingerprint": facts.fingerprint() if facts else "",
        "email_key": facts.email[:255] if facts else "",
        **brake.joined(braked),
    }
    _sharers_are_due({account.email_key, columns["email_key"]} - {""}, employee_id, actor)
    if not _concerns_auth0(facts, account):
        over = {"attention": None, "attention_at": None}
        Account.objects.filter(pk=employee_id).update(**columns, **over)
        return False
    if facts and facts.asks_for_account and not facts.email_usable and not account.origin:
        columns |= {
            "attention": Attention.EMAIL,
            "attention_at": Coalesce("attention_at", Now()),
        }
    if account.user_id and not (facts and facts.asks_for_account):
        priority = Priority.LEAVER
    quick_edits = priority == Priority.INTERACTIVE and account.origin != ""
    _write_due(employee_id, actor, priority, in_a_moment=quick_edits, **columns)
    return True


def _write_due(
    employee_id: int,
    actor: str,
    priority: Priority,
    *,
    in_a_moment: bool = False,
    **columns: Any,
) -> None:
    waiting_since = Coalesce("waiting_since", Now())
    # It is the console's turn now; since when a person had to look is kept, in case it fails again.
    columns = {"attention": None, **columns}
    Account.objects.filter(pk=employee_id).update(
        waiting_since=waiting_since,
        due_seq=F("due_seq") + 1,
        due_at=Least(Now() + QUIET, waiting_since + QUIET_MOST) if in_a_moment else Now(),
        due_by=actor[:100],
        request_id=request_ids.current(),
        waits_for="",
        priority=Least(F("priority"), priority) if priority else priority,
        attempts=0,
        **columns,
    )


def _concerns_auth0(facts: Facts | None, account: Account) -> bool:
    """Whether this person has, wants, or may just be getting an account of ours."""
    return (
        (facts is not None and facts.asks_for_account)
        or account.origin != ""
        or account.look_at is not None
        or not account.is_clean
    )


def _write_status(employee_id: int, facts: Facts, *, is_new: bool) -> None:
    """Show at once that an account is wanted, or that none is; the rest is the engine's to say."""
    if not is_new and Account.objects.filter(pk=employee_id).exclude(origin="").exists():
        return
    if facts.wants_account:
        write_columns(employee_id, auth0_sync_status=SyncStatus.PENDING)
    elif not facts.auth0_user_id:  # an account of somebody else's making is left alone
        write_columns(employee_id, auth0_sync_status=None)


def _sharers_are_due(email_keys: set[str], employee_id: int, actor: str) -> None:
    """Whoever has, or had, the same e-mail may be in conflict now, or free of it."""
    if not email_keys:
        return
    sharers = Account.objects.filter(email_key__in=email_keys).exclude(pk=employee_id)
    ids = list(sharers.values_list("pk", flat=True))
    if ids:
        # All in the order of their keys, with one's own: a sharer may be noted at this moment too,
        # and each would wait for the other's.
        both = Account.objects.select_for_update().filter(pk__in=[employee_id, *ids])
        list(both.order_by("pk").values_list("pk"))
    for pk in ids:
        _write_due(pk, actor, Priority.BULK)


def next_due(limit: int, *, fair: bool = False) -> list[int]:
    """The most urgent employees that are due and free, at most ``limit``.

    Leavers come first, then those changed by hand, then the rest; whoever has waited longest comes
    first among each. Who waits for something that is paused is left out until its probe's time.
    fair: the longest wait counts among all but the leavers. Ask so now and then, and a steady
    stream of changes by hand doesn't keep the rest waiting for ever.
    """
    paused = pauses.held() | mail_pace.held()
    if pauses.EVERYTHING in paused:
        return []
    leavers, by_hand, rest = (_longest_waiting(each, limit, paused) for each in Priority)
    by_hand = sorted(by_hand + _planned(Priority.INTERACTIVE, limit, paused))
    rest = sorted(rest + _planned(Priority.BULK, limit, paused))
    others = sorted(by_hand + rest) if fair else by_hand + rest
    return [pk for _, pk in (leavers + others)[:limit]]


# Each of these reads one stretch of one index, in its order: 100,000 may be due.


def _longest_waiting(
    priority: Priority, limit: int, paused: Collection[str]
) -> list[tuple[datetime, int]]:
    """Those whose due mark isn't answered yet: since when they wait, and their ids."""
    waiting = _free(paused).filter(priority=priority, waiting_since__isnull=False)
    rows = waiting.order_by("waiting_since").values_list("waiting_since", "pk")[:limit]
    return [(since, pk) for since, pk in rows if since is not None]


def _planned(priority: Priority, limit: int, paused: Collection[str]) -> list[tuple[datetime, int]]:
    """Those who were done, and whose time for another look or a mail has come: when, and ids."""
    planned = _free(paused).filter(priority=priority, waiting_since__isnull=True)
    rows = planned.order_by("due_at").values_list("due_at", "pk")[:limit]
    return [(since, pk) for since, pk in rows if since is not None]


def _free(paused: Collection[str]) -> QuerySet[Account]:
    due = Account.objects.filter(due_at__lte=Now(), batch=None, job=None)
    return due.exclude(lease_until__gt=Now()).exclude(waits_for__in=paused)
