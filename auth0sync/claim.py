"""The lease on one employee: how two workers never harm each other.

Taking, renewing, recording and giving back are single UPDATE statements that name the lease; one
row changed means that it is still ours. Times are the database's clock. Source:
docs/architecture.md, "Claim".
"""

from dataclasses import dataclass
from datetime import timedelta
from os import getpid
from socket import gethostname
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Case, DateTimeField, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Coalesce, Least, Now

from auth0sync.account import PLAN_VERSION, Seen
from auth0sync.errors import LeaseLost, SyncError
from auth0sync.models import Account, Attention, InvitationState, Priority
from auth0sync.rows import write_columns
from employees import request_ids

# What a change that arrived meanwhile has written with its due mark.
KEPT_WHEN_MOVED = {"priority", "let_through", "attention", "waiting_since"}
TIMES = {"look_at", "invitation_at"}  # of which ``due_at`` becomes the earlier one
BUG = "bug"  # the code of an error that is the console's own fault


def after(seconds: float) -> Any:
    """The database's time, so many seconds from now."""
    return Now() + timedelta(seconds=seconds)


@dataclass
class Claim:
    """A lease that was taken; ``account`` is the row as it was last read under it.

    seq: the due mark that the facts now being worked from answer.
    must_look: the account has to be read in Auth0 before anything is concluded; as of the row's
        last reading too.
    waits_for: the paused capability without which the rest can't be done, '' for none.
    """

    account: Account
    lease: str
    seq: int = 0
    must_look: bool = False
    waits_for: str = ""

    @classmethod
    def take(cls, employee_id: int) -> "Claim | None":
        """Take the employee, or None when another worker has it or there is nothing to take.

        A lease that ran out instead of being given back leaves doubt about what its holder did,
        so the account has to be read first.
        """
        # The process stands in it, so that an operator can see who holds an employee.
        lease = f"{gethostname()[:40]}:{getpid()}:{uuid4().hex[:16]}"
        until = after(settings.AUTH0_LEASE_SECONDS)
        # Who is held waits, and who is in an import job is that job's until it is over.
        row = Account.objects.filter(pk=employee_id, batch=None, job=None)
        taken = row.filter(lease="").update(lease=lease, lease_until=until)
        if not taken:
            ran_out = row.filter(lease_until__lte=Now()).exclude(lease="")
            taken = ran_out.update(lease=lease, lease_until=until, look_at=Now())
        if not taken:
            return None
        return cls(row.get(lease=lease), lease)

    @property
    def employee_id(self) -> int:
        """``employees.id``."""
        return self.account.employee_id

    @property
    def seen(self) -> Seen | None:
        """What was last seen in Auth0; None when there is no account, or none was read yet."""
        return Seen.from_json(self.account.seen) if self.account.seen else None

    def renew(self) -> None:
        """Hold the lease for its whole length again. Raises LeaseLost."""
        self._write(lease_until=after(settings.AUTH0_LEASE_SECONDS))

    def logged_as(self) -> dict[str, Any]:
        """As gate.Holder: whose account it is, who asked, and which try this is."""
        return {
            "employee_id": self.employee_id,
            "auth0_user_id": self.account.user_id,
            "actor": self.account.due_by,
            "attempt": self.account.attempts + 1,
            "request_id": self.account.request_id or request_ids.current(),
        }

    def remember(self) -> None:
        """Read the row again and remember its due mark: call it *before* reading the facts.

        Raises LeaseLost.
        """
        must_look = ExpressionWrapper(
            Q(look_at__isnull=False, look_at__lte=Now()), output_field=BooleanField()
        )
        mine = Account.objects.filter(pk=self.employee_id, lease=self.lease)
        account = mine.annotate(must_look=must_look).first()
        if account is None:
            raise LeaseLost
        self.account = account
        self.seq, self.must_look = account.due_seq, bool(account.must_look)

    def record(self, seen: Seen | None, row: dict[str, Any] | None = None, **columns: Any) -> None:
        """Store what is now known of the account, and ``row`` in the employee's own columns.

        After every successful call, so that giving back or dying loses no step; ``done_seq`` is
        not touched. Both writes happen or neither. Raises LeaseLost.
        """
        with transaction.atomic():
            if row:
                write_columns(self.employee_id, **row)
            self._write(
                seen=seen.as_json() if seen else None,
                seen_at=Now(),
                **self._keeping_a_look(columns),
            )
        self.account.seen = seen.as_json() if seen else None
        for name, value in columns.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.account, name, value)

    def is_in_doubt(self) -> bool:
        """Whether a write whose answer was lost may still land: then there is one more look."""
        row = Account.objects.filter(pk=self.employee_id, lease=self.lease)
        return row.exclude(doubt_until=None).exists()

    def invitation_is_due(self) -> bool:
        """Whether the invitation is wanted, and its time has come."""
        return Account.objects.filter(
            pk=self.employee_id,
            lease=self.lease,
            invitation__in=[InvitationState.WANTED, InvitationState.WAITING],
            invitation_at__lte=Now(),
        ).exists()

    def plan_notice(self, due_in_s: float | None) -> None:
        """Have the employee due for a notice to an old address; None when it is settled.

        A pending invitation is tried at its own time, and the notice with it. Raises LeaseLost.
        """
        self.renew()
        Account.objects.filter(pk=self.employee_id, lease=self.lease).exclude(
            invitation__in=[InvitationState.WANTED, InvitationState.WAITING]
        ).update(invitation_at=None if due_in_s is None else after(due_in_s))

    def finish(
        self,
        *,
        done: bool,
        row: dict[str, Any],
        attention: Attention | None = None,
        **columns: Any,
    ) -> None:
        """Record that nothing is left to do now, and give the lease back.

        done: whether the due mark is answered; False while a lost answer is still in doubt.
        attention: why a person has to look all the same; a mail that failed is known here. Due
        again when the account has to be looked at or a mail goes out; a change that arrived
        meanwhile stays due at once.
        Raises LeaseLost.
        """
        invitation = columns.get("invitation", self.account.invitation)
        if attention is None and invitation == InvitationState.FAILED:
            attention = Attention.MAIL
        # Whoever waits for a mail by hand waits before the crowd, also when all else is done.
        priority = Priority(self.account.priority) if self.waits_for else Priority.BULK
        columns = {"priority": priority, **NO_ERROR, **_attention(attention), **columns}
        if done:
            columns |= {
                "done_seq": self.seq,
                "waiting_since": None,
                "plan_version": PLAN_VERSION,
                "let_through": "",
            }
        planned = Coalesce(Least("look_at", "invitation_at"), "look_at", "invitation_at")
        with transaction.atomic():
            if row:
                write_columns(self.employee_id, **row)
            if columns.keys() & TIMES:
                # First, since the order in which one UPDATE sees its own changes differs.
                times = {k: v for k, v in columns.items() if k in TIMES}
                columns = {k: v for k, v in columns.items() if k not in TIMES}
                self._write(**self._keeping_a_look(times))
            self._release(planned, columns)

    def give_back(self, due_in_s: float | None, error: SyncError, *, counted: bool) -> None:
        """Stay due, in so many seconds, and give the lease back; no step that was done is lost.

        due_in_s: None for somebody who is held: the decision makes them due.
        counted: whether this was a failed attempt, which lengthens the next back-off.
        Raises LeaseLost.
        """
        columns: dict[str, Any] = {}
        if counted or self.waits_for:
            columns |= _error_columns(error)
        if counted:
            columns["attempts"] = F("attempts") + 1
            if error.code == BUG:  # whatever went out before it isn't written down
                columns |= {**_attention(Attention.FAILED), "look_at": Now()}
        # Nobody should have to find out by themselves that somebody who left can still sign in.
        tried = counted and self.account.attempts >= settings.AUTH0_MAX_RETRIES
        if self._is_leaver and (tried or self.waits_for):
            columns |= _attention(Attention.LEAVER)
        self._release(Value(None) if due_in_s is None else after(due_in_s), columns)

    def abandon(self) -> None:
        """Let go as if the lease had run out: whoever is next reads the account first.

        For when what was done last may not be written down.
        """
        Account.objects.filter(pk=self.employee_id, lease=self.lease).update(lease_until=Now())

    def fail(self, error: SyncError, row: dict[str, Any]) -> None:
        """Leave it to a person: not due until the row changes or somebody asks.

        A lost answer is still looked after when its time comes, and what is paused when the pause
        ends. Raises LeaseLost.
        """
        look = Case(When(look_at__gt=Now(), then=F("look_at")), output_field=DateTimeField())
        later = Now() if self.waits_for else look
        columns = {
            "done_seq": self.seq,
            "waiting_since": None,
            "attempts": 0,
            "priority": Priority.BULK,
            **_attention(Attention.LEAVER if self._is_leaver else Attention.FAILED),
        }
        with transaction.atomic():
            write_columns(self.employee_id, **row)
            self._release(later, columns | _error_columns(error))

    @property
    def _is_leaver(self) -> bool:
        return self.account.priority == Priority.LEAVER

    def _release(self, due_at: Any, columns: dict[str, Any]) -> None:
        """Give the lease back, due at ``due_at`` unless another change has arrived meanwhile."""
        moved = ~Q(due_seq=self.seq)
        columns["due_at"] = Case(
            When(moved, then=F("due_at")), default=due_at, output_field=DateTimeField()
        )
        for name in columns.keys() & KEPT_WHEN_MOVED:
            columns[name] = Case(When(moved, then=F(name)), default=Value(columns[name]))
        self._write(lease="", lease_until=None, waits_for=self.waits_for, **columns)

    def _keeping_a_look(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns, less what would undo a look that was asked for after :meth:`remember`."""
        if "look_at" not in columns:
            return columns
        planned = columns["look_at"]
        planned = Value(None) if planned is None else planned
        look_at = Case(
            When(~Q(due_seq=self.seq), then=Coalesce("look_at", planned)),
            default=planned,
            output_field=DateTimeField(),
        )
        return {**columns, "look_at": look_at}

    def _write(self, **columns: Any) -> None:
        held = Account.objects.filter(pk=self.employee_id, lease=self.lease)
        if not held.update(**columns):
            raise LeaseLost


NO_ERROR: dict[str, Any] = {
    "attempts": 0,
    "error_code": "",
    "error": "",
    "error_field": "",
    "error_at": None,
    "found": None,
}


def _attention(why: Attention | None) -> dict[str, Any]:
    """The columns for it; the time at which it began stays until it is over."""
    since = None if why is None else Coalesce("attention_at", Now())
    return {"attention": why, "attention_at": since}


def _error_columns(error: SyncError) -> dict[str, Any]:
    return {
        "error_code": error.code[:50],
        "error": str(error)[:500],
        "error_field": getattr(error, "field", "")[:50],
        "error_at": Now(),
        "found": getattr(error, "found", None) or None,
    }
