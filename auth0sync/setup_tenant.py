"""Calls that set a tenant up: with an application of its own, at the console's pace.

The kill switch doesn't hold them, pauses and outages neither come of them nor stop them: a tenant
is set up before the engine can work. What they learn of the tenant's limits counts for all, since
all applications share them. Source of the calls: facts, section 2b.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings

from auth0sync import pace
from auth0sync.answers import SETUP, THROTTLED
from auth0sync.calls import Call, Caller, Outgoing, sdk, whole
from auth0sync.errors import Misconfigured, NotNow, SyncError, Transient
from auth0sync.gate import log_call
from auth0sync.rate import Group
from auth0sync.token import ask

ACTOR = "auth0_setup"
APPLICATION = (
    "set-up application: check AUTH0_DOMAIN, AUTH0_SETUP_CLIENT_ID and AUTH0_SETUP_CLIENT_SECRET"
)
PAGE = 50
PATIENCE_S = 60.0  # for a limit that is reached, in one call
TRIGGER = "post-login"


@dataclass
class SetupTenant(Caller):
    """The tenant, as the set-up application may see and change it.

    scopes: what it was granted; None where Auth0 doesn't tell.
    """

    token: str = field(default="", repr=False)
    scopes: frozenset[str] | None = None

    def call(self, outgoing: Outgoing, send: Callable[[], Any], **options: Any) -> Any:
        """As Caller.call, but waits where a limit is reached."""
        patience = time.monotonic() + PATIENCE_S
        while True:
            try:
                return super().call(outgoing, send, **options)
            except Transient as error:
                wait_s = error.retry_after_s or 1.0
                waits = isinstance(error, NotNow) or error.code == THROTTLED
                if not waits or time.monotonic() + wait_s > patience:
                    raise
                time.sleep(wait_s)

    def ask(self, action: str, send: Callable[[], Any]) -> Any:
        """One reading call."""
        return self.call(Outgoing(action, SETUP, Group.REST), send)

    def write(self, action: str, send: Callable[[], Any], fields: Iterable[str] = ()) -> Any:
        """One call that changes something. Raises Unknown when no answer came."""
        outgoing = Outgoing(action, SETUP, Group.REST)
        return self.call(outgoing, send, writes=True, fields=sorted(fields))

    def pages(self, action: str, send: Callable[..., Any]) -> list[Mapping[str, Any]]:
        """A whole list that comes by numbered pages."""
        found: list[Mapping[str, Any]] = []
        while True:
            next_page = partial(send, page=len(found) // PAGE, per_page=PAGE)
            page = self.ask(action, next_page) or []
            found += page
            if len(page) < PAGE:
                return found

    def chained(self, action: str, key: str, send: Callable[..., Any]) -> list[Mapping[str, Any]]:
        """A whole list whose pages each lead to the next."""
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            next_page = partial(send, from_=after, take=PAGE)
            page = self.ask(action, partial(_whole_of, next_page))
            found += page.get(key) or []
            after = page.get("next")
            if not after:
                return found

    def api(self, key: str) -> dict[str, Any]:
        """An API by its id."""
        send = sdk().resource_servers.with_raw_response.get
        return dict(self.ask("read API", lambda: send(key)))

    def roles(self) -> list[Mapping[str, Any]]:
        """All roles."""
        return self.pages("read roles", sdk().roles.with_raw_response.list)

    def application(self, client_id: str) -> dict[str, Any]:
        """An application without its secrets. Raises Gone."""
        send = sdk().clients.with_raw_response.get
        return dict(self.ask("read application", lambda: send(client_id)))

    def action_named(self, name: str) -> dict[str, Any] | None:
        """The Action with exactly this name; the filter is no exact one (facts)."""
        send = sdk().actions.with_raw_response.list
        found = self.pages("find Action", lambda **page: send(action_name=name, **page))
        return next((dict(each) for each in found if each["name"] == name), None)

    def flow(self) -> list[Mapping[str, Any]]:
        """What is bound to the log-in, in its order."""
        send = sdk().actions.triggers.bindings.with_raw_response.list
        return self.pages("read flow", lambda **page: send(TRIGGER, **page))

    def _get_token(self, started: float) -> str:
        return self.token

    def _drop_token(self, token: str, *, for_scope: bool) -> bool:
        return False  # it was fetched a moment ago


def connect() -> SetupTenant:
    """The tenant in the settings, with a token of the set-up application.

    Raises: Misconfigured when it is refused, Transient when Auth0 can't be reached.
    """
    granted = ask(settings.AUTH0_SETUP_CLIENT_ID, settings.AUTH0_SETUP_CLIENT_SECRET, APPLICATION)
    if isinstance(granted, SyncError):
        raise granted
    return SetupTenant(_wait_for_turn, _note, token=granted.token, scopes=granted.scopes)


def lacking(tenant: SetupTenant, needed: Iterable[str]) -> list[str]:
    """Which of these scopes the set-up application hasn't got, as far as is known."""
    return [] if tenant.scopes is None else sorted(set(needed) - tenant.scopes)


def may_not(error: SyncError) -> bool:
    """Whether a call was forbidden for want of a scope, or by the tenant's plan."""
    return isinstance(error, Misconfigured) and error.code.startswith("insufficient_")


def _whole_of(send: Callable[[], Any]) -> Any:
    return whole(send())


def _wait_for_turn(outgoing: Outgoing) -> None:
    pace.take_slot(outgoing.group)


def _note(call: Call) -> None:
    error = call.error
    if isinstance(error, Transient) and error.code == THROTTLED:
        pace.learn(call.outgoing.group, call.headers, error.retry_after_s or 1.0)
    else:
        pace.learn(call.outgoing.group, call.headers)
    log_call(call, {"actor": ACTOR})
