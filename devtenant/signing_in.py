"""Who is signed in at the tenant, and who may: passwords, blocks, sessions (facts: users)."""

import secrets
from typing import Any

from devtenant import passwords
from devtenant.clock import timestamp
from devtenant.state import Tenant
from devtenant.tickets import user_with_email
from devtenant.users import set_password

WRONG = "Wrong email or password."
TOO_MANY = "Your account has been blocked after multiple consecutive login attempts."
TRIES = 10  # wrong passwords in a row, then the account is blocked for that address
COOKIE = "devtenant_session"


class Refused(Exception):
    """The log-in page stays; the message is shown on it."""


def check_password(
    tenant: Tenant, connection: str, email: str, password: str, ip: str
) -> dict[str, Any]:
    """The user whose e-mail and password these are, also when an administrator blocked them.

    Raises: Refused, with the same words for an unknown e-mail and a wrong password.
    """
    user = user_with_email(tenant, connection, email.strip().lower())
    if user is None:
        raise Refused(WRONG)
    secret = tenant.secrets.rows.get(user["user_id"], {})
    if any(block["ip"] == ip for block in secret.get("blocked_for", [])):
        raise Refused(TOO_MANY)
    stored = secret.get("password")  # absent for an imported user who never set one
    if stored is None or not passwords.matches(password, stored):
        note_wrong_password(tenant, user, ip)
        raise Refused(WRONG)
    return user


def note_wrong_password(tenant: Tenant, user: dict[str, Any], ip: str) -> None:
    """Count a wrong password; the tenth in a row blocks the account for this address."""
    secret = tenant.secrets.rows.get(user["user_id"], {})
    secret = {**secret, "wrong": secret.get("wrong", 0) + 1}
    if secret["wrong"] >= TRIES:
        secret["blocked_for"] = [{"identifier": user["email"], "ip": ip}]
    tenant.secrets.put(user["user_id"], secret)


def note_login(tenant: Tenant, user: dict[str, Any], ip: str) -> None:
    """What a log-in leaves on the profile."""
    secret = tenant.secrets.rows.get(user["user_id"], {})
    tenant.secrets.put(user["user_id"], {**secret, "wrong": 0})
    count = user.get("logins_count", 0) + 1
    seen = {"last_login": timestamp(), "last_ip": ip, "logins_count": count}
    tenant.save_user({**user, **seen})


def begin_session(tenant: Tenant, user_id: str) -> str:
    """A new session of this user; returns the cookie's value."""
    session_id = secrets.token_urlsafe(32)
    tenant.logins[session_id] = user_id
    return session_id


def session_user(tenant: Tenant, session_id: str | None) -> dict[str, Any] | None:
    """The user behind a cookie; None without a session, or when the user is gone."""
    user_id = tenant.logins.get(session_id or "")
    return tenant.users.rows.get(user_id) if user_id else None


def end_sessions(tenant: Tenant, user_id: str) -> None:
    """End every session of a user."""
    for session_id in [key for key, owner in tenant.logins.items() if owner == user_id]:
        del tenant.logins[session_id]


def choose_password(tenant: Tenant, user: dict[str, Any], password: str, verify: bool) -> None:
    """Store what somebody chose at the link of a ticket; ends sessions and lifts every block.

    verify: the ticket says that whoever has the link has the e-mail.
    Source: facts, number 3 (an administrator's block is lifted too).
    """
    changed = {**user, "updated_at": timestamp()}
    if verify:
        changed["email_verified"] = True
    set_password(tenant, changed, password)
    secret = tenant.secrets.rows[user["user_id"]]
    kept = {key: value for key, value in secret.items() if key not in ("blocked_for", "wrong")}
    tenant.secrets.put(user["user_id"], kept)
    tenant.save_user(changed)
    end_sessions(tenant, user["user_id"])
