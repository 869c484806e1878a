"""What nobody sets by a program: each with why, and where to click. Pure.

Not because it couldn't be called: making an application answers with its secret, granting scopes
needs a right that grants everything, and changing a connection replaces all its options at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auth0sync.scopes import beyond
from auth0sync.setup_wanted import Seen, SeenApplication, Wanted

APPLICATIONS = "Applications → Applications"
DATABASE = "Authentication → Database"
GRANT_OF = "Applications → APIs → Auth0 Management API → Machine to Machine Applications"
# As deployment.md tells to make it: value, how it is called, where it is set.
LOG_IN_SETTINGS: tuple[tuple[str, object, str, str], ...] = (
    ("app_type", "regular_web", "is a Regular Web Application", "Settings → Application Type"),
    (
        "token_endpoint_auth_method",
        "client_secret_post",
        "has the authentication method Client Secret (Post)",
        "Credentials → Authentication Methods",
    ),
    ("alg", "RS256", "signs with RS256", "Settings → Advanced Settings → OAuth"),
    ("oidc_conformant", True, "is OIDC conformant", "Settings → Advanced Settings → OAuth"),
)
GRANT_TYPES = frozenset({"authorization_code", "refresh_token"})
SWITCH_WORDS = {
    "password": ("passwords", "Authentication Methods → Password"),
    "requires_username": ("user names", "Attributes (or Settings → Requires Username)"),
    "disable_signup": ("“Disable Sign Ups”", "Settings → Disable Sign Ups"),
    "import_mode": ("“Import Users to Auth0”", "Custom Database → Import Users to Auth0"),
}


@dataclass(frozen=True)
class ByHand:
    """A thing to set in the dashboard. where: the click path.

    differs: whether it isn't as described; else it is advice, or couldn't be looked at.
    """

    text: str
    where: str
    differs: bool = True


def by_hand(wanted: Wanted, seen: Seen) -> list[ByHand]:
    """All of it, for this tenant; nothing where all is well."""
    return [
        *_application(wanted, seen),
        *_connection(wanted, seen),
        *_machine(wanted, seen),
        *_stream(wanted),
        *_tenant(seen),
        *(ByHand(f"Not looked at: {what}. {why}", GRANT_OF, False) for what, why in _open(seen)),
    ]


def _open(seen: Seen) -> list[tuple[str, str]]:
    return list(seen.not_looked.items())


def _application(wanted: Wanted, seen: Seen) -> Iterator[ByHand]:
    client_id = wanted.application.client_id
    make = f"{APPLICATIONS} → Create Application → Regular Web Applications"
    if not client_id:
        yield ByHand(
            "AUTH0_LOGIN_CLIENT_ID isn't set: without a log-in application nobody signs in.", make
        )
    elif seen.application is None:
        yield ByHand(f"There is no application {client_id} (AUTH0_LOGIN_CLIENT_ID).", make)
    else:
        yield from _log_in_settings(seen.application)


def _log_in_settings(there: SeenApplication) -> Iterator[ByHand]:
    path = f"{APPLICATIONS} → {there.name}"
    for key, value, what, where in LOG_IN_SETTINGS:
        if there.settings.get(key) != value:
            yield ByHand(f"It isn't so that {there.name} {what}.", f"{path} → {where}")
    grants = there.settings.get("grant_types")
    held = frozenset(grants) if isinstance(grants, list | tuple) else frozenset()
    where = f"{path} → Settings → Advanced Settings → Grant Types"
    if "authorization_code" not in held:
        yield ByHand(f"{there.name} lacks the grant type authorization_code.", where)
    if more := sorted(map(str, held - GRANT_TYPES)):
        yield ByHand(
            f"{there.name} has grant types it doesn't need: {', '.join(more)}.", where, False
        )


def _connection(wanted: Wanted, seen: Seen) -> Iterator[ByHand]:
    name, there = wanted.connection.name, seen.connection
    if there is None:
        text = f"There is no database connection {name} (AUTH0_CONNECTION)."
        yield ByHand(text, f"{DATABASE} → Create DB Connection")
        return
    for key, value in wanted.connection.expected.items():
        if there.switches[key] != value:
            what, where = SWITCH_WORDS[key]
            text = f"{name}: {what} has to be {'on' if value else 'off'}."
            yield ByHand(text, f"{DATABASE} → {name} → {where}")


def _machine(wanted: Wanted, seen: Seen) -> Iterator[ByHand]:
    machine = wanted.machine
    if not machine.client_id or "the machine application's scopes" in seen.not_looked:
        return
    where = f"{GRANT_OF} → {machine.client_id}"
    held = seen.machine_scopes
    if held is None:
        text = f"{machine.client_id} (AUTH0_CLIENT_ID) isn't authorised for the Management API."
        yield ByHand(text, where)
        return
    if lacking := sorted(machine.scopes - held):
        yield ByHand(f"{machine.client_id} lacks the scopes {', '.join(lacking)}.", where)
    dangerous, others = beyond(held)
    if dangerous:
        text = (
            f"{machine.client_id} has scopes with which its secret opens the whole tenant: "
            f"{', '.join(dangerous)}. Take them away."
        )
        yield ByHand(text, where)
    if others:
        text = f"{machine.client_id} has scopes that the console doesn't need: {', '.join(others)}."
        yield ByHand(text, where, False)


def _stream(wanted: Wanted) -> Iterator[ByHand]:
    where = "Monitoring → Streams → Create Log Stream → Custom Webhook"
    if not wanted.stream.endpoint:
        text = "No log stream: Auth0 delivers to https alone. The console reads the log instead."
        yield ByHand(text, where, False)
    elif not wanted.stream.authorization:
        text = "No log stream: AUTH0_WEBHOOK_TOKEN isn't set. The console reads the log instead."
        yield ByHand(text, where, False)


def _tenant(seen: Seen) -> Iterator[ByHand]:
    if not seen.mail_provider and "the mail provider" not in seen.not_looked:
        yield ByHand(
            "There is no mail provider: Auth0's own mails (forgotten passwords, verification) come "
            "from its built-in one, 10 a minute and not for production.",
            "Branding → Email Provider",
            False,
        )
    if not seen.logout_is_discoverable and "the tenant's settings" not in seen.not_looked:
        yield ByHand(
            "RP-initiated log-out isn't announced: signing out of the console uses the older "
            "address of Auth0.",
            "Settings → Advanced → RP-Initiated Logout End Session Endpoint Discovery",
            False,
        )
