"""The search index: it learns of a change only after a delay, as Auth0's does."""

import time
from collections import deque
from typing import Any


class SearchIndex:
    """What a search sees. Callers hold the tenant's lock.

    It holds the records themselves, not copies: a stored user is never changed in place.
    Source: facts: GET /users?q= ("eventually consistent").
    """

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.waiting: deque[tuple[float, str, dict[str, Any] | None]] = deque()

    def now(self, key: str, document: dict[str, Any]) -> None:
        """Index at once: what a state file holds is old."""
        self.documents[key] = document

    def later(self, key: str, document: dict[str, Any] | None, due_at: float) -> None:
        """Index at ``due_at`` (seconds since the epoch); None removes."""
        self.waiting.append((due_at, key, document))
        self.take_over(time.time())

    def hurry(self, due_at: float) -> None:
        """Let nothing wait longer than ``due_at``: the delay was made shorter."""
        self.waiting = deque((min(due, due_at), key, doc) for due, key, doc in self.waiting)

    def seen(self, now: float) -> list[dict[str, Any]]:
        """Every user as a search sees them at ``now``, in order of creation."""
        self.take_over(now)
        return list(self.documents.values())

    def take_over(self, now: float) -> None:
        """Learn what has waited long enough."""
        while self.waiting and self.waiting[0][0] <= now:
            _, key, document = self.waiting.popleft()
            if document is None:
                self.documents.pop(key, None)
            else:
                self.documents[key] = document
