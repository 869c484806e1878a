from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import bcrypt
import pytest
from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from employees import services, signing_in
from employees.errors import InvalidValue
from employees.lockout import FREE_TRIES, Wait
from employees.models import AuthMethod, Change, Employee, EmployeeAuth, PinTries
from employees.pins import Weak, check_pin, hash_pin
from employees.signing_in import (
    MustWait,
    NoSession,
    Refused,
    change_pin,
    number_of,
    session_of,
    sign_in,
    sign_out,
)
from tests.builders import DOOR, boss, make_auth, make_employee
from tests.employees.two_rows import TwoRowsTestCase

PIN, OTHER = "7391", "8264"
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
HASHED_OTHER = bcrypt.hashpw(OTHER.encode(), bcrypt.gensalt(4)).decode()
EARLIER = datetime(2025, 1, 1, tzinfo=UTC)


def with_pin(pin: str | None = HASHED, **over: Any) -> Employee:
    """An employee with this in the PIN column."""
    employee = make_employee(**over)
    make_auth(employee, pin=pin, pin_set_at=EARLIER)
    return employee


class SignInTests(TestCase):
    def test_it_begins_a_session_of_a_day(self) -> None:
        ada = with_pin()

        session = sign_in(ada.pk, PIN, DOOR)

        row = EmployeeAuth.objects.get(employee=ada)
        self.assertRegex(session.token, r"^[A-Za-z0-9_-]{43}$")
        self.assertEqual(row.login_token, session.token)
        assert row.token_expires is not None
        left = row.token_expires - timezone.now()
        self.assertAlmostEqual(left / timedelta(days=1), 1, delta=0.001)
        self.assertIsNotNone(row.last_login)

    @override_settings(LEGACY_ZONE=ZoneInfo("America/Chicago"))
    def test_the_end_is_written_in_the_flask_applications_local_time(self) -> None:
        ada = with_pin()

        sign_in(ada.pk, PIN, DOOR)

        with connection.cursor() as cursor:
            cursor.execute("SELECT token_expires FROM employee_auth")
            stored = datetime.fromisoformat(str(cursor.fetchone()[0]))
        there = timezone.now().astimezone(ZoneInfo("America/Chicago")) + timedelta(days=1)
        away = abs(stored.replace(tzinfo=None) - there.replace(tzinfo=None))
        self.assertLess(away, timedelta(minutes=5))

    def test_a_new_session_ends_the_one_before(self) -> None:
        ada = with_pin()
        before = sign_in(ada.pk, PIN, DOOR)

        sign_in(ada.pk, PIN, DOOR)

        self.assertIsNone(session_of(before.token))

    @pytest.mark.real_pins
    def test_a_plain_pin_becomes_a_hash_and_its_plain_copy_goes(self) -> None:
        ada = make_employee()
        make_auth(ada, pin=PIN, pin_plain=PIN)

        sign_in(ada.pk, PIN, DOOR)

        row = EmployeeAuth.objects.get(employee=ada)
        assert row.pin is not None
        self.assertTrue(row.pin.startswith("$2b$10$"))
        self.assertTrue(check_pin(PIN, row.pin))
        self.assertIsNone(row.pin_plain)

    def test_a_good_sign_in_forgets_the_wrong_tries(self) -> None:
        ada = with_pin()
        with self.assertRaises(Refused):
            sign_in(ada.pk, OTHER, DOOR)

        sign_in(ada.pk, PIN, DOOR)

        self.assertFalse(PinTries.objects.exclude(number=0).exists())

    def test_while_waiting_the_right_pin_is_refused_like_a_wrong_one(self) -> None:
        ada = with_pin()
        for _ in range(FREE_TRIES):
            with self.assertRaises(Refused):
                sign_in(ada.pk, OTHER, DOOR)

        said = []
        for pin in (PIN, OTHER):
            with self.assertRaises(MustWait) as refused:
                sign_in(ada.pk, pin, DOOR)
            said.append(str(refused.exception))

        self.assertEqual(said, ["Too many wrong PINs. Try again in 1 minute."] * 2)

    def test_whoever_is_switched_off_while_the_pin_is_checked_gets_no_session(self) -> None:
        ada = with_pin()

        def check(pin: str, stored: str | None) -> bool:
            services.deactivate(ada.pk, boss())
            return True

        with mock.patch.object(signing_in, "check_pin", check), self.assertRaises(Refused):
            sign_in(ada.pk, PIN, DOOR)

        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())

    def test_a_pin_that_is_replaced_while_it_is_checked_opens_nothing(self) -> None:
        ada = with_pin()

        def check(pin: str, stored: str | None) -> bool:
            EmployeeAuth.objects.filter(employee=ada).update(pin=HASHED_OTHER)
            return True

        with mock.patch.object(signing_in, "check_pin", check), self.assertRaises(Refused):
            sign_in(ada.pk, PIN, DOOR)

        self.assertEqual(EmployeeAuth.objects.get(employee=ada).pin, HASHED_OTHER)

    def test_a_plain_pin_that_is_hashed_while_it_is_checked_opens_all_the_same(self) -> None:
        ada = with_pin(PIN)

        with self.stored_meanwhile(HASHED):
            session = sign_in(ada.pk, PIN, DOOR)

        self.assertEqual(session_of(session.token), session)

    def test_a_plain_pin_that_is_replaced_by_the_hash_of_another_opens_nothing(self) -> None:
        ada = with_pin(PIN)

        with self.stored_meanwhile(HASHED_OTHER), self.assertRaises(Refused):
            sign_in(ada.pk, PIN, DOOR)

        self.assertEqual(EmployeeAuth.objects.get(employee=ada).pin, HASHED_OTHER)

    def stored_meanwhile(self, stored: str) -> Any:
        """While a PIN is looked at, this is written to its column."""

        def check(tried: str, before: str | None) -> bool:
            EmployeeAuth.objects.update(pin=stored)
            return check_pin(tried, before)

        return mock.patch.object(signing_in, "check_pin", check)


