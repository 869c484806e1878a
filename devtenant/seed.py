"""What a new tenant holds: clients, their grants, one connection, the five roles, one API."""

from typing import Any

from devtenant.api import REGISTER
from devtenant.clock import settled_id
from devtenant.resource_servers import new_server
from devtenant.state import Tenant

SECRET = "not-a-secret"  # noqa: S105 - its name says what it is
CONNECTION = "Username-Password-Authentication"
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
CONSOLE_SCOPES = [
    "read:users",
    "create:users",
    "update:users",
    "delete:users",
    "read:roles",
    "create:roles",
    "update:roles",
    "create:role_members",
    "delete:role_members",
    "read:role_members",
    "create:user_tickets",
    "read:connections",
    "update:connections",
    "read:resource_servers",
    "create:resource_servers",
    "update:resource_servers",
    "read:client_grants",
    "read:clients",
    "delete:sessions",
    "delete:refresh_tokens",
    "read:logs",
    "update:users_app_metadata",
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
    "read:actions",
    "create:actions",
    "update:actions",
    "create:client_grants",
    "read:log_streams",
    "create:log_streams",
    "update:log_streams",
    "read:logs_users",
    "read:sessions",
]


def all_scopes() -> list[str]:
    """Every scope that this tenant knows."""
    known = set(OTHER_SCOPES) | set(CONSOLE_SCOPES)
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


def fill(tenant: Tenant) -> None:
    """Give an empty tenant its first contents; one that has clients is told the consoles alone."""
    with tenant.change():
        if tenant.clients.rows:
            allow_consoles(tenant)
            return
        machine = ["client_credentials"]
        web = ["authorization_code", "refresh_token"]
        for row in (
            client("console-m2m", "Console (machine)", "non_interactive", machine),
            client("other-m2m", "Another client (machine)", "non_interactive", machine),
            client("console-login", "Console (log-in)", "regular_web", web),
        ):
            tenant.clients.put(row["client_id"], row)
        allow_consoles(tenant)
        for client_id, scopes in (
            ("console-m2m", list(CONSOLE_SCOPES)),
            ("other-m2m", all_scopes()),
        ):
            grant_id = settled_id("cgr_", client_id)
            # The audience of the Management API depends on the port: None stands for it.
            grant = {"id": grant_id, "client_id": client_id, "audience": None, "scope": scopes}
            tenant.client_grants.put(grant_id, grant)
        connection_id = settled_id("con_", CONNECTION)
        tenant.connections.put(connection_id, first_connection(connection_id))
        if not tenant.empty:
            for name, description in ROLES.items():
                role_id = settled_id("rol_", name)
                tenant.roles.put(role_id, {"id": role_id, "name": name, "description": description})
            permissions = [{"value": name} for name in API_PERMISSIONS]
            api = new_server(
                {"identifier": API, "name": "Productivity system", "scopes": permissions}
            )
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
