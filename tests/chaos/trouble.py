"""The trouble: what goes wrong, when, and how often. Everything is chosen by the seed."""

import random
from collections import Counter
from collections.abc import Callable

from tests.chaos.machine import Machine
from tests.devtenant.running import RunningTenant
from tests.servers import MariaDB, Redis

HANG_S = 60.0


class Trouble:
    """Each ``step`` is a moment; ``counts`` says what was done.

    every_s: seconds between two troubles, on average, for each kind; absent = never.
    """

    def __init__(
        self,
        seed: str,
        tenant: RunningTenant,
        machines: list[Machine],
        mariadb: MariaDB | None,
        redis: Redis | None,
        every_s: dict[str, float],
    ) -> None:
        self.dice = random.Random(f"{seed} trouble")
        self.tenant = tenant
        self.machines = machines
        self.mariadb = mariadb
        self.redis = redis
        self.every_s = every_s
        self.next_at = {name: self._wait(name) for name in sorted(every_s)}
        self.counts: Counter[str] = Counter()

    def step(self, at: float) -> None:
        """Do what is due; at: seconds since the start."""
        actions: dict[str, Callable[[], str]] = {
            "fault": self._fault,
            "kill": self._kill,
            "flush": self._flush,
            "restart": self._restart,
        }
        for name in self.next_at:
            if at >= self.next_at[name]:
                self.next_at[name] = at + self._wait(name)
                if done := actions[name]():
                    self.counts[f"{name}: {done}"] += 1

    def _wait(self, name: str) -> float:
        return self.dice.uniform(0.5, 1.5) * self.every_s[name]

    def _fault(self) -> str:
        """One fault for the next call, or now and then an outage of some calls."""
        when = self.dice.choice(["before", "after"])
        kind, status = self.dice.choice(
            [("status", 429), ("status", 500), ("status", 503), ("reset", 0), ("hang", 0)]
        )
        times = 6 if self.dice.random() < 0.04 else 1
        spec: dict[str, object] = {"kind": kind, "when": when, "times": times}
        if kind == "status":
            # A tenant that refuses for its limit has not done it.
            spec |= {"status": status} | ({"when": "before"} if status == 429 else {})
        if kind == "hang":
            spec |= {"delay_s": HANG_S, "lands": self.dice.random() < 0.3}
        self.tenant.fault(match={"path": "/api/v2/.*"}, **spec)
        return f"{status or kind} {spec['when']} the write"

    def _kill(self) -> str:
        return self.dice.choice(self.machines).kill_one(self.dice)

    def _flush(self) -> str:
        if self.redis is None:
            return ""
        self.redis.flush()
        return "Redis"

    def _restart(self) -> str:
        if self.mariadb is None:
            return ""
        gently = self.dice.random() < 0.5
        if gently:
            self.mariadb.stop()
        else:
            self.mariadb.kill()
        self.mariadb.start()
        return "MariaDB in order" if gently else "MariaDB killed"
