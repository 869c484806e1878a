import logging
from datetime import UTC, date, datetime
from typing import Any
from unittest import mock

import bcrypt
from django.db import OperationalError
from django.test import TestCase

from employees import pin_services
from employees.authority import Actor
from employees.errors import InvalidValue, NotAllowed, UnknownEmployee
from employees.history import record_event
from employees.lockout import FREE_TRIES, charge
from employees.models import Auth0Role, AuthMethod, Change, EmployeeAuth, PinTries
from employees.pin_services import (
    ChangedMeanwhile,
    has_pin,
    markers,
    remove_pin,
    set_pin,
    set_random_pin,
    set_random_pins,
)
from employees.pins import check_pin
from employees.signing_in import Refused, session_of, sign_in
from tests.builders import DOOR, boss, make_auth, make_employee
from tests.employees.two_rows import TwoRowsTestCase

PIN, OTHER = "7391", "8264"
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
EARLIER = datetime(2025, 1, 1, tzinfo=UTC)
LEAD = Actor("admin:9", Auth0Role.TEAM_LEAD, 999_999, "Picking", "MS")


class SetPinTests(TestCase):
    def setUp(self) -> None:
        self.ada = make_employee(hire_date=date(2024, 3, 9))

    def test_somebody_without_an_auth_row_gets_one(self) -> None:
        set_pin(self.ada.pk, PIN, boss())

        row = EmployeeAuth.objects.get(employee=self.ada)
        self.assertTrue(check_pin(PIN, row.pin))
        self.assertIsNone(row.pin_plain)
        self.assertIsNotNone(row.pin_set_at)

    def test_the_session_of_the_old_pin_ends(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_plain=PIN)
        token = sign_in(self.ada.pk, PIN, DOOR).token

        set_pin(self.ada.pk, OTHER, boss())

        self.assertIsNone(session_of(token))
        self.assertIsNone(EmployeeAuth.objects.get().pin_plain)

    def test_whoever_had_to_wait_can_sign_in_at_once(self) -> None:
        for _ in range(FREE_TRIES):
            charge(DOOR, self.ada.pk)

        set_pin(self.ada.pk, PIN, boss())

        self.assertFalse(PinTries.objects.exclude(number=0).exists())
        sign_in(self.ada.pk, PIN, DOOR)

    def test_the_history_says_who_and_not_which(self) -> None:
        set_pin(self.ada.pk, PIN, boss(7))
        made = set_random_pin(self.ada.pk, boss(7))
        remove_pin(self.ada.pk, boss(7))

        lines = list(Change.objects.filter(employee_id=self.ada.pk).order_by("pk"))
        said = [(line.action, line.actor) for line in lines]
        actions = ("PIN set", "PIN reset", "PIN removed")
        self.assertEqual(said, [(action, "admin:7") for action in actions])
        self.assertFalse([line for line in lines if line.changes])
        self.assertNotIn(made.pin, repr(made))

    def test_a_weak_pin_is_refused(self) -> None:
        for weak in ("123", "1234", "0309", str(self.ada.pk).zfill(4)):
            with self.assertRaises(InvalidValue):
                set_pin(self.ada.pk, weak, boss())

        self.assertFalse(has_pin(self.ada.pk))

    def test_somebody_who_signs_in_with_auth0_only_gets_none(self) -> None:
        office = make_employee(auth_method=AuthMethod.AUTH0)

        with self.assertRaisesRegex(NotAllowed, "with Auth0 only"):
            set_pin(office.pk, PIN, boss())
        with self.assertRaisesRegex(NotAllowed, "with Auth0 only"):
            set_random_pin(office.pk, boss())

    def test_a_left_over_pin_of_theirs_can_be_removed(self) -> None:
        office = make_employee(auth_method=AuthMethod.AUTH0)
        make_auth(office, pin=HASHED)

        remove_pin(office.pk, boss())

        self.assertFalse(has_pin(office.pk))

    def test_a_removed_pin_opens_nothing(self) -> None:
        make_auth(self.ada, pin=HASHED)

        remove_pin(self.ada.pk, boss())

        with self.assertRaises(Refused):
            sign_in(self.ada.pk, PIN, DOOR)

    def test_nobody_sets_the_pin_of_an_equal_or_of_somebody_elsewhere(self) -> None:
        peer = make_employee(auth0_role=Auth0Role.TEAM_LEAD)
        elsewhere = make_employee(department="Packing")

        for person in (peer, elsewhere):
            for do in (
                lambda pk: set_pin(pk, PIN, LEAD),
                lambda pk: set_random_pin(pk, LEAD),
                lambda pk: remove_pin(pk, LEAD),
            ):
                with self.assertRaises(NotAllowed):
                    do(person.pk)
        set_pin(self.ada.pk, PIN, LEAD)

    def test_nobody_is_nobody(self) -> None:
        for do in (
            lambda: set_pin(987_654, PIN, boss()),
            lambda: set_random_pin(987_654, boss()),
            lambda: remove_pin(987_654, boss()),
        ):
            with self.assertRaises(UnknownEmployee):
                do()

    def test_a_page_about_another_pin_does_nothing(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_set_at=EARLIER)
        seen = markers([self.ada.pk])[self.ada.pk]
        first = set_random_pin(self.ada.pk, boss(), seen)

        with self.assertRaises(ChangedMeanwhile):
            set_random_pin(self.ada.pk, boss(), seen)

        sign_in(self.ada.pk, first.pin, DOOR)


