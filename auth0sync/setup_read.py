"""How the tenant is set up now, as far as a description is about it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.conf import settings

from auth0sync.calls import sdk
from auth0sync.errors import Gone, Rejected, SyncError
from auth0sync.setup_steps import STREAMS
from auth0sync.setup_tenant import SetupTenant, may_not
from auth0sync.setup_wanted import (
    API_SETTINGS,
    Seen,
    SeenAction,
    SeenApi,
    SeenApplication,
    SeenConnection,
    SeenRole,
    SeenStream,
    Wanted,
)

# Without these nothing can be compared; what else is read is left out where its scope is missing.
NEEDED = (
    "read:resource_servers",
    "read:roles",
    "read:clients",
    "read:connections",
    "read:actions",
)

Read = TypeVar("Read")


def look(tenant: SetupTenant, wanted: Wanted) -> Seen:
    """Read all of it. Raises SyncError."""
    not_looked: dict[str, str] = {}

    def optional(what: str, read: Callable[[], Read], else_: Read) -> Read:
        try:
            return read()
        except SyncError as error:
            # The SDK can't read kinds of log streams that are younger than itself.
            if not may_not(error) and error.code != "unreadable_answer":
                raise
            not_looked[what] = str(error)
            return else_

    action = tenant.action_named(wanted.action.name)
    return Seen(
        apis=_apis(tenant, wanted),
        roles=_roles(tenant, wanted),
        action=_action(action) if action else None,
        flow=tuple(_bound(each) for each in tenant.flow()),
        application=_application(tenant, wanted.application.client_id),
        connection=_connection(tenant, wanted.connection.name),
        streams=optional(STREAMS, lambda: _streams(tenant), ()) if wanted.stream.is_wanted else (),
        machine_scopes=optional(
            "the machine application's scopes", lambda: _machine(tenant, wanted), None
        ),
        mail_provider=optional("the mail provider", lambda: _mail_provider(tenant), ""),
        logout_is_discoverable=optional("the tenant's settings", lambda: _logout(tenant), False),
        not_looked=not_looked,
    )


def _apis(tenant: SetupTenant, wanted: Wanted) -> dict[str, SeenApi]:
    named = {api.identifier for api in wanted.apis}
    rows = tenant.pages("read APIs", sdk().resource_servers.with_raw_response.list)
    found = [row for row in rows if row["identifier"] in named]
    if own := [row["identifier"] for row in found if row.get("is_system")]:
        text = f"{own[0]} is an API of Auth0's own: the description has to name another."
        raise Rejected(text, code="system_api")
    return {row["identifier"]: _api(row) for row in found}


def _api(row: Mapping[str, Any]) -> SeenApi:
    scopes = {each["value"]: each.get("description") or "" for each in row.get("scopes") or []}
    told = {key: row.get(key) for key in ("name", *API_SETTINGS)}
    return SeenApi(row["id"], row["name"], scopes, told)


def _roles(tenant: SetupTenant, wanted: Wanted) -> tuple[SeenRole, ...]:
    named = {role.name for role in wanted.roles}
    apis = {api.identifier for api in wanted.apis}
    return tuple(
        SeenRole(
            row["id"],
            row["name"],
            row.get("description") or "",
            _permissions(tenant, row["id"], apis) if row["name"] in named else frozenset(),
        )
        for row in tenant.roles()
    )


def _permissions(tenant: SetupTenant, role_id: str, apis: set[str]) -> frozenset[tuple[str, str]]:
    send = sdk().roles.permissions.with_raw_response.list
    rows = tenant.pages("read permissions of a role", lambda **page: send(role_id, **page))
    pairs = ((row["resource_server_identifier"], row["permission_name"]) for row in rows)
    return frozenset(pair for pair in pairs if pair[0] in apis)


def _action(row: Mapping[str, Any]) -> SeenAction:
    deployed = row.get("deployed_version") or {}
    return SeenAction(row["id"], row.get("code") or "", deployed.get("code"))


def _bound(row: Mapping[str, Any]) -> tuple[str, str]:
    action = row.get("action") or {}
    return str(action.get("id")), str(row.get("display_name") or action.get("name"))


def _application(tenant: SetupTenant, client_id: str) -> SeenApplication | None:
    if not client_id:
        return None
    try:
        row = tenant.application(client_id)
    except Gone:
        return None
    names = ("app_type", "token_endpoint_auth_method", "oidc_conformant", "grant_types")
    return SeenApplication(
        name=str(row.get("name") or client_id),
        callbacks=tuple(row.get("callbacks") or ()),
        logout_urls=tuple(row.get("allowed_logout_urls") or ()),
        settings={
            **{name: row.get(name) for name in names},
            "alg": (row.get("jwt_configuration") or {}).get("alg"),
        },
    )


def _connection(tenant: SetupTenant, name: str) -> SeenConnection | None:
    send = sdk().connections.list
    rows = tenant.chained("find connection", "connections", lambda **page: send(name=name, **page))
    row = next((each for each in rows if each["name"] == name), None)
    if row is None:
        return None
    key = row["id"]
    clients = sdk().connections.clients.get
    enabled = tenant.chained(
        "read connection's applications", "clients", lambda **page: clients(key, **page)
    )
    return SeenConnection(
        key, _switches(row.get("options") or {}), frozenset(each["client_id"] for each in enabled)
    )


def _switches(options: Mapping[str, Any]) -> dict[str, bool]:
    """On or off, with Auth0's defaults where nothing was set (facts: user-name rule)."""

    def at(*path: str, default: bool) -> bool:
        value: Any = options
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return default if value is None else bool(value)

    return {
        "password": at("authentication_methods", "password", "enabled", default=True),
        "requires_username": at("requires_username", default=False)
        or at("attributes", "username", "identifier", "active", default=False),
        "disable_signup": at("disable_signup", default=False),
        "import_mode": at("import_mode", default=False),
    }


