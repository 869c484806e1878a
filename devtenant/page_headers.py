"""What every page for people has in common: its headers, and whose forms it takes."""

from flask import Response, request

from devtenant.origin import from_another_page

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # Not no-referrer: a browser would then hide from a form's target whose page sent it. No
    # form-action either, as browsers hold the way back to the application against it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def add_headers(response: Response) -> Response:
    """No script, no frame, nothing kept: the pages hold e-mails and their links are secret."""
    response.headers.update(HEADERS)
    return response


def refuse_other_pages() -> Response | None:
    """Refuse a form that a page of somebody else sends in a person's name."""
    if request.method == "POST" and from_another_page():
        return Response("Forms of other pages are refused.\n", 403, mimetype="text/plain")
    return None
