"""Every role against every kind of person and every operation, at every door (requirement L7)."""

import json
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest
from django.db import transaction
from django.test import Client

from employees import services
from employees.errors import NotAllowed
from employees.models import Employee, EmployeeAuth
from employees.pins import check_pin
from tests.employees import l7_matrix
from tests.employees.l7_doors import Door, admin_door, kiosk_door, services_door
from tests.employees.l7_matrix import GRANTS, TABLE, WHAT, WHO, WHOM, Row, rows_of
from tests.employees.l7_world import ROLES, World, undrawn, world_of
from tests.employees.test_admin import ADD, NEWCOMER

pytestmark = pytest.mark.django_db
DOORS = {"services": services_door, "kiosk": kiosk_door, "admin": admin_door}
PIN, OTHER = "7391", "8264"


def differences(who: str, door: Door) -> list[str]:
    """What the door did otherwise than the table says, as sentences."""
    found: list[str] = []
    for with_one_administrator in (False, True):
        with transaction.atomic():
            world = world_of(who, with_one_administrator)
            for row in rows_of(TABLE):
                is_last = row.whom == "last_admin"
                if row.who == who and is_last == with_one_administrator:
                    found += differences_of(row, world, door)
            transaction.set_rollback(True)
    return found


def differences_of(row: Row, world: World, door: Door) -> Iterator[str]:
    opens = {"yes"} if door is admin_door else {"yes", "own"}
    for what, expected in row.cells.items():
        attempts = door(world, world.people[row.whom], what) if expected != "-" else ()
        for attempt, was_let in attempts:
            if was_let != (expected in opens):
                yield f"{row.who} – {row.whom} – {what}, by {attempt}: let through: {was_let}"


@pytest.mark.once
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_does_what_the_table_says(door: str, who: str) -> None:
    with undrawn():  # what pages look like is no matter of authority
        assert differences(who, DOORS[door]) == []


def test_the_table_leaves_nobody_and_nothing_out() -> None:
    rows = list(rows_of(TABLE))
    pairs = {(row.who, row.whom) for row in rows}

    assert len(rows) == len(pairs)
    assert pairs == {(who, whom) for who in WHO for whom in WHOM} - {("break_glass", "self")}
    assert all(list(row.cells) == list(WHAT) for row in rows)


def test_the_tables_for_reading_are_those_that_are_tried() -> None:
    written = l7_matrix.DOCUMENT.read_text(encoding="utf-8")
    assert written == l7_matrix.document(), "Run python -m tests.employees.l7_matrix."


@pytest.mark.parametrize("grants", list(rows_of(GRANTS)), ids=lambda row: str(row.who))
def test_adding_people_and_giving_roles_is_as_the_table_says(grants: Row) -> None:
    world = world_of(grants.who, with_one_administrator=False)
    somebody = world.people["associate"]
    adds = grants.cells["add"] == "yes"

    for role in (name for name in grants.cells if name != "add"):
        may_give = grants.cells[role] == "yes"
        assert is_added(world, role) == (adds and may_give), f"added by the service: {role}"
        assert is_added_by_page(world, role) == (adds and may_give), f"added by the page: {role}"
        if role != somebody.auth0_role:
            assert is_given(world, somebody, role) == may_give, f"given by the service: {role}"


def is_added(world: World, role: str) -> bool:
    try:
        services.add_employee({"name": "New", "auth0_role": role}, "none", world.actor)
    except NotAllowed:
        return False
    return True


def is_added_by_page(world: World, role: str) -> bool:
    before = Employee.objects.count()
    sent = {**NEWCOMER, "email": "", "auth0_role": role, "form_key": f"key-{role}"}
    sent |= {"name": f"New {role}"}  # nobody else is called that
    world.browser.post(ADD, sent)
    return Employee.objects.count() > before


def is_given(world: World, person: Employee, role: str) -> bool:
    with transaction.atomic():
        try:
            services.change_employee(person.pk, {"auth0_role": role}, world.actor)
        except NotAllowed:
            return False
        finally:
            transaction.set_rollback(True)
    return True


@pytest.mark.parametrize("role", sorted(set(ROLES.values())))
def test_at_the_kiosk_a_pin_changes_whoever_holds_the_token_and_nobody_else(role: str) -> None:
    world = world_of("break_glass", with_one_administrator=False)
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
    EmployeeAuth.objects.update(pin=hashed)
    own = Employee.objects.filter(auth0_role=role, is_active=True).earliest("pk")

    token = ask("login", {"employee_id": own.pk, "pin": PIN})["token"]
    somebody = next(person.pk for person in world.people.values() if person != own)
    meant = {"employee_id": somebody, "id": somebody}
    ask("change-pin", {"current_pin": PIN, "new_pin": OTHER, **meant}, token)

    changed = [row.employee_id for row in EmployeeAuth.objects.all() if check_pin(OTHER, row.pin)]
    assert changed == [own.pk]


def ask(call: str, body: dict[str, Any], token: str = "") -> Any:
    """POST as the kiosk's clients do."""
    headers = {"authorization": f"Bearer {token}"}
    content, kind = json.dumps(body), "application/json"
    return (
        Client().post(f"/api/employee/{call}", content, content_type=kind, headers=headers).json()
    )