class ManyTests(TestCase):
    def test_whoever_cannot_get_one_stops_nobody_else(self) -> None:
        ada, ben = make_employee(), make_employee()
        office = make_employee(auth_method=AuthMethod.AUTH0)

        made, skipped = set_random_pins({ada.pk: "", office.pk: "", ben.pk: ""}, boss())

        self.assertEqual([new.employee for new in made], [ada, ben])
        self.assertEqual([pk for pk, _ in skipped], [office.pk])
        for new in made:
            sign_in(new.employee.pk, new.pin, DOOR)

    def test_a_fault_of_the_database_loses_no_pin_that_was_made_before(self) -> None:
        ada, ben, eve = (make_employee() for _ in range(3))

        def fail_for_ben(employee_id: int, *rest: Any) -> None:
            if employee_id == ben.pk:
                raise OperationalError("Lock wait timeout exceeded")
            record_event(employee_id, *rest)

        failing = mock.patch.object(pin_services, "record_event", fail_for_ben)
        with failing, self.assertLogs("employees.pin_services", logging.ERROR):
            made, skipped = set_random_pins({p.pk: "" for p in (ada, ben, eve)}, boss())

        self.assertEqual([new.employee for new in made], [ada, eve])
        self.assertEqual(skipped, [(ben.pk, pin_services.NOT_SAVED)])
        self.assertFalse(has_pin(ben.pk))

    def test_the_markers_of_many_take_one_query(self) -> None:
        people = [make_employee() for _ in range(5)]
        make_auth(people[0], pin=HASHED, pin_set_at=EARLIER)

        with self.assertNumQueries(1):
            found = markers(person.pk for person in people)

        self.assertEqual(found[people[0].pk], "2025-01-01T00:00:00+00:00")
        self.assertEqual({found[person.pk] for person in people[1:]}, {""})


class TwoRowsTests(TwoRowsTestCase):
    def test_both_rows_get_the_pin_and_lose_it(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=HASHED, pin_plain=PIN, pin_set_at=EARLIER)
        make_auth(ada, pin=HASHED, pin_plain=PIN)

        set_pin(ada.pk, OTHER, boss())

        rows = EmployeeAuth.objects.filter(employee=ada)
        self.assertEqual({(check_pin(OTHER, r.pin), r.pin_plain) for r in rows}, {(True, None)})
        remove_pin(ada.pk, boss())
        self.assertEqual({row.pin for row in rows.all()}, {None})
