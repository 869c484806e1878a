"""When somebody leaves, every door is closed and then really tried, and the receipt says so."""

import time
from collections.abc import Mapping
from datetime import timedelta
from unittest import mock

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth0sync.sweep import look_at_all
from employees import doors, receipts, services
from employees.console_sessions import USED_AT, has_sessions, note_use
from employees.errors import LastAdministrator
from employees.history import notice_changes, take_baseline
from employees.models import (
    Change,
    Employee,
    EmployeeAuth,
    EmployeeUser,
    Receipt,
    ReceiptDoor,
    Snapshot,
)
from employees.receipts import Found, Leaver, Outcome, Side
from employees.signing_in import session_of
from tests.builders import boss, make_auth, make_employee
from tests.employees.histories import by_sql, known
from tests.employees.two_rows import TwoRowsTestCase

TOKEN, SECOND = "t" * 43, "s" * 43


def doors_of(person: Employee | int) -> dict[str, ReceiptDoor]:
    number = person if isinstance(person, int) else person.pk
    receipt = Receipt.objects.filter(employee_id=number).latest("pk")
    return {door.name: door for door in receipt.doors.all()}


def receipt_of(person: Employee) -> Receipt:
    return Receipt.objects.filter(employee_id=person.pk).latest("pk")


def time_comes() -> None:
    """The next try of every receipt is due."""
    Receipt.objects.exclude(try_at=None).update(try_at=timezone.now() - timedelta(seconds=1))


def work_off() -> None:
    time_comes()
    receipts.work_off_due(until=time.monotonic() + 60)


def sign_in(person: Employee, token: str) -> None:
    until = timezone.now() + timedelta(hours=1)
    make_auth(person, login_token=token, token_expires=until)


class ReceiptTestCase(TestCase):
    def setUp(self) -> None:
        self.ada = known(name="Ada Quill", auth_method="pin")

    def leave(self) -> None:
        """Deactivated in the console, and what follows right after the commit."""
        with self.captureOnCommitCallbacks(execute=True):
            services.deactivate(self.ada.pk, boss(7))

    def sign_in(self) -> None:
        sign_in(self.ada, TOKEN)


