"""What every call passes through: may it go out now, and what is noted of it afterwards."""

import time
from dataclasses import dataclass, field

from django.conf import settings

from auth0sync import pace, pauses
from auth0sync.answers import THROTTLED
from auth0sync.claim import Claim
from auth0sync.due import is_provisioning_on
from auth0sync.errors import NotNow, SyncError, Transient, Unknown
from auth0sync.models import SyncLog
from auth0sync.tenant import GET_TOKEN, Call, Outgoing


@dataclass
class Gate:
    """The gate for the calls of one claim.

    until: ``time.monotonic()`` by which the last call has to be over; None for no such limit.
    probing: the pauses whose probe this claim is. outgoing: the last call that was to go out.
    """

    claim: Claim
    until: float | None
    probing: set[str] = field(default_factory=set)
    outgoing: Outgoing = GET_TOKEN

    def before_call(self, outgoing: Outgoing) -> None:
        """Hold the lease and wait for a slot. Raises NotNow, LeaseLost: the call mustn't go out."""
        self.outgoing = outgoing
        if not is_provisioning_on():
            raise NotNow("Provisioning is switched off.", code="switched_off", retry_after_s=30)
        if self.until is not None and time.monotonic() + settings.AUTH0_TIMEOUT > self.until:
            raise NotNow("The task's time is used up.", code="task_time", retry_after_s=1)
        pace.refuse_while_down()
        due = pauses.refuse(outgoing.capability, self.probing)
        self.claim.renew()
        pace.take_slot(outgoing.group)
        pauses.take_probe(due)
        self.probing |= set(due)

    def after_call(self, call: Call) -> None:
        """Log the call, and let the pace know how the tenant does."""
        error = call.error
        if isinstance(error, Transient) and error.code == THROTTLED:
            pace.learn(call.outgoing.group, call.headers, error.retry_after_s or 1.0)
        elif isinstance(error, Transient | Unknown):
            pace.failed()
        else:
            pace.learn(call.outgoing.group, call.headers)
            pace.answered()
            if self.probing:
                pauses.probed(self.probing, call.action, error)
        self.log(call)

    def log(self, call: Call) -> None:
        """Write the row of the sync log: names and codes, never values."""
        account, error = self.claim.account, call.error
        SyncLog.objects.create(
            employee_id=account.employee_id,
            auth0_user_id=account.user_id,
            action=call.action,
            status=_status(error),
            response_data={"http_status": call.http_status, "fields": list(call.fields)},
            actor=account.due_by,
            duration_ms=call.duration_ms,
            attempt=account.attempts + 1,
            error_code=error.code[:50] if error else "",
        )


def _status(error: SyncError | None) -> SyncLog.Status:
    if error is None:
        return SyncLog.Status.SUCCESS
    if isinstance(error, Unknown):
        return SyncLog.Status.UNKNOWN
    return SyncLog.Status.WAITING if isinstance(error, Transient) else SyncLog.Status.FAILED
