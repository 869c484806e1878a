"""The fields of an account one by one, by the names that pages and differences call them; pure.

A field at the top has Auth0's own name; one in the metadata has its group before it, such as
``user_metadata.hire_date``. ``roles`` and ``blocked`` are fields like the others.
"""

from collections.abc import Mapping
from typing import Any

from auth0sync.account import DesiredAccount, Seen

TOP = ("email", "name", "given_name", "family_name")
# Which columns of the row a field is computed from, those that decide most first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "name": ("name",),
    "given_name": ("name",),
    "family_name": ("name",),
    "blocked": ("is_active", "archived_at", "auth_method"),
    "roles": ("auth0_role",),
    "user_metadata.full_name": ("name",),
    "user_metadata.department": ("department",),
    "user_metadata.hire_date": ("hire_date",),
    "user_metadata.phone_number": ("phone_number",),
    "user_metadata.personal_email": ("personal_email",),
    "user_metadata.timezone": ("workspace",),
    "user_metadata.is_shop_floor": ("auth_method",),
    "app_metadata.connecteam_id": ("connecteam_user_id",),
    "app_metadata.department_code": ("department",),
    "app_metadata.role_code": ("auth0_role",),
    "app_metadata.access_level": ("auth0_role",),
    "app_metadata.workspace": ("workspace",),
}


def flat(side: DesiredAccount | Seen | None) -> dict[str, Any]:
    """Name → value of one side; {} where there is no account."""
    if side is None:
        return {}
    found: dict[str, Any] = {name: getattr(side, name) for name in TOP}
    if isinstance(side, Seen):
        found |= {"blocked": side.blocked, "roles": side.roles}
    else:
        found |= {"blocked": False, "roles": side.role}
    for group in ("user_metadata", "app_metadata"):
        found |= {f"{group}.{key}": value for key, value in getattr(side, group).items()}
    return found


def as_text(value: Any) -> str:
    """A value as a page shows it; "" where there is nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
