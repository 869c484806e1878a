"""One visit of the doctor: what its lines share, and how they ask Auth0.

What is asked of Auth0 only reads, goes through the gate as every call does (pace, limits, log), and
ends within a time for all of it together: once the tenant hasn't answered, nothing more is asked.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings

from auth0sync import switch
from auth0sync.errors import Misconfigured, NotNow, SyncError
from auth0sync.gate import Gate
from auth0sync.tenant_looks import TenantLooks

WITHIN_S = 30.0  # for Auth0 and the other programs that are tried; the queue gives a task 55 s

Found = TypeVar("Found")


class _Doctor:
    """Who makes the calls, as gate.Holder: there is no lease to keep."""

    def renew(self) -> None:
        """Nothing to be kept."""

    def logged_as(self) -> Mapping[str, Any]:
        """As gate.Holder: calls for nobody."""
        return {"actor": "auth0_doctor"}


class NoAnswer(Exception):
    """Auth0 wasn't asked, or gave no answer of use; the text says why."""


class NotGranted(Exception):
    """Auth0 doesn't let the console read this; the text is the scope, where Auth0 names it."""


@dataclass
class Visit:
    """What the lines of one visit share.

    until: ``time.monotonic()`` after which nothing more is asked of other machines.
    why_no_database, why_no_auth0: why either isn't asked any more; "" while it may be.
    discovery: what the tenant says of itself. skew_s: by how many seconds this machine's clock is
    ahead of Auth0's; None as long as that isn't known. scopes: of the token; None where unknown.
    """

    until: float = field(default_factory=lambda: time.monotonic() + WITHIN_S)
    why_no_database: str = ""
    why_no_auth0: str = ""
    discovery: Mapping[str, Any] = field(default_factory=dict)
    skew_s: float | None = None
    scopes: frozenset[str] | None = None

    def left_s(self, most_s: float) -> float:
        """How long an answer may be waited for; 0 when the visit's time is used up."""
        return max(0.0, min(most_s, self.until - time.monotonic()))

    def ask(self, question: Callable[[TenantLooks], Found]) -> Found:
        """The answer of the Management API. Raises NoAnswer, NotGranted."""
        if self.why_no_auth0:
            raise NoAnswer(self.why_no_auth0)
        off = switch.why_off()
        # It only reads, so it may also be asked before the link is switched on.
        until = self.until + settings.AUTH0_TIMEOUT
        gate = Gate(_Doctor(), until, despite=off.code if off else "")
        try:
            return question(TenantLooks(gate.before_call, gate.after_call))
        except NotNow as error:
            raise NoAnswer(f"Not looked at: {error}") from None
        except Misconfigured as error:
            if error.capability == "token":
                self.why_no_auth0 = "Not looked at: Auth0 refuses the token."
                raise NoAnswer(self.why_no_auth0) from None
            raise NotGranted(error.missing) from None
        except SyncError as error:
            self.why_no_auth0 = f"Not looked at: {error}"
            raise NoAnswer(self.why_no_auth0) from None
