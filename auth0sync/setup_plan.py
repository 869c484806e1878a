"""What has to be done for a tenant to be as described: pure, so every case is a test without I/O.

Only what the description names is compared; what else is in the tenant is left alone. Where the
description owns a list (roles, their permissions, the permissions of its APIs, the addresses of the
log-in application) anything beyond it is a step that deletes, which nobody takes unasked.
"""

from collections.abc import Iterator
from difflib import unified_diff
from hmac import compare_digest

from auth0sync.setup_steps import (
    STREAMS,
    BindAction,
    ChangeAction,
    ChangeApi,
    ChangeApplication,
    ChangeStream,
    DeployAction,
    DescribeRole,
    DropRole,
    EnableClient,
    GivePermissions,
    Line,
    MakeAction,
    MakeApi,
    MakeRole,
    MakeStream,
    Step,
    TakePermissions,
)
from auth0sync.setup_wanted import (
    API_SETTINGS,
    Api,
    Role,
    Seen,
    SeenApi,
    SeenRole,
    Wanted,
)


def steps(wanted: Wanted, seen: Seen) -> list[Step]:
    """What to do, in the order in which it can be done; nothing when the tenant is as described."""
    found = [
        *_apis(wanted, seen),
        *_roles(wanted, seen),
        *_application(wanted, seen),
        *_connection(wanted, seen),
        *_action(wanted, seen),
        *_stream(wanted, seen),  # last: not every plan has them
    ]
    return sorted(found, key=lambda step: step.deletes)


