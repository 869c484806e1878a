"""Mass changes for tests, prepared from rows that the test gives."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from employees.authority import Actor
from employees.mass import changes, kinds
from employees.mass.models import MassChange, MassRow
from employees.mass.working import work

_numbers = count(1)


def a_user() -> User:
    """A break-glass administrator."""
    return get_user_model().objects.create_superuser(f"boss{next(_numbers)}")


def staged(
    actor: Actor,
    *rows: dict[str, Any],
    kind: str = "test",
    prepare: Callable[[MassChange, Callable[[], bool]], bool] | None = None,
) -> MassChange:
    """A mass change with these rows (columns of ``MassRow``), as the queue has prepared it."""

    def stage(change: MassChange, go_on: Callable[[], bool]) -> bool:
        changes.add_rows(
            change, [MassRow(change=change, line=n, **row) for n, row in enumerate(rows, start=2)]
        )
        return go_on()

    # Of a kind that no other test looks at: it stays registered.
    kinds.register(kind, kinds.Kind(prepare or stage, lambda change: {}))
    change = changes.begin(kind, "newcomers.csv", actor)
    work(change.pk, until=time.monotonic() + 60)
    change.refresh_from_db()
    return change


def work_off(change: MassChange, actor: Actor) -> MassChange:
    """Confirm it as ``actor`` and carry it out."""
    assert changes.confirm(change.pk, change.version, actor)
    work(change.pk, until=time.monotonic() + 60)
    change.refresh_from_db()
    return change