class BeginningTests(ReceiptTestCase):
    def test_it_begins_with_the_line_of_the_history(self) -> None:
        self.leave()

        change = receipt_of(self.ada).change
        self.assertEqual((change.action, change.actor), ("deactivated", "admin:7"))

    def test_it_begins_in_the_transaction_of_the_leaving_or_not_at_all(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            services.deactivate(self.ada.pk, boss())
            raise ZeroDivisionError

        self.assertFalse(Receipt.objects.exists())

    def test_every_way_of_leaving_begins_one(self) -> None:
        bo, cleo = known(), known()
        services.archive(self.ada.pk, boss())
        by_sql(bo, is_active=False)
        by_sql(cleo, archived_at=timezone.now())
        dan = services.add_employee({"name": "Dan Quill"}, "none", boss())
        services.remove_addition(dan.pk, boss())

        notice_changes([bo.pk, cleo.pk])

        began = Receipt.objects.values_list("employee_id", "change__action", "change__source")
        self.assertCountEqual(
            began,
            [
                (self.ada.pk, "archived", "admin"),
                (bo.pk, "changed", "sql"),
                (cleo.pk, "changed", "sql"),
                (dan.pk, "removed", "admin"),
            ],
        )

    def test_a_row_that_sql_deleted_begins_one(self) -> None:
        number = self.ada.pk
        Employee.objects.filter(pk=number).delete()

        notice_changes([number])

        self.assertEqual(Receipt.objects.get().change.action, "deleted")

    def test_the_sweep_finds_who_was_switched_off_by_sql(self) -> None:
        by_sql(self.ada, is_active=False)

        list(look_at_all())

        self.assertEqual(Receipt.objects.get().employee_id, self.ada.pk)

    def test_whoever_left_before_leaves_no_second_time(self) -> None:
        self.leave()

        services.archive(self.ada.pk, boss())
        services.deactivate(self.ada.pk, boss())
        by_sql(self.ada, name="Ada Sample")
        notice_changes([self.ada.pk])

        self.assertEqual(Receipt.objects.count(), 1)

    def test_the_first_migrate_begins_none(self) -> None:
        make_employee(is_active=False)
        Snapshot.objects.all().delete()

        take_baseline()

        self.assertFalse(Receipt.objects.exists())

    def test_somebody_who_may_not_leave_has_none_and_keeps_the_session(self) -> None:
        Employee.objects.filter(pk=self.ada.pk).update(auth0_role="admin", auth_method="hybrid")
        self.sign_in()

        with self.assertRaises(LastAdministrator):
            services.deactivate(self.ada.pk, boss())

        self.assertFalse(Receipt.objects.exists())
        self.assertIsNotNone(session_of(TOKEN))


class KioskTests(ReceiptTestCase):
    def test_the_session_is_ended_and_the_old_token_really_tried(self) -> None:
        self.sign_in()

        with mock.patch.object(doors, "session_of", wraps=session_of) as tried:
            self.leave()

        tried.assert_called_once_with(TOKEN)
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())
        door = doors_of(self.ada)["kiosk"]
        self.assertEqual(door.outcome, Outcome.CLOSED)
        self.assertEqual(door.note, "Tried with the old session: refused.")
        self.assertEqual(door.closed_at, receipt_of(self.ada).began_at)
        self.assertIsNotNone(door.tried_at)

    def test_other_programs_are_refused_when_they_ask_with_the_old_token(self) -> None:
        self.sign_in()

        self.leave()

        door = doors_of(self.ada)["verify"]
        self.assertEqual(door.note, "Asked with the old session: refused.")

    def test_a_console_that_still_says_whose_the_token_is_shows_an_open_door(self) -> None:
        self.sign_in()

        with mock.patch.object(doors, "_ask_who", return_value=200):
            self.leave()

        self.assertEqual(doors_of(self.ada)["verify"].outcome, Outcome.OPEN)

    def test_whoever_was_not_signed_in_has_no_session_left(self) -> None:
        self.leave()

        door = doors_of(self.ada)["kiosk"]
        self.assertEqual((door.outcome, door.note), (Outcome.CLOSED, "No session is left."))

    def test_a_session_that_still_works_is_an_open_door_until_it_does_not(self) -> None:
        self.sign_in()
        with mock.patch.object(doors, "session_of", return_value=object()):
            self.leave()
        door = doors_of(self.ada)["kiosk"]
        self.assertEqual((door.outcome, door.closed_at), (Outcome.OPEN, None))
        self.assertEqual(receipts.open_doors(), {"kiosk": [self.ada.pk]})

        work_off()

        self.assertEqual(doors_of(self.ada)["kiosk"].outcome, Outcome.CLOSED)
        self.assertEqual(receipts.open_doors(), {})

    def test_the_token_is_nowhere_on_the_receipt(self) -> None:
        self.sign_in()

        self.leave()

        kept = [str(row) for row in ReceiptDoor.objects.values()] + [str(Change.objects.values())]
        self.assertNotIn(TOKEN, " ".join(kept))
        self.assertNotIn(TOKEN, repr(Leaver(1, timezone.now(), [TOKEN])))

    def test_the_session_of_somebody_switched_off_by_sql_is_tried_too(self) -> None:
        self.sign_in()
        by_sql(self.ada, is_active=False)

        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(services.clear_tokens_of_refused(), 1)

        self.assertEqual(doors_of(self.ada)["kiosk"].note, "Tried with the old session: refused.")

    def test_whoever_sql_switched_off_without_a_session_is_left_to_the_sweep(self) -> None:
        by_sql(self.ada, is_active=False)

        with self.captureOnCommitCallbacks(execute=True):
            notice_changes([self.ada.pk])

        self.assertEqual({door.outcome for door in doors_of(self.ada).values()}, {Outcome.WAITING})

    def test_a_session_that_another_program_begins_afterwards_is_ended_by_the_try(self) -> None:
        services.deactivate(self.ada.pk, boss())
        self.sign_in()

        work_off()

        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())


class TwoRowsTests(TwoRowsTestCase):
    def test_both_sessions_are_ended_and_both_old_tokens_tried(self) -> None:
        ada = known()
        sign_in(ada, TOKEN)
        sign_in(ada, SECOND)

        with mock.patch.object(doors, "session_of", wraps=session_of) as tried:
            services.deactivate(ada.pk, boss())

        self.assertEqual({call.args[0] for call in tried.call_args_list}, {TOKEN, SECOND})
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())
        self.assertEqual(doors_of(ada)["kiosk"].outcome, Outcome.CLOSED)


