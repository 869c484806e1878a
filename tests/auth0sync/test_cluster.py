"""The cluster as a program: what belongs to it, and how it ends. Small programs play its part."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django_q import cluster as queue
from django_q.signals import post_execute

from auth0sync import cluster as module
from auth0sync.cluster import Cluster, end_with, run_cluster
from auth0sync.task_queue import Queue
from tests.processes import outliving, wait_for

BEGINS = """
import os, signal, subprocess, sys, time
from pathlib import Path
here = Path(__file__).parent
def say(name, text):
    (here / "part").write_text(text)
    os.rename(here / "part", here / name)
def child(code): return subprocess.Popen([sys.executable, "-c", code])
LONG = "import time; time.sleep(60)"
"""
BETWEEN = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"
)
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class Played:
    """Starts a cluster whose program is the given Python text."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.started: list[psutil.Process] = []

    def start(self, program: str) -> Cluster:
        """Returns once the program has said "ready"."""
        path = self.folder / "program.py"
        path.write_text(f"{BEGINS}{program}\nsay('ready', str(os.getpid()))\ntime.sleep(60)\n")
        self.monkeypatch.setattr(sys, "argv", [str(path)])
        cluster = Cluster("machine:1:1")
        pid = int(wait_for(lambda: self.said("ready"), 30))
        self.started = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return cluster

    def said(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    played = Played(tmp_path, monkeypatch)
    yield played
    for process in played.started:
        if process.is_running():
            process.kill()


def test_it_is_told_its_name_and_its_parent(played: Played) -> None:
    cluster = played.start(
        "say('told', ' '.join([*sys.argv[1:], os.environ['AUTH0SYNC_CLUSTER']]))"
    )

    assert played.said("told") == f"qcluster --cluster-of {os.getpid()} machine:1:1"
    assert not cluster.has_ended()
    cluster.kill()
    assert cluster.has_ended()


def test_all_of_it_is_killed_also_what_lost_its_own_parent_meanwhile(played: Played) -> None:
    cluster = played.start(f"child(LONG); child({BETWEEN!r})")
    family = wait_for(lambda: whole_family(cluster, 4), 30)
    played.started = family
    cluster.remember()
    between = next(each for each in family[1:] if each.children())
    between.kill()
    outliving([between], 10)
    cluster.remember()

    cluster.kill()

    assert outliving(family, 10) == []


def whole_family(cluster: Cluster, count: int) -> list[psutil.Process]:
    program = psutil.Process(cluster._program.pid)
    family = [program, *program.children(recursive=True)]
    return family if len(family) == count else []


def test_a_process_that_ended_by_itself_is_no_trouble(played: Played) -> None:
    cluster = played.start("child('pass').wait()")
    cluster.remember()
    played.started[0].kill()
    wait_for(cluster.has_ended, 10)

    cluster.remember()
    cluster.end(600)

    assert cluster.has_ended()


def test_what_runs_is_let_finish(played: Played) -> None:
    cluster = played.start(
        "def finish(*_):\n  time.sleep(1); say('finished', 'yes'); child_.kill(); sys.exit()\n"
        "signal.signal(signal.SIGTERM, finish)\nchild_ = child(LONG)"
    )

    cluster.end(30)

    assert played.said("finished") == "yes"
    assert outliving(played.started, 10) == []


def test_what_does_not_finish_is_killed_in_the_end(played: Played) -> None:
    cluster = played.start(f"{DEAF}child(LONG)")
    began = time.monotonic()

    cluster.end(1)

    assert time.monotonic() - began >= 1
    assert outliving(played.started, 10) == []


def test_a_cluster_that_waits_for_a_guard_that_is_gone_is_not_waited_for(played: Played) -> None:
    cluster = played.start(f"{DEAF}child('pass')")  # a zombie, as whoever ended unheard

    cluster.end(600)

    assert cluster.has_ended()


def test_a_process_ends_once_its_parent_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([42, 42, 1])
    ended: list[int] = []
    monkeypatch.setattr(module, "PARENT_GONE_AFTER_S", 0.01)
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", ended.append)

    end_with(42)

    wait_for(lambda: ended, 10)
    assert ended == [1]


def test_every_process_of_the_cluster_ends_with_the_one_that_forked_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched: list[int] = []
    hooks: dict[str, Any] = {}
    started: list[type] = []
    monkeypatch.setattr(module, "end_with", watched.append)
    monkeypatch.setattr(os, "register_at_fork", lambda **given: hooks.update(given))
    monkeypatch.setattr(queue, "Queue", queue.Queue)  # put back after the test
    monkeypatch.setattr("django_q.cluster.Cluster.__init__", lambda self: None)
    monkeypatch.setattr("django_q.cluster.Cluster.start", lambda self: started.append(queue.Queue))

    try:
        run_cluster(42)
        hooks["before"]()
        hooks["after_in_child"]()
        assert post_execute.has_listeners()
    finally:
        post_execute.disconnect(dispatch_uid="auth0sync.beat")

    assert started == [Queue], "started, and with our queue"
    assert watched == [42, os.getpid()]
