"""Accounts: create, read, change, delete, list (facts: users)."""

import json
import time
from typing import Any

from devtenant import passwords
from devtenant.api import Answer, Call, endpoint, flag
from devtenant.clock import hex_id, timestamp
from devtenant.errors import (
    ApiError,
    invalid_body,
    invalid_query,
    new_email_taken,
    unknown_user,
    user_exists,
)
from devtenant.paging import LARGEST_PAGE, number, only_fields
from devtenant.profiles import CREATE, UPDATE, check_metadata, check_size, check_username, gravatar
from devtenant.schemas import object_body
from devtenant.search import BadQuery, matcher, ordered
from devtenant.state import Tenant
from devtenant.tenant_log import masked, note
from devtenant.tickets import send_verification_mail

SEARCH_LIMIT = 1000  # results
# A name of one sort cannot be changed together with another in one PATCH.
NOT_TOGETHER = (
    ("username", "password"),
    ("username", "email_verified"),
    ("password", "email_verified"),
)
OPTIONAL = (
    *("name", "nickname", "picture", "given_name", "family_name", "blocked"),
    *("phone_number", "phone_verified", "user_metadata"),
)
UNSET_BY_NULL = ("given_name", "family_name", "name", "nickname", "picture")


@endpoint("POST", "/users", "create:users")
def create_user(call: Call) -> Answer:
    """Create a database user: 201.

    Source: facts: users, POST.
    """
    tenant = call.tenant
    body = object_body(call.body, CREATE)
    connection = connection_named(tenant, body["connection"])
    options = connection["options"]
    if "email" not in body:
        raise invalid_body("Missing required property: email")
    check_username(options, connection["name"], body.get("username"), creating=True)
    check_metadata(body)
    if "password" not in body:
        raise ApiError(400, "The password is required for a database connection.", "invalid_body")
    email = body["email"].lower()
    bare_id = body.get("user_id") or hex_id()
    user_id = f"auth0|{bare_id}"
    username = body.get("username", "").lower()
    try:
        passwords.check_strength(body["password"], options.get("passwordPolicy", "good"))
        if user_id in tenant.users.rows or taken(tenant, connection["name"], email, username):
            raise user_exists()
    except ApiError as refusal:
        note_failed_signup(call, connection, body, refusal)
        raise

    user = new_user(body, connection["name"], bare_id)
    check_size(user)
    tenant.save_user(user)
    tenant.secrets.put(user_id, {"password": passwords.hashed(body["password"])})
    shown = {"request": {"body": masked(body)}, "response": {"statusCode": 201}}
    note(tenant, "ss", user, client_id=call.grant.client_id, ip=call.ip, details=shown)
    if body.get("verify_email", not user["email_verified"]):
        send_verification_mail(tenant, user, call.base_url)
    return 201, user


def note_failed_signup(
    call: Call, connection: dict[str, Any], body: dict[str, Any], refusal: ApiError
) -> None:
    """Log that the connection refused somebody; what breaks the schema doesn't get so far.

    Source: facts: log codes.
    """
    note(
        call.tenant,
        "fs",
        user_name=body["email"],
        client_id=call.grant.client_id,
        ip=call.ip,
        description=refusal.body["message"].removeprefix("PasswordStrengthError: "),
        details={"body": masked(body)},
        user_id="",
        connection=connection["name"],
        connection_id=connection["id"],
        strategy="auth0",
        strategy_type="database",
    )


def new_user(body: dict[str, Any], connection: str, bare_id: str) -> dict[str, Any]:
    """A user as they are stored: what was sent, and Auth0's defaults for the rest."""
    now = timestamp()
    email = body["email"].lower()
    user: dict[str, Any] = {
        "created_at": now,
        "email": email,
        "email_verified": body.get("email_verified", False),
        "identities": [
            {
                "connection": connection,
                "user_id": bare_id,
                "provider": "auth0",
                "isSocial": False,
            }
        ],
        "name": email,
        "nickname": email.partition("@")[0],
        "picture": gravatar(email),
        "updated_at": now,
        "user_id": f"auth0|{bare_id}",
    }
    for field in OPTIONAL:
        if field in body:
            user[field] = body[field]
    if body.get("username"):
        user["username"] = body["username"].lower()
    if body.get("app_metadata"):
        user["app_metadata"] = body["app_metadata"]
    return user


