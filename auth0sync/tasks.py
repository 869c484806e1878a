"""What the queue runs. A task carries an employee's id and nothing else."""

import os
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from django.db.models.functions import Now

from auth0sync import bulk, events_look, events_poll, switch
from auth0sync.due import next_due
from auth0sync.engine import sync
from auth0sync.models import Heartbeat
from auth0sync.pace import is_open

GO_ON_FOR_S = 20.0  # after its own employee a task goes on with the most urgent due ones
LAST_CALL_S = 45.0  # the queue would kill it at 55
OTHERS_MOST = 20  # workers that may pick at the same moment, on all machines
EVENTS_EVERY = 4  # picks, while employees are due too
FAIR_EVERY = 5  # picks; this one goes to whoever has waited longest, leavers excepted
BEAT = "auth0sync.tasks.beat"
CLUSTER_NAME = "AUTH0SYNC_CLUSTER"  # set by the parent (cluster.py) for its cluster

_picks = count(1)  # of this process: a task may be too short for its own


def sync_employee(employee_id: int) -> None:
    """Sync this employee, then the most urgent due ones for up to 20 s."""
    started = time.monotonic()
    if _show_life():
        sync(employee_id, until=started + LAST_CALL_S)
        sync_due(started)


def sync_due(started: float | None = None) -> None:
    """Sync the most urgent due employees until none is left, or 20 s after ``started``.

    Every other pick goes to an import job, where one has something to do: a step of it, which does
    for hundreds what a pick does for one. Every fourth goes to what Auth0 says has happened:
    whoever makes events up takes no more than that from the others.
    """
    started = time.monotonic() if started is None else started
    while time.monotonic() < started + GO_ON_FOR_S and _show_life():
        if not (switch.is_on() and is_open()):
            return
        pick, last_call = next(_picks), started + LAST_CALL_S
        if pick % 2 and bulk.follow_next(last_call):
            continue
        if pick % EVENTS_EVERY == 0 and _heed_events(last_call):
            continue
        ids = next_due(OTHERS_MOST, fair=pick % FAIR_EVERY == 0)
        # Whoever is first may just have been taken by another worker: then the next one.
        if any(sync(pk, until=last_call) for pk in ids) or bulk.follow_next(last_call):
            continue
        if not _heed_events(last_call):
            return


def _heed_events(last_call: float) -> bool:
    """Read on in Auth0's log, or look at an account of which it tells; False without either."""
    return events_poll.read_on(last_call) or events_look.look_next(last_call)


def beat(name: str) -> None:
    """The question whether the cluster of this name lives; :func:`answer_beat` answers it.

    All clusters of an installation take from one queue. One that takes the question meant for
    another hands it back, since it can't answer for it; the other's parent asks again.
    """
    if name != os.environ.get(CLUSTER_NAME):
        Heartbeat.objects.filter(pk=name).update(queued_at=None)


def answer_beat(task: Mapping[str, Any], **kwargs: object) -> None:
    """A sign of life, once a beat has gone all the way through this cluster.

    The queue sends it (post_execute) in the process that takes the results: where that one hangs,
    workers still work, but no task is ever acknowledged.
    """
    if task["func"] == BEAT and list(task["args"]) == [os.environ.get(CLUSTER_NAME)]:
        _show_life()


def _show_life() -> bool:
    """A worker at work is a sign of life too: the heartbeat may stand behind it in the queue.

    False when the parent has taken the row away, because the cluster has to end: what is due
    stays due, and another worker, or the next start, goes on with it.
    """
    name = os.environ.get(CLUSTER_NAME)
    return not name or bool(Heartbeat.objects.filter(pk=name).update(beaten_at=Now()))
