"""The one call of the Authentication API that sends mail: forgotten passwords."""

import time
from typing import Any

from devtenant.buckets import Bucket
from devtenant.errors import OAuthError
from devtenant.state import Tenant
from devtenant.tenant_log import note
from devtenant.tickets import send_reset_mail, user_with_email

SENT = "We've just sent you an email to reset your password."
BURST = 10
PER_SECOND = 1 / 60


def change_password(tenant: Tenant, body: dict[str, Any], ip: str, base_url: str) -> str:
    """Send the tenant's password mail; the same answer for an e-mail that nobody has.

    Raises: OAuthError 400 for a missing field, 429 above burst 10, 1 a minute per IP and e-mail.
    Source: facts: POST /dbconnections/change_password.
    """
    email = str(body.get("email") or "").lower()
    connection = str(body.get("connection") or "")
    for name, value in (("email", email), ("connection", connection)):
        if not value:
            raise OAuthError(400, "invalid_request", f"{name} is required")
    if body.get("client_id") and body["client_id"] not in tenant.clients.rows:
        raise OAuthError(400, "invalid_request", "Unknown client")
    bucket = tenant.reset_buckets.setdefault(f"{ip} {email}", Bucket(BURST, PER_SECOND))
    if not bucket.take(time.time()).allowed:
        raise OAuthError(429, "too_many_requests", "Too many requests for this e-mail.")
    user = user_with_email(tenant, connection, email)
    if user is not None:
        send_reset_mail(tenant, user, base_url, body.get("client_id"), ip)
    else:
        note(tenant, "fcpr", user_name=email, ip=ip, connection=connection)
    return SENT
