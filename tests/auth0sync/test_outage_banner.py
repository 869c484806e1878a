"""What people are told while Auth0 can't do something, and what works all the same."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from auth0sync.context import notices
from auth0sync.due import mark_due
from auth0sync.engine import sync
from auth0sync.models import Account, Pause, TenantState
from auth0sync.outage import auth0_is_down, is_paused, who_waits
from employees.models import Employee
from employees.services import change_employee, deactivate
from tests.auth0sync.people import account_of, add, by_sql
from tests.builders import boss, make_auth, make_employee
from tests.devtenant.running import RunningTenant
from tests.employees.kiosk_browser import enrolled
from tests.signed_in import signed_in

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PIN = "7391"


@pytest.fixture
def outage(state: TenantState, settings: Settings) -> None:
    """Auth0 is configured, and hasn't answered for an hour."""
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    settings.MAIL_CONFIGURED = True
    TenantState.objects.update(down_since=Now() - timedelta(hours=1), probe_at=Now())


def ask(client: Client, call: str, body: dict[str, Any], token: str = "") -> Any:
    """POST as the clients of the Flask application do."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return client.post(
        f"/api/employee/{call}", json.dumps(body), content_type="application/json", headers=headers
    )


def at_the_kiosk(browser: Client, person: Employee) -> None:
    """Number and PIN, as two steps."""
    browser.post("/kiosk/", {"number": str(person.pk)})
    browser.post("/kiosk/pin/", {"pin": PIN})


# In words


def test_an_outage_says_since_when_and_what_works() -> None:
    said = auth0_is_down(NOON - timedelta(hours=1), NOON)

    assert said.startswith("Auth0 hasn't answered since 11:00 UTC.")
    for works in ("adding and changing people", "the kiosk works", "refused here and at the kiosk"):
        assert works in said


def test_who_waits_is_counted_with_the_first_of_them() -> None:
    assert who_waits(0, None, NOON) == ""
    assert who_waits(1, NOON, NOON) == " 1 person waits, since 12:00 UTC."
    assert who_waits(1, None, NOON) == " 1 person waits."
    assert who_waits(7, NOON, NOON) == " 7 people wait, the first since 12:00 UTC."
    assert who_waits(7, None, NOON) == " 7 people wait."


def test_a_pause_is_told_in_plain_words_and_to_administrators_in_full() -> None:
    error = "Auth0 doesn't allow this: grant the scope create:users."

    plain = is_paused("create", NOON, error, NOON, is_admin=False)
    full = is_paused("create", NOON, error, NOON, is_admin=True)

    assert plain.startswith("Since 12:00 UTC the console can't make new accounts")
    assert "scope" not in plain
    assert "everything else goes on" in plain
    assert error in full
    assert "can't do anything in Auth0" in is_paused("token", NOON, error, NOON, is_admin=False)


# On the pages


def test_the_banner_stands_on_every_page_with_who_waits(outage: None) -> None:
    manager, _ = signed_in("manager")
    for number in range(2):
        add(email=f"p{number}@example.com")
    Account.objects.update(waiting_since=Now() - timedelta(minutes=30))

    page = manager.get(reverse("admin:employees_employee_changelist")).content.decode()

    assert "Auth0 hasn&#x27;t answered since" in page
    assert re.search(r"2 people wait, the first since .*\d\d:\d\d", page)


def test_waiting_counts_from_the_first_mark_until_it_is_done(tenant: RunningTenant) -> None:
    ana = add("none")
    first = account_of(ana).waiting_since
    assert first is not None

    mark_due([ana.pk], actor="test")
    assert account_of(ana).waiting_since == first
    sync(ana.pk)
    assert account_of(ana).waiting_since is None

    by_sql(ana, auth0_role="wizard")
    sync(ana.pk)
    assert account_of(ana).waiting_since is None, "it waits for a person now"


def test_a_manager_is_told_of_a_pause_without_its_details(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    settings.MAIL_CONFIGURED = True
    add()
    Pause.objects.create(
        capability="roles", code="role_missing", error="Make the role x.", probe_at=Now()
    )

    assert "can't give roles" in notices()[0]
    assert "Make the role x." not in notices()[0]
    assert "Make the role x." in notices(is_admin=True)[0]


@pytest.mark.parametrize(
    ("capability", "who"), [("roles", " 1 person waits."), ("token", " 2 people wait, the first")]
)
def test_a_pause_says_how_many_wait_for_it(
    state: TenantState, settings: Settings, capability: str, who: str
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    ana = add()
    add(email="ben@example.com")
    Account.objects.filter(pk=ana.pk).update(waits_for=capability)
    Pause.objects.create(capability=capability, code="x", error="Mend it.", probe_at=Now())

    assert who in notices()[0]


def test_who_waits_for_another_pause_is_not_counted_with_the_one_that_is_told(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    for capability, email in [("roles", "ana@example.com"), ("update", "ben@example.com")]:
        person = add(email=email)
        Account.objects.filter(pk=person.pk).update(waits_for=capability)
        Pause.objects.create(capability=capability, code="x", error="Mend it.", probe_at=Now())

    assert "can't give roles" in notices()[0]
    assert " 1 person waits." in notices()[0]


# What works all the same


def test_people_are_added_and_changed_and_nothing_is_lost(outage: None) -> None:
    ana = add("none")
    ben = add("none", email="ben@example.com", name="Ben")

    change_employee(ben.pk, {"name": "Ben Ortiz"}, boss())

    assert {row.name for row in Employee.objects.all()} == {ana.name, "Ben Ortiz"}
    assert Account.objects.filter(due_at__isnull=False).count() == 2


def test_a_leaver_is_refused_at_once_at_every_door_that_is_ours(outage: None) -> None:
    """The console, the kiosk's page, and what the clients of the Flask application ask."""
    console, mia = signed_in("manager")
    ada, ben = make_employee(auth_method="pin"), make_employee(auth_method="pin")
    for person in (ada, ben):
        make_auth(person, pin=bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode())
    (kiosk, _), program = enrolled(), Client()
    at_the_kiosk(kiosk, ada)
    assert kiosk.get("/kiosk/me/").status_code == 200
    token = ask(program, "login", {"employee_id": ben.pk, "pin": PIN}).json()["token"]
    assert ask(program, "verify", {}, token).status_code == 200
    assert console.get(reverse("admin:index")).status_code == 200

    for person in (mia, ada, ben):
        deactivate(person.pk, boss())

    assert console.get(reverse("admin:index")).status_code in {302, 403}
    assert kiosk.get("/kiosk/me/").status_code == 303
    at_the_kiosk(kiosk, ada)
    assert kiosk.get("/kiosk/me/").status_code == 303
    assert ask(program, "verify", {}, token).status_code == 401
    assert ask(program, "login", {"employee_id": ben.pk, "pin": PIN}).status_code == 401


def test_the_kiosk_asks_nothing_of_auth0(outage: None) -> None:
    ada = make_employee(name="Ada Quill")
    make_auth(ada, pin=bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode())
    browser, _ = enrolled()

    at_the_kiosk(browser, ada)

    assert browser.get("/kiosk/me/").status_code == 200
