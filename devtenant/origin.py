"""Whose page sent a form: a browser says it in the header Origin."""

from flask import request


def from_another_page() -> bool:
    """True when a page of somebody else sent this request.

    A client that is no browser sends no Origin; the pages here let the browser name theirs.
    """
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"http://{request.host}"
