"""APIs and their scopes (facts: resource server)."""

from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.clock import hex_id
from devtenant.errors import ApiError
from devtenant.paging import page_of
from devtenant.permissions import drop_permissions, server_of
from devtenant.schemas import Anything, Flag, Many, Record, Shape, Text, Whole, object_body
from devtenant.state import Tenant

SCOPE = Record({"value": Text(1, 280), "description": Text(0, 500)}, required=("value",))
DIALECTS = (
    "access_token",
    "access_token_authz",
    "rfc9068_profile",
    "rfc9068_profile_authz",
)
CHANGEABLE: dict[str, Shape] = {
    "name": Text(1, 200, pattern=r"^[^<>]+$"),
    "scopes": Many(SCOPE),
    "signing_alg": Text(choices=("HS256", "RS256", "RS512", "PS256")),
    "signing_secret": Text(16),
    "allow_offline_access": Flag(),
    "token_lifetime": Whole(0, 2_592_000),
    "token_lifetime_for_web": Whole(0, 2_592_000),
    "token_dialect": Text(choices=DIALECTS),
    "enforce_policies": Flag(),
    "skip_consent_for_verifiable_first_party_clients": Flag(),
    "subject_type_authorization": Anything(),
    "token_encryption": Anything(nullable=True),
    "consent_policy": Text(nullable=True),
    "proof_of_possession": Anything(nullable=True),
}
# Terraform's client unsets these with null (recorded), whatever their type.
UNSET = ("token_encryption", "proof_of_possession", "authorization_details", "consent_policy")
OWN: dict[str, Shape] = {"authorization_details": Anything(nullable=True)}
CREATE = Record({**CHANGEABLE, **OWN, "identifier": Text(1, 600)}, required=("identifier",))
UPDATE = Record({**CHANGEABLE, **OWN})


@endpoint("GET", "/resource-servers", "read:resource_servers")
def list_servers(call: Call) -> Answer:
    """Every API, or those with the given identifiers."""
    rows = list(call.tenant.resource_servers.rows.values())
    wanted = call.query.get("identifiers")
    if wanted:
        rows = [row for row in rows if row["identifier"] in wanted.split(",")]
    return 200, page_of(call, "resource_servers", rows)


@endpoint("POST", "/resource-servers", "create:resource_servers")
def create_server(call: Call) -> Answer:
    """Create an API: 201; what was not sent and has no default is left out of the answer."""
    body = object_body(call.body, CREATE)
    if server_of(call.tenant, body["identifier"]):
        raise ApiError(409, "A resource server with the same identifier already exists")
    server = new_server(body)
    call.tenant.resource_servers.put(server["id"], server)
    return 201, server


@endpoint("GET", "/resource-servers/{id}", "read:resource_servers")
def get_server(call: Call) -> Answer:
    """Read one API by id or by its audience."""
    return 200, find_server(call.tenant, call.ids[0])


@endpoint("PATCH", "/resource-servers/{id}", "update:resource_servers")
def update_server(call: Call) -> Answer:
    """Change an API: 200 (recorded); ``scopes`` replaces the whole list (recorded)."""
    server = find_server(call.tenant, call.ids[0])
    body = object_body(call.body, UPDATE)
    server = {**server, **body}
    for name in UNSET:
        if server.get(name, True) is None:
            del server[name]
    call.tenant.resource_servers.put(server["id"], server)
    if "scopes" in body:
        left = {scope["value"] for scope in body["scopes"]}
        drop_permissions(call.tenant, server["identifier"], left)
    return 200, server


@endpoint("DELETE", "/resource-servers/{id}", "delete:resource_servers")
def delete_server(call: Call) -> Answer:
    """Delete an API and every permission of it: 204."""
    server = find_server(call.tenant, call.ids[0])
    drop_permissions(call.tenant, server["identifier"], set())
    call.tenant.resource_servers.remove(server["id"])
    return 204, None


def new_server(body: dict[str, Any]) -> dict[str, Any]:
    """An API as it is stored; ``body`` is a checked one, with an ``identifier``."""
    server: dict[str, Any] = {
        "id": hex_id(),
        "name": body["identifier"],
        "identifier": body["identifier"],
        "allow_offline_access": False,
        "skip_consent_for_verifiable_first_party_clients": False,
        "subject_type_authorization": {
            "client": {"policy": "require_client_grant"},
            "user": {"policy": "allow_all"},
        },
        "token_lifetime": 86_400,
        "token_lifetime_for_web": 7_200,
        "signing_alg": "RS256",
    }
    return server | {key: value for key, value in body.items() if value is not None}


def find_server(tenant: Tenant, key: str) -> dict[str, Any]:
    """The stored API with this id or audience.

    Raises: ApiError 404.
    """
    by_id: dict[str, Any] | None = tenant.resource_servers.rows.get(key)
    server = by_id or server_of(tenant, key)
    if server is None:
        raise ApiError(404, "The resource server does not exist")
    return server
