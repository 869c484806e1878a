"""What the queue does with a mass change, in slices: prepare the rows, carry them out, undo them.

One process at a time holds the lease; what it does to a person commits together with the row that
says so, so that a process killed anywhere loses and doubles nothing, and the next goes on.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from django.db import OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from employees import request_ids
from employees.actors import actor_named
from employees.authority import Actor
from employees.contention import again_after_deadlock, is_of_a_value
from employees.errors import EmployeesError
from employees.mass import changes
from employees.mass.changes import LEASE, LeaseLost, RowState, State
from employees.mass.deeds import carry_out
from employees.mass.kinds import CannotPrepare, kind_of
from employees.mass.models import MassChange, MassRow
from employees.mass.undoing import take_back

READING_S = 16.0  # more for a slice of reading, which finds its way through the file first
PAGE = 25  # rows between two looks at clock and lease
NOT_HELD = "The database can't hold a letter of this, such as an emoji: leave it out."
logger = logging.getLogger(__name__)


def work(change_id: int, until: float) -> None:
    """A slice of whatever is to be done with it; queues the next one where something is left.

    until: ``time.monotonic()`` after which no page is begun; of a file READING_S later. Called by
    several processes at once it is done by one of them.
    """
    lease = uuid4().hex
    if not _take(change_id, lease):
        return
    change = MassChange.objects.get(pk=change_id)
    ends = until + (READING_S if change.state == State.READING else 0)

    def go_on() -> bool:
        renewed = MassChange.objects.filter(pk=change_id, lease=lease, state=change.state)
        return time.monotonic() < ends and bool(renewed.update(lease_until=Now() + LEASE))

    try:
        with request_ids.bound(f"mass-{change_id}"):  # one for all slices, in whatever process
            is_over = _STEPS[change.state](change, go_on)
    except LeaseLost:
        return
    given_back = MassChange.objects.filter(pk=change_id, lease=lease)
    given_back.update(lease="", lease_until=None)
    if not is_over:
        changes.wake(change_id)


def _take(change_id: int, lease: str) -> bool:
    free = Q(lease_until=None) | Q(lease_until__lte=Now())
    busy = MassChange.objects.filter(free, pk=change_id, state__in=changes.BUSY)
    return bool(busy.update(lease=lease, lease_until=Now() + LEASE))


def _prepare(change: MassChange, go_on: Callable[[], bool]) -> bool:
    if change.is_stale and not _empty(change, go_on):
        return False
    try:
        if not kind_of(change).prepare(change, go_on):
            return False
        changes.summarise(change)
    except CannotPrepare as refused:
        _end(change, State.FAILED, failure=str(refused)[:500])
    except LeaseLost:
        raise
    except Exception as error:
        if isinstance(error, OperationalError) and not is_of_a_value(error):
            raise
        # Whatever a file may hold: it must not come back to the queue for ever.
        logger.exception("mass change %s could not be prepared", change.pk)
        _end(change, State.FAILED, failure="Something in it can't be read. Nothing was written.")
    else:
        _end(change, State.PREVIEW)
    return True


def _empty(change: MassChange, go_on: Callable[[], bool]) -> bool:
    """Remove the rows of earlier options, a page at a time."""
    while go_on():
        rows = change.rows.values_list("pk", flat=True)[: changes.ROWS_AT_ONCE]
        if not MassRow.objects.filter(pk__in=list(rows)).delete()[0]:
            mine = MassChange.objects.filter(pk=change.pk, lease=change.lease)
            if not mine.update(is_stale=False, recognised={}, summary={}):
                raise LeaseLost
            change.is_stale, change.recognised, change.summary = False, {}, {}
            return True
    return False


def _carry_out(change: MassChange, go_on: Callable[[], bool]) -> bool:
    crowd = tuple(changes.crowd(change))
    actor = replace(actor_named(change.confirmed_by), together=crowd, mass=change.kind)
    last = 0
    while go_on():
        rows = changes.to_do(change).filter(line__gt=last).order_by("line")
        page = list(rows.defer("cells")[:PAGE])
        for row in page:
            _one(row, change, actor, carry_out, RowState.DONE, RowState.REFUSED)
        if len(page) < PAGE:
            _end(change, State.DONE)
            return True
        last = page[-1].line
    return False


def _undo(change: MassChange, go_on: Callable[[], bool]) -> bool:
    crowd = tuple(changes.undo_crowd(change))
    actor = replace(actor_named(change.undone_by), together=crowd, mass=change.kind)
    rows = changes.to_undo(change).order_by("-line").defer("cells")  # the last first
    last: int | None = None
    while go_on():
        # Below the last one, so as not to go once more through all that are undone.
        page = list((rows if last is None else rows.filter(line__lt=last))[:PAGE])
        for row in page:
            _one(row, change, actor, take_back, RowState.UNDONE, RowState.KEPT)
        if len(page) < PAGE:
            _end(change, State.UNDONE)
            return True
        last = page[-1].line
    return False


_STEPS: dict[str, Callable[[MassChange, Callable[[], bool]], bool]] = {
    State.READING: _prepare,
    State.WORKING: _carry_out,
    State.UNDOING: _undo,
}


def _one(
    row: MassRow,
    change: MassChange,
    actor: Actor,
    deed: Callable[[MassRow, MassChange, Actor], int],
    done: MassRow.State,
    refused: MassRow.State,
) -> None:
    """Do it, and say so in the row, in one transaction; or write down why not."""
    try:
        _together(row, change, actor, deed, done)
    except EmployeesError as error:
        reason, field = str(error), error.field or ""
    except OperationalError as error:
        if not is_of_a_value(error):  # of the database, not of this row: the next slice tries again
            raise
        reason, field = NOT_HELD, ""
    except Exception:
        # A bad row stops nothing but itself.
        logger.exception("line %s of mass change %s", row.line, change.pk)
        reason, field = "The console could not do this: an operator finds why in its log.", ""
    else:
        return
    row_now = MassRow.objects.filter(pk=row.pk, state=row.state)
    row_now.update(state=refused, reason=reason[:500], field=field[:40], done_at=Now())


@again_after_deadlock
@transaction.atomic
def _together(
    row: MassRow,
    change: MassChange,
    actor: Actor,
    deed: Callable[[MassRow, MassChange, Actor], int],
    done: MassRow.State,
) -> None:
    # Taken first: a second process that got here waits for the row, and then finds it done.
    if MassRow.objects.filter(pk=row.pk, state=row.state).update(state=done, done_at=Now()):
        employee_id = deed(row, change, actor)
        MassRow.objects.filter(pk=row.pk).update(employee_id=employee_id, reason="", field="")


def _end(change: MassChange, state: MassChange.State, **columns: object) -> None:
    # Only from the state in which it was begun: somebody may have discarded it meanwhile.
    mine = MassChange.objects.filter(pk=change.pk, lease=change.lease, state=change.state)
    # With the lease, so that whoever presses the next button at once finds it free.
    mine.update(state=state, ended_at=Now(), lease="", lease_until=None, **columns)
