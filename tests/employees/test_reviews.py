"""People whom other programs add wait for a person (requirement P6)."""

from typing import Any

from django.test import SimpleTestCase, TestCase

from employees import history, reviews, services
from employees.authority import Actor
from employees.errors import AlreadyDecided, InvalidValue, NotAllowed, UnknownEmployee
from employees.models import Employee, Review, Snapshot
from tests.builders import boss, make_employee
from tests.outside import (
    connecteam_inserts,
    connecteam_updates,
    podfactory_inserts,
    podfactory_maps,
    update,
)

LEAD = Actor("admin:5", "team_lead", 5, "Picking", "MS")
ASSOCIATE = Actor("admin:6", "production_associate", 6)


def noticed(number: int) -> int:
    """The sweep looks at this row."""
    history.notice_changes([number])
    return number


def waits(number: int) -> bool:
    return number in reviews.in_review(boss()).values_list("pk", flat=True)


def state(number: int) -> str:
    return Review.objects.get(pk=number).state


class MissingTests(SimpleTestCase):
    def test_an_email_and_a_department_are_wanted(self) -> None:
        for values, missing in (
            ({"email": "ana@example.com", "department": "Picking"}, []),
            ({"email": "17@company.com", "department": "Picking"}, ["email"]),
            ({"email": "ana@example.com", "department": " "}, ["department"]),
            ({"email": None, "department": None}, ["email", "department"]),
        ):
            with self.subTest(values):
                self.assertEqual(reviews.what_is_missing(values), missing)


class ArrivingTests(TestCase):
    def test_whom_connecteam_adds_waits(self) -> None:
        number = noticed(connecteam_inserts("Ana Ortiz"))

        self.assertTrue(waits(number))
        self.assertEqual(Review.objects.get(pk=number).why, ["email", "department"])

    def test_whom_podfactory_adds_waits_once_whichever_row_comes_first(self) -> None:
        with_mapping = noticed(podfactory_inserts("Ana Ortiz", "ana.ortizshp@example.com"))
        without = noticed(podfactory_inserts("Bo Ash", "bo.ashhp@example.com", mapping=False))
        podfactory_maps(without, "Bo Ash", "bo.ashhp@example.com")
        noticed(without)

        self.assertEqual(list(reviews.in_review(boss()).values_list("pk", "why")), [
            (with_mapping, ["department"]),
            (without, ["department"]),
        ])  # fmt: skip

    def test_a_service_that_is_quicker_than_the_sweep_puts_them_on_the_list_too(self) -> None:
        number = connecteam_inserts("Ana Ortiz")

        services.change_employee(number, {"phone_number": "662 555 0100"}, boss())

        self.assertTrue(waits(number))

    def test_complete_rows_and_those_added_in_the_console_dont_wait(self) -> None:
        by_sql = make_employee(department="Picking")
        added = services.add_employee({"name": "Ana Ortiz"}, "none", boss())
        history.notice_changes([by_sql.pk, added.pk])

        self.assertFalse(Review.objects.exists())

    def test_who_was_there_before_the_console_doesnt_wait(self) -> None:
        number = connecteam_inserts("Ana Ortiz")
        Snapshot.objects.all().delete()
        history.take_baseline()

        noticed(number)

        self.assertFalse(Review.objects.exists())

    def test_somebody_added_inactive_waits_from_when_they_are_switched_on(self) -> None:
        number = noticed(connecteam_inserts("Ana Ortiz", is_active=0))
        self.assertFalse(waits(number))

        connecteam_updates(number, is_active=1)
        noticed(number)

        self.assertTrue(waits(number))


