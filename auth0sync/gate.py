"""What every call passes through: may it go out now, and what is noted of it afterwards."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings

from auth0sync import pace, pauses, switch
from auth0sync.answers import JOBS_BUSY, THROTTLED
from auth0sync.calls import GET_TOKEN, Call, Outgoing
from auth0sync.errors import LeaseLost, NotNow, SyncError, Transient, Unknown
from auth0sync.models import SyncLog, TenantState
from auth0sync.rate import Group
from auth0sync.token import have_token
from employees import request_ids

logger = logging.getLogger(__name__)


class Holder(Protocol):
    """Who makes calls: a claim of one employee, a job of many, a comparison of all."""

    def renew(self) -> None:
        """Keep the lease under which the calls are made. Raises LeaseLost."""
        ...

    def logged_as(self) -> Mapping[str, Any]:
        """The columns of SyncLog that say for whom, and in whose name, a call was made."""
        ...


@dataclass
class Gate:
    """The gate for the calls of one holder.

    until: ``time.monotonic()`` by which the last call has to be over; None for no such limit.
    probing: the pauses whose probe this claim is. outgoing: the last call that was to go out.
    despite: what the calls go out in spite of, as ``switch.Off.code``.
    """

    holder: Holder
    until: float | None
    probing: set[str] = field(default_factory=set)
    outgoing: Outgoing = GET_TOKEN
    despite: str = ""

    def before_call(self, outgoing: Outgoing) -> None:
        """Hold the lease and wait for a slot. Raises NotNow, LeaseLost: the call mustn't go out."""
        self.outgoing = outgoing
        is_down = self._refuse_while_off()
        self._refuse_when_late()
        is_probe = is_down and pace.refuse_while_down()
        try:
            self._prepare(outgoing)
        except (NotNow, LeaseLost):
            if is_probe:  # nothing was asked: who waits for its answer would wait in vain
                pace.give_probe_back()
            raise

    def _prepare(self, outgoing: Outgoing) -> None:
        due = pauses.refuse(outgoing.capability, outgoing.action, self.probing)
        # Fetching the token may be what is probed, so this probe is taken before it.
        of_token = [each for each in due if each == pauses.EVERYTHING]
        pauses.take_probe(of_token)
        self.probing |= set(of_token)
        self._have_token()
        self.holder.renew()
        if pace.take_slot(outgoing.group):  # it may have been two seconds away
            self._refuse_while_off()
        pauses.take_probe([each for each in due if each not in of_token])
        self.probing |= set(due)

    def _refuse_while_off(self) -> bool:
        """Raises NotNow. Returns whether Auth0 is down, since one row tells both."""
        state = TenantState.objects.filter(pk=1).first()
        off = switch.by_settings() or switch.by_state(state)
        if off is not None and off.code != self.despite:
            raise NotNow(off.text, code=off.code, retry_after_s=switch.HELD_FOR_S)
        return state is not None and state.down_since is not None

    def _refuse_when_late(self) -> None:
        if self.until is not None and time.monotonic() + settings.AUTH0_TIMEOUT > self.until:
            raise NotNow("The task's time is used up.", code="task_time", retry_after_s=1)

    def _have_token(self) -> None:
        """Before the lease is renewed and the slot taken: a slow token must cost neither."""
        started = time.monotonic()
        try:
            have_token()
        except SyncError as error:
            took_ms = round((time.monotonic() - started) * 1000)
            self.after_call(Call(GET_TOKEN, None, took_ms, error))
            raise
        self._refuse_when_late()

    def after_call(self, call: Call) -> None:
        """Log the call, and let the pace know how the tenant does."""
        error = call.error
        if isinstance(error, NotNow):  # no token yet: nothing was asked, or the limit was reached
            return
        if isinstance(error, Transient) and error.code == THROTTLED:
            pace.learn(call.outgoing.group, call.headers, error.retry_after_s or 1.0)
        elif isinstance(error, Transient | Unknown) and error.code != JOBS_BUSY:
            pace.failed()
        else:
            pace.learn(call.outgoing.group, call.headers)
            pace.answered()
            if self.probing:
                pauses.probed(self.probing, call.action, error)
            if error is None and call.outgoing.group is Group.USER_WRITES:
                switch.remember_tenant()
        self.log(call)

    def log(self, call: Call) -> None:
        """Write the row of the sync log."""
        log_call(call, self.holder.logged_as())


def log_call(call: Call, logged_as: Mapping[str, Any]) -> None:
    """Write the row of the sync log: names and codes, never values. logged_as: as in Holder."""
    error = call.error
    columns = {
        "action": call.action,
        "duration_ms": call.duration_ms,
        "error_code": error.code[:50] if error else "",
        "request_id": request_ids.current(),  # of a job; an employee's claim has its own
        **logged_as,
    }
    SyncLog.objects.create(
        status=_status(error),
        response_data={"http_status": call.http_status, "fields": list(call.fields)},
        **columns,
    )
    also = {"capability": call.outgoing.capability, "http_status": call.http_status}
    said = {name: value for name, value in (columns | also).items() if value not in ("", None)}
    # A mail of the console's own passes the gate too, but no call goes out for it.
    logger.info("mail" if call.outgoing.capability == "mail" else "call to Auth0", extra=said)


def _status(error: SyncError | None) -> SyncLog.Status:
    if error is None:
        return SyncLog.Status.SUCCESS
    if isinstance(error, Unknown):
        return SyncLog.Status.UNKNOWN
    return SyncLog.Status.WAITING if isinstance(error, Transient) else SyncLog.Status.FAILED