class RefusalTests(TestCase):
    """Every refusal is the same sentence after the same work."""

    def refused(self, number: int | None, pin: str) -> None:
        with (
            mock.patch.object(bcrypt, "checkpw", wraps=bcrypt.checkpw) as checkpw,
            self.assertRaises(Refused) as refusal,
        ):
            sign_in(number, pin, DOOR)
        self.assertEqual(checkpw.call_count, 1)
        self.assertEqual(str(refusal.exception), "Invalid credentials")

    def test_a_wrong_pin(self) -> None:
        self.refused(with_pin().pk, OTHER)

    def test_a_number_that_nobody_has(self) -> None:
        self.refused(987_654, PIN)

    def test_what_can_be_no_number(self) -> None:
        self.refused(None, PIN)

    def test_a_person_without_auth_row(self) -> None:
        self.refused(make_employee().pk, PIN)

    def test_a_person_without_pin(self) -> None:
        self.refused(with_pin(None).pk, PIN)

    def test_a_wrong_plain_pin(self) -> None:
        self.refused(with_pin(PIN).pk, OTHER)

    def test_a_malformed_pin(self) -> None:
        self.refused(with_pin().pk, "x" * 200)

    def test_somebody_inactive(self) -> None:
        self.refused(with_pin(is_active=False).pk, PIN)

    def test_whether_the_pin_of_somebody_inactive_was_right_makes_no_other_work(self) -> None:
        right, wrong = (self.queries_at_somebody_inactive(pin) for pin in (PIN, OTHER))

        self.assertEqual(right, wrong)

    def queries_at_somebody_inactive(self, pin: str) -> int:
        gone = with_pin(is_active=False)
        with CaptureQueriesContext(connection) as queries, self.assertRaises(Refused):
            sign_in(gone.pk, pin, DOOR)
        return len(queries)

    def test_somebody_in_the_archive(self) -> None:
        self.refused(with_pin(archived_at=EARLIER).pk, PIN)

    def test_somebody_who_signs_in_with_auth0_only(self) -> None:
        self.refused(with_pin(auth_method=AuthMethod.AUTH0).pk, PIN)

    def test_a_hash_that_is_broken(self) -> None:
        self.refused(with_pin("$2b$10$abc").pk, PIN)

    def test_a_good_sign_in_costs_one_check_too(self) -> None:
        for stored in (HASHED, PIN):
            with mock.patch.object(bcrypt, "checkpw", wraps=bcrypt.checkpw) as checkpw:
                sign_in(with_pin(stored).pk, PIN, DOOR)
            self.assertEqual(checkpw.call_count, 1)

    def test_so_does_a_try_while_waiting(self) -> None:
        ada = with_pin()
        with mock.patch("employees.lockout.charge", return_value=Wait(60)):
            for number in (ada.pk, 987_654):
                with (
                    mock.patch.object(bcrypt, "checkpw", wraps=bcrypt.checkpw) as checkpw,
                    self.assertRaises(MustWait),
                ):
                    sign_in(number, PIN, DOOR)
                self.assertEqual(checkpw.call_count, 1)


