"""Token buckets per plan, as the tenant's rate limits work (facts: rate limits)."""

import math
from dataclasses import dataclass

READ_USERS = "read users"
WRITE_USERS = "write users"
DELETE_USERS = "delete users"
READ_LOGS = "read logs"
READ_CLIENTS = "read clients"
READ_CONNECTIONS = "read connections"
REST = "the rest"
EVERYTHING = "everything"

GROUPS = {
    ("GET", "/users"): READ_USERS,
    ("GET", "/users/{id}"): READ_USERS,
    ("GET", "/users-by-email"): READ_USERS,
    ("POST", "/users"): WRITE_USERS,
    ("PATCH", "/users/{id}"): WRITE_USERS,
    ("DELETE", "/users/{id}"): DELETE_USERS,
    ("GET", "/logs"): READ_LOGS,
    ("GET", "/logs/{id}"): READ_LOGS,
    ("GET", "/users/{id}/logs"): READ_LOGS,
    ("GET", "/clients"): READ_CLIENTS,
    ("GET", "/clients/{id}"): READ_CLIENTS,
    ("GET", "/connections"): READ_CONNECTIONS,
    ("GET", "/connections/{id}"): READ_CONNECTIONS,
    ("GET", "/connections/{id}/clients"): READ_CONNECTIONS,
}

# name of the group: (burst, calls a second)
PLANS: dict[str, dict[str, tuple[int, float]]] = {
    "demo": {EVERYTHING: (10, 10.0)},
    "free": {EVERYTHING: (2, 2.0)},
    "enterprise": {EVERYTHING: (50, 16.0)},
    "essentials": {
        READ_USERS: (40, 500 / 60),
        WRITE_USERS: (20, 200 / 60),
        DELETE_USERS: (20, 200 / 60),
        READ_LOGS: (10, 100 / 60),
        READ_CLIENTS: (5, 100 / 60),
        READ_CONNECTIONS: (5, 50 / 60),
        REST: (10, 150 / 60),
    },
}


@dataclass(frozen=True)
class Take:
    """What one call found in its bucket. ``reset_at``: seconds since the epoch, when full."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: int
    wait_s: float

    def headers(self) -> dict[str, str]:
        """The three headers of every answer of the Management API."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset_at),
        }


class Bucket:
    """``burst`` calls at once, refilled by ``per_second`` calls a second."""

    def __init__(self, burst: int, per_second: float) -> None:
        self.burst = burst
        self.per_second = per_second
        self.level = float(burst)
        self.seen_at = 0.0

    def refill(self, now: float) -> None:
        """Add what has flowed in until ``now`` (seconds since the epoch)."""
        # A clock set back must not empty the bucket.
        passed = max(0.0, now - self.seen_at) if self.seen_at else 0.0
        self.level = min(self.burst, self.level + passed * self.per_second)
        self.seen_at = now

    def take(self, now: float) -> Take:
        """Take one call out of the bucket, if there is one."""
        self.refill(now)
        allowed = self.level >= 1
        if allowed:
            self.level -= 1
        # Auth0 tells when the whole limit is back, not when the next call may go: the later one.
        reset_at = math.ceil(now + (self.burst - self.level) / self.per_second)
        wait_s = max(0.0, (1 - self.level) / self.per_second)
        return Take(allowed, self.burst, int(self.level), reset_at, wait_s)


class Buckets:
    """The buckets of one tenant, shared by all its clients. Callers hold the tenant's lock."""

    def __init__(self, plan: str) -> None:
        self.use(plan, None)

    def use(self, plan: str, own_rate: tuple[int, float] | None) -> None:
        """Start with full buckets of ``plan``, or one of (burst, calls a second) for everything.

        Raises: KeyError for a plan that does not exist.
        """
        limits = {EVERYTHING: own_rate} if own_rate else PLANS[plan]
        self.plan = plan
        self.by_group = {name: Bucket(*limit) for name, limit in limits.items()}

    def take(self, method: str, template: str, now: float) -> Take:
        """Count one call. template: the path below /api/v2 with ``{id}`` for each id.

        Sub-resources of a user, such as their roles, are believed to count with the rest,
        which is the smaller bucket.
        Source: facts: rate limits.
        """
        return self.by_group[self.group_of(method, template)].take(now)

    def group_of(self, method: str, template: str) -> str:
        """The name of the bucket that such a call is taken from."""
        if EVERYTHING in self.by_group:
            return EVERYTHING
        return GROUPS.get((method, template), REST)
