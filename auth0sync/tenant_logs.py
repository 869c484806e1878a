"""What is asked of the tenant's own log. Source: facts, GET /logs.

A capability of its own: where its scope is missing, only the poller pauses.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from auth0sync.calls import Caller, Outgoing, get_json
from auth0sync.errors import SyncError, Transient
from auth0sync.rate import Group

LOGS = "logs"
READ_ENTRY = "read log entry"
TAKE = 100  # entries in a page: the most that Auth0 gives


class TenantLogs(Caller):
    """Reads the log, in the order in which it was written."""

    def read_log(self, after: str) -> list[dict[str, Any]]:
        """The next page of the log. after: the log id of the last entry known; "" for the oldest.

        Raises Gone or Rejected when Auth0 keeps that entry no more.
        """
        query: dict[str, str | int] = {"take": TAKE} | ({"from": after} if after else {})
        found: list[dict[str, Any]] = self.call(
            Outgoing("read log", LOGS, Group.LOGS),
            lambda: get_json("/logs", **query),
            judge=_no_list,
        )
        return found

    def read_entry(self, log_id: str) -> Mapping[str, Any]:
        """One entry. Raises Gone when Auth0 has none of this id (any more)."""
        found: Mapping[str, Any] = self.call(
            Outgoing(READ_ENTRY, LOGS, Group.LOGS),
            lambda: get_json(f"/logs/{quote(log_id, safe='')}"),
            judge=_no_entry,
        )
        return found


def _no_list(data: object) -> SyncError | None:
    return None if isinstance(data, list) else _unreadable()


def _no_entry(data: object) -> SyncError | None:
    return None if isinstance(data, dict) else _unreadable()


def _unreadable() -> SyncError:
    return Transient("Auth0's log can't be read.", code="unreadable_answer")
