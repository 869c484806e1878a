"""One employee under a lease, while the engine works on her: what is known, and the way out."""

import logging
from dataclasses import dataclass, field, replace
from typing import Any

from auth0sync import pauses
from auth0sync.account import Facts, Seen
from auth0sync.claim import Claim
from auth0sync.errors import Misconfigured, Paused, SyncError
from auth0sync.gate import Gate
from auth0sync.models import TenantState
from auth0sync.ownership import derived_id, stored_id
from auth0sync.rows import account_columns, read_facts
from auth0sync.tenant import Tenant
from employees.history import notice_changes

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """What the steps work with. ``facts`` is None when the row is gone.

    email_refused: why Auth0 doesn't take the new e-mail, when it doesn't.
    has_looked: whether the account had to be read, and was.
    lost_answers: how many writes had no answer in this run.
    paused: what can't be done now, by capability; the other steps go on.
    has_tried_to_create: whether Auth0 was asked to make the account.
    """

    claim: Claim
    until: float | None
    facts: Facts | None = None
    email_refused: SyncError | None = None
    has_looked: bool = False
    lost_answers: int = 0
    paused: dict[str, Paused] = field(default_factory=dict)
    has_tried_to_create: bool = False

    def __post_init__(self) -> None:
        self.gate = Gate(self.claim, self.until)
        self.tenant = Tenant(self.gate.before_call, self.gate.after_call)
        self.installation = TenantState.objects.get(pk=1).installation

    def refresh(self) -> None:
        """Read the due mark and then the row, so that a later change stays due.

        The history looks first as long as there is no account: a new one takes the earlier names
        from it, and SQL may have renamed somebody in the statement that asks for an account.
        """
        self.claim.remember()
        if self.claim.seen is None:
            notice_changes([self.claim.employee_id])
        self.facts = read_facts([self.claim.employee_id]).get(self.claim.employee_id)

    def pause(self, error: Misconfigured | Paused) -> None:
        """Go on without what this error is about. Raises Paused when nothing goes without it."""
        if isinstance(error, Misconfigured):
            error = self.begin_pause(error)
        if error.capability in {pauses.EVERYTHING, "read"}:
            raise error
        self.paused[error.capability] = error

    def begin_pause(self, error: Misconfigured) -> Paused:
        """Pause it for all processes, after the call that was refused."""
        logger.error("Auth0 is not set up as it has to be: %s", error)
        return pauses.begin(error, self.gate.outgoing.action)

    @property
    def asks_for_account(self) -> bool:
        """Whether the row says that this person signs in with Auth0."""
        return self.facts is not None and self.facts.asks_for_account

    @property
    def row(self) -> Facts:
        """The facts, in a step that only a row can ask for."""
        assert self.facts is not None  # noqa: S101
        return self.facts

    @property
    def seen(self) -> Seen:
        """The account, in a step that only an account that was seen can need."""
        seen = self.claim.seen
        assert seen is not None  # noqa: S101
        return seen

    @property
    def new_user_id(self) -> str:
        """The id that is sent when the account is made."""
        account = self.claim.account
        return derived_id(self.installation, account.employee_id, account.generation)

    @property
    def derived_user_id(self) -> str:
        """The same, as Auth0 stores it."""
        return stored_id(self.new_user_id)

    def record(self, seen: Seen | None, **columns: Any) -> None:
        """Store what is now seen, with what the employee's own columns say of it."""
        row = account_columns(self.claim.employee_id, seen) if seen else {}
        self.claim.record(seen, row, **columns)

    def fingerprint(self, user_id: str) -> dict[str, str]:
        """The column for a row into which the engine itself writes this user id.

        So that the sweep doesn't take it for a change made by SQL.
        """
        if self.facts is None:
            return {}
        return {"fingerprint": replace(self.facts, auth0_user_id=user_id).fingerprint()}
