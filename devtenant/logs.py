"""Reading the tenant's log (facts: GET /logs, GET /users/{id}/logs)."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from devtenant.api import Answer, Call, endpoint, flag
from devtenant.errors import ApiError, invalid_query
from devtenant.paging import LARGEST_PAGE, number, only_fields
from devtenant.search import BadQuery, matcher
from devtenant.tenant_log import after, kept, newest

PAGED_LIMIT = 1_000  # records that can be reached by page and per_page
READ_OF_USER = ("read:logs", "read:logs_users")
LOG_ID = re.compile(r"[0-9]{1,100}")


@endpoint("GET", "/logs", "read:logs")
def list_logs(call: Call) -> Answer:
    """By checkpoint with ``from`` or ``take``, else by page with ``q`` and ``sort``."""
    if "from" in call.query or "take" in call.query:
        return 200, by_checkpoint(call)
    text = call.query.get("q") or call.query.get("search") or ""
    try:
        matches = matcher(text)
    except BadQuery as error:
        raise ApiError(400, str(error), "invalid_query_string") from error
    return 200, by_page(call, matches)


@endpoint("GET", "/logs/{id}", "read:logs")
def get_log(call: Call) -> Answer:
    """Read one record; 404 for one that isn't, or is no longer, there."""
    kept(call.tenant)
    found = call.tenant.logs.rows.get(call.ids[0])
    if found is None:
        raise ApiError(404, "Log not found.", "inexistent_log")
    return 200, shown(found)


@endpoint("GET", "/users/{id}/logs", *READ_OF_USER, any_of=True)
def list_user_logs(call: Call) -> Answer:
    """What is about one user, by page; [] for a user that nobody has (believed)."""
    return 200, by_page(call, lambda record: bool(record.get("user_id") == call.ids[0]))


def by_checkpoint(call: Call) -> list[dict[str, Any]]:
    """The records after ``from``, in the order of their ids; [] when nothing is new.

    All other parameters are ignored. The header ``Link`` leads on while there was something.
    """
    take = number(call, "take", 50, LARGEST_PAGE)
    begin = call.query.get("from") or None
    if begin is not None and not LOG_ID.fullmatch(begin):
        raise invalid_query("String does not match pattern ^[0-9]+$", "from")
    rows = after(call.tenant, begin, take)
    if rows:
        following = f"{call.base_url}/api/v2/logs?from={quote(rows[-1]['log_id'])}&take={take}"
        call.headers["Link"] = f'<{following}>; rel="next"'
    return [shown(row) for row in rows]


def by_page(call: Call, matches: Callable[[dict[str, Any]], bool]) -> Any:
    """A page of those that match, the newest first unless ``sort=date:1``.

    Raises: ApiError 400 beyond the first 1,000.
    """
    limit = number(call, "per_page", 50, LARGEST_PAGE)
    start = number(call, "page", 0, 10**6) * limit
    sort = call.query.get("sort", "date:-1")
    if sort not in ("date:1", "date:-1"):
        raise invalid_query(f"No enum match for: {sort}", "sort")
    if start + limit > PAGED_LIMIT:
        message = "You can only page through the first 1000 records."
        raise ApiError(400, message, "invalid_paging")
    found = newest(call.tenant, matches, PAGED_LIMIT)
    if sort == "date:1":
        found.reverse()
    page = [only_fields(call, shown(row)) for row in found[start : start + limit]]
    if not flag(call, "include_totals"):
        return page
    totals = {"start": start, "limit": limit, "length": len(page), "total": len(found)}
    return {**totals, "logs": page}


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it is read: its id stands there twice."""
    return {"_id": record["log_id"], **record}
