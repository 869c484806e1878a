"""Connections and the applications that may use them (facts: connection)."""

from typing import Any

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import ApiError
from devtenant.paging import only_fields, page_of
from devtenant.schemas import Anything, Flag, Many, Record, Text, object_body
from devtenant.state import Tenant

STATUS = Record({"client_id": Text(1), "status": Flag()}, required=("client_id", "status"))
CLIENTS = Many(STATUS, low=1, high=50)
UPDATE = Record(
    {
        "display_name": Text(1, 128),
        "options": Anything(nullable=True),
        "enabled_clients": Many(Text(1)),
        "is_domain_connection": Flag(),
        "show_as_button": Flag(),
        "realms": Many(Text(1)),
        "metadata": Anything(),
    }
)


@endpoint("GET", "/connections", "read:connections")
def list_connections(call: Call) -> Answer:
    """Connections by name and strategy; items have no ``enabled_clients``."""
    rows = list(call.tenant.connections.rows.values())
    for field in ("name", "strategy"):
        wanted = call.query.get(field)
        if wanted:
            rows = [row for row in rows if row[field] == wanted]
    listed = [without_clients(row) for row in rows]
    return 200, page_of(call, "connections", [only_fields(call, row) for row in listed])


@endpoint("GET", "/connections/{id}", "read:connections")
def get_connection(call: Call) -> Answer:
    """Read one connection, with ``enabled_clients``."""
    return 200, only_fields(call, find_connection(call.tenant, call.ids[0]))


@endpoint("PATCH", "/connections/{id}", "update:connections")
def update_connection(call: Call) -> Answer:
    """Change a connection; ``options`` replaces all options, as Auth0 warns."""
    connection = find_connection(call.tenant, call.ids[0])
    body = object_body(call.body, UPDATE)
    options = body.get("options", connection["options"]) or {}
    connection = {**connection, **body, "options": options}
    call.tenant.connections.put(connection["id"], connection)
    return 200, connection


@endpoint("GET", "/connections/{id}/clients", "read:connections")
def connection_clients(call: Call) -> Answer:
    """The applications that may use the connection, always as an object with ``clients``."""
    connection = find_connection(call.tenant, call.ids[0])
    call.query.setdefault("take", "50")
    rows = [{"client_id": client_id} for client_id in connection["enabled_clients"]]
    return 200, page_of(call, "clients", rows)


@endpoint("PATCH", "/connections/{id}/clients", "update:connections")
def update_connection_clients(call: Call) -> Answer:
    """Switch applications on or off: a bare array of at most 50; 204."""
    connection = find_connection(call.tenant, call.ids[0])
    body = call.body
    CLIENTS.check(body, "")
    enabled = list(connection["enabled_clients"])
    for item in body:
        client_id = item["client_id"]
        if client_id not in call.tenant.clients.rows:
            raise ApiError(404, "The client does not exist", "inexistent_client")
        if client_id in enabled:
            enabled.remove(client_id)
        if item["status"]:
            enabled.append(client_id)
    call.tenant.connections.put(connection["id"], {**connection, "enabled_clients": enabled})
    return 204, None


def without_clients(connection: dict[str, Any]) -> dict[str, Any]:
    """A connection as lists show it."""
    return {key: value for key, value in connection.items() if key != "enabled_clients"}


def find_connection(tenant: Tenant, key: str) -> dict[str, Any]:
    """The stored connection.

    Raises: ApiError 404 as recorded.
    """
    connection: dict[str, Any] | None = tenant.connections.rows.get(key)
    if connection is None:
        raise ApiError(404, "The connection does not exist", "inexistent_connection")
    return connection