@endpoint("GET", "/users/{id}", "read:users")
def get_user(call: Call) -> Answer:
    """Read one user: 200 or 404, immediately consistent."""
    return 200, only_fields(call, find_user(call.tenant, call.ids[0]))


@endpoint("PATCH", "/users/{id}", "update:users")
def update_user(call: Call) -> Answer:
    """Change one user: 200 with the whole user.

    Root fields replace, metadata merges at the first level, null removes, ``{}`` empties.
    Source: facts: users, PATCH.
    """
    tenant = call.tenant
    body = object_body(call.body, UPDATE)
    if "app_metadata" in body:
        call.require("update:users", "update:users_app_metadata")
    old = find_user(tenant, call.ids[0])
    for one, other in NOT_TOGETHER:
        if one in body and other in body:
            message = f"Cannot update {one} and {other} simultaneously"
            raise ApiError(400, message, "operation_not_supported")
    check_metadata(body)
    user = json.loads(json.dumps(old))
    connection = connection_named(tenant, user["identities"][0]["connection"])
    if "connection" in body and body["connection"] != connection["name"]:
        raise unknown_connection()
    check_username(connection["options"], connection["name"], body.get("username"), creating=False)
    by: dict[str, Any] = {"client_id": call.grant.client_id, "ip": call.ip}
    try:
        moved = change_address(tenant, user, body, connection["name"])
    except ApiError as refusal:
        if "email" in body:
            details = {"body": failed_change(call, old, body)}
            note(tenant, "fce", old, **by, description=refusal.body["message"], details=details)
        raise
    for field in (*UNSET_BY_NULL, "blocked", "phone_number", "phone_verified"):
        if field in body and body[field] is not None:
            user[field] = body[field]
        elif field in body:
            user.pop(field, None)
    merge_metadata(user, body)
    if "password" in body:
        options = connection["options"]
        passwords.check_strength(body["password"], options.get("passwordPolicy", "good"))
        set_password(tenant, user, body["password"])
    user["updated_at"] = timestamp()
    check_size(user)
    tenant.save_user(user)
    if moved:
        details = {"old_email": old["email"], "new_email": user["email"]}
        note(tenant, "sce", user, **by, details=details)
    if "password" in body:
        note(tenant, "scp", user, **by)
    if body.get("verify_email", moved and not user["email_verified"]):
        send_verification_mail(tenant, user, call.base_url)
    return 200, user


