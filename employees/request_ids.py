"""The number by which one click is followed: through the web, the queue, and the calls to Auth0."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

_ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def new() -> str:
    """Thirteen characters that somebody can read out; the r tells them from an employee's."""
    return f"r{secrets.token_hex(6)}"


def accepted(text: str) -> str:
    """The id that a proxy gave: 8 to 64 letters, digits, ``.``, ``_``, ``-``; '' for any other."""
    return text if _ACCEPTED.fullmatch(text) else ""


def current() -> str:
    """The id of what is being done in this thread; '' where nothing began one."""
    return str(get_contextvars().get("request_id", ""))


@contextmanager
def bound(request_id: str = "", **fields: object) -> Iterator[str]:
    """Whatever is done inside carries this id, or a new one, and the fields, in its log lines."""
    request_id = request_id or new()
    with bound_contextvars(request_id=request_id, **fields):
        yield request_id
