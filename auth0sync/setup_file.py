"""Reading the description of a tenant (tenant.yaml), strictly: what isn't understood is refused.

Everything is checked before anything is asked of Auth0, all environments and not only the one that
is wanted, so that a slip in production's is found on a developer's machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from auth0sync.plan import ROLE_CODES
from auth0sync.scopes import SCOPES, is_needed
from auth0sync.setup_wanted import (
    Action,
    Api,
    Application,
    Connection,
    Machine,
    Permission,
    Role,
    Stream,
    Wanted,
    roles_action_code,
)

ADDRESS = re.compile(r"https?://[^\s/?#@]+")
HOST = re.compile(r"[a-z0-9.-]+(:\d+)?")  # as AUTH0_DOMAIN is written, with which it is compared
PATH = re.compile(r"/\S*")
NAME = re.compile(r"[^<>]{1,200}")
SCOPE = re.compile(r"\S{1,280}")
SWITCHES = ("password", "requires_username", "disable_signup", "import_mode")


class BadDescription(Exception):
    """The file can't be used; the text says where and why."""


@dataclass(frozen=True)
class Surroundings:
    """What the settings say of the tenant, and the file doesn't."""

    login_client_id: str
    machine_client_id: str
    connection: str
    roles_claim: str
    gives_roles: bool
    webhook_token: str = field(default="", repr=False)


def described(text: str, environment: str, around: Surroundings) -> Wanted:
    """What the file says for one environment. Raises: BadDescription."""
    whole = _Place(_loaded(text), "")
    parts = whole.of(
        *("apis", "roles", "action", "log_in_application", "connection", "log_stream"),
        "environments",
        optional=("roles_of_others",),
    )
    apis = {key: _Api(place) for key, place in parts["apis"].each(NAME).items()}
    roles = {name: _Role(place, apis) for name, place in parts["roles"].each(NAME).items()}
    if missing := [name for name in ROLE_CODES if name not in roles]:
        raise parts["roles"].bad(f"{', '.join(missing)} isn't there, which the console gives")
    others = parts["roles_of_others"].texts(NAME) if "roles_of_others" in parts else ()
    if both := sorted(set(others) & set(roles)):
        raise parts["roles_of_others"].bad(f"{both[0]} stands under roles too")
    action = parts["action"].of("name")
    application = parts["log_in_application"].of("callbacks", "logout_urls")
    callbacks, logouts = (
        application["callbacks"].texts(PATH),
        application["logout_urls"].texts(PATH),
    )
    switches = parts["connection"].of(*SWITCHES)
    expected = {name: place.flag() for name, place in switches.items()}
    action_name = action["name"].text(NAME)
    stream = parts["log_stream"].of("name", "path")
    stream_name, stream_path = stream["name"].text(NAME), stream["path"].text(PATH)
    places = parts["environments"].each(NAME)
    environments = {name: _Environment(place, apis) for name, place in places.items()}
    if environment not in environments:
        raise BadDescription(
            f"There is no environment “{environment}”: ENVIRONMENT_NAME, or --environment, has to "
            f"be one of {', '.join(environments)}."
        )
    here = environments[environment]
    return Wanted(
        environment=environment,
        domain=here.domain,
        tenants_of_others={
            each.domain: name
            for name, each in environments.items()
            if each.domain and each.domain != here.domain
        },
        apis=tuple(
            Api(here.identifiers[key], each.name, each.permissions) for key, each in apis.items()
        ),
        roles=tuple(
            Role(name, each.description, each.held_in(here.identifiers))
            for name, each in roles.items()
        ),
        roles_of_others=frozenset(others),
        action=Action(action_name, roles_action_code(around.roles_claim)),
        application=Application(around.login_client_id, here.below(callbacks), here.below(logouts)),
        connection=Connection(around.connection, expected),
        machine=_machine(around),
        stream=Stream(
            stream_name,
            next((url for url in here.below((stream_path,)) if url.startswith("https:")), ""),
            f"Bearer {around.webhook_token}" if around.webhook_token else "",
        ),
    )


def _machine(around: Surroundings) -> Machine:
    needed = {each.name for each in SCOPES if is_needed(each, with_roles=around.gives_roles)}
    return Machine(around.machine_client_id, frozenset(needed))


