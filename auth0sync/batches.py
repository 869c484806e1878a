"""What the safety brake holds: what it would do, who decides, and carrying the decision out.

A decision is one UPDATE; the sweeper carries it out in slices, so that two thousand people are no
more trouble than two. Source: docs/architecture.md, "Safety brake".
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now

from auth0sync import brake
from auth0sync.account import PLAN_VERSION
from auth0sync.advice import REJECTED
from auth0sync.alerts import tell
from auth0sync.models import Account, Attention, Priority, Risk, StagedBatch
from employees.actors import names_of
from employees.authority import Actor
from employees.forecast import place
from employees.models import Auth0Role, Employee
from employees.selectors import administrators

logger = logging.getLogger(__name__)

State = StagedBatch.State
PAGE = 200  # people a slice
ALONE_AFTER = timedelta(minutes=10)
REASON_MOST = 500
_SENTENCES = {
    Risk.BLOCK: "Blocks {} of {} open accounts {}",
    Risk.EMAIL: "Changes the e-mail of {} of {} open accounts {}",
    Risk.ROLE: "Changes the role of {} of {} open accounts {}",
    Risk.CREATE: "New accounts: {}, beside the {} open ones {}",
    Risk.PLAN: "Brings {} of {} open accounts {} up to this version of the console",
}


class NotDecided(Exception):
    """This person can't decide this now; the message says why, in a sentence."""


def forecast(batch: StagedBatch) -> list[str]:
    """Such as "Blocks 14 of 62 open accounts in Texas." and "1 is the last administrator."."""
    held = _by_place(Account.objects.filter(batch=batch), "held_for")
    open_accounts = _by_place(
        Account.objects.filter(seen__blocked=False).exclude(origin=""), "origin"
    )
    totals: dict[str, int] = {}
    for (_origin, workspace), number in open_accounts.items():
        totals[workspace] = totals.get(workspace, 0) + number
    sentences = [
        _SENTENCES[risk].format(number, totals.get(workspace, 0), place(workspace)) + "."
        for risk in Risk
        for (held_for, workspace), number in sorted(held.items())
        if held_for == risk
    ]
    leaving = Account.objects.filter(batch=batch, held_for=Risk.BLOCK).values("pk")
    admins = Employee.objects.filter(pk__in=leaving, auth0_role=Auth0Role.ADMIN).count()
    if admins:
        last = "" if administrators().exists() else "the last "
        one = "the last administrator" if last else "an administrator"
        sentences.append(f"{admins} are {last}administrators." if admins > 1 else f"1 is {one}.")
    return sentences


def why_not(batch: StagedBatch, actor: Actor, reason: str = "") -> str:
    """Why this person can't decide it now; "" when they can.

    A second person decides: not whoever caused it. Where there is no other administrator they may
    after ten minutes, with a reason.
    """
    if not actor.is_admin:
        return "Only administrators decide this."
    if actor.name not in batch.causes:
        return ""
    if administrators().exclude(pk=actor.employee_id or 0).exists():
        return "You asked for these changes yourself: another administrator has to decide."
    waited = StagedBatch.objects.filter(pk=batch.pk, began_at__lte=Now() - ALONE_AFTER)
    if not waited.exists():
        return (
            "You asked for these changes yourself and are the only administrator: you can decide "
            "ten minutes after they were held, with a reason."
        )
    return "" if reason.strip() else "As the only administrator, give a reason."


def decide(
    batch_id: int, state: StagedBatch.State, actor: Actor, *, version: int, reason: str = ""
) -> StagedBatch:
    """Approve or reject; of two who do it at once one wins.

    version: of the batch as the actor has seen it.
    Raises NotDecided.
    """
    with transaction.atomic():
        brake.lock()
        batch = StagedBatch.objects.get(pk=batch_id)
        if batch.state != State.OPEN:
            raise NotDecided(decided(batch))
        if refusal := why_not(batch, actor, reason):
            raise NotDecided(refusal)
        undecided = StagedBatch.objects.filter(pk=batch_id, state=State.OPEN, version=version)
        is_ours = undecided.update(
            state=state,
            decided_by=actor.name,
            decided_at=Now(),
            decided_alone=actor.name in batch.causes,
            reason=reason.strip()[:REASON_MOST],
            people=Account.objects.filter(batch=batch).count(),
            forecast=" ".join(forecast(batch))[:1000],
        )
    if not is_ours:
        raise NotDecided("It has changed since you looked: look at it again, and then decide.")
    batch.refresh_from_db()
    if batch.decided_alone:
        _alert(batch)
    return batch


