"""Who is signed in at the tenant, and who may: passwords, blocks, sessions (facts: users)."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from devtenant import passwords
from devtenant.clock import timestamp
from devtenant.state import Tenant
from devtenant.tenant_log import note
from devtenant.tickets import user_with_email
from devtenant.users import connection_named, set_password

WRONG = "Wrong email or password."
TOO_MANY = "Your account has been blocked after multiple consecutive login attempts."
TRIES = 10  # wrong passwords in a row, then the account is blocked for that address
COOKIE = "devtenant_session"


class Refused(Exception):
    """The log-in page stays; the message is shown on it."""


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in. ``sid`` stands in id tokens, so it isn't the cookie's secret."""

    user_id: str
    sid: str
    began_at: int  # seconds since the epoch

    def older_than(self, max_age_s: int | None) -> bool:
        """True when the password was typed longer ago than the application puts up with."""
        return max_age_s is not None and time.time() - self.began_at > max_age_s


def check_password(
    tenant: Tenant, connection: str, email: str, password: str, ip: str, client_id: str = ""
) -> dict[str, Any]:
    """The user whose e-mail and password these are, also when an administrator blocked them.

    Raises: Refused, with the same words for an unknown e-mail and a wrong password.
    """
    user = user_with_email(tenant, connection, email.strip().lower())
    if user is None:
        note(tenant, "fu", user_name=email, ip=ip, client_id=client_id, connection=connection)
        raise Refused(WRONG)
    secret = tenant.secrets.rows.get(user["user_id"], {})
    if any(block["ip"] == ip for block in secret.get("blocked_for", [])):
        note(tenant, "limit_wc", user, ip=ip, client_id=client_id)
        raise Refused(TOO_MANY)
    stored = secret.get("password")  # absent for an imported user who never set one
    if stored is None or not passwords.matches(password, stored):
        note(tenant, "fp", user, ip=ip, client_id=client_id)
        note_wrong_password(tenant, user, ip)
        raise Refused(WRONG)
    return user


def note_wrong_password(tenant: Tenant, user: dict[str, Any], ip: str) -> None:
    """Count a wrong password; the tenth in a row blocks the account for this address."""
    connection = connection_named(tenant, user["identities"][0]["connection"])
    if not connection["options"].get("brute_force_protection"):
        return
    secret = tenant.secrets.rows.get(user["user_id"], {})
    wrong = secret.get("wrong_by_ip", {})
    wrong = {**wrong, ip: wrong.get(ip, 0) + 1}
    secret = {**secret, "wrong_by_ip": wrong}
    if wrong[ip] >= TRIES:
        block = {"identifier": user["email"], "ip": ip}
        secret["blocked_for"] = [*secret.get("blocked_for", []), block]
        note(tenant, "limit_wc", user, ip=ip)
    tenant.secrets.put(user["user_id"], secret)


def note_login(tenant: Tenant, user: dict[str, Any], ip: str, client_id: str = "") -> None:
    """What a log-in with a password leaves on the profile and in the log."""
    secret = tenant.secrets.rows.get(user["user_id"], {})
    wrong = {other: count for other, count in secret.get("wrong_by_ip", {}).items() if other != ip}
    tenant.secrets.put(user["user_id"], {**secret, "wrong_by_ip": wrong})
    count = user.get("logins_count", 0) + 1
    seen = {"last_login": timestamp(), "last_ip": ip, "logins_count": count}
    tenant.save_user({**user, **seen})
    stats = {"loginsCount": count}
    note(tenant, "s", user, ip=ip, client_id=client_id, details={"stats": stats})


def begin_session(tenant: Tenant, user_id: str) -> str:
    """A new session of this user; returns the cookie's value."""
    secret = secrets.token_urlsafe(32)
    tenant.logins[secret] = Session(user_id, secrets.token_urlsafe(16), int(time.time()))
    return secret


def session_of(tenant: Tenant, cookie: str) -> Session | None:
    """The session behind a cookie; None for none, or one that ended."""
    session: Session | None = tenant.logins.get(cookie)
    return session


def choose_password(tenant: Tenant, user: dict[str, Any], password: str, verify: bool) -> None:
    """Store what somebody chose at the link of a ticket; ends sessions and lifts every block.

    verify: the ticket says that whoever has the link has the e-mail.
    Source: facts, number 3 (an administrator's block is lifted too).
    """
    changed = {**user, "updated_at": timestamp()}
    if verify:
        changed["email_verified"] = True
    set_password(tenant, changed, password)
    tenant.save_user(changed)
    note(tenant, "scp", changed, details={"email_verified": changed["email_verified"]})
