"""Two rows of one person become one, and two again (requirement P6)."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from django.test import TestCase

from auth0sync.models import Account
from employees import history, reviews
from employees.authority import Actor
from employees.errors import AlreadyDecided, EmailTaken, EmployeesError, NotAllowed, UnknownEmployee
from employees.models import Change, Employee, EmployeeAuth, PodFactoryMapping, Review
from employees.review_merging import merge, undo_merge, why_not_undo
from employees.review_preview import BRINGS_BACK, preview, token_of, why_not_merge
from employees.services import change_employee, deactivate, reactivate
from tests.builders import CommittedTestCase, boss, make_auth, make_employee, make_mapping
from tests.employees.test_concurrency import at_once
from tests.outside import connecteam_inserts, connecteam_updates, podfactory_inserts, update

MANAGER = Actor("admin:3", "manager", 3)


def row(number: int) -> Employee:
    return Employee.objects.get(pk=number)


def noticed(*numbers: int) -> None:
    history.notice_changes(numbers)


class MergingTestCase(TestCase):
    """Ana, who works here, and the row that Connecteam made of her tonight."""

    def setUp(self) -> None:
        self.ana = make_employee(name="Ana Ortiz", email="ana@example.com", phone_number=None)
        self.number = connecteam_inserts("Ana Ortiz-Vega", connecteam_user_id="77")
        update("employees", self.number, phone_number="662 555 0100")
        noticed(self.ana.pk, self.number)

    def merge(self, *takes: str, actor: Actor | None = None, into: Employee | None = None) -> None:
        kept = row((into or self.ana).pk)
        token = token_of(row(self.number), kept)
        merge(self.number, kept.pk, takes, actor or boss(), token)

    def undo(self, actor: Actor | None = None) -> None:
        undo_merge(self.number, actor or boss(), self.review().batch)

    def review(self) -> Review:
        return Review.objects.get(pk=self.number)

    def last_line(self, number: int) -> Change:
        return Change.objects.filter(employee_id=number).latest("pk")


class MergeTests(MergingTestCase):
    def test_the_other_row_is_put_away_with_a_note_and_never_deleted(self) -> None:
        update("employees", self.number, notes="Night shift")
        make_auth(row(self.number), login_token="t" * 43)

        self.merge()

        other = row(self.number)
        self.assertFalse(other.is_active)
        self.assertIsNotNone(other.archived_at)
        note = f"Night shift\nSame person as Ana Ortiz (number {self.ana.pk})."
        self.assertEqual(other.notes, note)
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())

    def test_connecteam_finds_the_kept_row_by_its_id_and_no_other_by_the_email(self) -> None:
        self.merge()

        found = Employee.objects.filter(connecteam_user_id="77")
        self.assertEqual([each.pk for each in found], [self.ana.pk])
        self.assertFalse(Employee.objects.filter(email="77@company.com").exists())
        self.assertEqual(row(self.ana.pk).email, "ana@example.com")

    def test_only_what_was_chosen_is_taken_over(self) -> None:
        self.merge("phone_number", "hire_date")

        ana = row(self.ana.pk)
        self.assertEqual((ana.phone_number, str(ana.hire_date)), ("662 555 0100", "2026-11-02"))
        self.assertEqual((ana.name, ana.department), ("Ana Ortiz", "Picking"))

    def test_an_email_goes_over_though_no_two_rows_may_have_it(self) -> None:
        number = podfactory_inserts("Ana Ortiz", "ana.o@example.com")
        noticed(number)
        self.number = number

        self.merge("email")

        self.assertEqual((row(self.ana.pk).email, row(number).email), ("ana.o@example.com", None))

    def test_an_email_that_finds_nobody_by_itself_stays(self) -> None:
        self.number = podfactory_inserts("Ana Ortiz", "ana.o@example.com")
        noticed(self.number)

        self.merge()

        self.assertEqual(row(self.number).email, "ana.o@example.com")

    def test_podfactorys_mappings_point_to_the_kept_row_and_keep_all_else(self) -> None:
        mapping = make_mapping(row(self.number), podfactory_email="ana.ortizhp@example.com")
        hers = make_mapping(self.ana)
        before = PodFactoryMapping.objects.values().get(pk=mapping.pk)

        self.merge()

        after = PodFactoryMapping.objects.values().get(pk=mapping.pk)
        self.assertEqual(after, {**before, "employee_id": self.ana.pk})
        self.assertEqual(self.review().mapping_ids, [mapping.pk])
        self.assertEqual(PodFactoryMapping.objects.get(pk=hers.pk).employee_id, self.ana.pk)

    def test_the_kept_persons_account_is_due_since_its_mappings_moved(self) -> None:
        change_employee(self.ana.pk, {"auth_method": "auth0"}, boss())
        make_mapping(row(self.number))
        due = Account.objects.get(pk=self.ana.pk).due_seq

        self.merge()

        self.assertGreater(Account.objects.get(pk=self.ana.pk).due_seq, due)

    def test_both_histories_say_who_did_it_and_what_moved(self) -> None:
        make_mapping(row(self.number))

        self.merge()

        kept, other = self.last_line(self.ana.pk), self.last_line(self.number)
        self.assertEqual((kept.action, kept.actor), ("merged", "admin:1"))
        self.assertEqual(kept.changes["connecteam_user_id"], [None, "77"])
        self.assertEqual(kept.changes["podfactory"], [0, 1])
        self.assertEqual(other.action, "merged into another")
        self.assertEqual(other.changes["same_as"], [None, f"Ana Ortiz (number {self.ana.pk})"])
        self.assertEqual(other.changes["email"], ["77@company.com", None])
        self.assertEqual(kept.batch, other.batch)

    def test_they_leave_the_list(self) -> None:
        self.merge()

        review = self.review()
        self.assertEqual((review.state, review.kept_id), ("merged", self.ana.pk))
        self.assertEqual(reviews.count_in_review(boss()), 0)

    def test_somebody_who_left_comes_back_when_that_is_chosen(self) -> None:
        update("employees", self.ana.pk, is_active=0, archived_at="2026-03-01 12:00:00")
        noticed(self.ana.pk)
        self.merge()
        self.assertFalse(row(self.ana.pk).is_active)
        self.undo()

        self.merge(BRINGS_BACK)

        ana = row(self.ana.pk)
        self.assertEqual((ana.is_active, ana.archived_at), (True, None))

    def test_bringing_back_somebody_who_works_here_is_nothing(self) -> None:
        self.merge(BRINGS_BACK)

        self.assertNotIn("is_active", self.last_line(self.ana.pk).changes)


class RefusedTests(MergingTestCase):
    def refused(self, why: str, **over: Any) -> None:
        with self.assertRaisesMessage(NotAllowed, why):
            self.merge(**over)
        self.assertEqual(self.review().state, "open")
        self.assertEqual(row(self.number).connecteam_user_id, "77")

    def test_two_accounts_in_use(self) -> None:
        for number in (self.ana.pk, self.number):
            update("employees", number, auth0_user_id=f"auth0|{number}", auth_method="auth0")
        noticed(self.ana.pk, self.number)

        self.refused("Both have an Auth0 account that is in use")

        update("employees", self.number, auth_method="pin")
        noticed(self.number)
        self.merge()
        self.assertEqual(self.review().state, "merged")

    def test_a_row_with_itself(self) -> None:
        self.refused("the same row", into=row(self.number))

    def test_into_a_row_that_was_merged_itself(self) -> None:
        first = connecteam_inserts("Ana Ortiz")
        noticed(first)
        merge(first, self.ana.pk, [], boss(), token_of(row(first), row(self.ana.pk)))

        self.refused(f"was merged into number {self.ana.pk}", into=row(first))

    def test_what_somebody_may_not_do_to_either(self) -> None:
        for columns, of, why in (
            ({"auth0_role": "admin"}, self.number, "You can't archive this person"),
            ({"auth0_role": "manager"}, self.ana.pk, "You can't change how this person signs in"),
        ):
            with self.subTest(why):
                update("employees", of, **columns)
                noticed(of)
                self.merge_email_refused(why)
                update("employees", of, auth0_role="production_associate")
                noticed(of)

    def merge_email_refused(self, why: str) -> None:
        with self.assertRaisesMessage(NotAllowed, why):
            self.merge("email", actor=MANAGER)
        self.assertEqual(self.review().state, "open")
        self.assertTrue(row(self.number).is_active)

    def test_a_row_that_changed_since_it_was_shown(self) -> None:
        token = token_of(row(self.number), self.ana)
        connecteam_updates(self.ana.pk, name="Ana Reyes")

        with self.assertRaisesMessage(NotAllowed, "while you were here: look again"):
            merge(self.number, self.ana.pk, [], boss(), token)
        self.assertEqual(self.review().state, "open")

    def test_a_second_click_and_a_second_manager(self) -> None:
        self.merge()

        with self.assertRaisesMessage(AlreadyDecided, "merged into another row"):
            self.merge(actor=boss(2))
        self.assertEqual(Change.objects.filter(action="merged").count(), 1)

    def test_a_row_that_is_gone(self) -> None:
        token = token_of(row(self.number), self.ana)
        gone = self.ana.pk
        self.ana.delete()

        with self.assertRaises(UnknownEmployee):
            merge(self.number, gone, [], boss(), token)


class AfterwardsTests(MergingTestCase):
    """What the programs do in the nights that follow."""

    def test_connecteam_updates_the_kept_row_and_all_stays_quiet(self) -> None:
        self.merge()

        connecteam_updates(self.ana.pk, name="Ana Ortiz", connecteam_user_id="77", is_active=1)
        noticed(self.ana.pk, self.number)

        self.assertEqual(reviews.count_in_review(boss()), 0)
        self.assertEqual(why_not_undo(self.review()), "")

    def test_a_program_that_takes_the_old_row_again_puts_it_on_the_list(self) -> None:
        self.merge()

        connecteam_updates(self.number, connecteam_user_id="77", is_active=1)
        noticed(self.number)

        self.assertEqual(self.review().why[0], "revived")
        self.merge()
        self.assertEqual((self.review().state, row(self.number).is_active), ("merged", False))

    def revive(self) -> None:
        self.merge()
        update("employees", self.number, department="Picking", email="vega@example.com")
        connecteam_updates(self.number, connecteam_user_id="77", is_active=1)
        noticed(self.number)

    def test_what_programs_write_next_doesnt_take_it_off_the_list(self) -> None:
        self.revive()

        connecteam_updates(self.number, name="Ana Vega")
        noticed(self.number)

        self.assertEqual((self.review().state, self.review().why), ("open", ["revived"]))

    def test_it_waits_for_a_reason_when_somebody_lets_it_in_again(self) -> None:
        self.revive()

        reactivate(self.number, boss())
        self.assertEqual(self.review().state, "open")
        reviews.leave(self.number, "Somebody else", boss())

        self.assertEqual((row(self.number).archived_at, self.review().state), (None, "left"))

    def test_it_leaves_the_list_when_somebody_puts_it_away(self) -> None:
        self.revive()

        change_employee(self.number, {"phone_number": "1"}, boss())
        self.assertEqual(self.review().state, "open")
        deactivate(self.number, boss())

        self.assertEqual(self.review().state, "away")

    def test_an_undo_of_the_second_merge_puts_it_on_the_list_again(self) -> None:
        self.revive()
        self.merge()

        self.undo()

        self.assertEqual((self.review().state, self.review().why), ("open", ["revived"]))

    def test_somebody_who_brings_the_old_row_back_has_decided(self) -> None:
        self.merge()

        reactivate(self.number, boss())

        review = self.review()
        self.assertEqual((review.state, review.note), ("left", "Brought back in the console."))

    def test_other_changes_of_the_old_row_dont(self) -> None:
        self.merge()

        update("employees", self.number, phone_number="1")
        noticed(self.number)

        self.assertEqual(self.review().state, "merged")


class UndoTests(MergingTestCase):
    def both(self) -> list[Any]:
        kept = history.values_of(row(self.ana.pk))
        return [kept, history.values_of(row(self.number)), self.mappings()]

    def mappings(self) -> list[Any]:
        return list(PodFactoryMapping.objects.order_by("pk").values_list("pk", "employee_id"))

    def test_both_rows_and_the_mappings_are_as_they_were(self) -> None:
        make_mapping(row(self.number))
        make_mapping(self.ana)
        before = self.both()
        self.merge("name", "email", "phone_number", "hire_date")

        self.undo()

        self.assertEqual(self.both(), before)
        self.assertEqual((self.review().state, self.review().kept_id), ("open", None))
        self.assertEqual(self.last_line(self.ana.pk).action, "merge undone")
        self.assertEqual(self.last_line(self.ana.pk).changes["podfactory"], [1, 0])

    def test_it_can_be_merged_again(self) -> None:
        self.merge()
        self.undo()

        self.merge()

        self.assertEqual(self.review().state, "merged")

    def test_nothing_that_changed_since_is_overwritten(self) -> None:
        make_mapping(row(self.number))
        self.merge("phone_number")
        self.notes = row(self.number).notes
        for meddle, why in (
            (lambda: update("employees", self.ana.pk, phone_number="1"), "Ana Ortiz"),
            (lambda: update("employees", self.number, notes="x"), "Ana Ortiz-Vega"),
            (self.delete_the_mapping, "A PodFactory mapping"),
            (lambda: Change.objects.filter(employee_id=self.number).delete(), "the history"),
            (lambda: Employee.objects.filter(pk=self.number).delete(), "is gone"),
        ):
            with self.subTest(why):
                state = Review.objects.get(pk=self.number)
                meddle()
                self.assertIn(why, why_not_undo(state))
                with self.assertRaises((NotAllowed, UnknownEmployee)):
                    self.undo()
                self.put_back()

    def delete_the_mapping(self) -> None:
        PodFactoryMapping.objects.filter(pk__in=self.review().mapping_ids).delete()

    def put_back(self) -> None:
        update("employees", self.ana.pk, phone_number="662 555 0100")
        update("employees", self.number, notes=self.notes)

    def test_an_email_that_somebody_else_has_by_now_stops_it(self) -> None:
        self.merge()
        make_employee(email="77@company.com")

        with self.assertRaises(EmailTaken):
            self.undo()
        self.assertEqual(self.review().state, "merged")

    def test_a_second_click_finds_nothing_to_undo(self) -> None:
        self.merge()
        self.undo()

        with self.assertRaisesMessage(NotAllowed, "There is no merge to undo"):
            self.undo()
        self.assertIn("no merge", why_not_undo(None))

    def test_a_page_of_another_merge_undoes_nothing(self) -> None:
        self.merge()
        first = self.review().batch
        self.undo()
        self.merge(into=make_employee(name="Ana Ortiz"))

        with self.assertRaisesMessage(NotAllowed, "There is no merge to undo"):
            undo_merge(self.number, boss(), first)
        self.assertEqual(self.review().state, "merged")

    def test_who_may_not_bring_back_the_one_doesnt_undo(self) -> None:
        self.merge()
        update("employees", self.number, auth0_role="manager")

        with self.assertRaisesMessage(NotAllowed, "their role is as high as yours"):
            self.undo(MANAGER)


class PreviewTests(MergingTestCase):
    def shown(self, actor: Actor | None = None) -> Any:
        return preview(row(self.number), row(self.ana.pk), actor or boss())

    def test_the_columns_that_differ_and_what_is_proposed(self) -> None:
        found = {each.column: each.takes_other for each in self.shown().choices}

        expected = {"name": False, "email": False, "phone_number": True, "hire_date": False}
        self.assertEqual(found, expected)

    def test_a_placeholder_gives_way_to_an_email(self) -> None:
        update("employees", self.ana.pk, email="8@company.com")
        update("employees", self.number, email="ana.real@example.com")

        found = {each.column: each.takes_other for each in self.shown().choices}

        self.assertTrue(found["email"])

    def test_what_may_not_be_taken_over_isnt_proposed(self) -> None:
        update("employees", self.ana.pk, auth0_role="manager", email=None)

        (email,) = [each for each in self.shown(MANAGER).choices if each.column == "email"]

        self.assertFalse(email.takes_other)
        self.assertIn("their role is as high as yours", email.why_not)

    def test_connecteams_id_and_the_one_that_is_given_up(self) -> None:
        update("employees", self.ana.pk, connecteam_user_id="8")

        found = self.shown()

        self.assertEqual((found.connecteam, found.gives_up, found.frees_email), ("77", "8", True))

    def test_somebody_who_left_may_be_brought_back(self) -> None:
        self.assertIsNone(self.shown().brings_back)

        update("employees", self.ana.pk, is_active=0)

        self.assertTrue(self.shown().brings_back.takes_other)

    def test_tables_of_other_programs_are_named(self) -> None:
        make_mapping(row(self.number))
        tables = ["activity_logs", "employee_podfactory_mapping_v2"]  # found by removal's own tests
        with mock.patch("employees.review_preview.tables_pointing_to", return_value=tables):
            found = self.shown()

        self.assertEqual((found.tables, found.mappings), (["activity_logs"], 1))

    def test_nothing_stands_in_the_way_of_two_plain_rows(self) -> None:
        self.assertEqual(why_not_merge(row(self.number), row(self.ana.pk), boss()), "")


class AtOnceTests(CommittedTestCase):
    def setUp(self) -> None:
        self.numbers = [connecteam_inserts("Ana Ortiz"), connecteam_inserts("Ana Ortiz")]
        noticed(*self.numbers)

    def merging(self, number: int, into: int, user: int) -> Callable[[], str]:
        token = token_of(row(number), row(into))

        def merge_it() -> str:
            try:
                merge(number, into, [], boss(user), token)
            except EmployeesError as error:
                return str(error)
            return "merged"

        return merge_it

    def test_of_two_who_merge_one_row_one_is_told(self) -> None:
        number, kept = self.numbers

        said = at_once(self.merging(number, kept, 1), self.merging(number, kept, 2))

        self.assertEqual(sorted(said)[1], "merged")
        self.assertIn("decided this already", sorted(said)[0])
        self.assertEqual(Change.objects.filter(action="merged").count(), 1)

    def test_two_rows_merged_into_each_other_leave_one(self) -> None:
        one, other = self.numbers

        said = at_once(self.merging(one, other, 1), self.merging(other, one, 2))

        self.assertEqual(said.count("merged"), 1)
        self.assertEqual(Employee.objects.filter(is_active=True).count(), 1)
