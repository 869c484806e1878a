"""What the parent of the workers decides: when it asks, waits, kills, starts again and ends.

The clock and the cluster are played; the heartbeats and the queue are the database's own.
"""

import signal
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.models import OrmQ
from redis import ConnectionError as RedisAway

from auth0sync import tasks, worker
from auth0sync.models import Heartbeat, TenantState
from auth0sync.sweep import Sweeper
from auth0sync.worker import Worker

pytestmark = pytest.mark.usefixtures("state")


class PlayedCluster:
    """A cluster that does what it is told, and remembers what was done to it."""

    all: list["PlayedCluster"] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self.ended = False
        self.done: list[str] = []
        PlayedCluster.all.append(self)

    def has_ended(self) -> bool:
        return self.ended

    def remember(self) -> None:
        self.done.append("remembered")

    def kill(self) -> None:
        self.done.append("killed")

    def end(self, within_s: float) -> None:
        rows = Heartbeat.objects.filter(pk=self.name).exists() if not away else "away"
        self.done.append(f"ended within {within_s:.0f} s, row there: {rows}")

    def answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The task in the queue goes through it."""
        with monkeypatch.context() as env:
            env.setenv(tasks.CLUSTER_NAME, self.name)
            tasks.beat(self.name)
            tasks.answer_beat({"func": tasks.BEAT, "args": (self.name,)})
        OrmQ.objects.all().delete()


class Played:
    """A worker on a clock that a test turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        PlayedCluster.all = []
        monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(worker, "Cluster", PlayedCluster)
        # It would close the connection that holds this test's transaction.
        monkeypatch.setattr(worker, "close_old_connections", lambda: None)
        self.worker = Worker()
        self.tick()
        self.tick()

    def tick(self, seconds: float = 1.0) -> None:
        """Let so many seconds pass and look once."""
        self.now += seconds
        self.worker._tick()

    @property
    def cluster(self) -> PlayedCluster:
        return PlayedCluster.all[-1]


away: list[str] = []  # what doesn't answer now


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    away.clear()
    return Played(monkeypatch)