class OtherDoorsTests(ReceiptTestCase):
    def test_the_log_in_with_the_right_pin_is_refused(self) -> None:
        self.leave()

        self.assertEqual(doors_of(self.ada)["pin"].outcome, Outcome.CLOSED)

    def test_a_log_in_that_lets_them_in_is_an_open_door(self) -> None:
        with mock.patch.object(doors, "who_may_enter", return_value=self.ada):
            self.leave()

        found = doors_of(self.ada)
        self.assertEqual(found["pin"].outcome, Outcome.OPEN)
        self.assertEqual(found["verify"].outcome, Outcome.OPEN)
        self.assertIn("deactivate them once more", found["pin"].note)

    def test_whoever_never_signed_in_at_the_console_has_no_session_there(self) -> None:
        self.leave()

        self.assertEqual(doors_of(self.ada)["console"].outcome, Outcome.ABSENT)

    def test_sessions_at_the_console_are_ended_also_of_somebody_switched_off_by_sql(self) -> None:
        by_sql(self.ada, auth_method="hybrid")
        user = User.objects.create_user("employee-ada")
        EmployeeUser.objects.create(user=user, employee=self.ada)
        browser = Client()
        browser.force_login(user)
        session = browser.session
        del session[USED_AT]
        note_use(session, user.pk, "", "")
        self.assertTrue(has_sessions(self.ada.pk))
        by_sql(self.ada, is_active=False)

        notice_changes([self.ada.pk])
        work_off()

        self.assertEqual(doors_of(self.ada)["console"].outcome, Outcome.CLOSED)
        self.assertFalse(has_sessions(self.ada.pk))

    def test_a_console_that_lets_them_in_is_an_open_door(self) -> None:
        user = User.objects.create_user("employee-ada")
        EmployeeUser.objects.create(user=user, employee=self.ada)

        with mock.patch.object(doors, "may_sign_in", return_value=True):
            self.leave()

        self.assertEqual(doors_of(self.ada)["console"].outcome, Outcome.OPEN)

    def test_a_session_at_the_console_that_did_not_end_is_an_open_door(self) -> None:
        user = User.objects.create_user("employee-ada")
        EmployeeUser.objects.create(user=user, employee=self.ada)

        with mock.patch.object(doors, "has_sessions", return_value=True):
            self.leave()

        self.assertEqual(doors_of(self.ada)["console"].outcome, Outcome.OPEN)

    def test_of_a_deleted_row_every_door_is_tried(self) -> None:
        number = self.ada.pk
        Employee.objects.filter(pk=number).delete()

        notice_changes([number])
        work_off()

        found = doors_of(number)
        self.assertEqual({found[name].outcome for name in ("kiosk", "pin", "verify")}, {"closed"})
        self.assertIsNotNone(Receipt.objects.get().completed_at)


class EndingTests(ReceiptTestCase):
    def test_it_is_complete_at_once_where_everything_is_the_consoles_own(self) -> None:
        self.leave()

        receipt = receipt_of(self.ada)
        self.assertIsNotNone(receipt.completed_at)
        self.assertIsNone(receipt.try_at)

    def test_whoever_is_brought_back_first_has_a_receipt_that_ends_so(self) -> None:
        services.deactivate(self.ada.pk, boss())

        services.reactivate(self.ada.pk, boss())
        work_off()

        receipt = receipt_of(self.ada)
        self.assertIsNotNone(receipt.brought_back_at)
        self.assertEqual((receipt.completed_at, receipt.try_at), (None, None))
        self.assertEqual({door.outcome for door in doors_of(self.ada).values()}, {Outcome.WAITING})

    def test_whoever_is_brought_back_while_the_doors_are_tried_is_found_at_no_open_door(
        self,
    ) -> None:
        services.deactivate(self.ada.pk, boss())

        def look(leaver: Leaver) -> Mapping[str, Found]:
            services.reactivate(self.ada.pk, boss())
            return {"pin": Found(Outcome.OPEN)}

        with mock.patch.object(receipts, "_sides", [Side(doors.TITLES, look)]):
            work_off()

        self.assertEqual(doors_of(self.ada)["pin"].outcome, Outcome.WAITING)
        self.assertIsNone(receipt_of(self.ada).completed_at)

    def test_of_two_processes_that_try_at_once_the_first_writes_what_it_found(self) -> None:
        services.deactivate(self.ada.pk, boss())

        def look(leaver: Leaver) -> Mapping[str, Found]:
            with mock.patch.object(receipts, "_sides", [Side(doors.TITLES, doors.look)]):
                receipts.work_off(receipt_of(self.ada))
            return {"pin": Found(Outcome.OPEN)}

        with mock.patch.object(receipts, "_sides", [Side(doors.TITLES, look)]):
            work_off()

        self.assertEqual(doors_of(self.ada)["pin"].outcome, Outcome.CLOSED)

    def test_whoever_another_program_brings_back_is_noticed_by_the_try(self) -> None:
        services.deactivate(self.ada.pk, boss())
        by_sql(self.ada, is_active=True)

        work_off()

        self.assertIsNotNone(receipt_of(self.ada).brought_back_at)
        self.assertNotIn(Outcome.OPEN, {door.outcome for door in doors_of(self.ada).values()})

    def test_who_leaves_twice_has_two(self) -> None:
        self.leave()
        services.reactivate(self.ada.pk, boss())

        self.leave()

        first, second = Receipt.objects.order_by("pk")
        self.assertIsNotNone(first.brought_back_at)
        self.assertIsNotNone(second.completed_at)
        self.assertIsNone(second.brought_back_at)


