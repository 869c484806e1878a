"""The trouble: what goes wrong, when, and how often. Everything is chosen by the seed."""

import random
from collections import Counter
from collections.abc import Callable

from tests.chaos.machine import Machine
from tests.devtenant.running import RunningTenant
from tests.servers import MariaDB, Redis

HANG_S = 60.0
LANDS_S = 8.0  # after its call, which is given up after 3: before the look that follows the lease
RATES = [0.1, 0.2, 0.4]  # of the calls that fail
OUTAGE_EVERY = 25  # troubles of this kind: then all calls fail for one of them


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
        absent = {"flush": redis is None, "restart": mariadb is None}
        self.every_s = {name: s for name, s in every_s.items() if not absent.get(name)}
        self.next_at = {name: self._wait(name) for name in sorted(self.every_s)}
        self.counts: Counter[str] = Counter()
        self.fired = 0

    def step(self, at: float) -> None:
        """Do what is due; at: seconds since the start."""
        actions: dict[str, Callable[[], str]] = {
            "fault": self._fault,
            "kill": self._kill,
            "flush": self._flush,
            "restart": self._restart,
        }
        for name in self.next_at:
            if at >= self.next_at[name] and (done := actions[name]()):
                self.next_at[name] = at + self._wait(name)
                self.counts[f"{name}: {done}"] += 1

    def _wait(self, name: str) -> float:
        return self.dice.uniform(0.5, 1.5) * self.every_s[name]

    def _fault(self) -> str:
        """Another way in which some of the calls fail, or now and then all, until the next one."""
        self.note_fired()
        self.tenant.clear_faults()
        when = self.dice.choice(["before", "after"])
        kind, status = self.dice.choice(
            [("status", 429), ("status", 500), ("status", 503), ("reset", 0), ("hang", 0)]
        )
        rate = 1.0 if self.dice.randrange(OUTAGE_EVERY) == 0 else self.dice.choice(RATES)
        seed = self.dice.randrange(10**6)
        spec: dict[str, object] = {"kind": kind, "when": when, "rate": rate, "seed": seed}
        if kind == "status":
            # A tenant that refuses for its limit has not done it.
            spec |= {"status": status} | ({"when": "before"} if status == 429 else {})
        if kind == "hang":
            lands = self.dice.random() < 0.3
            spec |= {"delay_s": LANDS_S if lands else HANG_S, "lands": lands}
        self.tenant.fault(match={"path": "/api/v2/.*"}, **spec)
        return f"{status or kind} {spec['when']} the write"

    def note_fired(self) -> None:
        """Count the calls that failed so far; call it before the faults are removed."""
        self.fired += sum(fault["fired"] for fault in self.tenant.faults())

    def _kill(self) -> str:
        return self.dice.choice(self.machines).kill_one(self.dice)

    def _flush(self) -> str:
        assert self.redis is not None
        self.redis.flush()
        return "Redis"

    def _restart(self) -> str:
        assert self.mariadb is not None
        gently = self.dice.random() < 0.5
        if gently:
            self.mariadb.stop()
        else:
            self.mariadb.kill()
        self.mariadb.start()
        return "MariaDB in order" if gently else "MariaDB killed"
