"""Applications and their grants (facts: client, client grant)."""

from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.auth import audience_of
from devtenant.clock import random_id
from devtenant.errors import ApiError
from devtenant.paging import only_fields, page_of
from devtenant.permissions import server_of
from devtenant.schemas import Many, Record, Text, object_body

SECRETS = {"client_secret", "signing_key", "encryption_key", "client_authentication_methods"}
SUMMARY = {"client_id", "app_type", "name", "description"}
READ = ("read:clients", "read:client_summary", "read:client_keys", "read:client_credentials")
URLS = Many(Text(1, 2048))
UPDATE = Record(
    {
        "name": Text(1, 200, pattern=r"^[^<>]+$"),
        "description": Text(0, 140),
        "callbacks": URLS,
        "allowed_logout_urls": URLS,
        "allowed_origins": URLS,
        "web_origins": URLS,
        "grant_types": Many(Text(1)),
        "app_type": Text(1),
        "initiate_login_uri": Text(0, 2048),
        "token_endpoint_auth_method": Text(choices=("client_secret_post", "client_secret_basic")),
    }
)

GRANT = Record(
    {"client_id": Text(1), "audience": Text(1), "scope": Many(Text(1, 280))},
    required=("client_id", "audience"),
)


@endpoint("GET", "/clients", *READ, any_of=True)
def list_clients(call: Call) -> Answer:
    """Applications, as much of them as the scopes show."""
    rows = list(call.tenant.clients.rows.values())
    if call.query.get("app_type"):
        rows = [row for row in rows if row["app_type"] in call.query["app_type"].split(",")]
    listed = [only_fields(call, visible(call, row)) for row in rows]
    return 200, page_of(call, "clients", listed)


@endpoint("GET", "/clients/{id}", *READ, any_of=True)
def get_client(call: Call) -> Answer:
    """One application."""
    return 200, only_fields(call, visible(call, find_client(call)))


@endpoint("PATCH", "/clients/{id}", "update:clients")
def update_client(call: Call) -> Answer:
    """Change an application; arrays replace the whole list (believed)."""
    client = {**find_client(call), **object_body(call.body, UPDATE)}
    call.tenant.clients.put(client["client_id"], client)
    return 200, visible(call, client, reading=False)


@endpoint("GET", "/client-grants", "read:client_grants")
def list_grants(call: Call) -> Answer:
    """Which application holds which scopes, by audience and client_id."""
    rows = []
    for grant in call.tenant.client_grants.rows.values():
        audience = grant["audience"] or audience_of(call.host)
        row = {**grant, "audience": audience, "subject_type": "client", "allow_all_scopes": False}
        wanted = [(name, call.query.get(name)) for name in ("audience", "client_id")]
        if all(value is None or row[name] == value for name, value in wanted):
            rows.append(row)
    return 200, page_of(call, "client_grants", rows)


@endpoint("POST", "/client-grants", "create:client_grants")
def create_grant(call: Call) -> Answer:
    """Grant an application scopes of an API: 201; 404 without the API, 409 where there is one."""
    body = object_body(call.body, GRANT)
    own = body["audience"] == audience_of(call.host)
    if not own and server_of(call.tenant, body["audience"]) is None:
        raise ApiError(404, "The resource server does not exist", "inexistent_resource_server")
    if body["client_id"] not in call.tenant.clients.rows:
        raise ApiError(404, "The client does not exist", "inexistent_client")
    audience = None if own else body["audience"]
    for grant in call.tenant.client_grants.rows.values():
        if (grant["client_id"], grant["audience"]) == (body["client_id"], audience):
            raise ApiError(409, "A resource server with the same identifier already exists")
    grant = {"id": random_id("cgr_"), **body, "scope": body.get("scope", [])}
    call.tenant.client_grants.put(grant["id"], {**grant, "audience": audience})
    return 201, {**grant, "subject_type": "client", "allow_all_scopes": False}


def find_client(call: Call) -> dict[str, Any]:
    """The stored application.

    Raises: ApiError 404.
    """
    client: dict[str, Any] | None = call.tenant.clients.rows.get(call.ids[0])
    if client is None:
        raise ApiError(404, "The client does not exist", "inexistent_client")
    return client


def visible(call: Call, client: dict[str, Any], reading: bool = True) -> dict[str, Any]:
    """What the caller's scopes show: secrets only with read:client_keys or _credentials."""
    scopes = call.grant.scopes
    if {"read:client_keys", "read:client_credentials"} & scopes:
        return client
    if "read:clients" in scopes or not reading:
        return {key: value for key, value in client.items() if key not in SECRETS}
    return {key: value for key, value in client.items() if key in SUMMARY}
