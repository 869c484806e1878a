"""Links that let a person set a password or verify an e-mail (facts: tickets)."""

import hashlib
import secrets
import time
from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import timestamp
from devtenant.errors import ApiError, invalid_body, unknown_user
from devtenant.outbox import add_mail
from devtenant.schemas import Flag, Record, Shape, Text, Whole, object_body
from devtenant.state import Tenant
from devtenant.tenant_log import note

LIFETIME = 432_000  # seconds: five days
SENDER = "no-reply@auth0user.net"
PASSWORD = "password-change"  # noqa: S105 - the name of a kind of ticket
VERIFICATION = "email-verification"
PATHS = {PASSWORD: "/u/reset-password", VERIFICATION: "/u/email-verification"}

CONNECTION_ID = Text(pattern=r"^con_[A-Za-z0-9]{16}$")
SHARED: dict[str, Shape] = {
    "result_url": Text(1, format="uri"),
    "user_id": Text(1),
    "client_id": Text(1),
    "organization_id": Text(1),
    "ttl_sec": Whole(),
    "includeEmailInRedirect": Flag(),
    "identity": Record({}, open_ended=True),
}
CHANGE_PASSWORD = Record(
    {
        **SHARED,
        "connection_id": CONNECTION_ID,
        "email": Text(1, format="email"),
        "mark_email_as_verified": Flag(),
    }
)
VERIFY_EMAIL = Record(SHARED, required=("user_id",))


@endpoint("POST", "/tickets/password-change", "create:user_tickets")
def password_change(call: Call) -> Answer:
    """A link to set a password: 201. The tenant sends no mail; whoever asked delivers it.

    Source: facts: POST /tickets/password-change.
    """
    body = object_body(call.body, CHANGE_PASSWORD)
    if "result_url" in body and "client_id" in body:
        raise ApiError(400, "Cannot specify both result_url and client_id.", "invalid_body")
    user = addressed(call.tenant, body)
    link = new_ticket(
        call.tenant,
        PASSWORD,
        user,
        call.base_url,
        ttl_s=body.get("ttl_sec") or LIFETIME,
        mark_email_as_verified=body.get("mark_email_as_verified", False),
        client_id=body.get("client_id"),
        result_url=body.get("result_url"),
    )
    return 201, {"ticket": link}


@endpoint("POST", "/tickets/email-verification", "create:user_tickets")
def email_verification(call: Call) -> Answer:
    """A link that verifies the e-mail: 201."""
    body = object_body(call.body, VERIFY_EMAIL)
    user = addressed(call.tenant, body)
    ttl_s = body.get("ttl_sec") or LIFETIME
    return 201, {"ticket": new_ticket(call.tenant, VERIFICATION, user, call.base_url, ttl_s=ttl_s)}


def addressed(tenant: Tenant, body: dict[str, Any]) -> dict[str, Any]:
    """The user a ticket is for: by user_id, or by connection_id and e-mail.

    Raises: ApiError 400 or 404.
    """
    by_email = "connection_id" in body or "email" in body
    if "user_id" in body and by_email:
        raise invalid_body("Use user_id, or connection_id with email, not both")
    if "user_id" in body:
        user: dict[str, Any] | None = tenant.users.rows.get(body["user_id"])
        if user is None:
            raise unknown_user()
        return user
    if not ("connection_id" in body and "email" in body):
        raise invalid_body("Missing required property: user_id")
    connection = tenant.connections.rows.get(body["connection_id"])
    if connection is None:
        raise ApiError(404, "The connection does not exist", "inexistent_connection")
    found = user_with_email(tenant, connection["name"], body["email"].lower())
    if found is None:
        raise unknown_user()
    return found


def user_with_email(tenant: Tenant, connection: str, email: str) -> dict[str, Any] | None:
    """The user of a connection with this e-mail (in lower case)."""
    for user in tenant.users_with_email(email):
        if user["identities"][0]["connection"] == connection:
            return user
    return None


