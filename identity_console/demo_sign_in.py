"""A sample manager who can sign in at once, and a kiosk, for ``make demo``.

Her account is made by the worker like everybody's. When it is there, the demo sets a password in
the stand-in tenant, through the Management API, as the tenant's own administrator would.
"""

import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

WAIT_S = 300  # for the accounts of all sample people; hers may come late
LOOK_EVERY_S = 2.0
CLIENT = {"client_id": "console-m2m", "client_secret": "not-a-secret"}


def sample_manager() -> str:
    """The e-mail of the first sample person who manages others; "" when there is none."""
    from employees.actors import may_sign_in
    from employees.emails import is_usable
    from employees.models import Auth0Role, Employee
    from employees.sample import MARK

    managers = Employee.objects.filter(
        auth0_role=Auth0Role.MANAGER, connecteam_user_id__startswith=MARK
    ).order_by("pk")
    fit = (each for each in managers if may_sign_in(each) and is_usable(each.email))
    return next((str(each.email).lower() for each in fit), "")


def kiosk_code() -> str:
    """A code of a day that makes a browser the demo's kiosk; one that is it already stays so."""
    from employees.authority import program
    from employees.kiosks import new_code
    from employees.models import Kiosk

    helper = {"helper": "Call the office, 4711."}
    kiosk, _ = Kiosk.objects.get_or_create(name="Line 1", defaults=helper)
    return new_code(kiosk.pk, program("demo"), lasts=timedelta(days=1))


def give_password(tenant: str, email: str, path: Path, wait_s: float = WAIT_S) -> str:
    """Set a password for this person once, and keep it in ``path``; "" when she has no account.

    tenant: the stand-in's root. wait_s: how long her account, with its role, may take.
    """
    if path.is_file():
        return path.read_text(encoding="ascii")
    password = f"{secrets.token_urlsafe(9)}aA1"
    deadline = time.monotonic() + wait_s
    with httpx.Client(base_url=tenant, timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if _set(client, email, password):
                    path.touch(mode=0o600)
                    path.write_text(password, encoding="ascii")
                    return password
            except httpx.HTTPError:  # busy, or at the limit of calls
                pass
            time.sleep(LOOK_EVERY_S)
    return ""


def _set(client: httpx.Client, email: str, password: str) -> bool:
    users: list[dict[str, Any]] = client.get("/_state").raise_for_status().json()["users"]
    found = [user for user in users if user.get("email") == email and user.get("roles")]
    if not found:
        return False
    asked = {**CLIENT, "grant_type": "client_credentials", "audience": _audience(client)}
    token = client.post("/oauth/token", json=asked).raise_for_status().json()["access_token"]
    client.patch(
        f"/api/v2/users/{found[0]['user_id']}",
        json={"password": password},
        headers={"Authorization": f"Bearer {token}"},
    ).raise_for_status()
    return True


def _audience(client: httpx.Client) -> str:
    return f"https://{client.base_url.netloc.decode()}/api/v2/"
