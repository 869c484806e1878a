"""What a new tenant holds: clients, their grants, one connection; five roles, an API, an Action."""

from typing import Any

from devtenant.api import REGISTER
from devtenant.clock import settled_id
from devtenant.log_streams import operators_stream
from devtenant.post_login import ROLES_CLAIM, write_roles_into
from devtenant.resource_servers import new_server
from devtenant.state import Tenant

SECRET = "not-a-secret"  # noqa: S105 - its name says what it is
CONNECTION = "Username-Password-Authentication"
MACHINE = ["client_credentials"]
WEB = ["authorization_code", "refresh_token"]
ROLES = {
    "production_associate": "Works on the shop floor",
    "team_lead": "Leads a team on the shop floor",
    "manager": "Manages teams and approves timesheets",
    "admin": "Administers the console",
    "finance": "Reads reports",
}
# An API to ask tokens for, without RBAC: everybody gets what they ask for of its permissions.
API = "https://productivity.example.com/api"
API_PERMISSIONS = [
    "read:dashboard",
    "read:employee_data",
    "read:activity_logs",
    "update:profile",
    "access:shop_floor",
    "submit:activities",
    "clock:in_out",
    "read:reports",
    "manage:team_members",
    "approve:timesheets",
]
# What docs/deployment.md tells to grant, and of what it says is optional delete:users, read:logs.
CONSOLE_SCOPES = [
    "read:users",
    "create:users",
    "update:users",
    "update:users_app_metadata",
    "delete:users",
    "read:roles",
    "update:roles",
    "read:role_members",
    "create:role_members",
    "delete:role_members",
    "create:user_tickets",
    "read:connections",
    "delete:sessions",
    "delete:refresh_tokens",
    "read:logs",
]
SETUP_SCOPES = [
    *("read:roles", "create:roles", "update:roles", "delete:roles"),
    *("read:resource_servers", "create:resource_servers", "update:resource_servers"),
    *("read:connections", "update:connections"),
    *("read:clients", "update:clients", "read:client_grants"),
    *("read:actions", "create:actions", "update:actions"),
    *("read:log_streams", "create:log_streams", "update:log_streams"),
    *("read:tenant_settings", "read:email_provider"),
]
# Scopes that no call here asks for yet, or only for a part of what it shows.
OTHER_SCOPES = [
    "create:users_app_metadata",
    "delete:users_app_metadata",
    "read:users_app_metadata",
    "update:users_app_metadata",
    "read:client_keys",
    "read:client_summary",
    "update:client_keys",
    "read:log_streams",
    "create:log_streams",
    "update:log_streams",
    "read:logs_users",
    "read:sessions",
]


def all_scopes() -> list[str]:
    """Every scope that this tenant knows."""
    known = {*OTHER_SCOPES, *CONSOLE_SCOPES, *SETUP_SCOPES}
    for endpoint in REGISTER.fixed.values():
        known.update(endpoint.scopes)
    for candidates in REGISTER.by_length.values():
        for _, endpoint in candidates:
            known.update(endpoint.scopes)
    return sorted(known)


def client(client_id: str, name: str, app_type: str, grant_types: list[str]) -> dict[str, Any]:
    """One application as it is stored; what is shown depends on the scopes of the reader."""
    return {
        "tenant": "devtenant",
        "client_id": client_id,
        "name": name,
        "description": "",
        "global": False,
        "app_type": app_type,
        "client_secret": SECRET,
        "is_first_party": True,
        "oidc_conformant": True,
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": grant_types,
        "callbacks": [],
        "allowed_logout_urls": [],
        "allowed_origins": [],
        "web_origins": [],
        "sso_disabled": False,
        "cross_origin_authentication": False,
        "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 36000},
        "refresh_token": {"rotation_type": "non-rotating", "expiration_type": "non-expiring"},
        "custom_login_page_on": True,
    }


def fill(tenant: Tenant, *, empty: bool | None = None) -> None:
    """Give an empty tenant its first contents; one that has clients is told the consoles alone.

    empty: as a new tenant at Auth0, with applications but nothing set up; None as the command line
    says.
    Raises: TooManyStreams.
    """
    empty = tenant.empty if empty is None else empty
    with tenant.change():
        is_new = not tenant.clients.rows
        if is_new:
            for row in (
                client("console-m2m", "Console (machine)", "non_interactive", MACHINE),
                client("other-m2m", "Another client (machine)", "non_interactive", MACHINE),
                client("console-login", "Console (log-in)", "regular_web", WEB),
            ):
                tenant.clients.put(row["client_id"], row)
            grant(tenant, "console-m2m", CONSOLE_SCOPES)
            grant(tenant, "other-m2m", all_scopes())
            connection_id = settled_id("con_", CONNECTION)
            first = first_connection(connection_id)
            enabled: list[str] = [] if empty else first["enabled_clients"]
            tenant.connections.put(connection_id, {**first, "enabled_clients": enabled})
        if tenant.empty or not empty:
            allow_consoles(tenant)
        if "console-setup" not in tenant.clients.rows:  # new, or a state file of before it existed
            row = client("console-setup", "Console (set-up)", "non_interactive", MACHINE)
            tenant.clients.put(row["client_id"], row)
            grant(tenant, "console-setup", SETUP_SCOPES)
            if not empty:
                write_roles_into(tenant, ROLES_CLAIM)
        if is_new and not empty:
            set_up(tenant)
        for url, authorization in tenant.streams:
            operators_stream(tenant, url, authorization, "JSONLINES")


def grant(tenant: Tenant, client_id: str, scopes: list[str]) -> None:
    """Let an application call the Management API."""
    grant_id = settled_id("cgr_", client_id)
    # The audience of the Management API depends on the port: None stands for it.
    row = {"id": grant_id, "client_id": client_id, "audience": None, "scope": list(scopes)}
    tenant.client_grants.put(grant_id, row)


def set_up(tenant: Tenant) -> None:
    """The five roles, and the API that the demo asks tokens for."""
    for name, description in ROLES.items():
        role_id = settled_id("rol_", name)
        tenant.roles.put(role_id, {"id": role_id, "name": name, "description": description})
    permissions = [{"value": name} for name in API_PERMISSIONS]
    api = new_server({"identifier": API, "name": "Productivity system", "scopes": permissions})
    tenant.resource_servers.put(api["id"], api)


def allow_consoles(tenant: Tenant) -> None:
    """Let the log-in client go back to every console that the command line names."""
    client = tenant.clients.rows["console-login"]
    for url in tenant.consoles:
        root = url.rstrip("/")
        for field, added in (
            ("callbacks", [f"{root}/complete/auth0/"]),
            ("allowed_logout_urls", [f"{root}/", f"{root}/login/"]),
        ):
            client = {**client, field: list(dict.fromkeys([*client[field], *added]))}
    tenant.clients.put(client["client_id"], client)


def first_connection(connection_id: str) -> dict[str, Any]:
    """The database connection as Auth0 makes it: without ``requires_username``."""
    return {
        "id": connection_id,
        "name": CONNECTION,
        "strategy": "auth0",
        "display_name": CONNECTION,
        "is_domain_connection": False,
        "realms": [CONNECTION],
        "options": {
            "mfa": {"active": True, "return_enroll_settings": True},
            "import_mode": False,
            "disable_signup": True,
            "passwordPolicy": "good",
            "brute_force_protection": True,
        },
        "enabled_clients": ["console-login", "console-m2m"],
    }