def new_ticket(
    tenant: Tenant,
    kind: str,
    user: dict[str, Any],
    base_url: str,
    *,
    ttl_s: int = LIFETIME,
    mark_email_as_verified: bool = False,
    client_id: str | None = None,
    result_url: str | None = None,
) -> str:
    """Make a ticket and return its link. ttl_s: life in seconds. Callers hold the lock.

    Only a hash of the secret is kept: the link is a credential.
    """
    secret = secrets.token_urlsafe(24)
    ticket = {
        "type": kind,
        "user_id": user["user_id"],
        "email": user["email"],
        "created_at": time.time(),
        "expires_at": time.time() + ttl_s,
        "ttl_sec": ttl_s,
        "mark_email_as_verified": mark_email_as_verified,
        "client_id": client_id,
        "result_url": result_url,
        "used_at": None,
    }
    tenant.tickets.put(digest(secret), ticket)
    # Recorded: the link to set a password ends with a bare "#".
    tail = "#" if kind == PASSWORD else ""
    return f"{base_url}{PATHS[kind]}?ticket={secret}{tail}"


def digest(secret: str) -> str:
    """The key under which a ticket is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_ticket(tenant: Tenant, kind: str, secret: str) -> dict[str, Any] | None:
    """The ticket behind a link, expired or used too; None for a link nobody made."""
    ticket: dict[str, Any] | None = tenant.tickets.rows.get(digest(secret))
    return ticket if ticket is not None and ticket["type"] == kind else None


def use_verification(tenant: Tenant, secret: str) -> tuple[str, dict[str, Any] | None]:
    """Verify the e-mail behind a link. Callers hold the lock.

    Returns one of ``verified``, ``unknown``, ``used``, ``expired``, ``gone`` (no such user, or
    the e-mail is another one by now), and the ticket.
    """
    ticket = find_ticket(tenant, VERIFICATION, secret)
    if ticket is None:
        return "unknown", None
    if ticket["used_at"] is not None:
        return "used", ticket
    if ticket["expires_at"] <= time.time():
        return "expired", ticket
    user = tenant.users.rows.get(ticket["user_id"])
    if user is None or user["email"] != ticket["email"]:
        return "gone", ticket
    ticket["used_at"] = time.time()
    tenant.tickets.put(digest(secret), ticket)
    verify(tenant, user, secret)
    return "verified", ticket


def verify(tenant: Tenant, user: dict[str, Any], secret: str = "") -> None:
    """Mark a user's e-mail as verified. secret: of the ticket, which Auth0 puts into its log."""
    tenant.save_user({**user, "email_verified": True, "updated_at": timestamp()})
    query = {"ticket": secret}
    note(tenant, "sv", user, details={"email": user["email"], "query": query})


def send_verification_mail(tenant: Tenant, user: dict[str, Any], base_url: str) -> None:
    """Put the tenant's own verification mail into the outbox. Callers hold the lock."""
    link = new_ticket(tenant, VERIFICATION, user, base_url)
    note(tenant, "svr", user)
    send(
        tenant,
        user,
        "Verify your email",
        f"Your account needs its e-mail verified. Open this link:\n\n{link}\n",
    )


def send_reset_mail(
    tenant: Tenant, user: dict[str, Any], base_url: str, client_id: str | None, ip: str
) -> None:
    """Put the tenant's own password mail into the outbox. Callers hold the lock.

    client_id: the application that the page behind the link leads back to.
    """
    link = new_ticket(tenant, PASSWORD, user, base_url, client_id=client_id)
    note(tenant, "scpr", user, client_id=client_id, ip=ip)
    send(
        tenant,
        user,
        "Reset your password",
        f"You asked for a new password. Open this link:\n\n{link}\n",
    )


def send(tenant: Tenant, user: dict[str, Any], subject: str, text: str) -> None:
    """Put a mail of the tenant's own into the outbox, unless a fault keeps it from going out."""
    fault = tenant.faults.pick_for_mail(user["email"])
    if fault is None:
        to = [user["email"]]
        add_mail(tenant, source="tenant", sender=SENDER, to=to, subject=subject, text=text)
        return
    # What providers say, as a person reads it in the log; the mail's text stays out.
    details = {"email_type": subject, "to": user["email"], "error": "550 5.1.1 mailbox unavailable"}
    note(tenant, "fn", user, details=details)
