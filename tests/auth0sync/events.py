"""Events as Auth0's log has them, and the console that works them off in this process."""

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db.models.functions import Now

from auth0sync.events_look import look_next
from auth0sync.events_models import AccountLook, TenantEvent
from auth0sync.events_store import sort_new
from employees.models import Employee
from tests.auth0sync.people import account_of

TOKEN = "the-token-of-the-log-stream"
WEBHOOK = "/webhooks/auth0"
_numbers = count(1)


def an_event(name: str, about: Employee | str = "", **data: Any) -> dict[str, Any]:
    """One event as a stream delivers it; ``about``: whose account, or its id."""
    log_id = data.pop("log_id", f"900{next(_numbers):050d}")
    user_id = account_of(about).user_id if isinstance(about, Employee) else about
    told = {"date": datetime.now(UTC).isoformat(), "type": name, "client_id": "somebody-elses"}
    told |= {"user_id": user_id} if user_id else {}
    return {"log_id": log_id, "data": {**told, **data, "log_id": log_id}}


def an_edit(employee: Employee, more: str = "", **data: Any) -> dict[str, Any]:
    """Somebody has edited this account by the Management API, such as in Auth0's dashboard."""
    path = f"/api/v2/users/{account_of(employee).user_id.replace('|', '%7C')}{more}"
    request = {"path": path, "method": "patch", "body": {"password": "a secret"}}
    return an_event("sapi", "auth0|the-administrator", details={"request": request}, **data)


def deliver(client: Any, events: Iterable[Any], token: str = TOKEN) -> Any:
    """As a stream in the format JSONLINES delivers them; returns the answer."""
    return post(client, "\n".join(map(json.dumps, events)), token)


def post(client: Any, body: str | bytes, token: str = TOKEN, **more: Any) -> Any:
    """Any body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(WEBHOOK, body, content_type="application/json", headers=headers, **more)


def heed() -> int:
    """Sort what has come, and look at every account that is to be looked at; returns how many."""
    sort_new(time.monotonic() + 60)
    looks = 0
    AccountLook.objects.update(next_at=Now())
    while looks < 1000 and look_next(time.monotonic() + 60):
        looks += 1
    return looks


def states(**only: Any) -> list[tuple[str, str]]:
    """Type and state of each event, in the order in which they came."""
    rows = TenantEvent.objects.filter(**only).order_by("pk")
    return [(row.type, TenantEvent.State(row.state).name) for row in rows]
