"""The queue between the processes of a cluster: read by one at a time, whoever is killed."""

import fcntl
import multiprocessing
from collections.abc import Iterator
from typing import Any

import pytest

from auth0sync.task_queue import Queue
from tests.processes import wait_for

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Processes that are ended after the test, if they haven't by then."""
    processes: list[Any] = []
    yield processes
    for process in processes:
        process.kill()
        process.join()


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = Queue()
    yield queue
    queue.close()
    queue._rlock._file.close()


def is_being_read(queue: Queue) -> bool:
    file = queue._rlock._file
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.lockf(file, fcntl.LOCK_UN)
    return False


def test_another_reads_on_when_whoever_waited_for_a_task_is_killed(
    queue: Queue, started: list[Any]
) -> None:
    started += [FORK.Process(target=queue.get) for _ in range(2)]
    first, second = started
    first.start()
    wait_for(lambda: is_being_read(queue), 20)
    second.start()

    first.kill()
    first.join()
    queue.put("task")
    second.join(20)

    assert second.exitcode == 0


def test_nobody_reads_while_another_one_does(queue: Queue, started: list[Any]) -> None:
    taken = FORK.SimpleQueue()
    texts = [str(n) * 30_000 for n in range(90)]  # each is read in several pieces

    def read() -> None:
        for text in iter(queue.get, "STOP"):
            taken.put((text[:2], len(text)))

    started += [FORK.Process(target=read) for _ in range(3)]
    for process in started:
        process.start()
    for text in [*texts, *["STOP"] * len(started)]:
        queue.put(text)
    for process in started:
        process.join(20)

    assert [process.exitcode for process in started] == [0, 0, 0]
    assert sorted(taken.get() for _ in texts) == sorted((text[:2], len(text)) for text in texts)