class WorkingOffTests(ReceiptTestCase):
    def test_with_nothing_to_try_it_costs_one_query(self) -> None:
        self.leave()

        with CaptureQueriesContext(
            connection,
        ) as queries:
            receipts.work_off_due(until=time.monotonic() + 60)

        self.assertEqual(len(queries), 1)

    def test_what_a_killed_web_server_left_is_tried_by_the_sweep(self) -> None:
        self.sign_in()
        services.deactivate(self.ada.pk, boss())  # and nothing after the commit

        work_off()

        door = doors_of(self.ada)["kiosk"]
        self.assertEqual((door.outcome, door.note), (Outcome.CLOSED, "No session is left."))
        self.assertIsNotNone(receipt_of(self.ada).completed_at)

    def test_a_fault_at_one_receipt_holds_up_neither_the_request_nor_the_others(self) -> None:
        bo = known()
        real = doors.look

        def look(leaver: Leaver) -> Mapping[str, Found]:
            if leaver.employee_id == self.ada.pk:
                raise ZeroDivisionError
            return real(leaver)

        with (
            mock.patch.object(receipts, "_sides", [Side(doors.TITLES, look)]),
            self.assertLogs("employees.receipts", "ERROR"),
        ):
            self.leave()
            services.deactivate(bo.pk, boss())
            work_off()

        self.assertIsNotNone(receipt_of(bo).completed_at)
        self.assertTrue(Receipt.objects.filter(employee_id=self.ada.pk, try_at__gt=timezone.now()))

    def test_a_database_that_is_away_is_no_fault(self) -> None:
        side = Side(doors.TITLES, mock.Mock(side_effect=DatabaseError))

        with (
            mock.patch.object(receipts, "_sides", [side]),
            self.assertLogs("employees.receipts", "WARNING") as logged,
        ):
            self.leave()

        self.assertEqual([line.levelname for line in logged.records], ["WARNING"])

    def test_a_slice_is_over_when_its_time_is(self) -> None:
        bo = known()
        services.deactivate(self.ada.pk, boss())
        services.deactivate(bo.pk, boss())
        time_comes()

        receipts.work_off_due(until=0)

        self.assertEqual(Receipt.objects.exclude(completed_at=None).count(), 1)

    def test_what_waits_is_tried_less_often_the_longer_it_waits(self) -> None:
        waits = Side({"far": "Far away"}, lambda leaver: {"far": Found(Outcome.WAITING, "Later.")})
        with mock.patch.object(receipts, "_sides", [waits]):
            services.deactivate(self.ada.pk, boss())
            work_off()
            soon = receipt_of(self.ada).try_at
            Receipt.objects.update(began_at=timezone.now() - timedelta(days=1))
            work_off()

        late = receipt_of(self.ada).try_at
        assert soon and late
        self.assertLess(soon, timezone.now() + receipts.SOONEST)
        self.assertGreater(late, timezone.now() + timedelta(minutes=4))
        self.assertEqual(doors_of(self.ada)["far"].note, "Later.")

    def test_it_can_be_asked_for_at_once(self) -> None:
        services.deactivate(self.ada.pk, boss())
        Receipt.objects.update(try_at=timezone.now() + timedelta(minutes=5))

        receipts.try_now(self.ada.pk)

        self.assertIsNotNone(receipt_of(self.ada).completed_at)

    def test_many_who_leave_at_one_click_have_one_each(self) -> None:
        people = [known() for _ in range(14)]

        with self.captureOnCommitCallbacks(execute=True):
            for person in people:
                services.deactivate(person.pk, boss(), batch="b" * 32)

        self.assertEqual(Receipt.objects.exclude(completed_at=None).count(), 14)
