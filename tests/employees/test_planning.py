"""Planned joining and leaving: what is said today happens when its time has come, and only then."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db.models.functions import Now
from django.test import TestCase

from employees import planning, services
from employees.actors import ADMIN_PREFIX, actor_named
from employees.authority import Actor, program
from employees.errors import (
    AlreadyAdded,
    AlreadyPlanned,
    InvalidValue,
    LastAdministrator,
    NotAllowed,
)
from employees.models import Change, Employee, EmployeeAuth, EmployeeUser, PlannedMove
from employees.undo import last_leaving, undo
from tests.builders import CommittedTestCase, boss, make_auth, make_employee
from tests.employees.planned import in_days, plan_of, time_comes, works
from tests.employees.test_concurrency import at_once
from tests.signed_in import signed_in


def acting(role: str, **over: Any) -> Actor:
    """Somebody with this role who signs in to the console, and may plan."""
    _, person = signed_in(role, **over)
    return actor_named(f"{ADMIN_PREFIX}{EmployeeUser.objects.get(employee=person).pk}")


def lines_of(employee: Employee) -> list[tuple[str, str]]:
    lines = Change.objects.filter(employee_id=employee.pk).order_by("id")
    return [(line.action, line.source) for line in lines if line.source != "sql"]


class LeavingTests(TestCase):
    def setUp(self) -> None:
        self.manager = acting("manager")
        self.ada = make_employee(name="Ada Quill")

    def test_nothing_happens_before_its_time(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)

        self.assertEqual(planning.carry_out_due(9), 0)

        self.assertTrue(works(self.ada))

    def test_at_its_time_access_ends_in_the_name_of_who_planned_it(self) -> None:
        make_auth(self.ada, login_token="t" * 43)
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager, "End of season")

        self.assertEqual(time_comes(), 1)

        self.assertFalse(works(self.ada))
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())
        self.assertEqual(
            lines_of(self.ada), [("leaving planned", "admin"), ("deactivated", "plan")]
        )
        last = Change.objects.latest("id")
        self.assertEqual(last.actor, self.manager.name)
        self.assertEqual(plan_of(self.ada).state, "done")

    def test_the_second_sweep_finds_nothing_left(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        time_comes()
        services.reactivate(self.ada.pk, self.manager)

        self.assertEqual(time_comes(), 0)

        self.assertTrue(works(self.ada))

    def test_what_is_late_happens_all_the_same_and_says_when(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)

        time_comes(late=timedelta(hours=9))

        plan = plan_of(self.ada)
        assert plan.ended_at
        self.assertFalse(works(self.ada))
        self.assertGreater(plan.ended_at - plan.at, timedelta(hours=8))

    def test_it_can_be_undone_for_ten_minutes_like_any_other(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        time_comes()

        change = last_leaving(Employee.objects.get(pk=self.ada.pk))

        assert change is not None
        self.assertEqual(undo(change.batch, self.manager).restored, [self.ada.pk])
        self.assertTrue(works(self.ada))

    def test_cancelled_it_does_not_happen(self) -> None:
        plan = planning.plan_leaving(self.ada.pk, in_days(1), self.manager)

        self.assertTrue(planning.cancel(plan.pk, boss()))
        self.assertFalse(planning.cancel(plan.pk, boss()))

        self.assertEqual(time_comes(), 0)
        self.assertTrue(works(self.ada))
        self.assertEqual(lines_of(self.ada)[-1], ("planned leaving cancelled", "admin"))
        self.assertEqual(plan_of(self.ada).ended_by, boss().name)

    def test_a_plan_that_nobody_made_cannot_be_cancelled(self) -> None:
        self.assertFalse(planning.cancel(10**6, boss()))

    def test_planning_the_same_twice_plans_it_once(self) -> None:
        at = in_days(3)
        first = planning.plan_leaving(self.ada.pk, at, self.manager)

        again = planning.plan_leaving(self.ada.pk, at, self.manager)

        self.assertEqual((first.pk, len(lines_of(self.ada))), (again.pk, 1))

    def test_another_time_is_refused_until_the_first_is_cancelled(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(3), self.manager)

        with self.assertRaisesMessage(AlreadyPlanned, "The leaving is planned already, for "):
            planning.plan_leaving(self.ada.pk, in_days(4), boss())

    def test_a_time_that_has_passed_is_refused_with_what_to_do(self) -> None:
        with self.assertRaisesMessage(InvalidValue, "Deactivate them now instead."):
            planning.plan_leaving(self.ada.pk, in_days(-1), self.manager)

    def test_a_time_years_away_is_taken_for_a_slip(self) -> None:
        with self.assertRaisesMessage(InvalidValue, "look at the year again"):
            planning.plan_leaving(self.ada.pk, in_days(800), self.manager)

    def test_whoever_is_switched_off_cannot_leave(self) -> None:
        off = make_employee(is_active=False)

        with self.assertRaisesMessage(InvalidValue, "is switched off already"):
            planning.plan_leaving(off.pk, in_days(1), self.manager)

    def test_deactivated_by_hand_the_plan_stays_and_drops_at_its_time(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        services.deactivate(self.ada.pk, boss(), "b" * 32)
        self.assertEqual(plan_of(self.ada).state, "open")  # so that an undo brings it back too

        time_comes()

        plan = plan_of(self.ada)
        self.assertEqual((plan.state, plan.note), ("dropped", "They were switched off before."))
        self.assertEqual(lines_of(self.ada)[-1], ("planned leaving dropped", "plan"))

    def test_whoever_comes_back_before_the_time_still_leaves_then(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        services.deactivate(self.ada.pk, boss(), "b" * 32)
        undo("b" * 32, boss())

        time_comes()

        self.assertFalse(works(self.ada))

    def test_a_row_deleted_by_sql_ends_the_plan(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        plan = plan_of(self.ada)
        Employee.objects.filter(pk=self.ada.pk).delete()

        time_comes()

        plan.refresh_from_db()
        self.assertEqual(plan.state, "dropped")
        self.assertIn("There is no employee", plan.note)

    def test_it_happens_though_who_planned_it_has_left(self) -> None:
        planning.plan_leaving(self.ada.pk, in_days(1), self.manager)
        services.deactivate(self.manager.employee_id or 0, boss())

        time_comes()

        self.assertFalse(works(self.ada))

    def test_nobody_plans_their_own_leaving(self) -> None:
        with self.assertRaisesMessage(NotAllowed, "You can't switch yourself off"):
            planning.plan_leaving(self.manager.employee_id or 0, in_days(1), self.manager)

    def test_nobody_cancels_that_they_leave_themselves(self) -> None:
        plan = planning.plan_leaving(self.manager.employee_id or 0, in_days(1), boss())

        with self.assertRaises(NotAllowed):
            planning.cancel(plan.pk, self.manager)


class LastAdministratorTests(TestCase):
    def setUp(self) -> None:
        self.last = make_employee(auth0_role="admin", auth_method="auth0")

    def test_it_cannot_be_planned(self) -> None:
        with self.assertRaises(LastAdministrator):
            planning.plan_leaving(self.last.pk, in_days(1), boss())

    def test_of_two_who_leave_the_last_one_stays_and_it_is_said(self) -> None:
        other = make_employee(auth0_role="admin", auth_method="auth0")
        planning.plan_leaving(self.last.pk, in_days(1), boss())
        planning.plan_leaving(other.pk, in_days(2), boss())

        self.assertEqual(time_comes(), 2)

        self.assertEqual((works(self.last), works(other)), (False, True))
        plan = plan_of(other)
        self.assertEqual(plan.state, "failed")
        self.assertIn("last administrator", plan.note)
        self.assertEqual(lines_of(other)[-1], ("planned leaving failed", "plan"))

    def test_what_was_refused_stands_until_it_is_cancelled_or_planned_anew(self) -> None:
        other = make_employee(auth0_role="admin", auth_method="auth0")
        for person in (self.last, other):
            planning.plan_leaving(person.pk, in_days(1), boss())
        time_comes()
        failed = plan_of(other)
        make_employee(auth0_role="admin", auth_method="auth0")

        planning.plan_leaving(other.pk, in_days(1), boss())

        failed.refresh_from_db()
        self.assertEqual((failed.state, plan_of(other).state), ("dropped", "open"))


class JoiningTests(TestCase):
    def setUp(self) -> None:
        self.manager = acting("manager")

    def add(self, days: float = 3, **over: Any) -> Employee:
        values = {"name": "Ada Quill", "email": "ada@example.com", **over}
        return planning.add_joining(values, "work", self.manager, in_days(days))

    def test_a_newcomer_is_switched_off_until_their_day_begins(self) -> None:
        ada = self.add()
        self.assertFalse(works(ada))

        time_comes()

        self.assertTrue(works(ada))
        self.assertEqual(
            lines_of(ada),
            [("added", "admin"), ("joining planned", "admin"), ("reactivated", "plan")],
        )

    def test_the_hire_date_alone_switches_nothing(self) -> None:
        person = make_employee(hire_date=date(2100, 1, 1))
        off = make_employee(hire_date=date(2020, 1, 1), is_active=False)

        self.assertEqual(time_comes(), 0)

        self.assertEqual((works(person), works(off)), (True, False))

    def test_a_form_sent_twice_adds_and_plans_once(self) -> None:
        at = in_days(3)
        planning.add_joining({"name": "Ada Quill"}, "work", self.manager, at, "k" * 32)

        with self.assertRaises(AlreadyAdded):
            planning.add_joining({"name": "Ada Quill"}, "work", self.manager, at, "k" * 32)

        self.assertEqual(PlannedMove.objects.count(), 1)

    def test_nobody_is_added_for_a_day_that_cannot_be(self) -> None:
        for days in (-1, 800):
            with self.assertRaises(InvalidValue):
                self.add(days)

    def test_whoever_left_comes_back_as_planned_out_of_the_archive_too(self) -> None:
        ben = make_employee()
        services.archive(ben.pk, boss())
        planning.plan_joining(ben.pk, in_days(1), self.manager)

        time_comes()

        self.assertTrue(works(ben))

    def test_whoever_works_here_cannot_come_back(self) -> None:
        with self.assertRaisesMessage(InvalidValue, "works here already"):
            planning.plan_joining(make_employee().pk, in_days(1), self.manager)

    def test_switched_on_by_hand_nothing_is_left_to_do(self) -> None:
        ada = self.add()
        services.reactivate(ada.pk, boss())
        self.assertEqual(plan_of(ada, "join").state, "dropped")
        services.deactivate(ada.pk, boss())

        self.assertEqual(time_comes(), 0)

        self.assertFalse(works(ada))

    def test_put_away_by_hand_nobody_joins(self) -> None:
        ada = self.add()
        services.archive(ada.pk, boss())

        plan = plan_of(ada, "join")

        self.assertEqual((plan.state, plan.note), ("dropped", "They were archived by hand."))

    def test_switched_on_by_another_program_nothing_is_left_to_do(self) -> None:
        ada = self.add()
        Employee.objects.filter(pk=ada.pk).update(is_active=True)

        time_comes()

        self.assertEqual(plan_of(ada, "join").note, "They were switched on before.")

    def test_what_another_program_decided_meanwhile_isnt_turned_round(self) -> None:
        ada = self.add()
        PlannedMove.objects.update(planned_at=Now() - timedelta(minutes=1))
        Employee.objects.filter(pk=ada.pk).update(archived_at=in_days(0))

        time_comes()

        self.assertFalse(works(ada))
        self.assertIn("Another program", plan_of(ada, "join").note)

    def test_nobody_who_has_left_opens_a_door(self) -> None:
        ada = self.add()
        services.deactivate(self.manager.employee_id or 0, boss())

        time_comes()

        self.assertFalse(works(ada))
        plan = plan_of(ada, "join")
        self.assertEqual(plan.state, "failed")
        self.assertIn("may not do it any more", plan.note)

    def test_nobody_brings_somebody_back_who_has_become_their_equal_since(self) -> None:
        ben = make_employee()
        services.deactivate(ben.pk, boss())
        planning.plan_joining(ben.pk, in_days(1), self.manager)
        Employee.objects.filter(pk=ben.pk).update(auth0_role="manager")

        time_comes()

        self.assertFalse(works(ben))
        self.assertEqual(plan_of(ben, "join").state, "failed")

    def test_refused_it_ends_when_somebody_switches_them_on(self) -> None:
        ada = self.add()
        services.deactivate(self.manager.employee_id or 0, boss())
        time_comes()

        services.reactivate(ada.pk, boss())

        self.assertEqual(plan_of(ada, "join").state, "dropped")

    def test_an_equal_who_was_added_joins_though_equals_are_out_of_reach(self) -> None:
        equal = self.add(auth0_role="manager")
        with self.assertRaises(NotAllowed):
            services.reactivate(equal.pk, self.manager)

        time_comes()

        self.assertTrue(works(equal))

    def test_only_who_added_an_equal_may_cancel_it_and_whoever_is_above(self) -> None:
        plan = plan_of(self.add(auth0_role="manager"), "join")

        with self.assertRaises(NotAllowed):
            planning.cancel(plan.pk, acting("manager"))

        self.assertTrue(planning.cancel(plan.pk, self.manager))

    def test_nobody_who_has_less_to_say_by_now_opens_the_door_of_somebody_above(self) -> None:
        acting("admin")  # one has to be left
        self.manager = acting("admin")
        equal = self.add(auth0_role="admin")
        services.change_employee(self.manager.employee_id or 0, {"auth0_role": "manager"}, boss())

        time_comes()

        self.assertFalse(works(equal))
        self.assertIn("may not do it any more", plan_of(equal, "join").note)

    def test_whoever_added_somebody_that_is_above_them_by_now_cannot_cancel_it(self) -> None:
        ada = self.add()
        services.change_employee(ada.pk, {"auth0_role": "admin"}, boss())

        with self.assertRaises(NotAllowed):
            planning.cancel(plan_of(ada, "join").pk, self.manager)

    def test_a_program_may_plan_as_well(self) -> None:
        values = {"name": "Ada Quill"}
        ada = planning.add_joining(values, "none", program("import"), in_days(1))

        time_comes()

        self.assertTrue(works(ada))
        self.assertEqual(lines_of(ada)[-1], ("reactivated", "program"))

    def test_a_user_who_is_gone_may_nothing_any_more(self) -> None:
        self.assertEqual(actor_named("admin:999999").role, "")
        self.assertEqual(actor_named("kiosk:7").role, "")

    def test_the_addition_taken_back_takes_the_plan_along(self) -> None:
        ada = self.add()

        services.remove_addition(ada.pk, self.manager)

        self.assertFalse(PlannedMove.objects.exists())


class SeasonTests(TestCase):
    """Somebody who joins, and leaves again, both planned on one day."""

    def test_both_can_be_planned_and_happen_in_their_order_though_late(self) -> None:
        ada = planning.add_joining({"name": "Ada Quill"}, "work", boss_user(), in_days(3))
        planning.plan_leaving(ada.pk, in_days(20), boss_user())

        self.assertEqual(time_comes(late=timedelta(days=1)), 2)

        self.assertFalse(works(ada))
        self.assertEqual((plan_of(ada).state, plan_of(ada, "join").state), ("done", "done"))

    def test_nobody_leaves_before_they_join(self) -> None:
        ada = planning.add_joining({"name": "Ada Quill"}, "work", boss_user(), in_days(3))

        with self.assertRaisesMessage(InvalidValue, "joins only on"):
            planning.plan_leaving(ada.pk, in_days(2), boss_user())


def boss_user() -> Actor:
    """An administrator who is still there when the time comes."""
    return program("tests")


class CommandTests(TestCase):
    def told(self, *arguments: str) -> str:
        out = StringIO()
        call_command("carry_out_plans", *arguments, stdout=out)
        return out.getvalue().strip()

    def test_without_apply_it_only_counts(self) -> None:
        ada = make_employee()
        planning.plan_leaving(ada.pk, in_days(1), boss())
        PlannedMove.objects.update(at=in_days(-1))

        self.assertEqual(self.told(), "1 due; --apply carries them out.")
        self.assertTrue(works(ada))
        self.assertEqual(self.told("--apply"), "1 carried out, or ended.")
        self.assertFalse(works(ada))


class AtTheSameMomentTests(CommittedTestCase):
    def test_of_two_managers_one_plans_and_the_other_reads_it(self) -> None:
        ada = make_employee()

        def plan(days: float) -> Any:
            try:
                return planning.plan_leaving(ada.pk, in_days(days), boss())
            except AlreadyPlanned as error:
                return error

        results = at_once(lambda: plan(3), lambda: plan(4))

        self.assertEqual(PlannedMove.objects.count(), 1)
        self.assertEqual(sum(isinstance(one, AlreadyPlanned) for one in results), 1)

    def test_two_sweeps_at_once_do_it_once(self) -> None:
        ada = make_employee()
        planning.plan_leaving(ada.pk, in_days(1), boss())
        PlannedMove.objects.update(at=Now() - timedelta(seconds=1))

        ended = at_once(lambda: planning.carry_out_due(9), lambda: planning.carry_out_due(9))

        self.assertEqual(sum(ended), 1)
        self.assertEqual(Change.objects.filter(action="deactivated").count(), 1)

    def test_cancelled_at_that_very_moment_it_is_either_done_or_cancelled(self) -> None:
        ada = make_employee()
        plan = planning.plan_leaving(ada.pk, in_days(1), boss())
        PlannedMove.objects.update(at=Now() - timedelta(seconds=1))

        cancelled, ended = at_once(
            lambda: planning.cancel(plan.pk, boss()), lambda: planning.carry_out_due(9)
        )

        self.assertEqual(works(ada), cancelled)
        self.assertEqual(ended, 0 if cancelled else 1)
