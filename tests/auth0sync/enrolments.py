"""Enrolments for tests, worked off here instead of by the queue."""

import time

from django.contrib.auth import get_user_model

from auth0sync.due import next_due
from auth0sync.engine import sync
from auth0sync.enrolling import Whom, begin
from auth0sync.enrolment import Choice
from employees.authority import Actor
from employees.mass import changes
from employees.mass.models import MassChange
from employees.mass.working import work
from tests.builders import boss


def a_boss() -> Actor:
    """A break-glass administrator who exists, since the queue looks up who they are now."""
    return boss(get_user_model().objects.create_superuser("boss").pk)


def previewed(actor: Actor, whom: Whom | None = None, choice: Choice | None = None) -> MassChange:
    """An enrolment that waits to be confirmed."""
    return slice_of(begin(whom or Whom(), choice or Choice(), actor, "Everybody"))


def carried_out(change: MassChange, actor: Actor) -> MassChange:
    """Confirmed and worked off, as far as the rows go."""
    assert changes.confirm(change.pk, change.version, actor)
    return slice_of(change)


def undone(change: MassChange, actor: Actor) -> MassChange:
    """Taken back."""
    assert changes.undo(change.pk, change.version, actor)
    return slice_of(change)


def slice_of(change: MassChange) -> MassChange:
    """What the queue does with it in one task."""
    work(change.pk, until=time.monotonic() + 20)
    return MassChange.objects.get(pk=change.pk)


def sync_all() -> None:
    """The engine, until nobody is due."""
    while ids := next_due(50):
        for pk in ids:
            sync(pk)
