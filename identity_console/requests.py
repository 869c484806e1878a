"""One line for every request, and an id that everything it causes carries."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from employees import request_ids
from identity_console.middleware import is_trusted

logger = logging.getLogger(__name__)

ASKED_ALL_THE_TIME = frozenset({"/healthz", "/readyz", "/metrics"})
HEADER = "X-Request-ID"


def note_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Bind the request's id, put it into the answer, and write the line when it is over.

    A trusted proxy may give the id. The line holds the path without what stands behind ``?``:
    names, e-mails and the codes of log-ins do. What is typed is in no line.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        given = request.headers.get(HEADER, "") if is_trusted(_peer(request)) else ""
        with request_ids.bound(request_ids.accepted(given)) as request_id:
            response = get_response(request)
            response[HEADER] = request_id
            _note(request, response.status_code, round((time.monotonic() - began) * 1000))
        return response

    return middleware


def _peer(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _note(request: HttpRequest, status: int, duration_ms: int) -> None:
    quiet = request.path in ASKED_ALL_THE_TIME and status < 500
    # Not request.user, which would ask the database for somebody whom no view asked for.
    user = getattr(request, "_cached_user", None)
    logger.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        extra={
            "method": request.method,
            "path": request.path[:200],
            "status": status,
            "duration_ms": duration_ms,
            "user_id": getattr(user, "pk", None),
        },
    )
