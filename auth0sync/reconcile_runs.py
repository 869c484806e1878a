"""When a comparison is to be made, and that only one is made at a time.

A comparison takes minutes: it is a program of its own (``auth0_reconcile``), which holds a lease in
the database as long as it works. What is wanted stands in a row; one whose program was killed is
begun anew. Source: docs/architecture.md, "Comparison".
"""

from dataclasses import dataclass, field
from datetime import timedelta
from os import getpid
from socket import gethostname
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from auth0sync import switch
from auth0sync.claim import after
from auth0sync.errors import LeaseLost
from auth0sync.models import Comparison, TenantState
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.scrubbing import last_night

State = Comparison.State
UNDER_WAY = (State.WANTED, State.RUNNING)
NIGHT = "night"  # who asked, when nobody did
ATTEMPTS_MOST = 3  # times that a program may be killed in the middle
AGAIN_AFTER = timedelta(hours=1)  # a night's comparison that failed
RESTORED = "restored"  # the pause that only a comparison, or a person, lifts
CUT_OFF = "The program that compares was ended in the middle, three times: its log says by what."
# What nobody can mend by waiting an hour: the next one is tomorrow's.
REFUSED = ("insufficient_scope", "insufficient_entitlement")
_FREE = Q(compare_lease="") | Q(compare_lease_until__lt=Now())


def _name() -> str:
    # The process stands in it, so that an operator can see who compares.
    return f"{gethostname()[:40]}:{getpid()}:{uuid4().hex[:16]}"


@dataclass
class Lease:
    """The right to compare, as gate.Holder.

    is_ending: the program was told to end: it lets go as soon as it can, but never in the middle of
    a statement.
    """

    name: str = field(default_factory=_name)
    is_ending: bool = False

    def take(self) -> bool:
        """Take it if nobody has it."""
        return bool(self._write(TenantState.objects.filter(_FREE, pk=1)))

    def renew(self) -> None:
        """Keep it for its whole length again. Raises LeaseLost."""
        mine = TenantState.objects.filter(pk=1, compare_lease=self.name)
        if self.is_ending or not self._write(mine):
            raise LeaseLost

    def give_back(self) -> None:
        """Let the next one have it at once."""
        TenantState.objects.filter(pk=1, compare_lease=self.name).update(
            compare_lease="", compare_lease_until=None
        )

    def logged_as(self) -> dict[str, Any]:
        """As gate.Holder: a call for everybody."""
        return {"actor": "auth0_reconcile"}

    def _write(self, state: Any) -> int:
        until = after(settings.AUTH0_LEASE_SECONDS)
        return int(state.update(compare_lease=self.name, compare_lease_until=until))


def want(actor: Actor) -> Comparison:
    """Ask for a comparison now; returns the one that is wanted or under way already, if any.

    Raises: NotAllowed, with a sentence, also while nothing may be called.
    """
    if reason := why_not_want(actor):
        raise NotAllowed(reason)
    with transaction.atomic():
        TenantState.objects.select_for_update().get(pk=1)  # a double click asks once
        return under_way() or Comparison.objects.create(asked_by=actor.name[:100])


def why_not_want(actor: Actor) -> str:
    """Why ``actor`` can't have the accounts compared now; "" when they can."""
    if not actor.may_write or actor.is_bound_to_a_place:
        return "You can't have the accounts compared: ask a manager."
    off = why_off()
    return off.text if off else ""


def why_off() -> switch.Off | None:
    """Why no comparison can be made; a pause until reconciled is no reason."""
    off = switch.why_off()
    return None if off is not None and off.code == RESTORED else off


def under_way() -> Comparison | None:
    """The comparison that is wanted or running."""
    return Comparison.objects.filter(state__in=UNDER_WAY).order_by("pk").first()


def is_due() -> bool:
    """Whether the program should be started now; a few queries."""
    state = TenantState.objects.filter(_FREE, pk=1).annotate(now=Now()).first()
    if state is None or why_off():
        return False
    if under_way():
        return True
    night = last_night(state.now)
    if state.compared_at >= night or switch.by_state(state):
        return False
    last = Comparison.objects.filter(state=State.FAILED).order_by("-finished_at").first()
    if last is None or last.finished_at is None or last.finished_at < night:
        return True
    return last.error_code not in REFUSED and last.finished_at < state.now - AGAIN_AFTER


def begin(asked_by: str) -> Comparison:
    """The comparison that is made now, under the lease: the one that is wanted, else a new one.

    One that was cut off too often is given up. The worker gets that one, which failed: it begins
    another after a while, else a fault that ends the program would never come to rest.
    asked_by: who asks for a new one.
    """
    while (found := under_way()) is not None and found.attempts >= ATTEMPTS_MOST:
        fail(found, "cut_off", CUT_OFF)
        if asked_by == NIGHT:
            return found
    row = found or Comparison.objects.create(asked_by=asked_by[:100])
    Comparison.objects.filter(pk=row.pk).update(
        state=State.RUNNING,
        stage=Comparison.Stage.BEGIN,
        attempts=F("attempts") + 1,
        began_at=Now(),
        looked_at=0,
        to_look_at=0,
    )
    row.refresh_from_db()
    return row


def note(row: Comparison, **columns: Any) -> None:
    """Say how far it is."""
    Comparison.objects.filter(pk=row.pk).update(**columns)


def done(row: Comparison, **columns: Any) -> None:
    """It is complete: the balance sheet from now on."""
    with transaction.atomic():
        note(row, state=State.DONE, finished_at=Now(), **columns)
        TenantState.objects.filter(pk=1).update(compared_at=Now())
    row.refresh_from_db()


def fail(row: Comparison, code: str, text: str) -> None:
    """It can't be made; the last good one stays as it is."""
    note(row, state=State.FAILED, finished_at=Now(), error_code=code[:50], error=text[:500])
    row.refresh_from_db()