class TwoRowsTests(TwoRowsTestCase):
    """Some installations hold two auth rows for one person."""

    def setUp(self) -> None:
        super().setUp()
        self.ada = make_employee()

    def test_the_pin_that_was_set_last_counts(self) -> None:
        later = EARLIER + timedelta(days=1)
        make_auth(self.ada, pin=HASHED, pin_set_at=later)
        make_auth(self.ada, pin=HASHED_OTHER, pin_set_at=EARLIER)

        sign_in(self.ada.pk, PIN, DOOR)
        with self.assertRaises(Refused):
            sign_in(self.ada.pk, OTHER, DOOR)

    def test_a_row_without_a_date_is_the_oldest(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_set_at=EARLIER)
        make_auth(self.ada, pin=HASHED_OTHER, pin_set_at=None)

        sign_in(self.ada.pk, PIN, DOOR)

    def test_of_two_of_one_date_the_one_with_the_higher_id_counts(self) -> None:
        make_auth(self.ada, pin=HASHED_OTHER, pin_set_at=EARLIER)
        make_auth(self.ada, pin=HASHED, pin_set_at=EARLIER)

        sign_in(self.ada.pk, PIN, DOOR)

    def test_a_row_without_a_pin_takes_nothing_away(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_set_at=None)
        empty = make_auth(self.ada, pin=None, pin_set_at=EARLIER)
        sign_in(self.ada.pk, PIN, DOOR)

        EmployeeAuth.objects.filter(pk=empty.pk).update(pin="")
        sign_in(self.ada.pk, PIN, DOOR)

    def test_both_rows_get_the_session_and_lose_it(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_set_at=EARLIER)
        make_auth(self.ada, pin=None)

        token = sign_in(self.ada.pk, PIN, DOOR).token

        rows = EmployeeAuth.objects.filter(employee=self.ada)
        self.assertEqual({row.login_token for row in rows}, {token})
        sign_out(token)
        self.assertEqual({(r.login_token, r.token_expires) for r in rows.all()}, {(None, None)})

    def test_both_rows_get_the_hash_of_a_plain_pin(self) -> None:
        make_auth(self.ada, pin=PIN, pin_plain=PIN, pin_set_at=EARLIER)
        make_auth(self.ada, pin=OTHER, pin_plain=OTHER, pin_set_at=None)

        sign_in(self.ada.pk, PIN, DOOR)

        rows = EmployeeAuth.objects.filter(employee=self.ada)
        self.assertTrue(all(check_pin(PIN, row.pin) for row in rows))
        self.assertEqual({row.pin_plain for row in rows}, {None})

    def test_one_check_is_made_for_two_rows(self) -> None:
        make_auth(self.ada, pin=HASHED, pin_set_at=EARLIER)
        make_auth(self.ada, pin=HASHED_OTHER, pin_set_at=None)

        with mock.patch.object(bcrypt, "checkpw", wraps=bcrypt.checkpw) as checkpw:
            sign_in(self.ada.pk, PIN, DOOR)

        self.assertEqual(checkpw.call_count, 1)


