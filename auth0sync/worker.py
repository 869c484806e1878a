"""The parent of the queue's cluster: sweeps, watches, and starts the cluster again.

The queue's own guard doesn't notice a cluster that hangs because an idle worker was killed while
it held the queue's lock, so a task has to come back as a sign of life. Everything in the cluster
ends by itself when its parent is gone.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from types import FrameType

import psutil
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models import F, Q
from django.db.models.functions import Now
from django_q.tasks import async_task

from auth0sync.models import Heartbeat
from auth0sync.sweep import Sweeper
from auth0sync.tasks import CLUSTER_NAME

logger = logging.getLogger(__name__)

TICK_S = 1.0
BEAT_EVERY_S = 15.0
DEAD_AFTER_S = 75.0
STOP_WITHIN_S = 60.0
A_DAY = timedelta(days=1)


class Worker:
    """``manage.py qcluster``: one cluster, its watchdog, and a candidate for the sweep."""

    def __init__(self) -> None:
        self._sweeper = Sweeper()
        self._stopping = threading.Event()
        self._starts = 0
        self._name = ""
        self._cluster: subprocess.Popen[bytes] | None = None
        self._processes: dict[int, psutil.Process] = {}
        self._beat_queued_at = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let what runs finish, within 60 seconds."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self._start_cluster()
        while not self._stopping.wait(TICK_S):
            close_old_connections()
            try:
                self._watch()
                self._sweeper.tick()
            except DatabaseError:
                logger.exception("The database doesn't answer; trying again in %d s.", TICK_S)
        self._end()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _start_cluster(self) -> None:
        self._starts += 1
        self._name = f"{socket.gethostname()}:{os.getpid()}:{self._starts}"
        command = [sys.executable, sys.argv[0], "qcluster", "--cluster-only"]
        self._cluster = subprocess.Popen(  # noqa: S603
            command, env={**os.environ, CLUSTER_NAME: self._name}
        )
        self._processes = {}
        self._beat_queued_at = 0.0
        Heartbeat.objects.filter(started_at__lt=Now() - A_DAY).delete()
        Heartbeat.objects.create(name=self._name)

    def _watch(self) -> None:
        """Record the cluster's processes; queue a heartbeat; replace a cluster without one."""
        if self._cluster is None or self._cluster.poll() is not None:
            logger.error("The cluster has ended; starting another.")
            self._replace_cluster()
            return
        self._remember_processes(self._cluster.pid)
        heart = Heartbeat.objects.filter(name=self._name)
        unanswered = heart.filter(queued_at__isnull=False).filter(
            Q(beaten_at__isnull=True) | Q(beaten_at__lt=F("queued_at"))
        )
        waited_s = time.monotonic() - self._beat_queued_at
        if not unanswered.exists():
            if waited_s >= BEAT_EVERY_S:
                self._beat_queued_at = time.monotonic()
                heart.update(queued_at=Now())
                async_task("auth0sync.tasks.beat", self._name)
        elif waited_s >= DEAD_AFTER_S:
            logger.error("The cluster gave no sign of life for %d s; replacing it.", waited_s)
            self._replace_cluster()

    def _remember_processes(self, pid: int) -> None:
        try:
            parent = psutil.Process(pid)
            found = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        self._processes.update({process.pid: process for process in found})

    def _replace_cluster(self) -> None:
        self._kill_cluster()
        self._start_cluster()

    def _kill_cluster(self) -> None:
        """SIGKILL to all recorded processes: a hanging cluster no longer listens to SIGTERM."""
        for process in self._processes.values():
            try:
                process.kill()  # psutil makes sure that the pid is still the same process
            except psutil.NoSuchProcess:
                continue
        if self._cluster is not None:
            self._cluster.kill()
            self._cluster.wait()
        Heartbeat.objects.filter(name=self._name).delete()

    def _end(self) -> None:
        if self._cluster is not None:
            self._cluster.terminate()
            self._wait_for(self._cluster)
        with suppress(DatabaseError):  # it may be what made us stop
            self._sweeper.stop()
            self._kill_cluster()

    @staticmethod
    def _wait_for(cluster: subprocess.Popen[bytes]) -> None:
        """Let what runs finish, as long as anything runs.

        A SIGTERM to the whole group ends the cluster's guard at once, and the cluster would wait
        for a guard that is gone.
        """
        deadline = time.monotonic() + STOP_WITHIN_S
        while cluster.poll() is None and time.monotonic() < deadline:
            time.sleep(TICK_S / 5)
            try:
                below = psutil.Process(cluster.pid).children(recursive=True)
                if all(process.status() == psutil.STATUS_ZOMBIE for process in below):
                    return
            except psutil.NoSuchProcess:
                continue


def run_cluster() -> None:
    """Run the queue's own cluster, in which every process ends when its parent is gone."""
    from django_q.cluster import Cluster

    os.register_at_fork(after_in_child=_end_with_parent)
    _end_with_parent()
    Cluster().start()


def _end_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(TICK_S)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
