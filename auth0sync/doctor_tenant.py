"""The doctor's lines about the tenant: is it there, and is it set up as the console needs it?"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import jwt
from django.conf import settings

from auth0sync.bounded import get
from auth0sync.doctor_visit import NoAnswer, Visit
from auth0sync.doctor_words import Finding, NotLooked, unknown
from auth0sync.errors import SyncError
from auth0sync.login import tenant_root
from auth0sync.scopes import SCOPES, Need, Scope, beyond, is_needed
from auth0sync.signing_keys import fetch_keys
from auth0sync.token import drop_token, have_token

DISCOVERY = ".well-known/openid-configuration"
OPEN_SIGN_UPS = (
    " Sign-ups are open: strangers can make accounts there, though none gets into the console."
)
GRANT = (
    "In Auth0: Applications → APIs → Auth0 Management API → Machine to Machine Applications → the "
    "console's → tick {} → Update. The console goes on by itself within a minute."
)


def tenant(visit: Visit) -> Finding:
    """Whether it answers at all; its clock is noted for another line."""
    try:
        visit.discovery = _discovery(visit, settings.AUTH0_BASE_URL)
        problem = ""
    except httpx.HTTPStatusError as failure:
        problem = f"answers {failure.response.status_code}"
    except httpx.RequestError as failure:
        problem = f"can't be reached ({type(failure).__name__})"
        visit.why_no_auth0 = "Not looked at: Auth0 can't be reached."
    except ValueError:
        problem = "answers with something that isn't Auth0's"
    if problem:
        mend = "Check AUTH0_DOMAIN, the network and https://status.auth0.com."
        return Finding("Tenant", f"{settings.AUTH0_DOMAIN} {problem}.", mend)
    return Finding("Tenant", f"{settings.AUTH0_DOMAIN} answers.")


def _discovery(visit: Visit, root: str) -> dict[str, Any]:
    """What the tenant says of itself. Raises httpx.HTTPError, ValueError (no object in JSON)."""
    before = time.time()
    answer = get(f"{root}/{DISCOVERY}", settings.AUTH0_TIMEOUT).raise_for_status()
    visit.skew_s = ahead_by_s((before + time.time()) / 2, answer.headers.get("date", ""))
    said = answer.json()
    if not isinstance(said, dict):
        raise ValueError("It says nothing of itself.")
    return said


def ahead_by_s(ours: float, date: str) -> float | None:
    """How many seconds ``ours`` (since the epoch) is ahead of an answer's Date; None without."""
    try:
        told = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return ours - told - 0.5  # it tells whole seconds


def token(visit: Visit) -> Finding:
    """Whether Auth0 gives a token, and which scopes are in it.

    Where one that is needed is missing a new token is fetched once: what was granted a moment ago
    is only in that.
    """
    if visit.why_no_auth0:
        raise NotLooked(visit.why_no_auth0)
    try:
        held = have_token()
        visit.scopes = _scopes_in(held)
        if _missing(visit.scopes) and drop_token(held, for_scope=True):
            visit.scopes = _scopes_in(have_token())
    except SyncError as error:
        visit.why_no_auth0 = "Not looked at: there is no token."
        return Finding(
            "Token",
            str(error),
            "Compare AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET with the machine-to-machine "
            "application in Auth0 (runbook: “Rotate the machine secret”).",
        )
    return Finding("Token", "Auth0 gives one, or one is still good.")


