"""What the queue runs. A task carries an employee's id and nothing else."""

import os
import time

from django.db.models.functions import Now

from auth0sync.due import is_provisioning_on, next_due
from auth0sync.engine import sync
from auth0sync.models import Heartbeat
from auth0sync.pace import is_open

GO_ON_FOR_S = 20.0  # after its own employee a task goes on with the most urgent due ones
LAST_CALL_S = 45.0  # the queue would kill it at 55
CLUSTER_NAME = "AUTH0SYNC_CLUSTER"  # set by the parent (worker.py) for its cluster


def sync_employee(employee_id: int) -> None:
    """Sync this employee, then the most urgent due ones for up to 20 s."""
    started = time.monotonic()
    sync(employee_id, until=started + LAST_CALL_S)
    sync_due(started)


def sync_due(started: float | None = None) -> None:
    """Sync the most urgent due employees until none is left, or 20 s after ``started``."""
    started = time.monotonic() if started is None else started
    while time.monotonic() < started + GO_ON_FOR_S and is_provisioning_on() and is_open():
        _show_life()
        ids = next_due(5)
        # Whoever is first may just have been taken by another worker: then the next one.
        if not any(sync(pk, until=started + LAST_CALL_S) for pk in ids):
            return


def beat(name: str) -> None:
    """A sign of life of the cluster of this name: a worker has taken and run a task."""
    Heartbeat.objects.filter(pk=name).update(beaten_at=Now())


def _show_life() -> None:
    """A worker at work is a sign of life too: the heartbeat may stand behind it in the queue."""
    name = os.environ.get(CLUSTER_NAME)
    if name:
        beat(name)
