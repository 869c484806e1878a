"""Doing the steps of a plan, one after the other; what failed is read anew by the next run.

Lists that a call replaces as a whole (permissions of an API, addresses of an application, the flow)
are read directly before, so that what somebody else adds meanwhile stays.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from auth0sync.calls import sdk
from auth0sync.errors import Gone, Rejected
from auth0sync.models import TenantState
from auth0sync.setup_steps import (
    BindAction,
    ChangeAction,
    ChangeApi,
    ChangeApplication,
    ChangeStream,
    DeployAction,
    DescribeRole,
    Do,
    DropRole,
    EnableClient,
    GivePermissions,
    MakeAction,
    MakeApi,
    MakeRole,
    MakeStream,
    TakePermissions,
)
from auth0sync.setup_tenant import TRIGGER, SetupTenant
from auth0sync.setup_wanted import API_SETTINGS, Api, Permission, Role, Stream

BUILD_MOST_S = 60.0
LOOK_AGAIN_S = 0.5
TRIGGERS = [{"id": TRIGGER, "version": "v3"}]


def do(tenant: SetupTenant, what: Do) -> None:
    """Take one step. Raises SyncError."""
    match what:
        case MakeApi(api):
            _make_api(tenant, api)
        case ChangeApi():
            _change_api(tenant, what)
        case MakeRole(role):
            _make_role(tenant, role)
        case DescribeRole(key, description):
            update = sdk().roles.with_raw_response.update
            tenant.write("describe role", lambda: update(key, description=description))
        case GivePermissions(name, permissions):
            _give(tenant, name, permissions)
        case TakePermissions(key, permissions):
            take = sdk().roles.permissions.with_raw_response.delete
            body = _items(permissions)
            tenant.write("take permissions of a role", lambda: take(key, permissions=body))
        case DropRole(key):
            drop = sdk().roles.with_raw_response.delete
            tenant.write("delete role", lambda: drop(key))
            _forget_ids()
        case ChangeApplication():
            _change_application(tenant, what)
        case EnableClient(key, client_id):
            enable = sdk().connections.clients.with_raw_response.update
            switched_on = [{"client_id": client_id, "status": True}]
            tenant.write("enable application", lambda: enable(key, request=switched_on))
        case MakeAction(action):
            make = sdk().actions.with_raw_response.create
            sent = {"name": action.name, "code": action.code, "supported_triggers": TRIGGERS}
            tenant.write("make Action", lambda: make(**sent), sent)
        case ChangeAction(key, code):
            change = sdk().actions.with_raw_response.update
            tenant.write("change Action", lambda: change(key, code=code), ["code"])
        case DeployAction(name):
            _deploy(tenant, name)
        case BindAction(name):
            _bind(tenant, name)
        case MakeStream(stream):
            _make_stream(tenant, stream)
        case _:
            _change_stream(tenant, what)


def _make_api(tenant: SetupTenant, api: Api) -> None:
    send = sdk().resource_servers.with_raw_response.create
    body: dict[str, Any] = {
        "identifier": api.identifier,
        "name": api.name,
        "scopes": _scopes(api.permissions),
        **API_SETTINGS,
    }
    tenant.write("make API", lambda: send(**body), body)


def _change_api(tenant: SetupTenant, what: ChangeApi) -> None:
    body: dict[str, Any] = dict(what.settings)
    if what.scopes or what.drop:
        there = tenant.api(what.id).get("scopes") or []
        scopes = {each["value"]: each.get("description") or "" for each in there}
        kept = {name: text for name, text in scopes.items() if name not in what.drop}
        body["scopes"] = _scopes({**kept, **what.scopes})
    send = sdk().resource_servers.with_raw_response.update
    tenant.write("change API", lambda: send(what.id, **body), body)


def _scopes(permissions: dict[str, str] | Any) -> list[dict[str, str]]:
    return [{"value": name, "description": text} for name, text in permissions.items()]


def _make_role(tenant: SetupTenant, role: Role) -> None:
    send = sdk().roles.with_raw_response.create
    tenant.write("make role", lambda: send(name=role.name, description=role.description))
    _forget_ids()


def _forget_ids() -> None:
    """A role that is made anew has another id than the one the engine remembers."""
    TenantState.objects.filter(pk=1).update(role_ids={})


def _give(tenant: SetupTenant, name: str, permissions: Sequence[Permission]) -> None:
    key = next((row["id"] for row in tenant.roles() if row["name"] == name), None)
    if key is None:
        raise Gone(f"The role {name} isn't there any more.", code="role_missing")
    send = sdk().roles.permissions.with_raw_response.add
    body = _items(permissions)
    tenant.write("give permissions to a role", lambda: send(key, permissions=body))


def _items(permissions: Iterable[Permission]) -> list[dict[str, str]]:
    return [
        {"resource_server_identifier": api, "permission_name": name} for api, name in permissions
    ]


def _change_application(tenant: SetupTenant, what: ChangeApplication) -> None:
    row = tenant.application(what.client_id)
    lists = {
        "callbacks": (what.callbacks, what.drop_callbacks),
        "allowed_logout_urls": (what.logout_urls, what.drop_logout_urls),
    }
    body = {}
    for key, (add, drop) in lists.items():
        kept = [url for url in row.get(key) or [] if url not in drop]
        if add or drop:
            body[key] = list(dict.fromkeys([*kept, *add]))
    send = sdk().clients.with_raw_response.update
    tenant.write("change application", lambda: send(what.client_id, **body), body)


def _deploy(tenant: SetupTenant, name: str) -> None:
    """Deploy the Action once Auth0 has built it, which takes it seconds."""
    key = _action_id(tenant, name)
    until = time.monotonic() + BUILD_MOST_S
    get = sdk().actions.with_raw_response.get
    while (status := tenant.ask("read Action", lambda: get(key)).get("status")) != "built":
        if status == "failed" or time.monotonic() > until:
            raise Rejected(
                f"Auth0 hasn't built the Action “{name}” ({status}): see Actions → Library there.",
                code="action_not_built",
            )
        time.sleep(LOOK_AGAIN_S)
    send = sdk().actions.with_raw_response.deploy
    tenant.write("deploy Action", lambda: send(key))


def _bind(tenant: SetupTenant, name: str) -> None:
    """Put the Action behind all that are in the flow now: the call replaces the whole of it."""
    key = _action_id(tenant, name)
    bindings = [
        {
            "ref": {"type": "action_id", "value": row["action"]["id"]},
            "display_name": row.get("display_name") or row["action"]["name"],
        }
        for row in tenant.flow()
        if row["action"]["id"] != key
    ]
    bindings.append({"ref": {"type": "action_id", "value": key}, "display_name": name})
    send = sdk().actions.triggers.bindings.with_raw_response.update_many
    tenant.write("bind Action", lambda: send(TRIGGER, bindings=bindings))


def _action_id(tenant: SetupTenant, name: str) -> str:
    found = tenant.action_named(name)
    if found is None:
        raise Gone(f"The Action “{name}” isn't there any more.", code="action_missing")
    return str(found["id"])


def _make_stream(tenant: SetupTenant, stream: Stream) -> None:
    send = sdk().log_streams.with_raw_response.create
    body = {
        "type": "http",
        "name": stream.name,
        "sink": {
            "httpEndpoint": stream.endpoint,
            "httpAuthorization": stream.authorization,
            "httpContentType": "application/json",
            "httpContentFormat": "JSONARRAY",
        },
    }
    tenant.write("make log stream", lambda: send(request=body), body)


def _change_stream(tenant: SetupTenant, what: ChangeStream) -> None:
    """The whole sink goes out, since nobody knows whether Auth0 would keep what is left out."""
    read = sdk().log_streams.with_raw_response.get
    there = tenant.ask("read log stream", lambda: read(what.id))
    sink = {**there["sink"], "httpAuthorization": what.authorization}
    send = sdk().log_streams.with_raw_response.update
    tenant.write("change log stream", lambda: send(what.id, status="active", sink=sink), ["sink"])