def _scopes_in(held: str) -> frozenset[str] | None:
    """What the token says of itself: good enough to be told, never to decide by."""
    try:
        claims = jwt.decode(held, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    return frozenset(str(claims.get("scope", "")).split())


def _missing(granted: frozenset[str] | None) -> list[Scope]:
    with_roles = settings.AUTH0_ENABLE_ROLE_ASSIGNMENT
    needed = [scope for scope in SCOPES if is_needed(scope, with_roles=with_roles)]
    return [scope for scope in needed if granted is not None and scope.name not in granted]


def scopes(visit: Visit) -> Iterator[Finding]:
    """Each scope by its name; and what is granted beyond them, since a secret may leak."""
    if visit.scopes is None:
        raise NotLooked(visit.why_no_auth0 or "The token doesn't say which scopes it has.")
    missing = _missing(visit.scopes)
    for scope in SCOPES:
        yield _scope(scope, scope.name in visit.scopes, is_fault=scope in missing)
    dangerous, unused = beyond(visit.scopes)
    if dangerous:
        text = f"Whoever gets hold of the machine secret could do far more: {', '.join(dangerous)}."
        mend = (
            "Take them away from the console's application in Auth0; auth0_setup has one of its "
            "own (docs/tenant-setup.md)."
        )
        yield Finding("Scopes beyond need", text, mend)
    elif unused:
        text = f"Never used, so better taken away: {', '.join(unused)}."
        yield Finding("Scopes beyond need", text)
    else:
        yield Finding("Scopes beyond need", "None.")


def _scope(scope: Scope, is_granted: bool, *, is_fault: bool) -> Finding:
    what = f"Scope {scope.name}"
    if is_granted:
        return Finding(what, f"Granted ({scope.need}): {scope.why}.")
    if is_fault:
        return Finding(what, f"Missing: it {scope.why}.", GRANT.format(scope.name))
    if scope.need == Need.OPTIONAL:
        return Finding(what, f"Not granted, and optional: {scope.without}.")
    return Finding(what, "Not granted, and not needed: no roles are given.")


def connection(visit: Visit) -> Finding:
    """The database connection in which accounts are made."""
    name = settings.AUTH0_CONNECTION
    found = visit.ask(lambda tenant: tenant.connection(name))
    if found is None:
        mend = "Make it (Authentication → Database), or set AUTH0_CONNECTION to the one there is."
        return Finding("Connection", f"{name} doesn't exist in Auth0.", mend)
    wrong, steps = _wrong_with(found)
    login = settings.AUTH0_LOGIN_CLIENT_ID
    if login and login not in visit.ask(lambda tenant: tenant.applications_of(str(found["id"]))):
        wrong.append("the log-in application isn't enabled for it")
        steps.append(f"Authentication → Database → {name} → Applications: switch {login} on.")
    if wrong:
        return Finding("Connection", f"{name}: {'; '.join(wrong)}.", " ".join(steps))
    options = found.get("options") or {}
    policy = options.get("passwordPolicy") or "none"
    sign_up = "" if options.get("disable_signup") else OPEN_SIGN_UPS
    return Finding("Connection", f"{name} is there; password policy “{policy}”.{sign_up}")


def _wrong_with(found: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What of the connection keeps accounts from being made, and how to mend it."""
    name, options = found["name"], found.get("options") or {}
    wrong, steps = [], []
    if found.get("strategy") != "auth0":
        wrong.append(f"it is no database connection ({found.get('strategy')})")
        steps.append("Set AUTH0_CONNECTION to a database connection.")
    if options.get("requires_username"):
        wrong.append("it wants a user name, and people have none")
        steps.append(f"Authentication → Database → {name}: switch “Requires Username” off.")
    return wrong, steps


def roles(visit: Visit, names: tuple[str, ...]) -> Finding:
    """The five roles by their names."""
    if not settings.AUTH0_ENABLE_ROLE_ASSIGNMENT:
        text = "None is given in Auth0 (AUTH0_ENABLE_ROLE_ASSIGNMENT); the row's role counts."
        return Finding("Roles", text)
    there = visit.ask(lambda tenant: tenant.role_names())
    missing = [name for name in names if name not in there]
    if missing:
        mend = "Run “auth0_setup --apply”, or User Management → Roles → Create Role."
        return Finding("Roles", f"Missing in Auth0: {', '.join(missing)}.", mend)
    return Finding("Roles", f"{', '.join(names)} are there.")


def signing_keys(visit: Visit) -> Finding:
    """The issuer where people log in, and the keys with which it signs."""
    root = tenant_root()
    if visit.why_no_auth0 and root == settings.AUTH0_BASE_URL:
        raise NotLooked(visit.why_no_auth0)
    if not visit.left_s(1.0):
        raise NoAnswer("Not looked at: the time for it is used up.")
    mend = "Check AUTH0_DOMAIN and AUTH0_CUSTOM_DOMAIN: people can't log in without."
    try:
        is_base = root == settings.AUTH0_BASE_URL
        said = visit.discovery if is_base else _discovery(visit, root)
        keys = fetch_keys(f"{root}/.well-known/jwks.json")
    except (httpx.HTTPError, jwt.PyJWTError, ValueError) as failure:
        text = f"{root} doesn't give them ({type(failure).__name__})."
        return Finding("Issuer and keys", text, mend)
    issuer = str(said.get("issuer", ""))
    if issuer.rstrip("/") != root:
        return Finding("Issuer and keys", f"{root} calls itself {issuer or 'nothing'}.", mend)
    return Finding("Issuer and keys", f"{issuer} gives its keys ({len(keys)}).")


def roles_claim(visit: Visit) -> Finding:
    """What can't be seen from here."""
    return unknown(
        "Roles claim",
        f"Whether an Action writes {settings.AUTH0_ROLES_CLAIM} can't be seen from here: look in "
        "Auth0 at Actions → Triggers → post-login. Without it the role in the row counts alone.",
    )
