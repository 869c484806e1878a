"""Lists in Auth0's three forms: bare, with totals, and by checkpoint (from/take)."""

import base64
import binascii
from typing import Any

from devtenant.api import Call, flag
from devtenant.errors import invalid_query

LARGEST_PAGE = 100


def number(call: Call, name: str, default: int, highest: int) -> int:
    """A whole query parameter from 0 to ``highest``.

    Raises: ApiError 400 ``invalid_query_string``.
    """
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise invalid_query(f"Expected type integer but found: {text}", name)
    value = int(text)
    if value > highest:
        raise invalid_query(f"Value {value} is greater than maximum {highest}", name)
    return value


def page_of(call: Call, name: str, rows: list[Any]) -> Any:
    """One page of ``rows`` under the key ``name``.

    With from or take: ``{name: [...]}`` and ``next`` only while more remain (recorded), even
    when include_totals is sent too. With include_totals: start, limit, total. Else a bare list.
    Source: facts: GET /roles/{id}/users, connections.
    """
    if "take" in call.query or "from" in call.query:
        take = number(call, "take", 50, LARGEST_PAGE)
        start = decode_cursor(call.query.get("from", ""))
        answer: dict[str, Any] = {name: rows[start : start + take]}
        if start + take < len(rows):
            answer["next"] = encode_cursor(start + take)
        return answer
    limit = number(call, "per_page", 50, LARGEST_PAGE)
    start = number(call, "page", 0, 10**6) * limit
    page = rows[start : start + limit]
    if flag(call, "include_totals"):
        return {name: page, "start": start, "limit": limit, "total": len(rows)}
    return page


def encode_cursor(position: int) -> str:
    """The opaque text of ``next``."""
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The position behind a ``from``; "" is the start.

    Raises: ApiError 400 for text that is no cursor of ours.
    """
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("after:"))
    except (binascii.Error, ValueError) as error:
        raise invalid_query("Invalid checkpoint", "from") from error


def only_fields(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """Apply ``fields`` and ``include_fields`` to one record."""
    names = {name.strip() for name in call.query.get("fields", "").split(",") if name.strip()}
    if not names:
        return row
    include = call.query.get("include_fields", "true") != "false"
    return {key: value for key, value in row.items() if (key in names) == include}
