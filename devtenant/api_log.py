"""What a write through the Management API leaves in the log: ``sapi`` (facts: log codes)."""

from typing import TYPE_CHECKING, Any

from devtenant.errors import ApiError
from devtenant.tenant_log import masked, note

if TYPE_CHECKING:
    from devtenant.api import Call, Endpoint

NAMES = {
    ("POST", "/users"): "Create a User",
    ("PATCH", "/users/{id}"): "Update a User",
    ("DELETE", "/users/{id}"): "Delete a User",
    ("POST", "/users/{id}/roles"): "Assign roles to a user",
    ("DELETE", "/users/{id}/roles"): "Removes roles from a user",
    ("POST", "/roles/{id}/users"): "Assign users to a role",
    ("POST", "/roles"): "Create a role",
    ("POST", "/tickets/password-change"): "Create a password change ticket",
    ("POST", "/tickets/email-verification"): "Create an email verification ticket",
    ("POST", "/jobs/users-imports"): "Import users from a file",
    ("POST", "/jobs/users-exports"): "Create a job to export users",
    ("POST", "/jobs/verification-email"): "Send a verify email address email",
}


def note_write(call: "Call", endpoint: "Endpoint", path: str, status: int, body: Any) -> None:
    """Log a write that succeeded, with the whole of what was sent but for passwords.

    Of the answers the log holds those that are users; whether Auth0 logs a ticket's link isn't
    known, and here it stays out.
    """
    response: dict[str, Any] = {"statusCode": status}
    if isinstance(body, dict) and "user_id" in body:
        response["body"] = masked(body)
    request = {
        "method": endpoint.method.lower(),
        "path": f"/api/v2{path}",
        "query": call.query,
        "channel": "api",
        "ip": call.ip,
        "auth": {
            "strategy": "jwt",
            "credentials": {"scopes": call.grant.listed},
            "user": {},
        },
        "body": sent(call),
    }
    note(
        call.tenant,
        "sapi",
        client_id=call.grant.client_id,
        ip=call.ip,
        description=NAMES.get(
            (endpoint.method, endpoint.template), f"{endpoint.method} {endpoint.template}"
        ),
        details={"request": request, "response": response},
    )


def sent(call: "Call") -> Any:
    """The body of a call as it is logged; a file that was sent with it isn't."""
    try:
        return masked(call.body) if call.raw_body else {}
    except ApiError:
        return {}