def _apis(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    for api in wanted.apis:
        there = seen.apis.get(api.identifier)
        if there is None:
            lines = [Line("+", f"API {api.name} ({api.identifier})")]
            lines += [Line("+", f"  permission {name}") for name in api.permissions]
            make = MakeApi(api)
            yield Step(f"make API {api.name}", tuple(lines), make, ("create:resource_servers",))
        else:
            yield from _changed_api(api, there)


def _changed_api(api: Api, there: SeenApi) -> Iterator[Step]:
    title = f"API {api.name}"
    wanted = {"name": api.name, **API_SETTINGS}
    settings = {key: value for key, value in wanted.items() if there.settings.get(key) != value}
    lines = [
        Line("~", f"{title}: {key} {_shown(there.settings.get(key))} → {_shown(value)}")
        for key, value in settings.items()
    ]
    scopes = {}
    for name, description in api.permissions.items():
        if there.scopes.get(name) == description:
            continue
        scopes[name] = description
        before = _shown(there.scopes.get(name))
        lines.append(
            Line("~", f"{title}: permission {name}: {before} → {_shown(description)}")
            if name in there.scopes
            else Line("+", f"{title}: permission {name}")
        )
    change = ("read:resource_servers", "update:resource_servers")
    if lines:
        yield Step(f"change {title}", tuple(lines), ChangeApi(there.id, settings, scopes), change)
    if extra := tuple(name for name in there.scopes if name not in api.permissions):
        gone = tuple(Line("-", f"{title}: permission {name}") for name in extra)
        drop = ChangeApi(there.id, {}, {}, drop=extra)
        yield Step(f"take permissions out of {title}", gone, drop, change, deletes=True)


def _roles(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    there = {role.name: role for role in seen.roles}
    for role in wanted.roles:
        yield from _role(role, there.get(role.name))
    known = {role.name for role in wanted.roles} | wanted.roles_of_others
    for extra in seen.roles:
        if extra.name not in known:
            line = Line("-", f"role {extra.name} (whoever has it loses it)")
            drop = DropRole(extra.id)
            yield Step(f"delete role {extra.name}", (line,), drop, ("delete:roles",), deletes=True)


def _role(role: Role, there: SeenRole | None) -> Iterator[Step]:
    title = f"role {role.name}"
    if there is None:
        line = Line("+", f"{title} ({role.description})")
        yield Step(f"make {title}", (line,), MakeRole(role), ("create:roles",))
    elif there.description != role.description:
        text = f"{title}: {_shown(there.description)} → {_shown(role.description)}"
        describe = DescribeRole(there.id, role.description)
        yield Step(f"describe {title}", (Line("~", text),), describe, ("update:roles",))
    held = there.permissions if there else frozenset()
    if new := tuple(sorted(role.permissions - held)):
        lines = tuple(Line("+", f"{title}: {name} at {api}") for api, name in new)
        needs = ("read:roles", "update:roles")
        yield Step(f"give {title} permissions", lines, GivePermissions(role.name, new), needs)
    if there and (extra := tuple(sorted(held - role.permissions))):
        lines = tuple(Line("-", f"{title}: {name} at {api}") for api, name in extra)
        take = TakePermissions(there.id, extra)
        yield Step(f"take permissions of {title}", lines, take, ("update:roles",), deletes=True)


def _application(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    there = seen.application
    if there is None:
        return
    title = "log-in application"
    client_id = wanted.application.client_id
    lists = (
        ("call-back", wanted.application.callbacks, there.callbacks),
        ("log-out URL", wanted.application.logout_urls, there.logout_urls),
    )
    added = [tuple(url for url in want if url not in have) for _what, want, have in lists]
    extra = [tuple(url for url in have if url not in want) for _what, want, have in lists]
    needs = ("read:clients", "update:clients")
    if any(added):
        lines = _urls("+", title, [what for what, *_ in lists], added)
        add = ChangeApplication(client_id, added[0], added[1])
        yield Step(f"add addresses to the {title}", lines, add, needs)
    if any(extra):
        lines = _urls("-", title, [what for what, *_ in lists], extra)
        drop = ChangeApplication(client_id, drop_callbacks=extra[0], drop_logout_urls=extra[1])
        yield Step(f"take addresses out of the {title}", lines, drop, needs, deletes=True)


def _urls(
    sign: str, title: str, whats: list[str], lists: list[tuple[str, ...]]
) -> tuple[Line, ...]:
    pairs = zip(whats, lists, strict=True)
    return tuple(Line(sign, f"{title}: {what} {url}") for what, urls in pairs for url in urls)


def _connection(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    client_id = wanted.application.client_id
    there = seen.connection
    if there and seen.application and client_id not in there.clients:
        line = Line("+", f"connection {wanted.connection.name}: log-in application {client_id}")
        does = f"let the log-in application use {wanted.connection.name}"
        yield Step(does, (line,), EnableClient(there.id, client_id), ("update:connections",))


def _action(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    action, there = wanted.action, seen.action
    title = f"Action “{action.name}”"
    if there is None:
        yield Step(f"make {title}", (Line("+", title),), MakeAction(action), ("create:actions",))
    elif there.code != action.code:
        diff = list(unified_diff(there.code.splitlines(), action.code.splitlines(), lineterm=""))
        lines = [Line("~", f"{title}: code"), *(Line(" ", f"  {text}") for text in diff[2:])]
        change = ChangeAction(there.id, action.code)
        yield Step(f"change {title}", tuple(lines), change, ("update:actions",))
    if there is None or there.deployed != action.code:
        sign = "~" if there and there.deployed is not None else "+"
        line = Line(sign, f"{title}: deployed")
        needs = ("read:actions", "create:actions")
        yield Step(f"deploy {title}", (line,), DeployAction(action.name), needs)
    if there is None or there.id not in {key for key, _name in seen.flow}:
        others = ", ".join(name for _key, name in seen.flow)
        line = Line("+", f"{title}: in the flow post-login{f', after {others}' if others else ''}")
        needs = ("read:actions", "update:actions")
        yield Step(f"bind {title}", (line,), BindAction(action.name), needs)


def _stream(wanted: Wanted, seen: Seen) -> Iterator[Step]:
    """By its endpoint, for names may be there twice. The authorization is never shown."""
    stream = wanted.stream
    if not stream.is_wanted or STREAMS in seen.not_looked:
        return
    title = f"log stream to {stream.endpoint}"
    there = next((each for each in seen.streams if each.endpoint == stream.endpoint), None)
    if there is None:
        yield Step(
            f"make {title}", (Line("+", title),), MakeStream(stream), ("create:log_streams",)
        )
        return
    lines = []
    if not compare_digest(there.authorization.encode(), stream.authorization.encode()):
        lines.append(Line("~", f"{title}: authorization (not shown) as in AUTH0_WEBHOOK_TOKEN"))
    if there.status != "active":
        lines.append(Line("~", f"{title}: {_shown(there.status)} → “active”"))
    if lines:
        change = ChangeStream(there.id, stream.authorization)
        needs = ("read:log_streams", "update:log_streams")
        yield Step(f"change {title}", tuple(lines), change, needs)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"“{value}”" if value else "nothing"
