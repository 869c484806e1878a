"""Plain PINs become hashes, their copies and old passwords go, and nothing else is touched."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from unittest import mock

import bcrypt
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from employees import scrubbing
from employees.models import Employee, EmployeeAuth
from employees.scrubbing import Plain, count, last_night, scrub
from employees.signing_in import Refused, sign_in
from tests.builders import DOOR, CommittedTestCase, make_auth, make_employee
from tests.employees.two_rows import TwoRowsTestCase, run
from tests.flask_checks.running import running_flask

PIN, OTHER = "7391", "8264"
SET_AT = datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
HASHED = bcrypt.hashpw(OTHER.encode(), bcrypt.gensalt(4)).decode()


def scrubbed() -> str:
    out = StringIO()
    call_command("scrub_plaintext", "--apply", stdout=out)
    return out.getvalue()


def only_counted() -> str:
    out = StringIO()
    call_command("scrub_plaintext", stdout=out)
    return out.getvalue()


def counted(said: str, when: str) -> dict[str, int]:
    """The figures that were printed, by the words behind them."""
    found = re.findall(rf"^ *{when}: +([\d,]+) (.+)$", said, re.MULTILINE)
    return {kind: int(number.replace(",", "")) for number, kind in found}


def stored(employee: Employee) -> EmployeeAuth:
    return EmployeeAuth.objects.get(employee=employee)


def run_all() -> None:
    for _step in scrub():
        pass


def test_the_night_begins_at_two_at_the_company_whatever_the_season() -> None:
    cases = {
        datetime(2026, 1, 15, 8, 0, tzinfo=UTC): datetime(2026, 1, 15, 8, 0, tzinfo=UTC),
        datetime(2026, 1, 15, 7, 59, tzinfo=UTC): datetime(2026, 1, 14, 8, 0, tzinfo=UTC),
        datetime(2026, 7, 15, 7, 0, tzinfo=UTC): datetime(2026, 7, 15, 7, 0, tzinfo=UTC),
        # The clocks go from 02:00 to 03:00 …
        datetime(2026, 3, 8, 7, 59, tzinfo=UTC): datetime(2026, 3, 7, 8, 0, tzinfo=UTC),
        datetime(2026, 3, 8, 8, 0, tzinfo=UTC): datetime(2026, 3, 8, 8, 0, tzinfo=UTC),
        # … and from 02:00 to 01:00.
        datetime(2026, 11, 1, 7, 30, tzinfo=UTC): datetime(2026, 10, 31, 7, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 8, 0, tzinfo=UTC): datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
    }
    assert {now: last_night(now).astimezone(UTC) for now in cases} == cases


class CommandTests(TestCase):
    def test_without_apply_it_counts_and_changes_nothing(self) -> None:
        make_auth(make_employee(), pin=PIN, pin_plain=PIN)
        make_auth(make_employee(), pin="gate-9", pin_plain="")
        make_auth(make_employee(), pin=HASHED, pin_plain=OTHER)
        before = list(EmployeeAuth.objects.order_by("pk").values())

        said = only_counted()

        self.assertEqual(list(EmployeeAuth.objects.order_by("pk").values()), before)
        self.assertEqual(list(counted(said, "now").values()), [1, 1, 2, 0, 0])
        self.assertIn("Nothing was changed. --apply does it", said)

    def test_with_apply_it_says_what_there_was_and_what_is_left(self) -> None:
        make_auth(make_employee(), pin=PIN, pin_plain=PIN)

        said = scrubbed()

        self.assertEqual(list(counted(said, "before").values()), [1, 0, 1, 0, 0])
        self.assertEqual(list(counted(said, "after").values()), [0, 0, 0, 0, 0])

    def test_it_prints_and_logs_no_value(self) -> None:
        make_auth(make_employee(), pin="gate-9-secret", pin_plain="834512")
        make_auth(make_employee(), pin="x-secret" * 10)

        with self.assertRaises(CommandError) as refused, self.assertNoLogs():
            out = StringIO()
            call_command("scrub_plaintext", "--apply", stdout=out)

        said = out.getvalue() + str(refused.exception)
        for value in ("secret", "834512"):
            self.assertNotIn(value, said)

    def test_an_unknown_option_refuses_before_anything_is_done(self) -> None:
        make_auth(make_employee(), pin=PIN)

        with self.assertRaisesMessage(CommandError, "unrecognized"):
            call_command("scrub_plaintext", "--aply")

        self.assertEqual(EmployeeAuth.objects.get().pin, PIN)

    def test_what_bcrypt_cannot_hold_stays_and_whose_it_is_is_said(self) -> None:
        ada = make_employee()
        make_auth(ada, pin="7" * 73)

        with self.assertRaisesMessage(CommandError, f"Give these employees another PIN: {ada.pk}."):
            scrubbed()

        self.assertEqual(stored(ada).pin, "7" * 73)

    def test_bytes_count_there_and_not_letters(self) -> None:
        ada = make_employee()
        make_auth(ada, pin="é" * 37)

        with self.assertRaisesMessage(CommandError, f"Give these employees another PIN: {ada.pk}."):
            scrubbed()

    def test_a_database_that_refuses_is_said_in_a_sentence(self) -> None:
        make_auth(make_employee(), pin=PIN)
        gone = mock.patch.object(scrubbing, "_hash", side_effect=OperationalError("gone away"))

        with gone, self.assertRaisesMessage(CommandError, "refused (gone away). What is done is"):
            scrubbed()

    def test_how_long_it_takes_is_foretold(self) -> None:
        make_auth(make_employee(), pin=PIN)
        with mock.patch("employees.management.commands.scrub_plaintext.PER_HOUR", 2):
            self.assertIn("(some 30 minutes)", only_counted())
        self.assertIn("(less than a minute)", only_counted())


class PinTests(TestCase):
    @pytest.mark.real_pins
    def test_a_plain_pin_becomes_a_hash_of_cost_10_and_nothing_else_of_the_row_moves(self) -> None:
        ada = make_employee()
        make_auth(
            ada, pin=PIN, pin_plain=PIN, pin_set_at=SET_AT, login_token="t" * 43, last_login=SET_AT
        )
        before = EmployeeAuth.objects.values().get()
        person = Employee.objects.values().get()

        run_all()

        kept = EmployeeAuth.objects.values().get()
        self.assertRegex(kept["pin"] or "", r"^\$2b\$10\$")
        self.assertIsNone(kept["pin_plain"])
        self.assertEqual({**kept, "pin": PIN, "pin_plain": PIN}, before)
        self.assertEqual(Employee.objects.values().get(), person)

    def test_whoever_never_signed_in_still_does_so_with_the_same_pin(self) -> None:
        ada = make_employee(auth_method="pin")
        make_auth(ada, pin=PIN)

        run_all()

        self.assertEqual(sign_in(ada.pk, PIN, DOOR).employee, ada)
        with self.assertRaises(Refused):
            sign_in(ada.pk, OTHER, DOOR)

    def test_a_hash_stays_as_it_is(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=HASHED)

        run_all()

        self.assertEqual(stored(ada).pin, HASHED)

    def test_rows_without_anything_are_left_alone(self) -> None:
        make_auth(make_employee(), pin=None, pin_plain=None)
        make_auth(make_employee(), pin="", pin_plain="")
        before = list(EmployeeAuth.objects.order_by("pk").values())

        run_all()

        self.assertEqual(list(EmployeeAuth.objects.order_by("pk").values()), before)

    def test_what_has_not_the_form_of_a_pin_is_hashed_as_it_stands(self) -> None:
        odd = ["abcd", "123", " 7391 ", "é" * 36]
        people = [make_employee() for _ in odd]
        for employee, text in zip(people, odd, strict=True):
            make_auth(employee, pin=text)
        self.assertEqual(count()[Plain.ODD], len(odd))

        run_all()

        for employee, text in zip(people, odd, strict=True):
            with self.subTest(text):
                kept = stored(employee).pin or ""
                self.assertTrue(bcrypt.checkpw(text.encode(), kept.encode()))

    def test_a_second_run_changes_nothing(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=PIN, pin_plain=PIN)
        run_all()
        before = EmployeeAuth.objects.values().get()

        run_all()

        self.assertEqual(EmployeeAuth.objects.values().get(), before)

    def test_what_was_cut_off_goes_on_where_it_was(self) -> None:
        for _ in range(3):
            make_auth(make_employee(), pin=PIN)

        next(scrub())
        self.assertEqual(count()[Plain.PIN], 2)
        run_all()

        self.assertEqual(count()[Plain.PIN], 0)

    def test_many_rows_are_done_page_by_page(self) -> None:
        for _ in range(5):
            make_auth(make_employee(), pin=PIN, pin_plain=PIN)
        quick = mock.patch.object(scrubbing, "hash_plain", lambda text: HASHED)

        with mock.patch.object(scrubbing, "PAGE", 2), quick:
            steps = list(scrub())

        self.assertEqual([step[Plain.COPY] for step in steps], [2, 2, 1, 0, 0, 0, 0, 0])
        self.assertEqual([step[Plain.PIN] for step in steps], [0, 0, 0, 1, 1, 1, 1, 1])
        self.assertFalse(any(count().values()))

    def test_a_page_costs_the_same_queries_however_many_stand_on_it(self) -> None:
        def queries() -> int:
            EmployeeAuth.objects.update(pin_plain=PIN)
            with CaptureQueriesContext(connection) as asked:
                next(scrub())
            return len(asked)

        make_auth(make_employee(), pin=HASHED)
        one = queries()
        for _ in range(4):
            make_auth(make_employee(), pin=HASHED)

        self.assertEqual(queries(), one)


class MeanwhileTests(TestCase):
    """Another program writes the row while its hash is being made."""

    def while_hashing(self, write: Callable[[], Any]) -> None:
        def hashing(text: str) -> str:
            write()
            return "$2b$10$" + "a" * 53

        with mock.patch.object(scrubbing, "hash_plain", hashing):
            run_all()

    def test_a_pin_that_flask_sets_is_not_overwritten(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=PIN)

        self.while_hashing(lambda: EmployeeAuth.objects.update(pin=HASHED, pin_plain=OTHER))

        self.assertEqual((stored(ada).pin, stored(ada).pin_plain), (HASHED, OTHER))

    def test_nor_is_one_that_the_database_takes_for_the_same(self) -> None:
        ada = make_employee()
        make_auth(ada, pin="abcd")

        self.while_hashing(lambda: EmployeeAuth.objects.update(pin="ABCD"))

        self.assertEqual(stored(ada).pin, "ABCD")

    def test_a_pin_that_is_taken_away_does_not_come_back(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=PIN)

        self.while_hashing(lambda: EmployeeAuth.objects.update(pin=None))

        self.assertIsNone(stored(ada).pin)

    def test_a_row_that_is_deleted_is_no_trouble(self) -> None:
        make_auth(make_employee(), pin=PIN)

        self.while_hashing(EmployeeAuth.objects.all().delete)

        self.assertFalse(EmployeeAuth.objects.exists())


class TwoRowsTests(TwoRowsTestCase):
    def test_of_two_rows_each_keeps_its_own_pin_and_the_newer_one_still_counts(self) -> None:
        ada = make_employee(auth_method="pin")
        make_auth(ada, pin=OTHER, pin_set_at=SET_AT)
        make_auth(ada, pin=PIN, pin_plain=PIN, pin_set_at=SET_AT.replace(year=2024))

        run_all()

        self.assertFalse(any(count().values()))
        self.assertEqual(sign_in(ada.pk, PIN, DOOR).employee, ada)

    def test_whoever_has_two_rows_that_cannot_be_hashed_is_named_once(self) -> None:
        ada = make_employee()
        for _ in range(2):
            make_auth(ada, pin="7" * 80)

        self.assertEqual(scrubbing.too_long(), [ada.pk])


@pytest.mark.real_pins
class FlaskTests(CommittedTestCase):
    def test_the_flask_application_takes_the_same_pin_afterwards(self) -> None:
        ada, ben = make_employee(), make_employee()
        make_auth(ada, pin=PIN, pin_plain=PIN)
        make_auth(ben, pin="gate-9")

        run_all()

        with running_flask() as flask:
            for person, pin, status in ((ada, PIN, 200), (ada, OTHER, 401), (ben, "gate-9", 200)):
                answer = flask.post("login", json={"employee_id": person.pk, "pin": pin})
                self.assertEqual(answer.status_code, status)


class PasswordTests(CommittedTestCase):
    """Where an earlier integration left the column; making it ends a transaction on MariaDB."""

    kind = "NULL"

    def setUp(self) -> None:
        super().setUp()
        run(f"ALTER TABLE employees ADD COLUMN auth0_password VARCHAR(64) {self.kind}")
        self.addCleanup(run, "ALTER TABLE employees DROP COLUMN auth0_password")
        self.people = [make_employee(name=f"Person {number}") for number in range(3)]
        run(
            "UPDATE employees SET auth0_password = 'Hunter-2-secret', "
            f"updated_at = '2020-01-01 00:00:00' WHERE id <> {self.people[2].pk}"
        )

    def passwords(self) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT auth0_password FROM employees ORDER BY id")
            return [password for (password,) in cursor.fetchall()]

    def test_they_are_emptied_page_by_page_and_no_row_looks_changed(self) -> None:
        before = list(Employee.objects.order_by("pk").values())

        with mock.patch.object(scrubbing, "PAGE", 1):
            said = scrubbed()

        words = "plain passwords (employees.auth0_password)"
        self.assertEqual((counted(said, "before")[words], counted(said, "after")[words]), (2, 0))
        self.assertEqual(self.passwords(), [None, None, None])
        self.assertEqual(list(Employee.objects.order_by("pk").values()), before)

    def test_a_dry_run_counts_them(self) -> None:
        self.assertEqual(sum(counted(only_counted(), "now").values()), 2)
        self.assertIn("Hunter-2-secret", self.passwords())


class RequiredPasswordTests(PasswordTests):
    kind = "NOT NULL DEFAULT ''"

    def test_they_are_emptied_page_by_page_and_no_row_looks_changed(self) -> None:
        run_all()

        self.assertEqual(self.passwords(), ["", "", ""])
