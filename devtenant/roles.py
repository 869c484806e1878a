"""Roles, who has them, and the permissions they carry (facts: other endpoints)."""

from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import random_id
from devtenant.errors import ApiError, invalid_body, unknown_role
from devtenant.paging import page_of
from devtenant.permissions import PERMISSIONS, described, parse_permissions
from devtenant.schemas import Many, Record, Text, object_body
from devtenant.state import Tenant
from devtenant.users import find_user

NAME = Text(1, 300)
DESCRIPTION = Text(0, 1000)
CREATE = Record({"name": NAME, "description": DESCRIPTION}, required=("name",))
UPDATE = Record({"name": NAME, "description": DESCRIPTION})
USERS = Record({"users": Many(Text(1), low=1)}, required=("users",))
ROLES = Record({"roles": Many(Text(1), low=1)}, required=("roles",))
MOST_ROLES = 1000
MOST_ROLES_OF_A_USER = 50
MOST_USERS_A_CALL = 50
MOST_PERMISSIONS = 1000


@endpoint("GET", "/roles", "read:roles")
def list_roles(call: Call) -> Answer:
    """Every role; name_filter finds names that contain it, in capitals or not (believed)."""
    wanted = call.query.get("name_filter", "").lower()
    rows = [shown(role) for role in call.tenant.roles.rows.values()]
    return 200, page_of(call, "roles", [row for row in rows if wanted in row["name"].lower()])


@endpoint("POST", "/roles", "create:roles")
def create_role(call: Call) -> Answer:
    """Create a role: 200, not 201; the answer omits a description that was not sent."""
    body = object_body(call.body, CREATE)
    check_name(call.tenant, body["name"], "")
    if len(call.tenant.roles.rows) >= MOST_ROLES:
        raise ApiError(400, "The tenant has reached its limit of 1000 roles.")
    role = {"id": random_id("rol_"), **body}
    call.tenant.roles.put(role["id"], role)
    return 200, {**role, "type": "tenant"}


@endpoint("GET", "/roles/{id}", "read:roles")
def get_role(call: Call) -> Answer:
    """Read one role."""
    return 200, shown(find_role(call.tenant, call.ids[0]))


@endpoint("PATCH", "/roles/{id}", "update:roles")
def update_role(call: Call) -> Answer:
    """Change name or description."""
    role = find_role(call.tenant, call.ids[0])
    body = object_body(call.body, UPDATE)
    if "name" in body:
        check_name(call.tenant, body["name"], role["id"])
    role = {**role, **body}
    call.tenant.roles.put(role["id"], role)
    return 200, shown(role)


@endpoint("DELETE", "/roles/{id}", "delete:roles")
def delete_role(call: Call) -> Answer:
    """Delete a role and take it from everybody: 200 ``{}`` (recorded)."""
    role = find_role(call.tenant, call.ids[0])
    for user_id in call.tenant.keys.with_role(role["id"]):
        held = call.tenant.memberships.rows[user_id]
        call.tenant.set_roles(user_id, [key for key in held if key != role["id"]])
    call.tenant.roles.remove(role["id"])
    return 200, {}


@endpoint("GET", "/roles/{id}/users", "read:users", "read:roles", "read:role_members")
def role_users(call: Call) -> Answer:
    """Who has the role: id, e-mail, name and picture."""
    role = find_role(call.tenant, call.ids[0])
    page = page_of(call, "users", call.tenant.keys.with_role(role["id"]))
    if isinstance(page, list):
        return 200, [member(call.tenant, user_id) for user_id in page]
    return 200, {**page, "users": [member(call.tenant, user_id) for user_id in page["users"]]}


@endpoint("POST", "/roles/{id}/users", "update:roles", "create:role_members")
def assign_users(call: Call) -> Answer:
    """Give the role to many: 200 ``{}``; one unknown user fails the whole batch (believed)."""
    role = find_role(call.tenant, call.ids[0])
    user_ids = object_body(call.body, USERS)["users"]
    # No maximum is documented; 50 is believed to hold, so more is refused.
    if len(user_ids) > MOST_USERS_A_CALL:
        too_long = f"Array is too long ({len(user_ids)}), maximum {MOST_USERS_A_CALL}"
        raise invalid_body(too_long, "users")
    if any(user_id not in call.tenant.users.rows for user_id in user_ids):
        raise ApiError(404, "One or more of the users do not exist")
    for user_id in user_ids:
        check_room(call.tenant, user_id, [role["id"]])
    for user_id in user_ids:
        give(call.tenant, user_id, [role["id"]])
    return 200, {}


@endpoint("GET", "/users/{id}/roles", "read:users", "read:roles", "read:role_members")
def user_roles(call: Call) -> Answer:
    """The roles of a user, by name (the recorded order)."""
    user = find_user(call.tenant, call.ids[0])
    rows = [shown(role) for role in roles_of(call.tenant, user["user_id"])]
    for row in rows:
        del row["type"]
    return 200, page_of(call, "roles", rows)


