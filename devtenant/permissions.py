"""Permissions: a name of a scope and the API it belongs to; direct ones of users."""

from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import ApiError
from devtenant.paging import page_of
from devtenant.schemas import Many, Record, Text, object_body
from devtenant.state import Tenant
from devtenant.users import find_user

Pair = tuple[str, str]

ITEM = Record(
    {"resource_server_identifier": Text(1), "permission_name": Text(1)},
    required=("resource_server_identifier", "permission_name"),
)
PERMISSIONS = Record({"permissions": Many(ITEM, low=1)}, required=("permissions",))


@endpoint("GET", "/users/{id}/permissions", "read:users")
def user_permissions(call: Call) -> Answer:
    """Direct permissions and, believed, those of the roles with their source."""
    tenant = call.tenant
    user = find_user(tenant, call.ids[0])
    sources: dict[Pair, list[dict[str, str]]] = {}
    for pair in direct_pairs(tenant, user["user_id"]):
        source = {"source_id": "", "source_name": "", "source_type": "DIRECT"}
        sources.setdefault(pair, []).append(source)
    for role_id in tenant.memberships.rows.get(user["user_id"], []):
        role = tenant.roles.rows.get(role_id, {})
        for identifier, name in role.get("permissions", []):
            source = {"source_id": role_id, "source_name": role["name"], "source_type": "ROLE"}
            sources.setdefault((identifier, name), []).append(source)
    rows = [
        {**described(tenant, pair), "sources": listed}
        for pair, listed in sorted(sources.items(), key=lambda item: item[0][1])
    ]
    return 200, page_of(call, "permissions", rows)


@endpoint("POST", "/users/{id}/permissions", "update:users")
def give_permissions(call: Call) -> Answer:
    """Give permissions to a user directly: 201 ``{}``."""
    user = find_user(call.tenant, call.ids[0])
    wanted = parse_permissions(call.tenant, object_body(call.body, PERMISSIONS))
    held = direct_pairs(call.tenant, user["user_id"])
    call.tenant.grants.put(user["user_id"], list(dict.fromkeys(held + wanted)))
    return 201, {}


@endpoint("DELETE", "/users/{id}/permissions", "update:users")
def take_permissions(call: Call) -> Answer:
    """Take direct permissions away: 204. Has a body."""
    user = find_user(call.tenant, call.ids[0])
    gone = parse_permissions(call.tenant, object_body(call.body, PERMISSIONS), known=False)
    held = direct_pairs(call.tenant, user["user_id"])
    call.tenant.grants.put(user["user_id"], [pair for pair in held if pair not in gone])
    return 204, None


def direct_pairs(tenant: Tenant, user_id: str) -> list[Pair]:
    """The permissions given to a user without a role."""
    return [(pair[0], pair[1]) for pair in tenant.grants.rows.get(user_id, [])]


def permissions_of(tenant: Tenant, user_id: str, identifier: str) -> list[str]:
    """The names of what a user may do at one API, by roles and directly. Callers hold the lock."""
    pairs = direct_pairs(tenant, user_id)
    for role_id in tenant.memberships.rows.get(user_id, []):
        pairs += [tuple(pair) for pair in tenant.roles.rows.get(role_id, {}).get("permissions", [])]
    return sorted({name for api, name in pairs if api == identifier})


def parse_permissions(tenant: Tenant, body: dict[str, Any], known: bool = True) -> list[Pair]:
    """The pairs of a checked body; with ``known`` each must exist.

    Raises: ApiError 404 for an API, 400 for a permission that is not there.
    """
    pairs = [
        (item["resource_server_identifier"], item["permission_name"])
        for item in body["permissions"]
    ]
    for identifier, name in pairs if known else []:
        server = server_of(tenant, identifier)
        if server is None:
            raise ApiError(404, f"The resource server does not exist: {identifier}")
        if name not in {scope["value"] for scope in server.get("scopes", [])}:
            raise ApiError(400, f"The permission does not exist: {name}", "invalid_body")
    return pairs


def server_of(tenant: Tenant, identifier: str) -> dict[str, Any] | None:
    """The stored API with this audience."""
    for server in tenant.resource_servers.rows.values():
        if server["identifier"] == identifier:
            found: dict[str, Any] = server
            return found
    return None


def described(tenant: Tenant, pair: Pair) -> dict[str, Any]:
    """A permission as it is read, with the words of its API."""
    identifier, name = pair
    server = server_of(tenant, identifier) or {}
    described_as = {scope["value"]: scope for scope in server.get("scopes", [])}
    row = {"permission_name": name, "description": described_as.get(name, {}).get("description")}
    row["resource_server_name"] = server.get("name", identifier)
    row["resource_server_identifier"] = identifier
    return row


def drop_permissions(tenant: Tenant, identifier: str, left: set[str]) -> None:
    """Take what an API no longer has from every role and user. left: names it still has."""

    def stays(pair: Any) -> bool:
        return pair[0] != identifier or pair[1] in left

    for role in list(tenant.roles.rows.values()):
        pairs = role.get("permissions", [])
        if not all(map(stays, pairs)):
            tenant.roles.put(role["id"], {**role, "permissions": list(filter(stays, pairs))})
    for user_id, pairs in list(tenant.grants.rows.items()):
        if not all(map(stays, pairs)):
            tenant.grants.put(user_id, list(filter(stays, pairs)))