def decided(batch: StagedBatch) -> str:
    """Who decided it and how, in a sentence."""
    who = names_of([batch.decided_by]).get(batch.decided_by, batch.decided_by)
    return f"{who} has {batch.get_state_display()} it already."


def carry_out() -> None:
    """One slice of what was decided, at most PAGE people; what nobody waits in any more, goes."""
    batch = StagedBatch.objects.filter(carried_out_at=None).exclude(state=State.OPEN).first()
    if batch is None:
        return
    held = Account.objects.filter(batch=batch)
    ids = list(held.values_list("pk", flat=True)[:PAGE])
    if not ids:
        StagedBatch.objects.filter(pk=batch.pk).update(carried_out_at=Now())
    elif batch.state == State.APPROVED:
        held.filter(pk__in=ids).update(batch=None, held_for="", due_at=Now())
    else:
        _reject(batch, ids)


def forget_empty() -> None:
    """Take out the open batches that everybody has left, when their hour is over."""
    StagedBatch.objects.filter(
        state=State.OPEN, account__isnull=True, renewed_at__lte=Now() - brake.WITHIN
    ).delete()


def _reject(batch: StagedBatch, ids: list[int]) -> None:
    """Leave these to a person: not done until the row changes or somebody asks for it.

    Whose row has moved since the decision is judged anew.
    """
    who = names_of([batch.decided_by]).get(batch.decided_by, batch.decided_by)
    held = Account.objects.filter(batch=batch, pk__in=ids)
    rejected = held.filter(Q(let_through=F("fingerprint")) | Q(fingerprint=""))
    can_still_sign_in = When(held_for=Risk.BLOCK, then=Value(Attention.LEAVER))
    with transaction.atomic():
        # First, since the order in which one UPDATE sees its own changes differs.
        rejected.update(
            attention=Case(can_still_sign_in, default=Value(Attention.FAILED)),
            attention_at=Coalesce("attention_at", Now()),
        )
        rejected.update(
            **brake.FREE,
            due_at=None,
            done_seq=F("due_seq"),
            waiting_since=None,
            priority=Priority.BULK,
            plan_version=PLAN_VERSION,
            attempts=0,
            error_code=REJECTED,
            error=f"Not done in Auth0: {who} rejected it. Mend the row, or sync it to ask again.",
            error_field="",
            error_at=Now(),
        )
        held.update(**brake.FREE, due_at=Now())


def _by_place(accounts: QuerySet[Account], column: str) -> dict[tuple[str, str], int]:
    """How many there are of each value of the column in each workspace."""
    workspace = Employee.objects.filter(pk=OuterRef("pk")).values("workspace")[:1]
    rows = accounts.annotate(workspace=Subquery(workspace)).values_list(column, "workspace")
    found: dict[tuple[str, str], int] = {}
    for value, where, number in rows.annotate(number=Count("pk")).order_by():
        key = (value, where or "")
        found[key] = found.get(key, 0) + number
    return found


def _alert(batch: StagedBatch) -> None:
    """Tell the operators that somebody decided about their own changes."""
    who = names_of([batch.decided_by]).get(batch.decided_by, batch.decided_by)
    text = (
        f"{who}, the only administrator, has {batch.get_state_display()} their own changes for "
        f"{batch.people} people.\n{batch.forecast}\nReason: {batch.reason}\n"
    )
    logger.warning("Batch %d was decided by whoever had caused it.", batch.pk)
    tell("held changes were decided by whoever had caused them", text, key=f"batch:{batch.pk}")
