"""How a tenant should be set up, and how it was found: plain values, no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Permission = tuple[str, str]  # the identifier of its API, and its name

# Switches of every API: without them tokens don't hold the permissions of somebody's roles.
API_SETTINGS: Mapping[str, object] = {
    "signing_alg": "RS256",
    "enforce_policies": True,
    "token_dialect": "access_token_authz",
}


@dataclass(frozen=True)
class Api:
    """An API. permissions: what each is, by its name."""

    identifier: str
    name: str
    permissions: Mapping[str, str]


@dataclass(frozen=True)
class Role:
    """A role and all it may do at the APIs of the description."""

    name: str
    description: str
    permissions: frozenset[Permission]


@dataclass(frozen=True)
class Action:
    """A script that the tenant runs at every log-in."""

    name: str
    code: str


@dataclass(frozen=True)
class Application:
    """The web application of the log-in. client_id: "" where the settings name none."""

    client_id: str
    callbacks: tuple[str, ...]
    logout_urls: tuple[str, ...]


@dataclass(frozen=True)
class Connection:
    """The database connection. expected: what has to be on and what off."""

    name: str
    expected: Mapping[str, bool]


@dataclass(frozen=True)
class Machine:
    """The machine application, and the scopes without which the engine can't work."""

    client_id: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Stream:
    """The log stream that tells the console what happens.

    endpoint: "" where the console has no address that Auth0 delivers to. authorization: the header
    that it sends with each delivery; "" where the settings hold no token. It is a secret.
    """

    name: str
    endpoint: str
    authorization: str = field(repr=False)

    @property
    def is_wanted(self) -> bool:
        """Whether there is all that it takes."""
        return bool(self.endpoint and self.authorization)


@dataclass(frozen=True)
class Wanted:
    """A whole description, for one environment.

    domain: the tenant that it is for; "" where it doesn't say. tenants_of_others: the environments
    that are for other tenants, by these.
    """

    environment: str
    domain: str
    tenants_of_others: Mapping[str, str]
    apis: tuple[Api, ...]
    roles: tuple[Role, ...]
    roles_of_others: frozenset[str]
    action: Action
    application: Application
    connection: Connection
    machine: Machine
    stream: Stream


@dataclass(frozen=True)
class SeenApi:
    """An API of the description as it is in the tenant. scopes: descriptions by name."""

    id: str
    name: str
    scopes: Mapping[str, str]
    settings: Mapping[str, object]


@dataclass(frozen=True)
class SeenRole:
    """A role as it is in the tenant; permissions of the description's APIs alone."""

    id: str
    name: str
    description: str
    permissions: frozenset[Permission] = frozenset()


@dataclass(frozen=True)
class SeenAction:
    """The Action as it is. deployed: the code that log-ins run; None when none does."""

    id: str
    code: str
    deployed: str | None


@dataclass(frozen=True)
class SeenApplication:
    """The log-in application as it is. settings: what can't be set here but has to be right."""

    name: str
    callbacks: tuple[str, ...]
    logout_urls: tuple[str, ...]
    settings: Mapping[str, object]


@dataclass(frozen=True)
class SeenConnection:
    """The connection as it is. clients: the applications that may use it."""

    id: str
    switches: Mapping[str, bool]
    clients: frozenset[str]


@dataclass(frozen=True)
class SeenStream:
    """A log stream to an address. status: active, paused or suspended (facts: log stream)."""

    id: str
    endpoint: str
    status: str
    authorization: str = field(repr=False)


@dataclass(frozen=True)
class Seen:
    """What was read of a tenant.

    apis: by identifier. flow: ids and names of the Actions at the log-in, in their order.
    machine_scopes: None where the application has no grant. mail_provider: "" for none.
    not_looked: what couldn't be read, and why.
    """

    apis: Mapping[str, SeenApi] = field(default_factory=dict)
    roles: tuple[SeenRole, ...] = ()
    action: SeenAction | None = None
    flow: tuple[tuple[str, str], ...] = ()
    application: SeenApplication | None = None
    connection: SeenConnection | None = None
    streams: tuple[SeenStream, ...] = ()
    machine_scopes: frozenset[str] | None = None
    mail_provider: str = ""
    logout_is_discoverable: bool = False
    not_looked: Mapping[str, str] = field(default_factory=dict)


def roles_action_code(claim: str) -> str:
    """The Action that writes somebody's roles into id token and access token.

    claim: the namespaced name under which they stand. Source: facts, section 4.
    """
    name = json.dumps(claim)
    return (
        "// Made by `manage.py auth0_setup` of the identity console: change it there.\n"
        "exports.onExecutePostLogin = async (event, api) => {\n"
        "  if (event.authorization) {\n"
        f"    api.idToken.setCustomClaim({name}, event.authorization.roles);\n"
        f"    api.accessToken.setCustomClaim({name}, event.authorization.roles);\n"
        "  }\n"
        "};\n"
    )
