"""The doctor's lines about signing in: the log-in application, access tokens, the shop floor."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from auth0sync.bounded import BoundedClient
from auth0sync.doctor_visit import NotGranted, Visit
from auth0sync.doctor_words import Finding, NotLooked, unknown
from employees.kiosk.knock import KNOCK_HEADER, PROOF_HEADER, is_proof, new_knock

DOOR_TIMEOUT_S = 5
DOORS = ("login", "verify", "logout", "change-pin")  # below /api/employee/
ROUTE = (
    "Have the proxy there send /api/employee/ to the console (docs/security.md, “What doesn't "
    "protect them”). A 400 may be the console's: add that host to ALLOWED_HOSTS."
)
CALL_BACK, LOGGED_OUT = "/complete/auth0/", "/login/"
NOWHERE = {"localhost", "127.0.0.1", "[::1]", "testserver"}
WHERE = "Run “auth0_setup --apply”, or Applications → the log-in application → Settings"


def application(visit: Visit) -> Finding:
    """The application through which people log in, with the addresses that lead back here."""
    what, client_id = "Log-in application", settings.AUTH0_LOGIN_CLIENT_ID
    if not client_id:
        text = "None (AUTH0_LOGIN_CLIENT_ID): nobody signs in with Auth0, only the emergency door."
        return unknown(what, text)
    if visit.scopes is not None and "read:clients" not in visit.scopes:
        raise NotLooked(_by_hand())
    try:
        found = visit.ask(lambda tenant: tenant.application(client_id))
    except NotGranted:
        raise NotLooked(_by_hand()) from None
    if found is None:
        mend = "Set AUTH0_LOGIN_CLIENT_ID to that of a regular web application of this tenant."
        return Finding(what, f"{client_id} doesn't exist in Auth0.", mend)
    wrong = list(_wrong_with(found))
    if wrong:
        text = "; ".join(problem for problem, _ in wrong)
        mend = f"{WHERE}: {'; '.join(step for _, step in wrong)}."
        return Finding(what, f"{text[0].upper()}{text[1:]}.", mend)
    return Finding(what, f"{client_id} leads back here after log-in and log-out.")


def _hosts() -> list[str]:
    """Hosts by which people may reach the console from elsewhere."""
    return [host for host in settings.ALLOWED_HOSTS if host not in NOWHERE and host != "*"]


def _wrong_with(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What keeps people from logging in, and what to set."""
    here = " or ".join(_hosts()) or "HOST"
    if not leads_here(found.get("callbacks"), CALL_BACK):
        address = f"https://{here}{CALL_BACK}"
        yield "no call-back leads here", f"Allowed Callback URLs: {address}"
    if not leads_here(found.get("allowed_logout_urls"), LOGGED_OUT):
        address = f"https://{here}{LOGGED_OUT}"
        yield "no log-out address leads here", f"Allowed Logout URLs: {address}"
    if "authorization_code" not in (found.get("grant_types") or ["authorization_code"]):
        yield "it may not use authorization codes", "Advanced → Grant Types: Authorization Code"
    signed = (found.get("jwt_configuration") or {}).get("alg", "RS256")
    if signed != "RS256":
        yield f"id tokens are signed with {signed}", "Advanced → OAuth: RS256"


def leads_here(addresses: object, path: str) -> bool:
    """Whether one of them is this path, of one of the console's hosts where these are known."""
    hosts = _hosts()
    parts = [urlsplit(str(each)) for each in addresses] if isinstance(addresses, list) else []
    return any(
        each.path == path and (not hosts or _is_of(each.hostname or "", hosts)) for each in parts
    )


def _is_of(host: str, hosts: list[str]) -> bool:
    """As ALLOWED_HOSTS are meant: a leading dot stands for the domain and all below it."""
    return any(
        host == each.lstrip(".") or (each.startswith(".") and host.endswith(each)) for each in hosts
    )


def _by_hand() -> str:
    here = " or ".join(_hosts()) or "HOST"
    return (
        "It can't be seen without the scope read:clients (optional). Look by hand: Applications → "
        f"the log-in application → Settings: Allowed Callback URLs https://{here}{CALL_BACK}, "
        f"Allowed Logout URLs https://{here}{LOGGED_OUT}, grant Authorization Code."
    )


def access_tokens(visit: Visit) -> Finding:
    """For which API, if any, access tokens are taken."""
    if settings.AUTH0_API_AUDIENCE:
        text = f"/api/employee/verify takes those for {settings.AUTH0_API_AUDIENCE}."
        return Finding("Access tokens", text)
    return Finding("Access tokens", "None is taken, since AUTH0_API_AUDIENCE isn't set.")


def shop_floor(visit: Visit) -> Finding:
    """Whether the four calls with PINs and their tokens arrive here; GET costs nobody a try."""
    root: str = settings.SHOP_FLOOR_URL
    if not root:
        text = (
            "Whether /api/employee/login leads here can't be tried. Set SHOP_FLOOR_URL to the "
            "address that the shop floor's programs call, such as https://tracker.example.com."
        )
        return unknown("Shop floor", text)
    with BoundedClient(base_url=f"{root}/api/employee/") as client:
        astray = {call: why for call in DOORS if (why := _why_astray(client, call, visit))}
    if astray:
        calls = "; ".join(f"{call} ({why})" for call, why in astray.items())
        return Finding("Shop floor", f"Of {root}, not answered by this console: {calls}.", ROUTE)
    return Finding("Shop floor", f"{root}: this console answers {', '.join(DOORS)}.")


def _why_astray(client: httpx.Client, call: str, visit: Visit) -> str:
    """What answers instead of this console, in a word; '' when it is this console."""
    knock = new_knock()
    patience_s = visit.left_s(DOOR_TIMEOUT_S)
    if not patience_s:
        return "no time left to try"
    try:
        answer = client.get(call, headers={KNOCK_HEADER: knock}, timeout=patience_s)
    except httpx.RequestError as failure:
        return type(failure).__name__
    if is_proof(answer.headers.get(PROOF_HEADER, ""), knock):
        return ""
    return f"somebody else's {answer.status_code}"
