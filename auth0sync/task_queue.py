"""The queue inside a cluster, between its processes, which a killed one doesn't lock for good.

Python's own has a semaphore around the read. Whoever idles holds it while it waits for the next
task, and nobody gives it back for a process that was killed: then nobody reads on, neither tasks
nor the word to stop. A lock on a file is given back by the operating system.
"""

import fcntl
import tempfile
from typing import Any

from django_q import queues


class Queue(queues.Queue):  # type: ignore[misc]
    """Given to the queue's cluster (cluster.py) in place of its own; the arguments are the same."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rlock = ReadLock()


class ReadLock:
    """One process at a time, of those forked from the one that made it; threads aren't told apart.

    Only for ``with``, which is how a read without a time limit takes it; nothing else reads here.
    """

    def __init__(self) -> None:
        # Open as long as there is the lock; nothing is ever written to it.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def __enter__(self) -> None:
        # Not flock: that belongs to the open file, which forked processes have in common.
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)
