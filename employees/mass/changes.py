"""What pages and commands ask of a mass change; the work itself is the queue's (``working``).

Every step is a compare-and-set on ``MassChange.state``, so that a double click, or two managers at
once, take it once. ``None``, or False, says that it was taken already, or is no longer possible.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Now
from django_q.tasks import async_task

from employees.authority import Actor
from employees.history import new_batch
from employees.mass.kinds import kind_of
from employees.mass.models import MassChange, MassFile, MassRow

Outcome, State, RowState = MassRow.Outcome, MassChange.State, MassRow.State
TASK = "employees.tasks.mass_change"
BUSY = (State.READING, State.WORKING, State.UNDOING)  # the queue has something to do
DEEDS = (Outcome.NEW, Outcome.CHANGE, Outcome.BACK)  # what confirming carries out
ROWS_AT_ONCE = 500  # in one write transaction
LEASE = timedelta(seconds=30)  # a page of rows takes far less
WAKE_EVERY = timedelta(seconds=15)
KEPT_UNCONFIRMED = timedelta(days=7)
KEPT_ROWS = timedelta(days=30)  # after it ended; so long it can be undone


class LeaseLost(Exception):
    """Another process works on this mass change by now."""


def begin(
    kind: str,
    title: str,
    actor: Actor,
    options: dict[str, Any] | None = None,
    content: bytes | None = None,
) -> MassChange:
    """Begin a mass change; the queue prepares its rows, then it waits in state PREVIEW.

    kind: one of ``MassChange.Kind``. options: what the kind needs (its ``prepare``).
    content: of an uploaded file, kept until somebody confirms or discards.
    """
    with transaction.atomic():
        change = MassChange.objects.create(
            kind=kind,
            title=title[:200],
            options=options or {},
            begun_by=actor.name[:100],
            batch=new_batch(),
        )
        if content is not None:
            MassFile.objects.create(change=change, content=content)
        wake(change.pk)
    return MassChange.objects.get(pk=change.pk)


def begin_anew(change_id: int, version: int, options: dict[str, Any]) -> bool:
    """Prepare it again with other options; the rows so far go."""
    anew = {"state": State.READING, "options": options, "failure": "", "is_stale": True}
    with transaction.atomic():
        taken = _move(change_id, (State.PREVIEW, State.FAILED), version, **anew)
        if taken:
            wake(change_id)
    return taken


def add_rows(change: MassChange, rows: Iterable[MassRow]) -> None:
    """Stage a page of rows; a line that is there already stays, so that none is there twice.

    Raises: LeaseLost, when another process prepares it by now, or somebody has discarded it.
    """
    with transaction.atomic():
        _hold(change.pk, change.lease)
        MassRow.objects.bulk_create(rows, ignore_conflicts=True)


def last_line(change: MassChange) -> int:
    """The highest line that is staged; 0 for none."""
    found: int | None = change.rows.aggregate(last=Max("line"))["last"]
    return found or 0


def note(change: MassChange, **recognised: Any) -> None:
    """Remember what was found out while preparing, beside what was before."""
    change.recognised = {**change.recognised, **recognised}
    MassChange.objects.filter(pk=change.pk).update(recognised=change.recognised)


def answer(change_id: int, version: int, outcomes: dict[int, str], for_all: str = "") -> bool:
    """Choose what becomes of rows that ask; False when it isn't in preview any more.

    outcomes: row's id → one of its ``choices``; others are passed over. for_all: the same for all
    questions without an answer that offer it, a page of them in one transaction.
    Until its numbers say so too it is in no preview, so that nobody confirms half of the answers;
    where this process ends in the middle, the queue brings it back.
    """
    lease = uuid4().hex
    mine = {"lease": lease, "lease_until": Now() + LEASE, "woken_at": Now()}
    with transaction.atomic():
        if not _move(change_id, (State.PREVIEW,), version, state=State.READING, **mine):
            return False
        asking = MassRow.objects.filter(change=change_id, asks=True)
        for row in asking.filter(pk__in=list(outcomes)):
            if outcomes[row.pk] in row.choices:
                MassRow.objects.filter(pk=row.pk).update(outcome=outcomes[row.pk])
    try:
        if for_all:
            _answer_all(change_id, lease, for_all)
    except LeaseLost:
        return False
    summarise(MassChange.objects.get(pk=change_id))
    held = MassChange.objects.filter(pk=change_id, lease=lease, state=State.READING)
    return bool(held.update(state=State.PREVIEW, lease="", lease_until=None))


def _answer_all(change_id: int, lease: str, outcome: str) -> None:
    last: int | None = 0
    while last is not None:
        with transaction.atomic():
            _hold(change_id, lease)
            questions = MassRow.objects.filter(change=change_id, asks=True, pk__gt=last)
            open_ones = questions.filter(outcome=Outcome.QUESTION).order_by("pk")
            page = dict(open_ones.values_list("pk", "choices")[:ROWS_AT_ONCE])
            ids = [pk for pk, choices in page.items() if outcome in choices]
            MassRow.objects.filter(pk__in=ids).update(outcome=outcome)
        last = max(page, default=None)


def confirm(change_id: int, version: int, actor: Actor) -> bool:
    """Have it carried out, in the name of ``actor``; False when it isn't what they saw.

    version: of the preview that was confirmed.
    """
    taken_by = {"confirmed_by": actor.name[:100], "confirmed_at": Now()}
    with transaction.atomic():
        taken = _move(change_id, (State.PREVIEW,), version, state=State.WORKING, **taken_by)
        if taken:
            MassFile.objects.filter(change=change_id).delete()
            wake(change_id)
    return taken


def retry(change_id: int, version: int, actor: Actor) -> bool:
    """Try again the rows that were refused when they were carried out."""
    again = {"state": State.WORKING, "confirmed_by": actor.name[:100], "confirmed_at": Now()}
    with transaction.atomic():
        taken = _move(change_id, (State.DONE,), version, **again)
        if taken:
            wake(change_id)
    return taken


def discard(change_id: int, version: int) -> bool:
    """Forget what was staged; nothing was written, and nothing will be."""
    with transaction.atomic():
        waiting = (State.PREVIEW, State.FAILED, State.READING)
        taken = _move(change_id, waiting, version, state=State.DISCARDED, ended_at=Now())
        if taken:
            MassFile.objects.filter(change=change_id).delete()
    return taken


def undo(change_id: int, version: int, actor: Actor) -> bool:
    """Have it taken back, in the name of ``actor``: who was added is archived, never deleted.

    Left alone, with the reason in their row: who has signed in since, and who was changed since.
    """
    by = {"undone_by": actor.name[:100], "undo_batch": new_batch()}
    with transaction.atomic():
        taken = _move(change_id, (State.DONE,), version, state=State.UNDOING, **by)
        if taken:
            wake(change_id)
    return taken


def summarise(change: MassChange) -> None:
    """Bring the numbers of the preview up to date."""
    change.summary = kind_of(change).summarise(change)
    MassChange.objects.filter(pk=change.pk).update(summary=change.summary)


def counts(change_id: int) -> dict[str, dict[str, int]]:
    """How many rows there are: outcome → state → number. One query, answered by an index."""
    rows = MassRow.objects.filter(change=change_id).order_by().values_list("outcome", "state")
    found: dict[str, dict[str, int]] = {}
    for outcome, state, number in rows.annotate(number=Count("pk")):
        found.setdefault(outcome, {})[state] = number
    return found


def to_do(change: MassChange) -> QuerySet[MassRow]:
    """The rows that are still to be carried out, those refused last time too."""
    again = Q(state=RowState.REFUSED, done_at__lt=change.confirmed_at)
    rows = MassRow.objects.filter(Q(state=RowState.WAITING) | again, change=change)
    return rows.filter(outcome__in=DEEDS)


def to_undo(change: MassChange) -> QuerySet[MassRow]:
    """The rows that were carried out, and not taken back yet."""
    return MassRow.objects.filter(change=change, state=RowState.DONE)


def crowd(change: MassChange) -> list[int]:
    """Whom it changes so that the safety brake would count it; for ``Actor.together``."""
    known = (Outcome.CHANGE, Outcome.BACK)  # of a newcomer it may name who looks like them
    rows = MassRow.objects.filter(change=change, is_risky=True, outcome__in=known)
    return [pk for pk in rows.values_list("employee_id", flat=True) if pk]


def undo_crowd(change: MassChange) -> list[int]:
    """Whom taking it back would block, or change so that the safety brake counts it."""
    entered = Q(outcome__in=(Outcome.NEW, Outcome.BACK)) | Q(values__has_key="auth_method")
    rows = to_undo(change).filter(entered | Q(is_risky=True))
    return [pk for pk in rows.values_list("employee_id", flat=True) if pk]


def wake(change_id: int) -> None:
    """Queue a slice of work; lost or doubled, the outcome is the same."""
    MassChange.objects.filter(pk=change_id).update(woken_at=Now())
    transaction.on_commit(lambda: async_task(TASK, change_id), robust=True)


def wake_stalled() -> None:
    """Queue what nobody works on though there is something to do; the sweep calls it."""
    stalled = MassChange.objects.filter(state__in=BUSY, woken_at__lt=Now() - WAKE_EVERY)
    for change_id in list(stalled.exclude(lease_until__gt=Now()).values_list("pk", flat=True)):
        wake(change_id)


def prune() -> None:
    """Forget the rows of what is long over, a page at a time; the sweep calls it."""
    unconfirmed = MassChange.objects.filter(state__in=(State.PREVIEW, State.FAILED))
    unconfirmed.filter(begun_at__lt=Now() - KEPT_UNCONFIRMED).update(
        state=State.DISCARDED, version=F("version") + 1, ended_at=Now() - KEPT_ROWS
    )
    over = MassChange.objects.filter(pruned_at=None)
    at_once = over.filter(state=State.DISCARDED)
    late = over.filter(state__in=(State.DONE, State.UNDONE), ended_at__lt=Now() - KEPT_ROWS)
    for change in (at_once | late)[:1]:
        rows = MassRow.objects.filter(change=change).values_list("pk", flat=True)
        MassRow.objects.filter(pk__in=list(rows[:ROWS_AT_ONCE])).delete()
        MassFile.objects.filter(change=change).delete()
        if not MassRow.objects.filter(change=change).exists():
            personal = kind_of(change).personal
            kept = {key: found for key, found in change.recognised.items() if key not in personal}
            MassChange.objects.filter(pk=change.pk).update(pruned_at=Now(), recognised=kept)


def _hold(change_id: int, lease: str) -> None:
    """Keep others from it until the transaction ends. Raises: LeaseLost."""
    held = MassChange.objects.select_for_update().filter(pk=change_id, lease=lease)
    if not held.filter(state=State.READING).exists():
        raise LeaseLost


def _move(change_id: int, states: tuple[str, ...], version: int, **columns: Any) -> bool:
    found = MassChange.objects.filter(pk=change_id, state__in=states, version=version)
    return bool(found.update(version=F("version") + 1, **columns))
