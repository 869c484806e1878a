"""Many accounts at once, for tests and measurements (POST /_seed)."""

import json
from typing import Any

from devtenant.seed import CONNECTION
from devtenant.state import Tenant
from devtenant.users import new_user

MOST = 200_000
USER = {
    "user_id": "crowd-{n}",
    "email": "person{n}@example.com",
    "email_verified": True,
    "name": "Person {n}",
}
KNOWN = {"users", "first", "user", "roles", "connection"}


class BadCrowd(ValueError):
    """A request that makes no sense; the text says why."""


def make_users(tenant: Tenant, wanted: dict[str, Any]) -> dict[str, int]:
    """Store ``users`` accounts without passwords, mails or calls. Callers hold the lock.

    ``first``: the number of the first one, else 1. ``user``: a template in which ``{n}`` stands for
    the number, and the text ``"{n}"`` alone for the number itself, such as
    ``{"app_metadata": {"employee_id": "{n}"}}``; its keys are added to USER. ``roles``: names, of
    which each account gets one in turn. ``connection``: another one than the tenant's own, as a
    social log-in has it. An account that is there already is replaced.
    Raises: BadCrowd.
    """
    unknown = sorted(set(wanted) - KNOWN)
    if unknown:
        raise BadCrowd(f"Unknown keys: {', '.join(unknown)}.")
    number, first = wanted.get("users"), wanted.get("first", 1)
    if not isinstance(number, int) or not 0 < number <= MOST or not isinstance(first, int):
        raise BadCrowd(f"users must be a number from 1 to {MOST}, and first a number.")
    ids = {role["name"]: key for key, role in tenant.roles.rows.items()}
    roles = wanted.get("roles", [])
    if not set(roles) <= set(ids):
        raise BadCrowd(f"Unknown roles: {', '.join(sorted(set(roles) - set(ids)))}.")
    template = json.dumps({**USER, **wanted.get("user", {})})
    for position in range(first, first + number):
        text = template.replace('"{n}"', str(position)).replace("{n}", str(position))
        row = json.loads(text)
        user = new_user(row, wanted.get("connection", CONNECTION), str(row["user_id"]))
        tenant.save_user(user)
        if roles:
            tenant.set_roles(user["user_id"], [ids[roles[position % len(roles)]]])
    return {"users": number}