def _machine(tenant: SetupTenant, wanted: Wanted) -> frozenset[str] | None:
    client_id = wanted.machine.client_id
    audience = f"https://{settings.AUTH0_DOMAIN}/api/v2/"
    send = sdk().client_grants.list
    rows = tenant.chained(
        "read grants",
        "client_grants",
        lambda **page: send(client_id=client_id, audience=audience, **page),
    )
    # Compared here too: a filter that isn't heeded would show the scopes of another application.
    mine = [row for row in rows if (row["client_id"], row["audience"]) == (client_id, audience)]
    return frozenset(mine[0].get("scope") or ()) if mine else None


def _streams(tenant: SetupTenant) -> tuple[SeenStream, ...]:
    """Those to an address. The answer holds their secrets: it goes nowhere but here."""
    send = sdk().log_streams.with_raw_response.list
    rows = tenant.ask("read log streams", send)
    found = ((row, row.get("sink") or {}) for row in rows if row.get("type") == "http")
    return tuple(
        SeenStream(
            row["id"],
            str(sink.get("httpEndpoint")),
            str(row.get("status")),
            str(sink.get("httpAuthorization") or ""),
        )
        for row, sink in found
    )


def _mail_provider(tenant: SetupTenant) -> str:
    send = sdk().emails.provider.with_raw_response.get
    try:
        row = tenant.ask("read mail provider", lambda: send(fields="name,enabled"))
    except Gone:  # facts: 404 when there is none
        return ""
    return str(row.get("name") or "another") if row.get("enabled", True) else ""


def _logout(tenant: SetupTenant) -> bool:
    send = sdk().tenants.settings.with_raw_response.get
    row = tenant.ask("read tenant settings", lambda: send(fields="oidc_logout"))
    switch = (row.get("oidc_logout") or {}).get("rp_logout_end_session_endpoint_discovery")
    return switch is not False  # facts: the default is on
