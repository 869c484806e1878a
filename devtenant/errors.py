"""Auth0's error bodies, each in the one shape that was seen (facts: error bodies)."""

from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """An answer that refuses: raised by a handler, sent by the dispatcher."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        """status: HTTP status. code: ``errorCode``; None leaves the key out, as Auth0 does."""
        super().__init__(message)
        self.status = status
        self.body = error_body(status, message, code, attributes)


class OAuthError(Exception):
    """A refusal of the Authentication API, which has another shape than the Management API's."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


def error_body(
    status: int, message: str, code: str | None = None, attributes: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON of a Management API refusal.

    Source: facts: error bodies.
    """
    body: dict[str, Any] = {
        "statusCode": status,
        "error": HTTPStatus(status).phrase,
        "message": message,
    }
    if attributes is not None:
        body["attributes"] = attributes
    if code is not None:
        body["errorCode"] = code
    return body


def invalid_body(problem: str, prop: str | None = None) -> ApiError:
    """400 for a body that breaks the schema; ``prop`` is the property's dotted path."""
    where = f" on property {prop}" if prop else ""
    return ApiError(400, f"Payload validation error: '{problem}'{where}", "invalid_body")


def invalid_query(problem: str, prop: str) -> ApiError:
    """400 for a query parameter that breaks the schema."""
    message = f"Query validation error: '{problem}' on property {prop}"
    return ApiError(400, message, "invalid_query_string")


def unknown_user() -> ApiError:
    """404 as recorded for users."""
    return ApiError(404, "The user does not exist.", "inexistent_user")


def unknown_role() -> ApiError:
    """404 as recorded for roles: without an errorCode."""
    return ApiError(404, "The role does not exist.")


def user_exists() -> ApiError:
    """409 for an e-mail or id that is taken: the body does not say which (facts: users, POST)."""
    return ApiError(409, "The user already exists.", "auth0_idp_error")


def new_email_taken() -> ApiError:
    """400 for a PATCH to an e-mail that is taken: a clash is to be told by its errorCode.

    Source: facts: users, "older code sees 400 for the same"; the text is what clients report.
    """
    return ApiError(400, "The specified new email already exists", "auth0_idp_error")


def unauthorized(message: str) -> ApiError:
    """401: ``attributes`` and no errorCode (facts: error bodies)."""
    return ApiError(401, message, attributes={"error": message})


def insufficient_scope(expected: tuple[str, ...]) -> ApiError:
    """403 for a token without the scopes of a call; it lists all of them as "any of"."""
    listed = ", ".join(expected)
    return ApiError(403, f"Insufficient scope, expected any of: {listed}", "insufficient_scope")


def upgrade_needed(feature: str) -> ApiError:
    """403 for a call that the plan does not include."""
    message = f"Please upgrade your subscription to use {feature}."
    return ApiError(403, message, "insufficient_entitlement")


def too_large(limit: int) -> ApiError:
    """413 for a body above ``limit`` bytes (the text is OAS's, an errorCode isn't known)."""
    refusal = ApiError(413, f"Payload content length greater than maximum allowed: {limit}")
    refusal.body["error"] = "Request Entity Too Large"
    return refusal


def too_many_requests() -> ApiError:
    """429 of the tenant-wide limit."""
    return ApiError(429, "Global limit has been reached", "too_many_requests")
