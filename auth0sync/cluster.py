"""The queue's cluster as a program of its own: started, recorded, ended in order or by force.

Everything in it ends by itself when its parent is gone.
"""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil

from auth0sync.task_queue import Queue
from auth0sync.tasks import CLUSTER_NAME, answer_beat

LOOK_EVERY_S = 0.2
PARENT_GONE_AFTER_S = 1.0  # how soon a process sees that its parent has gone


class Cluster:
    """One cluster from its start to its end. ``name`` is what its heartbeats are called."""

    def __init__(self, name: str) -> None:
        self.name = name
        # In the same process group, so that whoever ends the whole group ends it too.
        self._program = subprocess.Popen(  # noqa: S603
            [sys.executable, sys.argv[0], "qcluster", "--cluster-of", str(os.getpid())],
            env={**os.environ, CLUSTER_NAME: name},
        )
        self._processes: list[psutil.Process] = []

    def has_ended(self) -> bool:
        """Whether the cluster is no longer there; what it started may still be."""
        return self._program.poll() is not None

    def remember(self) -> None:
        """Record which processes belong to it now: once the cluster is gone, nobody can tell."""
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self._program.pid)
            found = [program, *program.children(recursive=True)]
            left = [each for each in self._processes if each not in found and each.is_running()]
            self._processes = found + left

    def kill(self) -> None:
        """SIGKILL to all recorded processes: a hanging cluster no longer listens to SIGTERM."""
        self.remember()
        for process in self._processes:
            with suppress(psutil.NoSuchProcess):  # psutil looks whether it is still the same one
                process.kill()
        self._program.kill()
        self._program.wait()

    def end(self, within_s: float) -> None:
        """Let what runs finish, for at most so many seconds; then SIGKILL to what is left.

        A SIGTERM to the whole group ends the cluster's guard at once, and the cluster would wait
        for a guard that is gone: with nothing alive below it, it has ended.
        """
        self.remember()
        self._program.terminate()
        deadline = time.monotonic() + within_s
        while self._is_anything_below() and not self.has_ended() and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        self.kill()

    def _is_anything_below(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            below = psutil.Process(self._program.pid).children(recursive=True)
            return any(each.status() != psutil.STATUS_ZOMBIE for each in below)
        return False


def run_cluster(parent: int) -> None:
    """Run the queue's own cluster, in which every process ends when its parent is gone.

    parent: the process id of whoever started this program.
    """
    from django_q import cluster as queue
    from django_q.signals import post_execute

    queue.Queue = Queue
    post_execute.connect(answer_beat, dispatch_uid="auth0sync.beat")
    end_with(parent)
    forking = [os.getpid()]
    os.register_at_fork(
        before=lambda: forking.__setitem__(0, os.getpid()),
        after_in_child=lambda: end_with(forking[0]),
    )
    queue.Cluster().start()


def end_with(parent: int) -> None:
    """Have this process end as soon as it is no longer a child of ``parent``."""
    threading.Thread(target=_watch, args=[parent], name="end-with-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_GONE_AFTER_S)
    os._exit(1)
