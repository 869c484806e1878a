"""The JSON contract that the Flask application's clients know, in full.

Addresses, statuses, shapes and words are the Flask application's; a number that has to wait is
answered 429, which it has no word for. Nothing here reads a cookie: a request carries the PIN or
the token itself, so no page elsewhere can make a browser send either, and there is no CSRF to
guard against. Source: docs/legacy-contract.md, "PIN log-in".
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from employees.errors import InvalidValue
from employees.kiosk.locked_down import no_store
from employees.signing_in import (
    MustWait,
    NoSession,
    Refused,
    change_pin,
    number_of,
    session_of,
    sign_in,
    sign_out,
)

LARGEST_BODY = 4096  # bytes
logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


class BadRequest(Exception):
    """The request can't be understood; the message is for whoever wrote the program."""


def _failure(status: int, message: str, **headers: str) -> JsonResponse:
    return JsonResponse({"success": False, "message": message}, status=status, headers=headers)


def _json_only(view: View) -> View:
    """POST only; whatever happens, the answer is JSON and is kept nowhere."""

    @csrf_exempt
    @no_store
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return _failure(405, "Use POST.", Allow="POST")
        try:
            return view(request, **kwargs)
        except BadRequest as error:
            return _failure(400, str(error))
        except InvalidValue as error:
            return _failure(400, error.reason)
        except (Refused, NoSession) as error:
            return _failure(401, str(error))
        except MustWait as error:
            return _failure(429, str(error), **{"Retry-After": str(error.seconds)})
        except Exception:
            # A client that expects JSON can do nothing with Django's page.
            logger.exception("%s failed", request.path)
            return _failure(500, "Something went wrong. Try again.")

    return answered


@_json_only
def login(request: HttpRequest) -> HttpResponse:
    """Number and PIN become a token of one day."""
    body = _body(request)
    number, pin = _text(body, "employee_id"), _text(body, "pin")
    session = sign_in(number_of(number), pin)
    employee = session.employee
    return JsonResponse(
        {
            "success": True,
            "token": session.token,
            "employee_id": employee.pk,
            "name": employee.name,
        }
    )


@_json_only
def verify(request: HttpRequest) -> HttpResponse:
    """Whose token this is."""
    session = session_of(_token(request))
    if session is None:
        raise NoSession
    employee = session.employee
    return JsonResponse({"success": True, "employee_id": employee.pk, "name": employee.name})


@_json_only
def logout(request: HttpRequest) -> HttpResponse:
    """End the token; 200 whatever it was."""
    sign_out(_token(request))
    return JsonResponse({"success": True})


@_json_only
def change_own_pin(request: HttpRequest) -> HttpResponse:
    """A new PIN for whose token this is."""
    token = _token(request)
    if session_of(token) is None:
        raise NoSession
    body = _body(request)
    change_pin(token, _text(body, "current_pin"), _text(body, "new_pin"))
    return JsonResponse({"success": True, "message": "PIN changed successfully"})


@csrf_exempt
@no_store
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below /api/employee/."""
    return _failure(404, "There is no such address.")


def _body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent. Raises: BadRequest."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        raise BadRequest("The body is too long.")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadRequest("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    """A field that may come as a number or as text. Raises: BadRequest."""
    value = body.get(name)
    if value is None or value == "":
        raise BadRequest(f"{name} is required.")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadRequest(f"{name} must be a number or text.")
    return str(value)


def _token(request: HttpRequest) -> str:
    """The token in ``Authorization: Bearer …``; "" where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
