"""What the queue runs for this app. A task carries an id and nothing else."""

import time

from employees.mass.working import work

SLICE_S = 8.0  # so long a leaver may have to wait where all workers have one of these


def mass_change(change_id: int) -> None:
    """A slice of a mass change: of reading it, carrying it out or undoing it."""
    work(change_id, until=time.monotonic() + SLICE_S)