def failed_change(call: Call, user: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What the log tells of an e-mail that couldn't be changed (facts: log codes)."""
    return {
        "tenant": "devtenant",
        "client_id": call.grant.client_id,
        "connection": user["identities"][0]["connection"],
        "user_id": user["user_id"],
        "email": user["email"],
        "newEmail": body["email"],
        "email_verified": body.get("email_verified", False),
        "verify": body.get("verify_email", False),
    }


@endpoint("DELETE", "/users/{id}", "delete:users")
def delete_user(call: Call) -> Answer:
    """Delete: 204, and 204 again when the user is already gone (recorded)."""
    user = call.tenant.users.rows.get(call.ids[0])
    if user is not None:
        call.tenant.remove_user(call.ids[0])
        note(call.tenant, "sdu", user, client_id=call.grant.client_id, ip=call.ip)
    return 204, None


@endpoint("GET", "/users-by-email", "read:users")
def users_by_email(call: Call) -> Answer:
    """Every user with exactly this e-mail, capitals included; [] when none."""
    email = call.query.get("email")
    if not email:
        raise invalid_query("Missing required property: email", "email")
    return 200, [only_fields(call, user) for user in call.tenant.users_with_email(email)]


@endpoint("GET", "/users", "read:users")
def list_users(call: Call) -> Answer:
    """Search: eventually consistent, 100 a page, 1,000 results at most.

    Source: facts: GET /users?q=.
    """
    engine = call.query.get("search_engine", "v3")
    if engine != "v3":
        raise invalid_query(f"No enum match for: {engine}", "search_engine")
    limit = number(call, "per_page", 50, LARGEST_PAGE)
    start = number(call, "page", 0, 10**6) * limit
    try:
        matches = matcher(call.query.get("q", ""))
        rows = [user for user in call.tenant.index.seen(time.time()) if matches(user)]
        rows = ordered(rows, call.query.get("sort", ""))
    except BadQuery as error:
        raise ApiError(400, str(error), "invalid_query_string") from error
    if start + limit > SEARCH_LIMIT:
        message = "You can only page through the first 1000 records."
        raise ApiError(400, message, "invalid_paging")
    connection = call.query.get("connection")
    if connection:
        rows = [row for row in rows if row["identities"][0]["connection"] == connection]
    page = [only_fields(call, user) for user in rows[start : start + limit]]
    if not flag(call, "include_totals"):
        return 200, page
    totals = {"start": start, "limit": limit, "length": len(page), "total": len(rows)}
    return 200, {**totals, "users": page}


def find_user(tenant: Tenant, user_id: str) -> dict[str, Any]:
    """The stored user.

    Raises: ApiError 404 ``inexistent_user``.
    """
    user: dict[str, Any] | None = tenant.users.rows.get(user_id)
    if user is None:
        raise unknown_user()
    return user


def unknown_connection() -> ApiError:
    """400 for a connection that is not there (facts: error bodies, believed)."""
    return ApiError(400, "The connection does not exist.", "inexistent_connection")


def connection_named(tenant: Tenant, name: str) -> dict[str, Any]:
    """The connection of that name.

    Raises: ApiError 400.
    """
    for connection in tenant.connections.rows.values():
        if connection["name"] == name:
            found: dict[str, Any] = connection
            return found
    raise unknown_connection()


def taken(
    tenant: Tenant, connection: str, email: str, username: str = "", besides: str = ""
) -> bool:
    """True when another user of the connection has this e-mail or user name."""
    found = tenant.keys.with_email(email) + tenant.keys.with_username(username)
    return any(
        tenant.users.rows[user_id]["identities"][0]["connection"] == connection
        for user_id in found
        if user_id != besides
    )


def change_address(
    tenant: Tenant, user: dict[str, Any], body: dict[str, Any], connection: str
) -> bool:
    """Apply e-mail, its verification and the user name; True when the e-mail is another one.

    A changed e-mail is unverified unless the same call says otherwise.
    Raises: ApiError 400 for an e-mail or name of somebody else.
    Source: facts: users, PATCH.
    """
    email = body.get("email", user["email"]).lower()
    username = (body.get("username") or "").lower()
    if ("email" in body or username) and taken(
        tenant, connection, email, username, besides=user["user_id"]
    ):
        raise new_email_taken()
    moved = bool(email != user["email"])
    if "email" in body:
        # Believed only for a change; taken for every e-mail sent, the harsher reading.
        user["email_verified"] = body.get("email_verified", False)
        user["email"] = email
    elif "email_verified" in body:
        user["email_verified"] = body["email_verified"]
    if username:
        user["username"] = username
    return moved


def merge_metadata(user: dict[str, Any], body: dict[str, Any]) -> None:
    """First-level merge; null removes a key, ``{}`` or null empties (recorded)."""
    for kind in ("user_metadata", "app_metadata"):
        if kind not in body:
            continue
        sent = body[kind]
        merged = {**user.get(kind, {}), **sent} if sent else {}
        user[kind] = {key: value for key, value in merged.items() if value is not None}
    # Recorded: an emptied app_metadata leaves the answer, an emptied user_metadata stays.
    if not user.get("app_metadata", True):
        del user["app_metadata"]


def set_password(tenant: Tenant, user: dict[str, Any], password: str) -> None:
    """Store a password. This removes an administrator's block, also one of the same call.

    Blocks after wrong passwords go with the password they were for, and sessions end (believed
    for a change through the Management API).
    Source: facts, number 3.
    """
    secret = without_blocks(tenant.secrets.rows.get(user["user_id"], {}))
    tenant.secrets.put(user["user_id"], {**secret, "password": passwords.hashed(password)})
    tenant.end_logins(user["user_id"])
    user["last_password_reset"] = timestamp()
    if user.get("blocked"):
        user["blocked"] = False


def without_blocks(secret: dict[str, Any]) -> dict[str, Any]:
    """What is kept in secret about a user, without the blocks after wrong passwords."""
    gone = ("blocked_for", "wrong_by_ip")
    return {key: value for key, value in secret.items() if key not in gone}