def questions() -> int:
    """How many heartbeat tasks stand in the queue."""
    return sum(row.func() == "auth0sync.tasks.beat" for row in OrmQ.objects.all())


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Called with ``with``: every statement fails, as when the server is away."""

    def fail(*args: Any) -> None:
        raise OperationalError("gone away")

    return lambda: connection.execute_wrapper(fail)


def test_a_sign_of_life_is_asked_for_at_once(played: Played) -> None:
    assert questions() == 1


def test_it_is_asked_for_again_15_seconds_later(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.cluster.answers(monkeypatch)

    played.tick(13)
    early = questions()
    played.tick(2)

    assert (early, questions()) == (0, 1)


def test_there_is_never_more_than_one_question_in_the_queue(played: Played) -> None:
    for _ in range(7):
        played.tick(10)

    assert questions() == 1
    assert len(PlayedCluster.all) == 1


def test_a_question_that_was_lost_with_the_queue_is_asked_again(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    OrmQ.objects.all().delete()

    played.tick(15)

    assert questions() == 1
    played.cluster.answers(monkeypatch)
    played.tick(70)
    assert len(PlayedCluster.all) == 1


def test_questions_that_are_taken_and_never_answered_win_no_time(played: Played) -> None:
    for _ in range(8):
        OrmQ.objects.all().delete()
        played.tick(10)

    assert played.cluster.done[-1] == "killed"


def test_a_cluster_silent_for_75_seconds_is_killed_and_another_started(played: Played) -> None:
    silent = played.cluster

    played.tick(75)
    played.tick(5)

    assert silent.done[-1] == "killed"
    assert played.cluster is not silent
    assert not Heartbeat.objects.filter(pk=silent.name).exists()


def test_a_worker_at_work_is_a_sign_of_life(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tasks.CLUSTER_NAME, played.cluster.name)

    played.tick(70)
    tasks.sync_due()
    played.tick(10)

    assert len(PlayedCluster.all) == 1


def test_another_clusters_worker_does_not_answer_for_this_one(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tasks.CLUSTER_NAME, "another machine")

    for _ in range(8):
        OrmQ.objects.all().delete()
        tasks.beat(played.cluster.name)
        tasks.answer_beat({"func": tasks.BEAT, "args": (played.cluster.name,)})
        played.tick(9)
        assert questions() == 1, "asked again, since it was handed back"
    played.tick(9)

    assert played.cluster.done[-1] == "killed"


def test_a_cluster_that_ended_is_started_again_but_not_at_once_every_second(
    played: Played,
) -> None:
    played.cluster.ended = True

    played.tick()  # the third second after its start: what is left of it is killed
    played.tick()
    early = len(PlayedCluster.all)
    played.tick(2)

    assert PlayedCluster.all[0].done[-1] == "killed"
    assert (early, len(PlayedCluster.all)) == (1, 2)


def test_the_processes_of_a_healthy_cluster_are_recorded(played: Played) -> None:
    assert played.cluster.done == ["remembered"]


def test_forgotten_heartbeats_are_removed_at_a_start_and_those_of_others_stay(
    played: Played,
) -> None:
    week, day = timedelta(days=7), timedelta(days=1, seconds=1)
    Heartbeat.objects.create(pk="died last week", started_at=Now() - week)
    Heartbeat.objects.create(pk="silent", started_at=Now() - week, beaten_at=Now() - day)
    Heartbeat.objects.create(pk="lives", started_at=Now() - week, beaten_at=Now())

    played.cluster.ended = True
    played.tick(10)
    played.tick(10)

    names = set(Heartbeat.objects.exclude(pk=played.cluster.name).values_list("pk", flat=True))
    assert names == {"lives"}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_ends_nothing_and_is_no_silence_of_the_cluster(
    played: Played, no_database: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with no_database():
        for _ in range(100):
            played.tick()
    said = [record.message for record in caplog.records]
    OrmQ.objects.all().delete()
    played.tick()

    assert len(PlayedCluster.all) == 1
    assert questions() == 1, "what was asked before may be lost: it is asked anew"
    assert (
        said
        == [
            "Can't watch the workers, trying again every 1 s: gone away",
            "Can't sweep, trying again every 1 s: gone away",
        ]
        * 2
    ), "once a minute"
    assert [record.message for record in caplog.records[4:]] == [
        "Can watch the workers again.",
        "Can sweep again.",
    ]


def test_without_its_queue_it_still_sweeps_and_asks_when_the_queue_is_back(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.cluster.answers(monkeypatch)
    TenantState.objects.update(sweep_lease="")
    with monkeypatch.context() as failing:
        failing.setattr(worker, "async_task", refuse)
        for _ in range(100):
            played.tick()
    assert TenantState.objects.get().sweep_lease, "the sweep went on"
    assert questions() == 0

    played.tick()

    assert questions() == 1
    assert len(PlayedCluster.all) == 1


def refuse(*args: Any) -> None:
    raise RedisAway("Connection refused")


def run_until(signum: int, monkeypatch: pytest.MonkeyPatch, played: Played) -> None:
    """``run``, with the signal after its first look."""
    handlers: dict[int, Callable[..., None]] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    look = played.worker._tick

    def once() -> None:
        played.now += 1.0
        look()
        handlers[signum](signum, None)

    monkeypatch.setattr(played.worker, "_tick", once)
    played.worker.run()


def test_slices_of_a_pass_follow_one_another_while_the_cluster_is_looked_at_once_a_second(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        played.now += seconds
        if sum(waits) > 2:
            played.worker._stopping.set()

    looked = played.cluster.done.count("remembered")
    monkeypatch.setattr(signal, "signal", lambda *args: None)
    monkeypatch.setattr(played.worker._stopping, "wait", wait)
    under_way = iter([True] * 51 + [False] * 9)
    monkeypatch.setattr(Sweeper, "is_under_way", property(lambda self: next(under_way)))

    played.worker.run()

    assert waits == [0.02] * 51 + [1.0]
    assert played.cluster.done.count("remembered") - looked == 1


def test_of_all_machines_the_one_that_sweeps_compares(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    monkeypatch.setattr(played.worker._comparing, "tick", lambda: looks.append(played.now))
    TenantState.objects.update(
        sweep_lease="another", sweep_lease_until=Now() + timedelta(minutes=5)
    )
    played.tick()
    assert looks == []

    TenantState.objects.update(sweep_lease_until=Now() - timedelta(minutes=1))
    played.tick(60)
    assert looks == [played.now]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_gives_the_sweep_back_tells_the_workers_and_lets_them_finish(
    signum: int, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_until(signum, monkeypatch, played)

    assert played.cluster.done[-1] == "ended within 60 s, row there: False"
    assert TenantState.objects.get().sweep_lease == ""


@pytest.mark.django_db(transaction=True)
def test_it_ends_too_when_the_database_is_away(
    played: Played,
    monkeypatch: pytest.MonkeyPatch,
    no_database: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    away.append("database")
    with no_database():
        run_until(signal.SIGTERM, monkeypatch, played)

    assert played.cluster.done[-1] == "ended within 60 s, row there: away"


def test_a_signal_while_there_is_no_cluster_starts_none(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.cluster.ended = True
    run_until(signal.SIGTERM, monkeypatch, played)

    assert len(PlayedCluster.all) == 1
    assert played.cluster.done[-1] == "killed"
