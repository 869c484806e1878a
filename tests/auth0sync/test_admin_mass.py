"""What the pages of an import say of accounts before the button."""

import pytest
from django.contrib import admin
from pytest_django import Settings

from auth0sync.admin_mass import MassChangePages
from auth0sync.models import Account, BrakeCount
from employees.mass.models import MassChange, MassRow
from tests.builders import make_employee

pytestmark = pytest.mark.django_db
Outcome = MassRow.Outcome


def an_import(people: int, state: str) -> MassChange:
    """People with open accounts whose e-mail the import changes, or has changed."""
    change = MassChange.objects.create(kind="import", title="people.csv", batch="b")
    for line in range(people):
        person = make_employee(auth_method="auth0")
        Account.objects.create(pk=person.pk, origin="created", seen={"blocked": False})
        MassRow.objects.create(
            change=change,
            line=line,
            outcome=Outcome.CHANGE,
            state=state,
            is_risky=True,
            employee_id=person.pk,
        )
    return change


def pages() -> MassChangePages:
    return MassChangePages(MassChange, admin.site)


def test_what_the_brake_would_hold_is_said_before_the_button(settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (2, 0)
    change = an_import(3, "waiting")

    (held, *_) = pages().notices(change)

    assert held.startswith("The safety brake holds 3 accounts until a second person agrees")


def test_what_taking_it_back_would_have_to_wait_for_is_said_too(settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    BrakeCount.objects.create(kind="changes", employee_id=make_employee().pk, risk="block")

    (held, *_) = pages().undo_notices(an_import(1, "done"))

    assert held.startswith("The safety brake holds 1 account until")


def test_accounts_that_have_to_wait_are_announced(settings: Settings) -> None:
    settings.AUTH0_SYNC_ENABLED = False
    change = an_import(0, "waiting")
    assert pages().notices(change) == []

    change.summary = {"accounts": 2}

    (waits,) = pages().notices(change)
    assert waits.endswith("The accounts follow when that is over; nothing is lost.")


def test_a_page_that_waits_for_a_worker_that_isnt_there_says_so() -> None:
    assert pages().holdups() == ["No worker has shown a sign of life: is qcluster running?"]