class _Place:
    """A value of the file and where it stands."""

    def __init__(self, value: Any, path: str) -> None:
        self.value = value
        self.path = path

    def bad(self, why: str) -> BadDescription:
        """The error for this place."""
        return BadDescription(f"{self.path or 'The description'}: {why}.")

    def each(self, keys: re.Pattern[str]) -> dict[str, "_Place"]:
        """The entries of a mapping that isn't empty. Raises: BadDescription."""
        if not isinstance(self.value, dict) or not self.value:
            raise self.bad("names and what belongs to them have to stand here")
        for key in self.value:
            if not isinstance(key, str) or not keys.fullmatch(key):
                raise self.bad(f"“{key}” is no name that can stand here")
        ahead = f"{self.path}." if self.path else ""
        return {key: _Place(value, f"{ahead}{key}") for key, value in self.value.items()}

    def of(self, *needed: str, optional: tuple[str, ...] = ()) -> dict[str, "_Place"]:
        """The entries of a mapping with exactly these keys. Raises: BadDescription."""
        found = self.each(NAME)
        if missing := [key for key in needed if key not in found]:
            raise self.bad(f"{missing[0]} isn't there")
        known = (*needed, *optional)
        if unknown := [key for key in found if key not in known]:
            raise self.bad(f"{unknown[0]} isn't known; there are {', '.join(known)}")
        return found

    def text(self, pattern: re.Pattern[str]) -> str:
        """A text of this form. Raises: BadDescription."""
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            what = {
                ADDRESS: "an address such as https://console.example.com",
                HOST: "a host such as tenant.us.auth0.com",
                PATH: "a path",
            }
            raise self.bad(f"it has to be {what.get(pattern, 'a short text')}")
        return self.value

    def texts(self, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """A list of different texts of this form. Raises: BadDescription."""
        if not isinstance(self.value, list):
            raise self.bad("a list has to stand here")
        items = [_Place(item, f"{self.path}[{n}]") for n, item in enumerate(self.value)]
        found = tuple(item.text(pattern) for item in items)
        for name in found:
            if found.count(name) > 1:
                raise self.bad(f"{name} stands there twice")
        return found

    def flag(self) -> bool:
        """true or false. Raises: BadDescription."""
        if not isinstance(self.value, bool):
            raise self.bad("it has to be true or false")
        return self.value


class _Api:
    def __init__(self, place: _Place) -> None:
        parts = place.of("name", "permissions")
        self.name = parts["name"].text(NAME)
        permissions = parts["permissions"].each(SCOPE)
        self.permissions = {name: each.text(NAME) for name, each in permissions.items()}


class _Role:
    """held: the permissions, each with the key of its API."""

    def __init__(self, place: _Place, apis: Mapping[str, _Api]) -> None:
        parts = place.of("description", "permissions")
        self.description = parts["description"].text(NAME)
        self.held: set[tuple[str, str]] = set()
        for key, names in parts["permissions"].each(NAME).items():
            if key not in apis:
                raise names.bad(f"there is no API {key}")
            for name in names.texts(SCOPE):
                if name not in apis[key].permissions:
                    raise names.bad(f"the API {key} has no permission {name}")
                self.held.add((key, name))

    def held_in(self, identifiers: Mapping[str, str]) -> frozenset[Permission]:
        """The permissions at the APIs of one environment."""
        return frozenset((identifiers[key], name) for key, name in self.held)


class _Environment:
    def __init__(self, place: _Place, apis: Mapping[str, _Api]) -> None:
        parts = place.of("consoles", "api_identifiers", optional=("domain",))
        self.domain = parts["domain"].text(HOST) if "domain" in parts else ""
        self.consoles = parts["consoles"].texts(ADDRESS)
        if not self.consoles:
            raise parts["consoles"].bad("at least one address has to stand here")
        named = parts["api_identifiers"].of(*apis)
        self.identifiers = {key: each.text(SCOPE) for key, each in named.items()}
        if len(set(self.identifiers.values())) < len(apis):
            raise parts["api_identifiers"].bad("each API needs an identifier of its own")

    def below(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """These paths at every console of the environment."""
        return tuple(f"{console}{path}" for console in self.consoles for path in paths)


class _Strict(yaml.SafeLoader):
    """YAML's safe part, and no key twice: the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):  # no name, which the loader itself refuses
                continue
            if key.value in keys:
                line = node.start_mark.line + 1
                raise BadDescription(f"In what begins at line {line}, {key.value} stands twice.")
            keys.add(key.value)
        return super().construct_mapping(node, deep)


# What the loader lets through beside its own: of a 13th month, of !!bool maybe, of 5,000 brackets.
UNREADABLE = (yaml.YAMLError, ValueError, KeyError, AttributeError, RecursionError)


def _loaded(text: str) -> Any:
    try:
        return yaml.load(text, _Strict)  # noqa: S506 - a SafeLoader
    except UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        where = f"Line {mark.line + 1}" if mark else "The description"
        raise BadDescription(f"{where} is no YAML.") from error
