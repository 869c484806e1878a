"""What each role may do at the company's APIs: one table, no I/O (requirements A5, L5).

It is an upper bound: what Auth0 says in a token counts only as far as the row's role goes. Roles
that may do more in the console (``employees.authority``) need not be able to do more here: finance
reads, and manages nobody.
"""

from collections.abc import Iterable, Mapping

from employees.models import Auth0Role

SHOP_FLOOR = ("access:shop_floor", "submit:activities", "clock:in_out")
APIS: Mapping[str, tuple[str, ...]] = {
    "Productivity Tracker": (
        "read:dashboard",
        "read:employee_data",
        "read:activity_logs",
        "update:profile",
    ),
    "Shop Floor": SHOP_FLOOR,
    "Manager Functions": ("read:reports", "manage:team_members", "approve:timesheets"),
}
EVERY = tuple(name for names in APIS.values() for name in names)

# Everybody may have a PIN, which opens the shop floor: so nobody's role has less than that.
_EVERYBODY = frozenset({*SHOP_FLOOR, "update:profile"})
_READING = _EVERYBODY | {"read:dashboard", "read:employee_data", "read:activity_logs"}
BY_ROLE: Mapping[str, frozenset[str]] = {
    Auth0Role.PRODUCTION_ASSOCIATE: _EVERYBODY,
    Auth0Role.TEAM_LEAD: _READING | {"manage:team_members"},
    Auth0Role.FINANCE: _READING | {"read:reports"},
    Auth0Role.MANAGER: frozenset(EVERY),
    Auth0Role.ADMIN: frozenset(EVERY),
}


def held_to(roles: Iterable[str], given: Iterable[str]) -> list[str]:
    """Those of ``given`` that each of ``roles`` may have, in the order of the APIs.

    A role that isn't in the table has what everybody has.
    """
    allowed = set(given).intersection(*(BY_ROLE.get(role, _EVERYBODY) for role in roles))
    return [name for name in EVERY if name in allowed]
