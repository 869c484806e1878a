"""The parent of the queue's cluster: sweeps, watches, and starts the cluster again.

The queue's own guard notices who has ended below it, but not what hangs, itself included: so a task
has to come back as a sign of life. A database or a queue that is away is no reason to end: both are
tried again every second.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django_q.tasks import async_task, queue_size
from redis import RedisError

from auth0sync.cluster import Cluster
from auth0sync.models import Heartbeat
from auth0sync.reconcile_child import Comparing
from auth0sync.sweep import Sweeper
from auth0sync.tasks import BEAT
from auth0sync.watch_queue import has_answered
from employees import request_ids
from employees.counters import count

logger = logging.getLogger(__name__)

TICK_S = 1.0
BETWEEN_SLICES_S = 0.02  # of a pass over all rows
BEAT_EVERY_S = 15.0
DEAD_AFTER_S = 75.0
START_AGAIN_AFTER_S = 5.0  # from one start to the next: without its queue a cluster ends at once
STOP_WITHIN_S = 60.0
SAY_EVERY_S = 60.0
A_DAY = timedelta(days=1)
AWAY = (DatabaseError, RedisError)  # what comes back by itself


class Worker:
    """``manage.py qcluster``: one cluster, its watchdog, and a candidate for the sweep."""

    def __init__(self) -> None:
        self._sweeper = Sweeper()
        self._is_sweeper = False
        self._comparing = Comparing()
        self._stopping = threading.Event()
        self._starts = 0
        self._cluster: Cluster | None = None
        self._start_at = 0.0
        self._watch_at = 0.0
        self._asked_at: float | None = None  # since when a sign of life is awaited
        self._ask_at = 0.0
        self._said: dict[str, float] = {}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let what runs finish, within 60 seconds."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        while not self._stopping.is_set():
            self._tick()
            self._stopping.wait(BETWEEN_SLICES_S if self._sweeper.is_under_way else TICK_S)
        self._end()

    def _tick(self) -> None:
        close_old_connections()
        now = time.monotonic()
        # Apart: without its queue the sweep still notes who is due.
        if now >= self._watch_at:
            self._watch_at = now + TICK_S
            if not self._try("watch the workers", self._watch):
                # What was asked may be lost with what was away: ask anew, with as much patience.
                self._asked_at, self._ask_at = None, 0.0
        self._try("sweep", self._sweep)
        if self._is_sweeper:  # one of all machines
            self._try("compare", self._comparing.tick)

    def _sweep(self) -> None:
        with request_ids.bound():  # whoever it marks due carries the id of this slice
            self._is_sweeper = self._sweeper.tick()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _try(self, what: str, job: Callable[[], object]) -> bool:
        """Do the job; False when the database or the queue is away, said once a minute."""
        try:
            job()
        except AWAY as error:
            now = time.monotonic()
            if now >= self._said.get(what, 0.0):
                self._said[what] = now + SAY_EVERY_S
                logger.error("Can't %s, trying again every %d s: %s", what, TICK_S, error)
            return False
        if self._said.pop(what, None):
            logger.warning("Can %s again.", what)
        return True

    def _watch(self) -> None:
        """Record the cluster's processes, ask for a sign of life, replace a cluster without one."""
        now = time.monotonic()
        if self._cluster is None:
            if now >= self._start_at:
                self._start_cluster(now)
        elif self._cluster.has_ended():
            logger.error("The cluster has ended; starting another.")
            self._kill(self._cluster)
        else:
            self._cluster.remember()
            self._take_pulse(self._cluster, now)

    def _start_cluster(self, now: float) -> None:
        if not self._starts:  # however long nothing ran before: it counts from now
            has_answered()
        self._starts += 1
        self._start_at = now + START_AGAIN_AFTER_S
        self._asked_at, self._ask_at = None, now
        self._cluster = Cluster(f"{socket.gethostname()[:60]}:{os.getpid()}:{self._starts}")
        last = Coalesce("beaten_at", "started_at")
        Heartbeat.objects.annotate(last=last).filter(last__lt=Now() - A_DAY).delete()

    def _take_pulse(self, cluster: Cluster, now: float) -> None:
        """Ask every 15 s, with at most one question in the queue; dead after 75 s of silence."""
        heart = Heartbeat.objects.filter(pk=cluster.name)
        if self._asked_at is not None and heart.filter(beaten_at__gte=F("queued_at")).exists():
            self._asked_at = None
            has_answered()
        if self._asked_at is None:
            if now >= self._ask_at:
                _ask(cluster)
                self._asked_at, self._ask_at = now, now + BEAT_EVERY_S
        elif now - self._asked_at >= DEAD_AFTER_S:
            logger.error(
                "The cluster gave no sign of life for %d s; replacing it.", now - self._asked_at
            )
            self._kill(cluster)
        elif heart.filter(queued_at__isnull=True).exists() or (
            now >= self._ask_at and queue_size() == 0
        ):
            # Another cluster took the question, or it was lost with the queue. The time goes on.
            _ask(cluster)
            self._ask_at = now + BEAT_EVERY_S

    def _kill(self, cluster: Cluster) -> None:
        cluster.kill()
        self._cluster = None
        count("auth0_cluster_restarts")
        Heartbeat.objects.filter(pk=cluster.name).delete()

    def _end(self) -> None:
        cluster = self._cluster
        self._comparing.end()
        self._try("give the sweep back", self._sweeper.stop)
        if cluster is not None:
            # Workers look for this row before they go on with somebody else.
            heart = Heartbeat.objects.filter(pk=cluster.name)
            self._try("tell the workers", heart.delete)
            cluster.end(STOP_WITHIN_S)


def _ask(cluster: Cluster) -> None:
    """Queue a task that does nothing but go through the whole cluster."""
    Heartbeat.objects.update_or_create(pk=cluster.name, defaults={"queued_at": Now()})
    async_task(BEAT, cluster.name)
