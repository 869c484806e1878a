"""Mass changes: prepared, confirmed, carried out and undone, whatever breaks in between."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

from django.db import OperationalError
from django.test import TestCase

from employees.mass import changes, kinds
from employees.mass.deeds import carry_out
from employees.mass.models import MassChange, MassRow
from employees.mass.working import work
from employees.models import Change, Employee, EmployeeUser, PlannedMove
from employees.selectors import invitation_of
from employees.services import change_employee
from tests.builders import boss, make_auth, make_employee
from tests.employees.massing import a_user, staged, work_off

Outcome, State = MassRow.Outcome, MassChange.State


class CarryingOutTests(TestCase):
    def setUp(self) -> None:
        self.actor = boss(a_user().pk)

    def test_nothing_is_written_before_it_is_confirmed(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada Quill"}})

        self.assertEqual(change.state, State.PREVIEW)
        self.assertFalse(Employee.objects.filter(name="Ada Quill").exists())

    def test_it_adds_changes_and_says_where_that_came_from(self) -> None:
        person = make_employee(department="Picking")
        change = staged(
            self.actor,
            {"outcome": Outcome.NEW, "values": {"name": "Ada Quill", "invitation": "none"}},
            {
                "outcome": Outcome.CHANGE,
                "values": {"department": "Packing"},
                "before": {"department": "Picking"},
                "employee_id": person.pk,
            },
        )

        done = work_off(change, self.actor)

        self.assertEqual(done.state, State.DONE)
        added = Employee.objects.get(name="Ada Quill")
        self.assertEqual(invitation_of(added.pk), "none")
        person.refresh_from_db()
        self.assertEqual(person.department, "Packing")
        lines = Change.objects.filter(batch=change.batch).order_by("employee_id")
        self.assertEqual({line.source for line in lines}, {change.kind})
        self.assertEqual({line.actor for line in lines}, {self.actor.name})
        self.assertEqual({line.employee_id for line in lines}, {person.pk, added.pk})

    def test_what_its_kind_no_longer_foresees_is_refused_with_the_reason(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada"}})
        kind = kinds.kind_of(change)
        self.addCleanup(kinds.register, change.kind, kind)
        moved = replace(kind, look_again=lambda row, change, actor: "Their plant has closed.")
        kinds.register(change.kind, moved)

        work_off(change, self.actor)

        self.assertEqual(change.rows.get().reason, "Their plant has closed.")
        self.assertFalse(Employee.objects.filter(name="Ada").exists())

    def test_a_newcomer_may_start_later(self) -> None:
        values = {"name": "Ada Quill", "starts_on": "2027-01-11"}
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": values})

        work_off(change, self.actor)

        added = Employee.objects.get(name="Ada Quill")
        self.assertFalse(added.is_active)
        self.assertEqual(added.hire_date and added.hire_date.isoformat(), "2027-01-11")
        self.assertTrue(PlannedMove.objects.filter(employee=added, is_newcomer=True).exists())

    def test_what_was_changed_since_the_preview_is_not_overwritten(self) -> None:
        person = make_employee(department="Shipping")
        values, before = {"department": "Packing"}, {"department": "Picking"}
        row = {"outcome": Outcome.CHANGE, "employee_id": person.pk}
        change = staged(self.actor, {**row, "values": values, "before": before})

        work_off(change, self.actor)

        person.refresh_from_db()
        self.assertEqual(person.department, "Shipping")
        row_now = change.rows.get()
        self.assertEqual((row_now.state, row_now.field), ("refused", "department"))
        self.assertIn("Somebody changed this", row_now.reason)

    def test_a_bad_row_stops_nothing_but_itself_and_can_be_tried_again(self) -> None:
        holder = make_employee(email="ada@example.com")
        change = staged(
            self.actor,
            {"outcome": Outcome.NEW, "values": {"name": "Ada", "email": "ada@example.com"}},
            {"outcome": Outcome.NEW, "values": {"name": "Bob Marsh"}},
        )

        done = work_off(change, self.actor)
        self.assertEqual(changes.counts(change.pk), {"new": {"done": 1, "refused": 1}})
        Employee.objects.filter(pk=holder.pk).update(email=None)
        self.assertTrue(changes.retry(change.pk, done.version, self.actor))
        work(change.pk, until=time.monotonic() + 60)

        self.assertEqual(changes.counts(change.pk), {"new": {"done": 2}})
        self.assertEqual(Employee.objects.filter(name="Bob Marsh").count(), 1)

    def test_a_double_click_confirms_once_and_an_old_page_not_at_all(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada"}})

        first = changes.confirm(change.pk, change.version, self.actor)
        second = changes.confirm(change.pk, change.version, self.actor)

        self.assertEqual((first, second), (True, False))

    def test_a_second_worker_does_nothing_while_the_first_works(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada"}})
        changes.confirm(change.pk, change.version, self.actor)
        MassChange.objects.filter(pk=change.pk).update(
            lease="another", lease_until="2099-01-01T00:00:00Z"
        )

        work(change.pk, until=time.monotonic() + 60)

        self.assertFalse(Employee.objects.filter(name="Ada").exists())

    def test_a_worker_that_dies_between_two_rows_loses_and_doubles_nobody(self) -> None:
        names = ["Ada", "Bob", "Cleo"]
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": name}} for name in names
        ]
        change = staged(self.actor, *rows)
        changes.confirm(change.pk, change.version, self.actor)
        seen: list[str] = []

        def dies(row: MassRow, *rest: Any) -> int:
            seen.append(row.values["name"])
            if len(seen) == 2:
                raise KeyboardInterrupt
            return carry_out(row, *rest)

        with (
            mock.patch("employees.mass.working.carry_out", dies),
            self.assertRaises(KeyboardInterrupt),
        ):
            work(change.pk, until=time.monotonic() + 60)
        MassChange.objects.filter(pk=change.pk).update(lease_until="2020-01-01T00:00:00Z")
        work(change.pk, until=time.monotonic() + 60)

        found = (
            Employee.objects.filter(name__in=names).order_by("pk").values_list("name", flat=True)
        )
        self.assertEqual(list(found), names)

    def test_whoever_has_left_the_company_since_carries_nothing_out(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada"}})

        work_off(change, boss(999_999))

        self.assertEqual(changes.counts(change.pk), {"new": {"refused": 1}})

    def test_answers_decide_what_becomes_of_a_question(self) -> None:
        left = make_employee(is_active=False, name="Ana Ruiz")
        question = {
            "outcome": Outcome.QUESTION,
            "asks": True,
            "choices": ["back", "new", "skip"],
            "employee_id": left.pk,
            "values": {"name": "Ana Ruiz"},
        }
        change = staged(self.actor, question)
        row = change.rows.get()

        self.assertTrue(changes.answer(change.pk, change.version, {row.pk: "back"}))
        change.refresh_from_db()
        work_off(change, self.actor)

        left.refresh_from_db()
        self.assertTrue(left.is_active)

    def test_answers_that_are_cut_short_are_confirmed_by_nobody_until_they_are_counted(
        self,
    ) -> None:
        question = {"outcome": Outcome.QUESTION, "asks": True, "choices": ["new", "skip"]}
        change = staged(self.actor, {**question, "values": {"name": "Ada"}})

        with (
            mock.patch("employees.mass.changes.summarise", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            changes.answer(change.pk, change.version, {}, for_all="new")

        change.refresh_from_db()
        self.assertEqual(change.rows.get().outcome, Outcome.NEW)
        self.assertFalse(changes.confirm(change.pk, change.version, self.actor))
        MassChange.objects.filter(pk=change.pk).update(lease_until="2020-01-01T00:00:00Z")
        work(change.pk, until=time.monotonic() + 60)
        change.refresh_from_db()
        self.assertEqual(change.state, State.PREVIEW)

    def test_answers_stop_where_somebody_has_discarded_it_meanwhile(self) -> None:
        question = {"outcome": Outcome.QUESTION, "asks": True, "choices": ["new", "skip"]}
        change = staged(self.actor, {**question, "values": {"name": "Ada"}})
        answer_all = changes._answer_all

        def discarded(change_id: int, lease: str, outcome: str) -> None:
            changes.discard(change_id, change.version + 1)
            answer_all(change_id, lease, outcome)

        with mock.patch("employees.mass.changes._answer_all", discarded):
            kept = changes.answer(change.pk, change.version, {}, for_all="new")

        change.refresh_from_db()
        self.assertEqual((kept, change.state), (False, State.DISCARDED))
        self.assertEqual(change.rows.get().outcome, Outcome.QUESTION)

    def test_whoever_only_looks_like_a_newcomer_is_none_of_the_crowd(self) -> None:
        somebody = make_employee()
        row = {"employee_id": somebody.pk, "is_risky": True, "values": {"name": "Ada"}}
        change = staged(self.actor, {**row, "outcome": Outcome.NEW})

        self.assertEqual(changes.crowd(change), [])

    def test_a_letter_that_the_database_refuses_stops_one_row(self) -> None:
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": name}} for name in ("Ada", "Bob")
        ]
        change = staged(self.actor, *rows)
        refused = OperationalError(1366, "Incorrect string value")

        with mock.patch("employees.mass.working.carry_out", side_effect=[refused, 7]):
            work_off(change, self.actor)

        self.assertEqual(changes.counts(change.pk), {"new": {"refused": 1, "done": 1}})
        self.assertIn("can't hold a letter", change.rows.get(state="refused").reason)

    def test_a_fault_of_the_console_stops_one_row_and_one_of_the_database_all(self) -> None:
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": name}} for name in ("Ada", "Bob")
        ]
        change = staged(self.actor, *rows)
        changes.confirm(change.pk, change.version, self.actor)
        with (
            mock.patch("employees.mass.working.carry_out", side_effect=OperationalError("gone")),
            self.assertRaises(OperationalError),
        ):
            work(change.pk, until=time.monotonic() + 60)
        self.assertEqual(changes.counts(change.pk), {"new": {"waiting": 2}})
        MassChange.objects.filter(pk=change.pk).update(lease_until=None)

        with (
            mock.patch("employees.mass.working.carry_out", side_effect=[ValueError, 7]),
            self.assertLogs("employees.mass.working", "ERROR"),
        ):
            work(change.pk, until=time.monotonic() + 60)

        self.assertEqual(changes.counts(change.pk), {"new": {"refused": 1, "done": 1}})

    def test_a_slice_ends_in_time_and_queues_the_next(self) -> None:
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": f"Person {n}"}} for n in range(30)
        ]
        change = staged(self.actor, *rows)
        changes.confirm(change.pk, change.version, self.actor)

        with (
            mock.patch("employees.mass.working.time.monotonic", side_effect=[0.0, 9.0]),
            mock.patch("employees.mass.changes.wake") as queued,
        ):
            work(change.pk, until=8.0)

        self.assertEqual(changes.counts(change.pk), {"new": {"done": 25, "waiting": 5}})
        queued.assert_called_once_with(change.pk)


class PreparingTests(TestCase):
    def test_what_nobody_foresaw_in_a_file_ends_it_with_a_sentence(self) -> None:
        def breaks(change: MassChange, go_on: Callable[[], bool]) -> bool:
            raise ValueError

        with self.assertLogs("employees.mass.working", "ERROR"):
            change = staged(boss(), prepare=breaks)

        self.assertEqual(change.state, State.FAILED)
        self.assertIn("Something in it can't be read", change.failure)

    def test_a_letter_that_the_database_refuses_ends_it_and_a_fault_of_the_database_does_not(
        self,
    ) -> None:
        def breaks(change: MassChange, go_on: Callable[[], bool]) -> bool:
            raise OperationalError(1366, "Incorrect string value")

        def is_away(change: MassChange, go_on: Callable[[], bool]) -> bool:
            raise OperationalError(2006, "Server has gone away")

        with self.assertLogs("employees.mass.working", "ERROR"):
            change = staged(boss(), prepare=breaks)
        self.assertEqual(change.state, State.FAILED)
        with self.assertRaises(OperationalError):
            staged(boss(), prepare=is_away)

    def test_what_was_discarded_meanwhile_gets_no_more_rows(self) -> None:
        def discarded(change: MassChange, go_on: Callable[[], bool]) -> bool:
            changes.discard(change.pk, change.version)
            changes.add_rows(change, [MassRow(change=change, line=2, outcome=Outcome.NEW)])
            return True

        change = staged(boss(), prepare=discarded)

        self.assertEqual((change.state, change.rows.count()), (State.DISCARDED, 0))

    def test_a_file_that_cannot_be_read_says_why(self) -> None:
        def refuses(change: MassChange, go_on: Callable[[], bool]) -> bool:
            raise kinds.CannotPrepare("This is a picture: save the list as CSV.")

        change = staged(boss(), prepare=refuses)

        self.assertEqual(change.state, State.FAILED)
        self.assertEqual(change.failure, "This is a picture: save the list as CSV.")

    def test_beginning_anew_forgets_the_rows_of_the_first_reading(self) -> None:
        change = staged(boss(), {"outcome": Outcome.NEW, "values": {"name": "Wrong"}})

        changes.begin_anew(change.pk, change.version, {"delimiter": ";"})
        work(change.pk, until=time.monotonic() + 60)

        change.refresh_from_db()
        self.assertEqual(change.options, {"delimiter": ";"})
        self.assertEqual([row.values["name"] for row in change.rows.all()], ["Wrong"])
        self.assertFalse(change.is_stale)


class UndoingTests(TestCase):
    def setUp(self) -> None:
        self.actor = boss(a_user().pk)

    def undone(self, change: MassChange) -> None:
        change.refresh_from_db()
        self.assertTrue(changes.undo(change.pk, change.version, self.actor))
        work(change.pk, until=time.monotonic() + 60)

    def test_whoever_was_added_is_archived_and_nobody_deleted(self) -> None:
        change = staged(self.actor, {"outcome": Outcome.NEW, "values": {"name": "Ada"}})
        work_off(change, self.actor)

        self.undone(change)

        added = Employee.objects.get(name="Ada")
        self.assertFalse(added.is_active)
        self.assertIsNotNone(added.archived_at)
        self.assertEqual(changes.counts(change.pk), {"new": {"undone": 1}})

    def test_whoever_has_signed_in_since_is_left_alone_by_any_door(self) -> None:
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": name}} for name in ("Ada", "Bob")
        ]
        change = staged(self.actor, *rows)
        work_off(change, self.actor)
        ada, bob = Employee.objects.filter(name__in=["Ada", "Bob"]).order_by("name")
        make_auth(ada, last_login="2099-01-01T00:00:00Z")
        EmployeeUser.objects.create(user=a_user(), employee=bob, signed_in_at="2099-01-01T00:00Z")

        self.undone(change)

        reasons = dict(change.rows.values_list("employee_id", "reason"))
        self.assertEqual(reasons[ada.pk], "They have signed in at the kiosk since.")
        self.assertEqual(reasons[bob.pk], "They have signed in to the console since.")
        self.assertEqual(Employee.objects.filter(archived_at=None).count(), 2)

    def test_signing_in_at_the_kiosk_as_before_keeps_nobody_an_account(self) -> None:
        ana = make_employee()
        values = {"values": {"auth_method": "hybrid"}, "before": {"auth_method": "pin"}}
        change = staged(self.actor, {"outcome": Outcome.CHANGE, "employee_id": ana.pk, **values})
        work_off(change, self.actor)
        make_auth(ana, last_login="2099-01-01T00:00:00Z")
        self.assertEqual(changes.undo_crowd(change), [ana.pk])

        self.undone(change)

        ana.refresh_from_db()
        self.assertEqual(ana.auth_method, "pin")

    def test_changes_are_taken_back_unless_changed_since(self) -> None:
        first, second = make_employee(department="Picking"), make_employee(department="Picking")
        row = {"outcome": Outcome.CHANGE, "values": {"department": "Packing", "invitation": "none"}}
        before = {"before": {"department": "Picking"}}
        change = staged(
            self.actor,
            {**row, **before, "employee_id": first.pk},
            {**row, **before, "employee_id": second.pk},
        )
        work_off(change, self.actor)
        Employee.objects.filter(pk=second.pk).update(department="Shipping")

        self.undone(change)

        first.refresh_from_db()
        second.refresh_from_db()
        self.assertEqual((first.department, second.department), ("Picking", "Shipping"))
        self.assertEqual(invitation_of(first.pk), "work")
        self.assertEqual(changes.counts(change.pk), {"change": {"undone": 1, "kept": 1}})

    def test_what_somebody_else_has_changed_beside_it_stays(self) -> None:
        person = make_employee(department="Picking", phone_number="555-0100")
        values = {"values": {"department": "Packing"}, "before": {"department": "Picking"}}
        change = staged(self.actor, {"outcome": Outcome.CHANGE, "employee_id": person.pk, **values})
        work_off(change, self.actor)
        change_employee(person.pk, {"phone_number": "555-0199"}, self.actor)

        self.undone(change)

        person.refresh_from_db()
        self.assertEqual((person.department, person.phone_number), ("Picking", "555-0199"))

    def test_all_pages_of_rows_are_taken_back_from_the_last_to_the_first(self) -> None:
        rows: list[dict[str, Any]] = [
            {"outcome": Outcome.NEW, "values": {"name": f"Person {n}"}} for n in range(60)
        ]
        change = staged(self.actor, *rows)
        work_off(change, self.actor)

        self.undone(change)

        self.assertEqual(changes.counts(change.pk), {"new": {"undone": 60}})

    def test_somebody_brought_back_goes_where_they_were(self) -> None:
        left = make_employee(is_active=False, archived_at="2026-03-01T00:00:00Z", name="Ana")
        values = {"values": {"name": "Ana Ruiz"}, "before": {"name": "Ana"}}
        change = staged(self.actor, {"outcome": Outcome.BACK, "employee_id": left.pk, **values})
        work_off(change, self.actor)

        self.undone(change)

        left.refresh_from_db()
        self.assertFalse(left.is_active)
        self.assertIsNotNone(left.archived_at)
        self.assertEqual(left.name, "Ana")


class ForgettingTests(TestCase):
    def test_rows_go_a_month_after_the_end_and_the_counts_stay(self) -> None:
        change = staged(boss(), {"outcome": Outcome.NEW, "values": {"name": "Ada"}})
        MassChange.objects.filter(pk=change.pk).update(
            state=State.DONE, ended_at="2026-01-01T00:00:00Z"
        )

        changes.prune()

        change.refresh_from_db()
        self.assertFalse(change.rows.exists())
        self.assertIsNotNone(change.pruned_at)

    def test_a_stalled_one_is_queued_again(self) -> None:
        change = staged(boss(), {"outcome": Outcome.NEW, "values": {"name": "Ada"}})
        changes.confirm(change.pk, change.version, boss())
        MassChange.objects.filter(pk=change.pk).update(woken_at="2026-01-01T00:00:00Z")

        with (
            mock.patch("employees.mass.changes.async_task") as queued,
            self.captureOnCommitCallbacks(execute=True),
        ):
            changes.wake_stalled()

        queued.assert_called_once_with("employees.tasks.mass_change", change.pk)
