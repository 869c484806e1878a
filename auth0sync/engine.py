"""The main path: bring one employee's account to what the row wants.

Read it from the top: ``sync`` takes the employee and decides what a failure means; ``_settle``
reads the row, plans, does the most urgent step, and looks again until nothing differs. Everything
is read anew before every step, so an edit that arrives meanwhile is simply part of the next look.
Source of the decisions: docs/architecture.md, "Decision table".
"""

import logging
import random
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.models import Case, DateTimeField, Value, When
from django.db.models.functions import Now

from auth0sync import brake, pauses
from auth0sync.account import DesiredAccount
from auth0sync.alike import fault_of_all
from auth0sync.answers import THROTTLED
from auth0sync.claim import BUG, Claim, after
from auth0sync.errors import (
    Conflict,
    Gone,
    Held,
    LeaseLost,
    Misconfigured,
    NotNow,
    Paused,
    Rejected,
    Transient,
    Unknown,
)
from auth0sync.invitations import send_due_mails
from auth0sync.looking import (
    giving_up,
    let_go,
    link_as_told,
    look,
    look_after,
    replace_deleted,
)
from auth0sync.models import Attention, InvitationState
from auth0sync.ownership import is_parked
from auth0sync.plan import Delete, Step, diff, wanted_of
from auth0sync.rows import account_columns
from auth0sync.run import Run
from auth0sync.steps import capability_of, do
from employees import receipts, request_ids
from employees.contention import gave_way
from employees.counters import count
from employees.models import SyncStatus

logger = logging.getLogger(__name__)

STEPS_MOST = 20  # more than any plan has: the tenant doesn't keep what it is told
MINUTES_THEN_HOURLY = 6  # tries a minute, two, four … apart, before they are an hour apart
AFTER_A_BUG_S = 3600
CHECK_AGAIN_S = 3600  # whether the account of somebody who may not use it is shut


def sync(employee_id: int, *, until: float | None = None) -> bool:
    """Bring the employee's account to what the row wants, as far as it goes now.

    until: ``time.monotonic()`` by which the last call has to be over; None for no such limit.
    Returns False when another worker has the employee. What fails is stored with the account;
    only a bug is raised, after the employee was pushed an hour ahead.
    """
    claim = Claim.take(employee_id)
    if claim is None:
        return False
    outcome = "lost"
    with request_ids.bound(claim.account.request_id, employee_id=employee_id):
        try:
            outcome = _sync_claimed(claim, until)
        except LeaseLost:
            logger.warning("Employee %d was taken over by another worker.", employee_id)
        except OperationalError as error:
            if not gave_way(error):
                raise
            logger.warning("Employee %d is begun again: %s", employee_id, error)
            claim.abandon()
    count("auth0_syncs", outcome=outcome)
    return True


def backoff_s(attempts: int) -> float:
    """Seconds until the next try, after so many failed ones: quick, then minutes, then hourly."""
    slow = attempts - settings.AUTH0_MAX_RETRIES
    if slow <= 0:
        wait_s = 2.0 ** (attempts - 1)
    elif slow <= MINUTES_THEN_HOURLY:
        wait_s = 60.0 * 2 ** (slow - 1)
    else:
        wait_s = 3600.0
    return wait_s * random.uniform(0.8, 1.2)  # noqa: S311 (jitter is no secret)


def _sync_claimed(claim: Claim, until: float | None) -> str:
    """How it ended, as it is counted."""
    run, outcome = Run(claim, until), "done"
    try:
        _settle(run)
    except Held as error:
        outcome = "held"
        claim.give_back(None, error, counted=False)
    except Paused as error:
        outcome = "paused"
        _wait_for_pause(claim, error)
    except NotNow as error:
        outcome = "waiting"
        claim.give_back(error.retry_after_s, error, counted=False)
    except Transient as error:
        outcome = "waiting" if error.code == THROTTLED else "retry"
        wait_s = error.retry_after_s or backoff_s(claim.account.attempts + 1)
        claim.give_back(wait_s, error, counted=error.code != THROTTLED)
    except Unknown as error:
        outcome = "retry"
        claim.give_back(backoff_s(claim.account.attempts + 1), error, counted=True)
    except Misconfigured as error:
        outcome = "paused"
        _wait_for_pause(claim, run.begin_pause(error))
    except (Conflict, Rejected, Gone) as error:
        outcome = _fail(run, error)
    except LeaseLost:
        raise
    except Exception as error:
        if not gave_way(error):
            bug = Transient("The console has a fault; see its log.", code=BUG)
            claim.give_back(AFTER_A_BUG_S, bug, counted=True)
            count("auth0_syncs", outcome="fault")
        raise
    if not run.asks_for_account:
        receipts.try_now(claim.employee_id)
    return outcome


def _wait_for_pause(claim: Claim, error: Paused) -> None:
    """Due at once, but not taken before the probe's time (due.next_due)."""
    claim.waits_for = error.capability
    claim.give_back(0, error, counted=False)


def _fail(run: Run, error: Conflict | Rejected | Gone) -> str:
    """Leave it to a person, unless everybody is refused for the same reason; say which."""
    claim = run.claim
    if isinstance(error, Rejected):
        fault = fault_of_all(claim.employee_id, run.gate.outgoing, error)
        if fault:
            _wait_for_pause(claim, run.begin_pause(fault))
            return "paused"
    claim.waits_for = next(iter(run.paused), "")
    claim.fail(error, {"auth0_sync_status": SyncStatus.FAILED})
    if run.has_tried_to_create and not claim.account.origin:
        count("auth0_user_creation_failed")
    return "failed"


