"""Saving a person the old way: Auth0 is called inside the request, before the row is written.

What it is: the earlier code's order of work (docs/legacy-contract.md, "Earlier Auth0 code") inside
the console's own add page. The account is created, its role is given, then the row is inserted by
the console's own service; a database error deletes the account again. The page, the form, the
checks, the insert and the server are those of the new way, so only the calls differ. It is kinder
to the old way than the earlier code was: the machine token, the role's id and the connection to
the tenant are held from one save to the next, the calls aren't held back by any limit, and nothing
is marked due (the listener of auth0sync is off during the save).

What it isn't: the earlier code itself, which nobody here has. It kept the password in plain text;
this keeps none. It sends no invitation, as the earlier code sent none.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import httpx
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from auth0sync import due
from auth0sync.rows import write_columns
from employees import services
from employees.authority import Actor
from employees.errors import EmployeesError
from employees.models import Employee, SyncStatus
from employees.signals import employee_changed

insert_row = services.add_employee


class Auth0Failed(EmployeesError):
    """Auth0 didn't do what it was asked, so nothing was saved; the form shows the sentence."""


def add_page(request: HttpRequest) -> HttpResponse:
    """The console's own add page, saved the old way. One request at a time: it swaps a function."""
    with patch.object(services, "add_employee", add_employee):
        return admin.site.get_model_admin(Employee).add_view(request)


def add_employee(
    values: Mapping[str, Any], invitation: str, actor: Actor, form_key: str = ""
) -> Employee:
    """Create the account, give the role, then insert the row.

    Arguments as ``services.add_employee``. Raises: Auth0Failed, and what the service raises.
    """
    user_id = _create_account(values)
    try:
        _send("POST", f"/users/{user_id}/roles", {"roles": [_role_id(str(values["auth0_role"]))]})
        with _nothing_marked_due():
            employee = insert_row(values, invitation, actor, form_key)
        write_columns(employee.pk, auth0_user_id=user_id, auth0_sync_status=SyncStatus.CREATED)
    except Exception:
        _send("DELETE", f"/users/{user_id}")
        raise
    return employee


@contextmanager
def _nothing_marked_due() -> Iterator[None]:
    employee_changed.disconnect(dispatch_uid="auth0sync.due")
    try:
        yield
    finally:
        due.listen()


def _create_account(values: Mapping[str, Any]) -> str:
    answer = _send(
        "POST",
        "/users",
        {
            "connection": settings.AUTH0_CONNECTION,
            "email": values["email"],
            "name": values["name"],
            "password": secrets.token_urlsafe(24) + "aA1!",
            "verify_email": False,
            "app_metadata": {
                "employee_id": "",  # the row doesn't exist yet
                "workspace": values.get("workspace"),
                "created_by": "productivity_system",
            },
        },
    )
    return str(answer.json()["user_id"])


def _send(method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
    try:
        answer = _client().request(
            method,
            f"{settings.AUTH0_BASE_URL}/api/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {_token()}"},
        )
    except httpx.TransportError:
        raise Auth0Failed("Auth0 can't be reached, so the person wasn't saved.") from None
    if not answer.is_success:
        raise Auth0Failed(f"Auth0 answered {answer.status_code}, so the person wasn't saved.")
    return answer


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(timeout=settings.AUTH0_TIMEOUT, trust_env=False)


@lru_cache(maxsize=1)
def _token() -> str:
    answer = _client().post(
        f"{settings.AUTH0_BASE_URL}/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": settings.AUTH0_CLIENT_ID,
            "client_secret": settings.AUTH0_CLIENT_SECRET,
            "audience": f"https://{settings.AUTH0_DOMAIN}/api/v2/",
        },
    )
    return str(answer.raise_for_status().json()["access_token"])


@lru_cache(maxsize=8)
def _role_id(name: str) -> str:
    found = _send("GET", f"/roles?name_filter={name}").json()
    return next(str(role["id"]) for role in found if role["name"] == name)
