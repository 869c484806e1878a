"""``manage.py qcluster``: what it looks at before it begins."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from auth0sync.management.commands import qcluster
from auth0sync.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was begun, instead of beginning it."""
    begun: list[Any] = []
    monkeypatch.setattr(Worker, "run", lambda self: begun.append("worker"))
    monkeypatch.setattr(qcluster, "run_cluster", begun.append)
    return begun


def test_it_runs_the_worker(began: list[Any]) -> None:
    call_command("qcluster")

    assert began == ["worker"]


def test_it_runs_the_cluster_alone_for_the_parent_that_says_so(began: list[Any]) -> None:
    call_command("qcluster", cluster_of=42)

    assert began == [42]


def test_it_refuses_a_database_without_its_tables(
    began: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["employees"])

    with pytest.raises(CommandError, match="run migrate first"):
        call_command("qcluster")

    assert began == []


def test_it_begins_while_the_database_is_away(
    began: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> list[str]:
        raise OperationalError("Can't connect to server")

    monkeypatch.setattr(connection.introspection, "table_names", gone)

    call_command("qcluster")

    assert began == ["worker"]
