"""The scopes of the machine-to-machine application, and what each is for. Pure.

The one list of them: the doctor holds the token against it, docs/deployment.md ("4. Auth0")
repeats it, which a test compares. Source: facts, "Other endpoints".
"""

from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """How much the console needs a scope."""

    ALWAYS = "needed"
    ROLES = "needed for roles"  # with AUTH0_ENABLE_ROLE_ASSIGNMENT alone
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Scope:
    """One scope as Auth0 names it.

    capability: what pauses without it, as errors.Misconfigured; "" where nothing does.
    why: what it is for. without: what an optional one's absence means.
    """

    name: str
    capability: str
    why: str
    need: Need = Need.ALWAYS
    without: str = ""


SCOPES = (
    Scope("read:users", "read", "reads accounts, before and after they are changed"),
    Scope("create:users", "create", "makes accounts, one by one and by import jobs"),
    Scope("update:users", "update", "changes and blocks accounts, gives and takes roles"),
    Scope(
        "update:users_app_metadata", "update", "writes app_metadata, by which accounts are known"
    ),
    Scope("create:user_tickets", "tickets", "makes the links of invitations and new passwords"),
    Scope("read:connections", "create", "finds the connection in which accounts are made"),
    Scope("read:roles", "roles", "finds the five roles, and who holds them", Need.ROLES),
    Scope("update:roles", "roles", "gives a role to many at once, after an import job", Need.ROLES),
    Scope("read:role_members", "roles", "compares who holds which role", Need.ROLES),
    Scope("create:role_members", "roles", "gives roles", Need.ROLES),
    Scope("delete:role_members", "roles", "takes roles away", Need.ROLES),
    Scope(
        "delete:sessions",
        "",
        "ends a leaver's sessions in Auth0",
        Need.OPTIONAL,
        "a leaver's account is blocked, but sessions that are open in Auth0 run out by themselves",
    ),
    Scope(
        "delete:refresh_tokens",
        "",
        "revokes a leaver's refresh tokens",
        Need.OPTIONAL,
        "a leaver's account is blocked, which stops refresh tokens too",
    ),
    Scope(
        "delete:users",
        "delete",
        "deletes the account of an addition that is taken back at once, if nobody ever used it",
        Need.OPTIONAL,
        "such an account is blocked instead",
    ),
    Scope(
        "read:logs",
        "logs",
        "reads Auth0's log where no log stream delivers it",
        Need.OPTIONAL,
        "log-ins and changes in Auth0 are noticed by the webhook, or by the nightly comparison",
    ),
    Scope(
        "read:log_streams",
        "",
        "lets the doctor see whether a log stream leads here",
        Need.OPTIONAL,
        "the doctor can't tell whether a log stream leads here",
    ),
    Scope(
        "read:clients",
        "",
        "lets the doctor see how the log-in application is set up",
        Need.OPTIONAL,
        "the doctor can't look at the log-in application",
    ),
)
# With any of these whoever holds the machine secret can take the whole tenant over, or log in as
# somebody else: no program that runs day and night should have them.
DANGEROUS = frozenset(
    {
        "read:client_keys",
        "update:client_keys",
        "read:client_credentials",
        "create:client_credentials",
        "update:client_credentials",
        "create:client_grants",
        "update:client_grants",
        "create:clients",
        "update:clients",
        "create:actions",
        "update:actions",
        "update:triggers",
        "update:tenant_settings",
        "create:signing_keys",
        "update:signing_keys",
    }
)


def is_needed(scope: Scope, *, with_roles: bool) -> bool:
    """Whether the engine can't do its work without it.

    with_roles: AUTH0_ENABLE_ROLE_ASSIGNMENT.
    """
    return scope.need == Need.ALWAYS or (scope.need == Need.ROLES and with_roles)


def beyond(granted: frozenset[str]) -> tuple[list[str], list[str]]:
    """What is granted and never used, by name: the dangerous ones, and the others."""
    extra = sorted(granted - {scope.name for scope in SCOPES})
    return [name for name in extra if name in DANGEROUS], [
        name for name in extra if name not in DANGEROUS
    ]