class LeavingTests(TestCase):
    def setUp(self) -> None:
        self.number = noticed(connecteam_inserts("Ana Ortiz"))

    def change(self, **columns: Any) -> None:
        services.change_employee(self.number, columns, boss())

    def test_completed_is_who_has_all(self) -> None:
        self.change(department="Picking")
        self.assertEqual(Review.objects.get(pk=self.number).why, ["email"])

        self.change(email="ana@example.com")

        review = Review.objects.get(pk=self.number)
        self.assertEqual((review.state, review.decided_by), ("completed", "admin:1"))

    def test_another_program_may_complete_them_too(self) -> None:
        update("employees", self.number, department="Picking", email="ana@example.com")
        noticed(self.number)

        self.assertEqual(state(self.number), "completed")

    def test_who_is_complete_doesnt_come_back(self) -> None:
        self.change(department="Picking", email="ana@example.com")
        update("employees", self.number, department=None)
        noticed(self.number)
        connecteam_updates(self.number, name="Ana Ortiz-Vega")
        noticed(self.number)

        self.assertEqual(state(self.number), "completed")

    def test_whoever_is_switched_off_leaves_and_comes_back_when_switched_on(self) -> None:
        services.deactivate(self.number, boss())
        self.assertEqual(state(self.number), "away")

        services.reactivate(self.number, boss())
        self.assertTrue(waits(self.number))

    def test_a_deleted_row_leaves(self) -> None:
        Employee.objects.filter(pk=self.number).delete()
        noticed(self.number)

        self.assertFalse(Review.objects.exists())

    def test_what_says_nothing_of_who_they_are_leaves_all_as_it_is(self) -> None:
        update("employees", self.number, hire_date="2026-11-09")
        noticed(self.number)

        self.assertTrue(waits(self.number))


class LeftAsTheyAreTests(TestCase):
    def setUp(self) -> None:
        self.number = noticed(connecteam_inserts("Ana Ortiz"))

    def test_a_reason_is_kept_and_they_are_gone_from_the_list(self) -> None:
        reviews.leave(self.number, " Has no e-mail,\n signs in with a PIN ", boss())

        review = Review.objects.get(pk=self.number)
        self.assertEqual((review.state, review.decided_by), ("left", "admin:1"))
        self.assertEqual(review.note, "Has no e-mail, signs in with a PIN")

    def test_no_reason_and_a_long_one_are_refused(self) -> None:
        for reason in ("  ", "x" * 201):
            with self.subTest(reason), self.assertRaises(InvalidValue):
                reviews.leave(self.number, reason, boss())
        self.assertTrue(waits(self.number))

    def test_the_second_of_two_managers_reads_what_the_first_decided(self) -> None:
        reviews.leave(self.number, "New here", boss())

        with self.assertRaisesMessage(AlreadyDecided, "decided this already: left as they are"):
            reviews.leave(self.number, "New here", boss(2))

    def test_whoever_never_waited_or_is_gone_cant_be_left(self) -> None:
        with self.assertRaisesMessage(AlreadyDecided, "Nobody waits there"):
            reviews.leave(make_employee().pk, "New here", boss())
        with self.assertRaises(UnknownEmployee):
            reviews.leave(999_999, "New here", boss())

    def test_who_may_change_nobody_decides_nothing(self) -> None:
        for who in (LEAD, ASSOCIATE):
            with self.subTest(who), self.assertRaises(NotAllowed):
                reviews.leave(self.number, "New here", who)

    def test_the_nightly_sync_doesnt_bring_them_back_but_another_name_does(self) -> None:
        reviews.leave(self.number, "New here", boss())

        connecteam_updates(self.number, name="Ana Ortiz", is_active=1)
        noticed(self.number)
        self.assertFalse(waits(self.number))

        connecteam_updates(self.number, name="Ana Ortega")
        noticed(self.number)
        self.assertTrue(waits(self.number))

    def test_a_name_that_a_manager_changes_doesnt_bring_them_back(self) -> None:
        reviews.leave(self.number, "New here", boss())

        services.change_employee(self.number, {"name": "Ana Ortega"}, boss())

        self.assertFalse(waits(self.number))


class ListTests(TestCase):
    def test_it_holds_those_in_sight(self) -> None:
        noticed(connecteam_inserts("Ana Ortiz"))
        hers = noticed(connecteam_inserts("Bo Ash", department="Picking"))

        self.assertEqual(reviews.count_in_review(boss()), 2)
        self.assertEqual([each.pk for each in reviews.in_review(LEAD)], [hers])
        self.assertEqual(reviews.count_in_review(ASSOCIATE), 0)
