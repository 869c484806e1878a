"""The JSON contract that the Flask application's clients know, in full.

Addresses, statuses, shapes and words are the Flask application's; a number that has to wait is
answered 429, which it has no word for. Nothing here reads a cookie: a request carries the PIN or
the token itself, so no page elsewhere can make a browser send either, and there is no CSRF to
guard against. Source: docs/legacy-contract.md, "PIN log-in".
"""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from employees.errors import InvalidValue
from employees.kiosk.knock import KNOCK_HEADER, PROOF_HEADER, proof_for
from employees.kiosk.locked_down import no_store
from employees.lockout import Door, outside_door
from employees.models import Auth0Role, AuthMethod, Employee
from employees.permissions import SHOP_FLOOR
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


def json_only(view: View) -> View:
    """POST only; whatever happens, the answer is JSON and is kept nowhere."""

    @csrf_exempt
    @no_store
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            proof = proof_for(request.headers.get(KNOCK_HEADER, ""))
            proven = {PROOF_HEADER: proof} if proof else {}
            return _failure(405, "Use POST.", Allow="POST", **proven)
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


@json_only
def login(request: HttpRequest) -> HttpResponse:
    """Number and PIN become a token of one day."""
    body = _body(request)
    number, pin = _text(body, "employee_id"), _text(body, "pin")
    session = sign_in(number_of(number), pin, _door(request))
    employee = session.employee
    return JsonResponse(
        {
            "success": True,
            "token": session.token,
            "employee_id": employee.pk,
            "name": employee.name,
        }
    )


@json_only
def verify(request: HttpRequest) -> HttpResponse:
    """Whose token this is, without Auth0; auth0sync puts a view in front that takes its tokens."""
    return identity_by_pin(bearer_token(request))


def identity_by_pin(token: str) -> HttpResponse:
    """Who signed in with a PIN. It opens the shop floor and no more, whatever the row's role.

    Raises: NoSession.
    """
    session = session_of(token)
    if session is None:
        raise NoSession
    role = Auth0Role.PRODUCTION_ASSOCIATE
    return identity(session.employee, AuthMethod.PIN, role, SHOP_FLOOR)


def identity(
    employee: Employee, door: AuthMethod, role: str, permissions: Iterable[str]
) -> HttpResponse:
    """Who somebody is, in one shape for every door.

    door: PIN or AUTH0, by which this token came. role: the one they act with there, which may be
    less than the row's.
    """
    return JsonResponse(
        {
            "success": True,
            "employee_id": employee.pk,
            "name": employee.name,
            "auth_method": door,
            "roles": [role],
            "permissions": list(permissions),
        }
    )


@json_only
def logout(request: HttpRequest) -> HttpResponse:
    """End the token; 200 whatever it was."""
    sign_out(bearer_token(request))
    return JsonResponse({"success": True})


@json_only
def change_own_pin(request: HttpRequest) -> HttpResponse:
    """A new PIN for whose token this is."""
    token = bearer_token(request)
    if session_of(token) is None:
        raise NoSession
    body = _body(request)
    current, new = _text(body, "current_pin"), _text(body, "new_pin")
    change_pin(token, current, new, _door(request))
    return JsonResponse({"success": True, "message": "PIN changed successfully"})


@csrf_exempt
@no_store
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below /api/employee/."""
    return _failure(404, "There is no such address.")


def _door(request: HttpRequest) -> Door:
    return outside_door(request.META.get("REMOTE_ADDR", ""))


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


def bearer_token(request: HttpRequest) -> str:
    """The token in ``Authorization: Bearer …``; "" where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
