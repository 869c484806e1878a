"""Starting the program that compares, from the worker that holds the sweep.

It takes minutes, and a task of the queue is ended after one; so it is a process of its own, as the
cluster is, and ends with the worker.
"""

import os
import subprocess
import sys
import time

from auth0sync.reconcile_runs import is_due

LOOK_EVERY_S = 5.0
START_AGAIN_AFTER_S = 15.0
END_WITHIN_S = 15.0  # a call may be under way


class Comparing:
    """Call :meth:`tick` about once a second, and :meth:`end` at the end."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[bytes] | None = None
        self._look_at = 0.0
        self._start_at = 0.0

    def tick(self) -> None:
        """Start a comparison when one is due and none is under way."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_S
        if self._program is not None and self._program.poll() is None:
            return
        self._program = None
        if now >= self._start_at and is_due():
            self._start_at = now + START_AGAIN_AFTER_S
            # In the same process group, so that whoever ends the whole group ends it too.
            self._program = subprocess.Popen(  # noqa: S603
                [sys.executable, sys.argv[0], "auth0_reconcile", "--child-of", str(os.getpid())]
            )

    def end(self) -> None:
        """End it: what is wanted stays wanted, and is begun anew by the next worker."""
        if self._program is None:
            return
        self._program.terminate()
        try:
            self._program.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
