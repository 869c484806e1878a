"""``POST /webhooks/auth0``: where Auth0's log stream delivers what has happened.

The token is all that protects this address, so nothing that is delivered is believed: it is kept,
and what it is about is read in Auth0 later (events_look). Who comes without the token costs neither
a query nor the reading of a body.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from auth0sync.events_parsing import TooManyItems, read_batch
from auth0sync.events_store import store
from employees.counters import count

BODY_MOST = 2_000_000  # bytes
PIECE = 65_536
NO_TOKEN = "This console takes no events: AUTH0_WEBHOOK_TOKEN isn't set."  # noqa: S105
TOO_LARGE = f"A delivery has at most {BODY_MOST} bytes."


class _Refused(Exception):
    """status and message of the answer."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers


def _in_json(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refusals are JSON too, and nothing is kept anywhere."""

    @csrf_exempt  # no cookie is read: a browser can't be made to send the token
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            response = view(request)
        except _Refused as refused:
            body = {"success": False, "message": str(refused)}
            response = JsonResponse(body, status=refused.status, headers=refused.headers)
        response["Cache-Control"] = "no-store"
        return response

    return answered


@_in_json
def receive(request: HttpRequest) -> HttpResponse:
    """Keep the events of a delivery; they are worked off later.

    What can be read of a partly broken delivery is kept, and the rest counted: Auth0 repeats a
    refused one for days. Of one that is too large nothing is kept: the log has it still, for the
    poller. Raises whatever the database does: then Auth0 delivers it again.
    """
    _let_in(request)
    try:
        batch = read_batch(_body(request))
    except TooManyItems as error:
        raise _Refused(413, str(error)) from error
    if batch.unreadable and not batch.events:
        raise _Refused(400, batch.first_fault)
    store(batch.events)
    count("auth0_events_unreadable", batch.unreadable)
    told = {"success": True, "events": len(batch.events), "unreadable": batch.unreadable}
    return JsonResponse({**told, "first_fault": batch.first_fault} if batch.unreadable else told)


def _let_in(request: HttpRequest) -> None:
    if request.method != "POST":
        raise _Refused(405, "Use POST.", Allow="POST")
    tokens = settings.AUTH0_WEBHOOK_TOKEN
    if not tokens:
        raise _Refused(404, NO_TOKEN)
    given = request.headers.get("Authorization", "").strip()
    bare = given[7:].strip() if given[:7].lower() == "bearer " else given
    # All are compared, as digests, so that the time tells nothing of any.
    found = [_is_same(each, token) for token in tokens for each in (given, bare)]
    if not any(found):
        raise _Refused(401, "This isn't the authorization token of the log stream.")


def _is_same(given: str, token: str) -> bool:
    one, other = (each.encode("utf-8", "surrogateescape") for each in (given, token))
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def _body(request: HttpRequest) -> bytes:
    """The body, no more of which is read than is allowed."""
    length = request.META.get("CONTENT_LENGTH") or ""
    stream = request
    if not length and request.headers.get("Transfer-Encoding"):
        # Django takes a body without a length for none; the server says whether it knows its end.
        if not request.META.get("wsgi.input_terminated"):
            raise _Refused(411, "Send the length of the body (Content-Length).")
        stream = request.META["wsgi.input"]
    if length.isascii() and length.isdigit() and int(length[:12]) > BODY_MOST:
        raise _Refused(413, TOO_LARGE)
    body = bytearray()
    while piece := stream.read(PIECE):
        body += piece
        if len(body) > BODY_MOST:
            raise _Refused(413, TOO_LARGE)
    return bytes(body)
