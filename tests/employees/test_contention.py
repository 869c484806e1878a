"""The database ends a statement so that another can go on: nothing is lost, and nobody sees it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.db import DataError, OperationalError, connection, connections, transaction
from django.test import Client, RequestFactory, SimpleTestCase, TestCase
from django.urls import ResolverMatch, reverse

from employees import services
from employees.contention import DEADLOCK, TRIES, again_after_deadlock, gave_way
from employees.middleware import BeginAgain
from employees.models import Change, Employee, Snapshot
from tests.builders import CommittedTestCase, make_employee
from tests.employees.histories import known
from tests.processes import wait_for


def deadlock() -> OperationalError:
    return OperationalError(DEADLOCK, "Deadlock found when trying to get lock")


def browser_of_an_administrator() -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("boss"))
    return browser


def page_of(person: Employee) -> str:
    return reverse("admin:employees_employee_change", args=[person.pk])


def form_of(browser: Client, person: Employee) -> dict[str, Any]:
    """What the browser would send of this person's form."""
    sent: dict[str, Any] = {}
    for bound in browser.get(page_of(person)).context["adminform"].form:
        value = bound.value()
        sent[bound.html_name] = sent[bound.html_initial_name] = "" if value is None else value
    return sent


@pytest.mark.skipif(connection.vendor != "mysql", reason="only on MariaDB")
class DeadlockTests(CommittedTestCase):
    def test_a_form_that_lost_a_deadlock_is_saved_all_the_same(self) -> None:
        ada = known(phone_number="1")
        others = [make_employee().pk for _ in range(20)]
        browser = browser_of_an_administrator()
        sent = form_of(browser, ada) | {"phone_number": "2"}

        def save() -> Any:
            try:
                return browser.post(page_of(ada), sent)
            finally:
                connections.close_all()

        with (
            mock.patch.object(
                services, "change_employee", wraps=services.change_employee
            ) as changes,
            ThreadPoolExecutor(1) as pool,
        ):
            with transaction.atomic():
                # The form's transaction holds the person and waits for this; it is the lighter one.
                Snapshot.objects.select_for_update().get(pk=ada.pk)
                Employee.objects.filter(pk__in=others).update(notes="x")
                answer = pool.submit(save)
                wait_for(self.somebody_waits, 30)
                Employee.objects.filter(pk=ada.pk).update(current_streak=7)
            self.assertEqual(answer.result(60).status_code, 302)

        self.assertEqual(changes.call_count, 2)
        ada.refresh_from_db()
        self.assertEqual((ada.phone_number, ada.current_streak), ("2", 7))
        history = Change.objects.filter(employee_id=ada.pk, changes__has_key="phone_number")
        self.assertEqual([line.changes["phone_number"] for line in history], [["1", "2"]])

    def somebody_waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT COUNT(*) FROM information_schema.innodb_trx AS trx"
                " JOIN information_schema.processlist AS list ON list.id = trx.trx_mysql_thread_id"
                " WHERE trx.trx_state = 'LOCK WAIT' AND list.db = DATABASE()"
            )
            return bool(cursor.fetchone()[0])


class GaveWayTests(SimpleTestCase):
    """What is no fault, on each of the two databases."""

    def gave_way(self, vendor: str, error: Exception) -> bool:
        with mock.patch("employees.contention.connection", mock.Mock(vendor=vendor)):
            return gave_way(error)

    def test_on_mariadb_a_deadlock_and_a_lock_that_did_not_come_in_time(self) -> None:
        self.assertTrue(self.gave_way("mysql", deadlock()))
        self.assertTrue(
            self.gave_way("mysql", OperationalError(1205, "Lock wait timeout exceeded"))
        )

    def test_on_sqlite_a_file_that_another_one_writes(self) -> None:
        self.assertTrue(self.gave_way("sqlite", OperationalError("database is locked")))

    def test_anything_else_is_a_fault(self) -> None:
        for vendor, error in [
            ("mysql", OperationalError(1054, "Unknown column 'locked'")),
            ("mysql", OperationalError()),
            ("sqlite", OperationalError("no such column: x")),
            ("sqlite", DataError("database is locked")),
            ("sqlite", ValueError("database is locked")),
        ]:
            with self.subTest(vendor, error=error):
                self.assertFalse(self.gave_way(vendor, error))


class BeginAgainTests(CommittedTestCase):
    def test_a_view_that_goes_on_losing_is_a_fault(self) -> None:
        browser = browser_of_an_administrator()
        browser.raise_request_exception = False
        ada = make_employee()
        sent = form_of(browser, ada) | {"phone_number": "2"}

        with mock.patch.object(services, "change_employee", side_effect=deadlock()) as tries:
            answer = browser.post(page_of(ada), sent)

        self.assertEqual(answer.status_code, 500)
        self.assertEqual(tries.call_count, TRIES + 1)


class AgainAfterDeadlockTests(TestCase):
    def test_inside_a_transaction_the_deadlock_is_raised_since_all_of_it_was_rolled_back(
        self,
    ) -> None:
        call = mock.Mock(side_effect=deadlock(), __name__="call")

        with self.assertRaises(OperationalError):
            again_after_deadlock(call)()

        self.assertEqual(call.call_count, 1)

    def test_neither_is_a_view_called_again_in_one(self) -> None:
        view = mock.Mock(__name__="view")
        request = RequestFactory().get("/")
        request.resolver_match = ResolverMatch(view, (), {})

        self.assertIsNone(BeginAgain(mock.Mock()).process_exception(request, deadlock()))

        view.assert_not_called()


class OutsideATransactionTests(CommittedTestCase):
    def test_a_call_that_lost_is_made_again_with_the_same_arguments(self) -> None:
        call = mock.Mock(side_effect=[deadlock(), deadlock(), "done"], __name__="call")

        self.assertEqual(again_after_deadlock(call)(1, two=2), "done")

        self.assertEqual(call.call_args_list, [mock.call(1, two=2)] * 3)

    def test_it_gives_up_after_so_many_in_a_row(self) -> None:
        call = mock.Mock(side_effect=deadlock(), __name__="call")

        with self.assertRaises(OperationalError):
            again_after_deadlock(call)()

        self.assertEqual(call.call_count, TRIES)

    def test_any_other_error_is_raised_at_once(self) -> None:
        others = [OperationalError(1054, "Unknown column"), DataError(1406, "Data too long")]
        for error in others:
            call = mock.Mock(side_effect=error, __name__="call")

            with self.subTest(error), self.assertRaises(type(error)):
                again_after_deadlock(call)()

            self.assertEqual(call.call_count, 1)
