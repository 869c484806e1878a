"""What a delivery of Auth0's log stream says, in each of its formats. Pure.

JSONARRAY is a list, JSONLINES an object a line, JSONOBJECT an object whose ``logs`` is a list; each
item is ``{"log_id": …, "data": {…}}`` (facts: "Log streams, HTTP"). GET /logs gives the inner
objects themselves. Only what is needed leaves this module.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote

# Auth0's are digits alone (facts). Letters are taken for what may come; MariaDB's unique index
# doesn't tell their case, so of made-up ids that differ in nothing else one is kept.
LOG_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
TYPE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
# Of one request to the Management API: whom it was about.
OF_A_USER = re.compile(r"/api/v2/users/([^/?]+)(/roles)?(?:[/?].*)?")
OF_A_ROLE = re.compile(r"/api/v2/roles/[^/?]+/users/?")
EDITED = "sapi"
USER_ID_MOST = 255  # characters
# In one delivery. Auth0 documents no number; its entries have a thousand bytes and more (facts), so
# none of its deliveries that is within the webhook's BODY_MOST has nearly as many. Of made-up ones
# 66,000 fit, and to keep them took 20 s.
ITEMS_MOST = 5_000
OTHERS_MOST = 50  # accounts in one call: Auth0's own dashboard sends no more
EARLIEST = datetime(2014, 1, 1, tzinfo=UTC)  # nothing in any log of Auth0's is older


class TooManyItems(Exception):
    """A delivery of more than ITEMS_MOST; nothing of it was read."""


@dataclass(frozen=True)
class Told:
    """One event as it was told. at: None where it doesn't say. user_ids: whose accounts it is
    about."""

    log_id: str
    type: str
    at: datetime | None
    client_id: str
    user_ids: tuple[str, ...]
    is_of_roles: bool


@dataclass(frozen=True)
class Batch:
    """What could be read. unreadable: how many items couldn't; first_fault: where the first of them
    is, in words that repeat nothing of it; "" for none."""

    events: tuple[Told, ...]
    unreadable: int = 0
    first_fault: str = ""


def read_batch(body: bytes) -> Batch:
    """All events of a delivery, whatever its format. Raises TooManyItems."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return Batch((), 1, "The body isn't UTF-8.")
    if not text:
        return Batch((), 1, "The body is empty.")
    items = list(islice(_items(text), ITEMS_MOST + 1))
    if len(items) > ITEMS_MOST:
        raise TooManyItems(f"A delivery has at most {ITEMS_MOST} events.")
    found: list[Told] = []
    faults: list[str] = []
    for where, item in items:
        event = read_item(item)
        if event is None:
            faults.append(f"{where} is no event.")
        else:
            found.append(event)
    return Batch(tuple(found), len(faults), faults[0] if faults else "")


def read_item(item: object) -> Told | None:
    """One item, wrapped as a stream sends it or bare as GET /logs does; None for no event."""
    if not isinstance(item, dict):
        return None
    inner = item.get("data")
    data = inner if isinstance(inner, dict) else item
    log_id = _text(item.get("log_id") or data.get("log_id"))
    name = _text(data.get("type"))
    if not LOG_ID.fullmatch(log_id) or not TYPE.fullmatch(name):
        return None
    user_ids, is_of_roles = _about(name, data)
    return Told(
        log_id,
        name,
        _moment(data.get("date")),
        _text(data.get("client_id")),
        user_ids,
        is_of_roles,
    )


def _items(text: str) -> Iterator[tuple[str, object]]:
    """Each item with where it stands; None for what isn't JSON."""
    whole = _json(text)
    if isinstance(whole, dict) and isinstance(whole.get("logs"), list):
        whole = whole["logs"]
    if isinstance(whole, list):
        yield from ((f"Item {number}", item) for number, item in enumerate(whole, 1))
    elif whole is not None:
        yield "Line 1", whole
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"Line {number}", _json(line)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _about(name: str, data: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The accounts that an event is about, and whether it is about their roles.

    An edit by the Management API names them in the request: ``user_id`` may be whoever made it.
    """
    own = _user_ids([data.get("user_id")])
    if name != EDITED:
        return own, False
    details = data.get("details")
    request = details.get("request") if isinstance(details, dict) else None
    if not isinstance(request, dict):
        return own, False
    path = _text(request.get("path"))
    if of_user := OF_A_USER.fullmatch(path):
        return _user_ids([unquote(of_user[1])]), of_user[2] is not None
    if OF_A_ROLE.fullmatch(path):
        body = request.get("body")
        users = body.get("users") if isinstance(body, dict) else None
        return _user_ids(users if isinstance(users, list) else []), True
    # Something else of the tenant was changed, which is nobody's account.
    return ((), False) if path.startswith("/api/v2/") else (own, False)


def _user_ids(values: list[Any]) -> tuple[str, ...]:
    found = [value for value in map(_text, values) if value and value.isascii()]
    return tuple(dict.fromkeys(value for value in found if len(value) <= USER_ID_MOST))[
        :OTHERS_MOST
    ]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found >= EARLIEST else None
