"""What an exchange at the token endpoint leaves in the log (facts: log codes)."""

from typing import Any

from devtenant.oidc import Code
from devtenant.state import Tenant
from devtenant.tenant_log import note

CODE_SHOWN = 3  # letters of an authorization code; the rest are asterisks
CODE_LENGTH = 45


def note_client(
    tenant: Tenant, fields: dict[str, Any], ip: str, refusal: dict[str, str] | None
) -> None:
    """Log that a machine got a token, or that it was refused. Callers hold the lock.

    fields: what was sent. refusal: the body of the answer that refuses, None for a token.
    """
    client_id = str(fields.get("client_id") or "")
    if refusal is None:
        note(tenant, "seccft", client_id=client_id, ip=ip)
        return
    note(
        tenant,
        "feccft",
        user_name="",
        client_id=client_id,
        ip=ip,
        description=refusal.get("error_description", ""),
        user_id="",
        audience=fields.get("audience"),
        scope=fields.get("scope"),
    )


def note_code(
    tenant: Tenant,
    fields: dict[str, Any],
    client_id: str,
    ip: str,
    code: Code | None,
    refusal: dict[str, str] | None,
) -> None:
    """Log that an application redeemed a code, or that it couldn't. Callers hold the lock.

    code: what was given out under the code that was sent; None for a made-up one. A refusal says
    nothing of the user, whosever the code was (as Auth0's own records).
    """
    sent = fields.get("code")
    user: dict[str, Any] = {}
    if refusal is None and code is not None:
        user = tenant.users.rows.get(code.user_id, {})
    note(
        tenant,
        "seacft" if refusal is None else "feacft",
        user_name=user.get("email", ""),
        client_id=client_id,
        ip=ip,
        description=None if refusal is None else refusal.get("error_description", ""),
        details={"code": None if sent is None else covered(str(sent))},
        user_id=user.get("user_id", ""),
    )


def covered(code: str) -> str:
    """An authorization code as the log shows it: asterisks and its last three letters."""
    return code[-CODE_SHOWN:].rjust(CODE_LENGTH, "*")