def _settle(run: Run) -> None:
    """Read, plan, do one step, and again, until nothing differs; then the mails.

    What is paused is left out: the other steps go on.
    """
    for _ in range(STEPS_MOST):
        run.refresh()
        if run.claim.must_look:
            look(run)
            run.has_looked = True
            continue
        try:
            step = _next_step(run)
            if step is not None:
                brake.allow(run.claim.account, run.facts, step)
                _do(run, step)
                continue
        except Unknown as error:
            look_after(run, error)
            continue
        except (Misconfigured, Paused) as error:
            run.pause(error)
            continue
        _finish(run)
        return
    raise Transient("Auth0 doesn't keep what it is told.", code="unsettled")


def _do(run: Run, step: Step) -> None:
    """Do the step; where something was missing in the tenant, look first whether it is there."""
    if pause := pauses.read_for(capability_of(step)):
        if pause.code == "role_missing":
            run.tenant.role_id(pause.missing)
        else:
            run.tenant.find_connection()
    do(run, step)


def _next_step(run: Run) -> Step | None:
    """The most urgent difference; what isn't known of the account yet is read first."""
    if run.claim.account.removal and run.claim.account.origin:
        if seen := run.claim.seen:
            return _first(run, [Delete(), *diff(None, seen)])
        let_go(run)
    wanted = _wanted(run)
    account = run.claim.account
    if wanted is None:
        steps = [*diff(None, run.claim.seen), *_given_up(run)] if account.origin else []
        return _first(run, steps)
    if account.link_to:
        link_as_told(run)
    elif run.row.auth0_user_id and not account.origin:
        look(run)
    elif account.origin and run.claim.seen is None:
        replace_deleted(run)
        return _next_step(run)  # from the row without that account
    seen = run.claim.seen
    if seen and seen.roles is None and wanted.role and "roles" not in run.paused:
        run.claim.record(seen.with_roles(run.tenant.roles_of(seen.user_id)))
    return _first(run, [*_given_up(run), *diff(wanted, run.claim.seen)])


def _given_up(run: Run) -> list[Step]:
    return giving_up(run.claim.employee_id, run.facts, run.claim.seen, run.installation)


def _first(run: Run, steps: list[Step]) -> Step | None:
    return next((step for step in steps if capability_of(step) not in run.paused), None)


def _wanted(run: Run) -> DesiredAccount | None:
    """The account to aim at; None for nobody. Raises what only a person can mend."""
    return wanted_of(
        run.facts,
        run.claim.seen,
        has_account=run.claim.account.origin != "",
        installation=run.installation,
        assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        email_refused=run.email_refused is not None,
    )


def _finish(run: Run) -> None:
    """Nothing differs: say so, send the mails that are due, and give the employee back."""
    seen = run.claim.seen
    waits = next(iter(run.paused.values()), None)
    if waits and (seen is None or not run.asks_for_account):
        raise waits
    if not run.asks_for_account:
        _finish_closed(run)
    elif seen is None:  # asked for, but there is no e-mail to make an account for
        run.claim.finish(done=True, row={"auth0_sync_status": None}, attention=Attention.EMAIL)
    elif run.email_refused:
        raise run.email_refused
    elif not run.row.email_usable:
        keeps = "is somebody else's now" if is_parked(seen.email) else "stays in the account"
        raise Rejected(
            f"This person needs an e-mail of their own; the old one {keeps}.",
            code="needs_email",
            field="email",
        )
    else:
        send_due_mails(run.claim, run.tenant, run.gate, run.row, seen)
        if waits:
            raise waits
        # In doubt about a lost answer it isn't done before the account was looked at once more.
        in_doubt = run.claim.is_in_doubt()
        row = account_columns(run.claim.employee_id, seen)
        run.claim.finish(done=not in_doubt, row=row, **({} if in_doubt else {"look_at": None}))


def _finish_closed(run: Run) -> None:
    """Nobody may use the account: no mail goes out, and a link still open is watched.

    A password set with such a link may lift the block (facts: section 0, 3). Where the answer of a
    creation was lost and none was found, it is looked for once more: one that lands later still
    would be open, and nobody's.
    """
    account = run.claim.account
    never_had_one = not account.origin and run.facts and not run.facts.auth0_user_id
    watch = Case(
        When(ticket_until__gt=Now(), then=after(CHECK_AGAIN_S)),
        default=Value(None),
        output_field=DateTimeField(),
    )
    # A write whose answer was lost may land late, and lift the block, or make the account.
    in_doubt = run.claim.is_in_doubt()
    may_still_come = run.has_looked and not account.is_clean
    look_at = watch if run.claim.seen else after(CHECK_AGAIN_S) if may_still_come else None
    settled: dict[str, Any] = {"look_at": look_at, "removal": False}
    run.claim.finish(
        done=not in_doubt,
        row={"auth0_sync_status": None} if never_had_one else {},
        **({} if in_doubt else settled),
        attention=_attention_to_a_gone_row(run),
        invitation=InvitationState.NONE,
        invitation_at=None,
        notice_to="",
    )


def _attention_to_a_gone_row(run: Run) -> Attention | None:
    """Somebody should hear of it once; a later look at the block doesn't bring it up again."""
    account = run.claim.account
    if run.facts is not None or not account.origin:
        return None
    if not account.is_clean:
        return Attention.ROW_GONE
    return Attention(account.attention) if account.attention else None