class SessionTests(TestCase):
    def setUp(self) -> None:
        self.ada = with_pin()
        self.token = sign_in(self.ada.pk, PIN, DOOR).token

    def test_a_token_says_whose_it_is_with_one_query(self) -> None:
        with self.assertNumQueries(1):
            session = session_of(self.token)

        assert session is not None
        self.assertEqual(session.employee, self.ada)

    def test_a_token_in_other_case_is_another_token(self) -> None:
        EmployeeAuth.objects.update(login_token="a" * 43)

        self.assertIsNone(session_of("A" * 43))
        sign_out("A" * 43)
        self.assertIsNotNone(session_of("a" * 43))

    def test_a_token_that_is_over_opens_nothing(self) -> None:
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(1)):
            self.assertIsNone(session_of(self.token))

    def test_a_token_without_end_opens_nothing(self) -> None:
        EmployeeAuth.objects.update(token_expires=None)

        self.assertIsNone(session_of(self.token))

    def test_whoever_may_not_use_a_pin_any_more_is_out_at_once(self) -> None:
        for column, value in {
            "is_active": False,
            "archived_at": EARLIER,
            "auth_method": AuthMethod.AUTH0,
        }.items():
            with self.subTest(column):
                before = getattr(self.ada, column)
                Employee.objects.update(**{column: value})
                self.assertIsNone(session_of(self.token))
                Employee.objects.update(**{column: before})

    def test_what_can_be_no_token_is_not_looked_for(self) -> None:
        with self.assertNumQueries(0):
            for token in ("", "short", "é" * 43, "' OR 1=1 --" * 4, "t" * 100):
                self.assertIsNone(session_of(token))

    def test_signing_out_ends_it_and_may_be_repeated(self) -> None:
        sign_out(self.token)
        sign_out(self.token)

        self.assertIsNone(session_of(self.token))


class ChangePinTests(TestCase):
    def setUp(self) -> None:
        self.ada = with_pin(hire_date=date(2024, 3, 9))
        self.token = sign_in(self.ada.pk, PIN, DOOR).token

    def test_the_new_pin_is_kept_as_a_hash_and_the_session_goes_on(self) -> None:
        EmployeeAuth.objects.update(pin_plain=PIN)

        change_pin(self.token, PIN, OTHER, DOOR)

        row = EmployeeAuth.objects.get()
        self.assertTrue(check_pin(OTHER, row.pin))
        self.assertIsNone(row.pin_plain)
        self.assertIsNotNone(session_of(self.token))

    def test_the_right_current_pin_uses_nothing_up(self) -> None:
        change_pin(self.token, PIN, OTHER, DOOR)

        self.assertFalse(PinTries.objects.filter(number=self.ada.pk).exists())

    def test_the_history_says_so_and_not_which(self) -> None:
        change_pin(self.token, PIN, OTHER, DOOR)

        line = Change.objects.get(employee_id=self.ada.pk, action="PIN changed")
        self.assertEqual((line.actor, line.source), (f"kiosk:{self.ada.pk}", "kiosk"))
        self.assertEqual(line.changes, {})

    def test_a_weak_one_is_refused_with_its_reason_and_costs_no_try(self) -> None:
        with self.assertRaises(InvalidValue) as refusal:
            change_pin(self.token, PIN, "0309", DOOR)

        self.assertEqual(refusal.exception.reason, Weak.HIRED)
        self.assertFalse(PinTries.objects.exclude(number=0).exists())

    def test_the_old_one_is_not_a_new_one(self) -> None:
        with self.assertRaisesRegex(InvalidValue, "is the old one"):
            change_pin(self.token, PIN, PIN, DOOR)

    def test_a_wrong_current_pin_counts_as_a_try(self) -> None:
        for _ in range(FREE_TRIES):
            with self.assertRaises(Refused):
                change_pin(self.token, "5555", OTHER, DOOR)

        with self.assertRaises(MustWait):
            change_pin(self.token, PIN, OTHER, DOOR)
        self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get().pin))

    def test_without_a_session_nothing_is_changed(self) -> None:
        with self.assertRaises(NoSession):
            change_pin("t" * 43, PIN, OTHER, DOOR)

        self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get().pin))

    @pytest.mark.real_pins
    def test_a_hash_costs_what_the_flask_applications_costs(self) -> None:
        self.assertEqual(hash_pin(OTHER)[:7], "$2b$10$")


class NumberTests(TestCase):
    def test_what_is_typed_or_scanned_becomes_a_number(self) -> None:
        for text, number in {
            "42": 42,
            " 0042 ": 42,
            "0": None,
            "-1": None,
            "4.2": None,
            "٤٢": None,
            "2147483647": 2147483647,
            "2147483648": None,
            "9" * 5000: None,
            "": None,
        }.items():
            with self.subTest(text[:20]):
                self.assertEqual(number_of(text), number)
