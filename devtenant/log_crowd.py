"""Many records of the log at once, for tests and measurements (POST /_logs)."""

from typing import Any

from devtenant.state import Tenant
from devtenant.tenant_log import DESCRIPTIONS, KEPT, note

KNOWN = {"types", "count", "users", "fields"}
OWN = {"tenant", "kind", "user", "type", "date", "log_id"}  # what a record gets here


class BadLogs(ValueError):
    """A request that makes no sense; the text says why."""


def make_logs(tenant: Tenant, wanted: dict[str, Any]) -> dict[str, Any]:
    """Write ``count`` records about ``users`` in turn, and of ``types`` in turn. Callers hold the
    lock.

    ``users``: user_ids, which needn't be there (as somebody who was deleted); left out: all
    accounts, in order of creation; []: nobody. ``count``: left out, one of each type for each
    user. ``fields``: other keys of each record, such as ``details`` or ``ip``.
    Returns their number, and the first and the last log_id.
    Raises: BadLogs.
    """
    unknown = sorted(set(wanted) - KNOWN)
    if unknown:
        raise BadLogs(f"Unknown keys: {', '.join(unknown)}.")
    types = wanted.get("types", ["s"])
    if not isinstance(types, list) or not types or not all(isinstance(t, str) for t in types):
        raise BadLogs(f"types must be a list of codes such as {', '.join(DESCRIPTIONS)}.")
    users = wanted.get("users", list(tenant.users.rows))
    fields = wanted.get("fields", {})
    if not isinstance(users, list) or not isinstance(fields, dict):
        raise BadLogs("users must be a list, and fields an object.")
    if OWN & set(fields):
        raise BadLogs(f"fields can't hold {', '.join(sorted(OWN & set(fields)))}.")
    count = wanted.get("count", len(types) * max(1, len(users)))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= KEPT:
        raise BadLogs(f"count must be a number from 1 to {KEPT}.")
    ids = []
    for position in range(count):
        kind = types[position % len(types)]
        user_id = users[position // len(types) % len(users)] if users else None
        user = tenant.users.rows.get(user_id) if user_id else None
        more = {"user_id": user_id} if user_id and user is None else {}
        ids.append(note(tenant, kind, user, **{**more, **fields})["log_id"])
    return {"logs": count, "first": ids[0], "last": ids[-1]}
