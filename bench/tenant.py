"""The stand-in tenant, seen from outside: its controls, its calls and its mailbox."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

TIMEOUT_S = 30
SEED_S = 120  # ten thousand accounts on a busy machine
NO_LIMIT = {"burst": 1_000_000, "per_second": 1_000_000}


@dataclass(frozen=True)
class Arrival:
    """When one person's account, role and invitation were there: seconds since the epoch."""

    account_at: float
    role_at: float
    mail_at: float

    @property
    def complete_at(self) -> float:
        """When all three were there."""
        return max(self.account_at, self.role_at, self.mail_at)


class Tenant:
    """Reads and sets the tenant at ``url``; its clock is this machine's, as ours is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            return self._client.get("/_control").is_success
        except httpx.TransportError:
            return False

    def set(self, *, latency_s: float, limited: bool) -> None:
        """Answer every call that much later; with the plan's rate limit, or without any."""
        settings = {"latency_s": latency_s, "rate": None if limited else NO_LIMIT}
        self._client.post("/_control", json=settings).raise_for_status()

    def add_fault(self, spec: dict[str, Any]) -> None:
        """Have calls go wrong, as ``POST /_faults`` takes it, from now on."""
        self._client.post("/_faults", json=spec).raise_for_status()

    def seed(self, users: int, first: int, user: dict[str, Any]) -> None:
        """Have so many accounts, numbered from ``first``, each a production associate.

        user: a template, as ``POST /_seed`` takes it.
        """
        wanted = {"users": users, "first": first, "user": user, "roles": ["production_associate"]}
        self._client.post("/_seed", json=wanted, timeout=SEED_S).raise_for_status()

    def verify(self, user_id: str) -> None:
        """Have the person follow the link that verifies the e-mail."""
        self._client.post("/_verify", json={"user_id": user_id}).raise_for_status()

    def forget_log(self) -> None:
        """Empty the tenant's log."""
        self._client.delete("/_logs").raise_for_status()

    def note_in_log(self, users: list[str], types: list[str], number: int) -> None:
        """Write so many entries about these accounts, of these types, in turn."""
        wanted = {"users": users, "types": types, "count": number}
        self._client.post("/_logs", json=wanted, timeout=SEED_S).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        """All of the log, the oldest entry first, read as another client of the tenant."""
        asked = {"grant_type": "client_credentials", "client_id": "other-m2m"}
        host = self.url.partition("//")[2]
        asked |= {"client_secret": "not-a-secret", "audience": f"https://{host}/api/v2/"}
        token = self._client.post("/oauth/token", json=asked).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        found: list[dict[str, Any]] = []
        while True:
            query = {"take": 100} | ({"from": found[-1]["log_id"]} if found else {})
            answer = self._client.get("/api/v2/logs", params=query, headers=headers)
            page = answer.raise_for_status().json()
            found += page
            if len(page) < 100:
                return found

    def calls(self) -> dict[str, int]:
        """Calls since its start, by method and address with ``{id}`` for each id."""
        counted: dict[str, int] = self._state()["calls"]
        return counted

    def count(self) -> dict[str, Any]:
        """How many there are of everything: ``users`` and so on."""
        found: dict[str, Any] = self._client.get("/_count").raise_for_status().json()
        return found

    def called(self) -> int:
        """Management API calls since its start."""
        return sum(n for call, n in self.count()["calls"].items() if "/api/v2/" in call)

    def call_times(self) -> list[float]:
        """When each of the last 5,000 calls came in: seconds since the epoch."""
        return [float(call["at"]) for call in self.requests()]

    def requests(self) -> list[dict[str, Any]]:
        """The last 5,000 calls: when each came in, method, path and status."""
        found: list[dict[str, Any]] = self._state()["requests"]
        return found

    def management_calls(self, but: str = "") -> list[dict[str, Any]]:
        """Those of the last calls that went to the Management API; none to the path ``but``."""
        return [c for c in self.requests() if "/api/v2/" in c["path"] and c["path"] != but]

    def mails(self) -> dict[str, float]:
        """When the first mail to each address was taken: seconds since the epoch."""
        messages = self._client.get("/_outbox").raise_for_status().json()["messages"]
        newest_first = ((mail["to"][0], mail["received_at"]) for mail in messages)
        return {to: datetime.fromisoformat(at).timestamp() for to, at in newest_first}

    def wait_for_mails(self, addresses: Iterable[str], seconds: float) -> list[str]:
        """Wait until each has a mail; returns those that still have none after ``seconds``."""
        ends = time.monotonic() + seconds
        while True:
            missing = sorted(set(addresses) - self.mails().keys())
            if not missing or time.monotonic() > ends:
                return missing
            time.sleep(0.25)

    def arrivals(self) -> dict[str, Arrival]:
        """What has arrived for every e-mail that has account, role and mail."""
        state = self._state()
        mails = self.mails()
        roles = {
            call["path"]: float(call["at"])
            for call in reversed(state["requests"])
            if call["method"] == "POST" and call["path"].endswith("/roles")
        }
        found = {}
        for user in state["users"]:
            email, path = user["email"], f"/api/v2/users/{user['user_id']}/roles"
            if email in mails and path in roles:
                made = datetime.fromisoformat(user["created_at"]).timestamp()
                found[email] = Arrival(made, roles[path], mails[email])
        return found

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._client.get("/_state").raise_for_status().json()
        return state