@endpoint("POST", "/users/{id}/roles", "update:users", "create:role_members")
def assign_roles(call: Call) -> Answer:
    """Give roles: 204; one already held is harmless (believed)."""
    user = find_user(call.tenant, call.ids[0])
    role_ids = object_body(call.body, ROLES)["roles"]
    for role_id in role_ids:
        find_role(call.tenant, role_id)
    check_room(call.tenant, user["user_id"], role_ids)
    give(call.tenant, user["user_id"], role_ids)
    return 204, None


@endpoint("DELETE", "/users/{id}/roles", "update:users", "delete:role_members")
def remove_roles(call: Call) -> Answer:
    """Take roles away: 204, also for roles that are not held (recorded). Has a body."""
    user = find_user(call.tenant, call.ids[0])
    role_ids = object_body(call.body, ROLES)["roles"]
    held = call.tenant.memberships.rows.get(user["user_id"], [])
    call.tenant.set_roles(user["user_id"], [key for key in held if key not in role_ids])
    return 204, None


@endpoint("GET", "/roles/{id}/permissions", "read:roles")
def role_permissions(call: Call) -> Answer:
    """The permissions of a role, by name."""
    role = find_role(call.tenant, call.ids[0])
    rows = [described(call.tenant, pair) for pair in sorted(pairs_of(role), key=lambda p: p[1])]
    return 200, page_of(call, "permissions", rows)


@endpoint("POST", "/roles/{id}/permissions", "update:roles")
def add_permissions(call: Call) -> Answer:
    """Add permissions: 201 ``{}``."""
    role = find_role(call.tenant, call.ids[0])
    wanted = parse_permissions(call.tenant, object_body(call.body, PERMISSIONS))
    pairs = list(dict.fromkeys(pairs_of(role) + wanted))
    if len(pairs) > MOST_PERMISSIONS:
        raise ApiError(400, "The role has reached its limit of 1000 permissions.")
    call.tenant.roles.put(role["id"], {**role, "permissions": pairs})
    return 201, {}


@endpoint("DELETE", "/roles/{id}/permissions", "update:roles")
def remove_permissions(call: Call) -> Answer:
    """Remove permissions: 204. Has a body."""
    role = find_role(call.tenant, call.ids[0])
    gone = parse_permissions(call.tenant, object_body(call.body, PERMISSIONS), known=False)
    kept = [pair for pair in pairs_of(role) if pair not in gone]
    call.tenant.roles.put(role["id"], {**role, "permissions": kept})
    return 204, None


def shown(role: dict[str, Any]) -> dict[str, Any]:
    """A role as it is read: with a description, be it empty (recorded)."""
    return {
        "id": role["id"],
        "name": role["name"],
        "description": role.get("description", ""),
        "type": "tenant",
    }


def pairs_of(role: dict[str, Any]) -> list[tuple[str, str]]:
    """(identifier of the API, name) of each permission of a role."""
    return [(pair[0], pair[1]) for pair in role.get("permissions", [])]


def member(tenant: Tenant, user_id: str) -> dict[str, Any]:
    """Somebody in the list of a role."""
    user = tenant.users.rows[user_id]
    return {key: user[key] for key in ("user_id", "email", "picture", "name") if key in user}


def find_role(tenant: Tenant, role_id: str) -> dict[str, Any]:
    """The stored role.

    Raises: ApiError 404 without an errorCode.
    """
    role: dict[str, Any] | None = tenant.roles.rows.get(role_id)
    if role is None:
        raise unknown_role()
    return role


def roles_of(tenant: Tenant, user_id: str) -> list[dict[str, Any]]:
    """The stored roles of a user, by name. Callers hold the lock."""
    held = tenant.memberships.rows.get(user_id, [])
    rows = [tenant.roles.rows[key] for key in held if key in tenant.roles.rows]
    return sorted(rows, key=lambda role: str(role["name"]))


def check_name(tenant: Tenant, name: str, own_id: str) -> None:
    """Refuse a name that another role has.

    Raises: ApiError 409.
    """
    for role in tenant.roles.rows.values():
        if role["name"] == name and role["id"] != own_id:
            raise ApiError(409, "The role already exists.")


def check_room(tenant: Tenant, user_id: str, role_ids: list[str]) -> None:
    """Refuse a 51st role.

    Raises: ApiError 400.
    """
    held = set(tenant.memberships.rows.get(user_id, []))
    if len(held | set(role_ids)) > MOST_ROLES_OF_A_USER:
        raise ApiError(400, "The user has reached the limit of 50 roles.")


def give(tenant: Tenant, user_id: str, role_ids: list[str]) -> None:
    """Add roles to a user."""
    held = tenant.memberships.rows.get(user_id, [])
    tenant.set_roles(user_id, list(dict.fromkeys([*held, *role_ids])))
