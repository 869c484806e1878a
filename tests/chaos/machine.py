"""One machine: ``manage.py qcluster`` and all that it starts, some of which gets killed."""

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.processes import ROOT, end_family, family_of

WHOLE = 7  # parent, cluster, guard, two workers, monitor, pusher
BACK_AFTER_S = 2.0  # the operating system's supervisor starts what has ended


class Machine:
    """A worker that is started again whenever it has ended, as a supervisor does.

    impatient: with a watchdog that waits seconds, not minutes.
    """

    def __init__(self, log: Path, env: dict[str, str], *, impatient: bool) -> None:
        self.log = log
        self.env = env
        self.command = [
            sys.executable,
            *(("-m", "tests.auth0sync.quick_watchdog") if impatient else ("manage.py", "qcluster")),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.ended_at = 0.0

    def supervise(self) -> None:
        """Start it when it isn't running."""
        if self.process is not None and self.process.poll() is not None:
            self.process, self.ended_at = None, time.monotonic()
        if self.process is None and time.monotonic() > self.ended_at + BACK_AFTER_S:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, cwd=ROOT, env=self.env, stdout=log, stderr=log
                )

    def is_up(self) -> bool:
        """Whether parent, cluster, guard, and what works below it are there."""
        return self.process is not None and len(family_of(self.process.pid)) >= WHOLE

    def kill_one(self, dice: random.Random) -> str:
        """SIGKILL to the parent, to one process below it, or to all; says to which.

        Nothing is killed, and nothing said, while it is still starting.
        """
        if self.process is None or not self.is_up():
            return ""
        family = family_of(self.process.pid)
        what = dice.choice(["worker"] * 4 + ["cluster", "guard", "parent", "everything"])
        # In this order they were started: parent, cluster, its guard, then workers and the rest.
        chosen = {
            "parent": family[:1],
            "cluster": family[1:2],
            "guard": family[2:3],
            "worker": [dice.choice(family[3:])],
            "everything": family,
        }[what]
        for process in chosen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return what

    def stop(self) -> float:
        """SIGTERM, and SIGKILL to whatever is left; returns how many seconds it took to end."""
        process, self.process = self.process, None
        return end_family(process) if process else 0.0
