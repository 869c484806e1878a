"""The steps that a plan may hold: what each does, and with which values. Plain values, no I/O."""

from dataclasses import dataclass, field

from auth0sync.setup_wanted import Action, Api, Permission, Role, Stream

STREAMS = "the log streams"  # as in Seen.not_looked


@dataclass(frozen=True)
class MakeApi:
    api: Api


@dataclass(frozen=True)
class ChangeApi:
    """settings: fields with their new values. scopes: added or described anew, by name."""

    id: str
    settings: dict[str, object]
    scopes: dict[str, str]
    drop: tuple[str, ...] = ()


@dataclass(frozen=True)
class MakeRole:
    role: Role


@dataclass(frozen=True)
class DescribeRole:
    id: str
    description: str


@dataclass(frozen=True)
class GivePermissions:
    role: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True)
class TakePermissions:
    role_id: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True)
class DropRole:
    id: str


@dataclass(frozen=True)
class ChangeApplication:
    client_id: str
    callbacks: tuple[str, ...] = ()
    logout_urls: tuple[str, ...] = ()
    drop_callbacks: tuple[str, ...] = ()
    drop_logout_urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnableClient:
    connection_id: str
    client_id: str


@dataclass(frozen=True)
class MakeAction:
    action: Action


@dataclass(frozen=True)
class ChangeAction:
    id: str
    code: str


@dataclass(frozen=True)
class DeployAction:
    name: str


@dataclass(frozen=True)
class BindAction:
    name: str


@dataclass(frozen=True)
class MakeStream:
    stream: Stream


@dataclass(frozen=True)
class ChangeStream:
    id: str
    authorization: str = field(repr=False)


Do = (
    MakeApi
    | ChangeApi
    | MakeRole
    | DescribeRole
    | GivePermissions
    | TakePermissions
    | DropRole
    | ChangeApplication
    | EnableClient
    | MakeAction
    | ChangeAction
    | DeployAction
    | BindAction
    | MakeStream
    | ChangeStream
)


@dataclass(frozen=True)
class Line:
    """A line of the plan. sign: + to add, ~ to change, - to remove, " " for more of the same."""

    sign: str
    text: str


@dataclass(frozen=True)
class Step:
    """One thing to do. does: in words. scopes: what the set-up application needs for it."""

    does: str
    lines: tuple[Line, ...]
    do: Do
    scopes: tuple[str, ...]
    deletes: bool = False
