"""What differs between the kinds of mass changes: how their rows come about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from employees.authority import Actor
from employees.errors import EmployeesError
from employees.mass.models import MassChange, MassRow


@dataclass(frozen=True)
class Kind:
    """How a kind prepares its rows.

    prepare: called with the mass change and ``go_on``, by one process at a time. It stages rows
    (``changes.add_rows``) page by page, asks ``go_on()`` after each page, and returns True when all
    are there; False when ``go_on()`` said no: then it is called again, maybe in another process,
    and continues after ``changes.last_line``. Raises ``CannotPrepare`` with a sentence for whoever
    began it. It may write what it found out to ``recognised`` (``changes.note``).
    summarise: the numbers for the preview, from the rows; kept in ``MassChange.summary`` and
    computed again whenever an answer changes what would be done.
    look_again: asked in the transaction that carries a row out, with the actor: why it isn't as it
    was foreseen any more, beyond what ``MassRow.before`` tells, in a sentence; "" for it is.
    personal: the keys of ``recognised`` under which something of people stands; they go with the
    rows.
    """

    prepare: Callable[[MassChange, Callable[[], bool]], bool]
    summarise: Callable[[MassChange], dict[str, Any]]
    look_again: Callable[[MassRow, MassChange, Actor], str] = lambda row, change, actor: ""
    personal: tuple[str, ...] = ()


class NoLonger(EmployeesError):
    """A row can't be carried out as it was foreseen; the message says what has moved since."""


class CannotPrepare(Exception):
    """Nothing can be done with this file or choice; the message says why and how to mend it."""


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Say how mass changes of this kind (``MassChange.Kind``) are prepared; from ``ready()``."""
    _kinds[name] = kind


def kind_of(change: MassChange) -> Kind:
    """How this one is prepared."""
    return _kinds[change.kind]
