"""What can go wrong with Auth0, named by what the caller does next.

``code`` is a short word for logs and counters. ``str(error)`` is a plain sentence that may be
shown to a manager: it holds no secret, no token and no answer's body.
"""

from collections.abc import Sequence
from typing import Any


class SyncError(Exception):
    """The root of the family."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Transient(SyncError):
    """Nothing happened in Auth0; the same call may work later.

    retry_after_s: seconds until the next try is worth it; None leaves it to the back-off.
    """

    def __init__(self, message: str, *, code: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class NotNow(Transient):
    """No call may go out at this moment (limit, pause, outage): no attempt is counted.

    retry_after_s: seconds until one may.
    """

    retry_after_s: float

    def __init__(self, message: str, *, code: str, retry_after_s: float) -> None:
        super().__init__(message, code=code, retry_after_s=retry_after_s)


class Paused(NotNow):
    """The tenant lacks what this call needs (a scope, a role): the others go on.

    capability: what is paused, as in :class:`Misconfigured`.
    """

    def __init__(self, message: str, *, capability: str, retry_after_s: float) -> None:
        super().__init__(message, code=f"paused_{capability}", retry_after_s=retry_after_s)
        self.capability = capability


class Held(SyncError):
    """The safety brake holds this change until a second person decides: it has no due time."""


class Unknown(SyncError):
    """A write may or may not have happened: read the account before anything else."""


class Conflict(SyncError):
    """Auth0 holds something else under this e-mail or id: a person has to settle it.

    found: the accounts that stand in the way, each as ``ownership.shown`` makes it.
    """

    def __init__(self, message: str, *, code: str, found: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message, code=code)
        self.found = list(found)


class Rejected(SyncError):
    """Auth0, or the plan, refuses this person's data; nobody else is concerned.

    field: the form's field that has to change, '' when it can't be told.
    """

    def __init__(self, message: str, *, code: str, field: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field


class Misconfigured(SyncError):
    """The set-up is wrong for everybody: a scope, a role, the connection, the secret.

    capability: what can't be done: token, create, update, block, delete, roles or
        tickets.
    missing: what has to be granted or made, as an operator finds it in Auth0.
    """

    def __init__(self, message: str, *, code: str, capability: str, missing: str = "") -> None:
        super().__init__(message, code=code)
        self.capability = capability
        self.missing = missing


class Gone(SyncError):
    """The account isn't in Auth0 (any more)."""


class LeaseLost(Exception):
    """Another worker has taken this employee over: throw away what was about to be recorded."""
