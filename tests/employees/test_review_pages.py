"""The pages of people whom other programs added, and of what they wrote (requirements P6, M5)."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from auth0sync.due import note
from auth0sync.models import Account
from employees import history, reviews, services
from employees.models import Change, Employee, Review
from employees.review_merging import merge
from employees.review_preview import token_of
from tests.builders import boss, make_employee, make_mapping, make_role
from tests.employees.test_admin import AdminTestCase, page_of
from tests.outside import connecteam_inserts, connecteam_updates, podfactory_inserts, update
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once

LIST = reverse("admin:employees_employee_reviews")
OUTSIDE = reverse("admin:employees_employee_outside")


def address(name: str, number: int) -> str:
    return reverse(f"admin:employees_employee_{name}", args=[number])


def noticed(*numbers: int) -> None:
    history.notice_changes(numbers)


class ReviewTestCase(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ana = make_employee(name="Ana Ortiz", email="ana@example.com", phone_number=None)
        self.number = connecteam_inserts("Ana Ortiz-Vega", phone_number="662 555 0100")
        noticed(self.ana.pk, self.number)

    def merged(self) -> None:
        other = Employee.objects.get(pk=self.number)
        ana = Employee.objects.get(pk=self.ana.pk)
        merge(other.pk, ana.pk, ["phone_number"], boss(), token_of(other, ana))

    def state(self) -> str:
        return Review.objects.get(pk=self.number).state


class ListTests(ReviewTestCase):
    def test_it_says_who_they_may_be_what_is_missing_and_who_added_them(self) -> None:
        page = self.client.get(LIST)

        self.assertContains(page, "Added probably by Connecteam")
        self.assertContains(page, "No usable e-mail")
        self.assertContains(page, "93 of 100, nearly the same name: a further name.")
        self.assertContains(page, f"{address('merge', self.number)}?with={self.ana.pk}")

    def test_podfactory_is_told_by_its_mapping_and_nobody_by_nothing(self) -> None:
        noticed(
            podfactory_inserts("Bo Ash", "bo.ashhp@example.com"),
            podfactory_inserts("Cy Ash", "cy.ashhp@example.com", mapping=False),
        )

        page = self.client.get(LIST)

        self.assertContains(page, "Added probably by PodFactory")
        self.assertContains(page, "Added by another program")

    def test_its_number_stands_in_the_menu_and_leads_there_from_the_other_pages(self) -> None:
        for url in ("/admin/", reverse("admin:employees_employee_cannot_work")):
            with self.subTest(url):
                self.assertContains(self.client.get(url), f'href="{LIST}"')
        self.assertContains(
            self.client.get(reverse("admin:employees_employee_cannot_work")),
            "1 person added by other programs",
        )

    def test_many_cost_as_many_queries_as_one(self) -> None:
        with CaptureQueriesContext(connection) as with_one:
            self.client.get(LIST)
        noticed(*[connecteam_inserts("Ana Ortiz") for _ in range(30)])

        with self.assertNumQueries(len(with_one)):
            page = self.client.get(LIST)

        self.assertEqual(len(page.context["rows"]), 25)
        self.assertContains(page, "Page 1 of 2")

    def test_a_row_that_sql_deleted_a_moment_ago_is_passed_over(self) -> None:
        Employee.objects.filter(pk=self.number).delete()

        self.assertContains(self.client.get(LIST), "Nobody waits to be reviewed")

    def test_a_reader_sees_it_without_buttons(self) -> None:
        page = signed_in("finance")[0].get(LIST)

        self.assertContains(page, "Ana Ortiz-Vega")
        self.assertNotContains(page, address("merge", self.number))


class OnePersonTests(ReviewTestCase):
    def test_left_with_a_reason_they_are_off_the_list(self) -> None:
        page = self.client.post(address("review", self.number), {"reason": "New here"})

        self.assertRedirects(page, LIST)
        self.assertEqual(self.state(), "left")
        again = self.client.get(address("review", self.number))
        self.assertContains(again, "Decided by manager")
        self.assertContains(again, "left as they are. “New here”")

    def test_without_a_reason_nothing_is_done_and_what_was_typed_stays(self) -> None:
        page = self.client.post(address("review", self.number), {"reason": "x" * 201})

        self.assertContains(page, "at most 200 characters")
        self.assertContains(page, "x" * 201)
        self.assertEqual(self.state(), "open")

    def test_somebody_else_can_be_searched_for(self) -> None:
        bo = make_employee(name="Bo Ash", department="Packing")

        page = self.client.get(address("review", self.number), {"q": "bo ash"})
        none = self.client.get(address("review", self.number), {"q": "zz"})

        self.assertContains(page, f"{address('merge', self.number)}?with={bo.pk}")
        self.assertContains(none, "Nobody is found.")

    def test_what_is_known_of_the_row_is_in_words(self) -> None:
        update("employees", self.number, role_id=make_role("Heat Press").pk)

        page = self.client.get(address("review", self.number))

        self.assertIn(("Role", "Heat Press"), page.context["facts"])
        self.assertIn(("Hire date", "2 Nov 2026"), page.context["facts"])

    def test_whom_a_program_brought_back_has_nothing_to_fill_in(self) -> None:
        self.merged()
        connecteam_updates(self.number, connecteam_user_id="77", is_active=1)
        noticed(self.number)

        for url in (address("review", self.number), LIST):
            with self.subTest(url):
                page = self.client.get(url)
                self.assertContains(page, "Merged before, and brought back by another program")
                self.assertNotContains(page, ">Complete</a>")

        reviews.leave(self.number, "Somebody else", boss())
        page = self.client.get(address("review", self.number))
        self.assertContains(page, "left as they are. “Somebody else”")

    def test_of_somebody_who_never_waited_it_says_so(self) -> None:
        page = self.client.get(address("review", self.ana.pk))

        self.assertContains(page, "Nobody has to look at this person")

    def test_another_program_may_have_decided(self) -> None:
        update("employees", self.number, department="Picking", email="vega@example.com")
        noticed(self.number)

        page = self.client.get(address("review", self.number))

        self.assertContains(page, "Decided by another program")

    def test_who_may_not_change_them_or_doesnt_see_them_decides_nothing(self) -> None:
        for browser, status in ((signed_in("finance")[0], 403), (team_lead()[0], 404)):
            with self.subTest(status):
                answer = browser.post(address("review", self.number), {"reason": "New here"})
                self.assertEqual(answer.status_code, status)
        self.assertEqual(self.state(), "open")
        page = signed_in("finance")[0].get(address("review", self.number))
        self.assertNotContains(page, 'name="reason"')

    def test_an_associate_sees_nothing(self) -> None:
        associate, _ = signed_in("production_associate")

        self.assertEqual(associate.get(address("review", self.number)).status_code, 302)


class FormTests(ReviewTestCase):
    def test_what_is_missing_is_marked_and_the_page_says_they_wait(self) -> None:
        page = self.client.get(page_of(Employee.objects.get(pk=self.number)))

        self.assertContains(page, "not looked at yet: no usable e-mail, no department")
        self.assertContains(page, "data-missing", count=2)

    def test_saved_complete_they_are_off_the_list(self) -> None:
        person = Employee.objects.get(pk=self.number)
        data = self.rendered(person) | {"department": "Picking", "email": "vega@example.com"}

        self.client.post(page_of(person), data)

        self.assertEqual(self.state(), "completed")
        self.assertNotContains(self.client.get(page_of(person)), "data-missing")

    def test_both_rows_of_a_merge_lead_to_each_other_and_to_the_undo(self) -> None:
        self.merged()

        away = self.client.get(page_of(Employee.objects.get(pk=self.number)))
        kept = self.client.get(page_of(self.ana))

        self.assertContains(away, "This row was merged into")
        self.assertContains(kept, "was merged into this row")
        for page in (away, kept):
            self.assertContains(page, address("undo_merge", self.number))

    def test_whom_connecteam_knows_has_its_owner_beside_the_name(self) -> None:
        words = "Connecteam writes the name too"

        self.assertContains(self.client.get(page_of(Employee.objects.get(pk=self.number))), words)
        self.assertNotContains(self.client.get(page_of(self.ana)), words)


class MergePageTests(ReviewTestCase):
    def test_it_shows_field_by_field_what_would_happen_and_does_nothing(self) -> None:
        update("employees", self.ana.pk, connecteam_user_id="8", is_active=0)
        make_mapping(Employee.objects.get(pk=self.number))

        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})

        shown = {
            each.label: (each.kept, each.other, each.takes_other)
            for each in page.context["choices"]
        }
        self.assertEqual(shown["Phone"], ("–", "662 555 0100", True))
        self.assertEqual(shown["Hire date"], ("1 Mar 2024", "2 Nov 2026", False))
        self.assertEqual(shown["Works here"], ("stays switched off", "comes back", True))
        self.assertContains(page, "1 PodFactory mapping goes to number")
        self.assertContains(page, "has Connecteam’s id 8 now and loses it")
        self.assertContains(page, "so that Connecteam doesn’t find that row again")
        self.assertEqual(self.state(), "open")

    def send(self, **over: Any) -> Any:
        form = self.client.get(address("merge", self.number), {"with": self.ana.pk}).context
        data = {"with": self.ana.pk, "token": form["found"].token, "take_phone_number": "other"}
        return self.client.post(address("merge", self.number), {**data, **over})

    def test_the_button_merges_and_leads_to_the_kept_row(self) -> None:
        answer = self.send(take_name="kept")

        self.assertRedirects(answer, page_of(self.ana))
        self.assertIn(address("undo_merge", self.number), self.said(answer))
        ana = Employee.objects.get(pk=self.ana.pk)
        self.assertEqual((ana.name, ana.phone_number), ("Ana Ortiz", "662 555 0100"))
        self.assertEqual(self.state(), "merged")

    def test_a_double_click_merges_once_and_says_so(self) -> None:
        token = token_of(Employee.objects.get(pk=self.number), self.ana)
        self.send()

        page = self.client.post(
            address("merge", self.number), {"with": self.ana.pk, "token": token}
        )

        self.assertContains(page, "decided this already")
        self.assertNotContains(page, '<button class="console-button console-button-primary">Merge')
        self.assertEqual(Change.objects.filter(action="merged").count(), 1)

    def test_what_changed_meanwhile_is_shown_anew_and_can_be_merged_then(self) -> None:
        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})
        connecteam_updates(self.number, name="Ana Vega")

        again = self.client.post(
            address("merge", self.number),
            {"with": self.ana.pk, "token": page.context["found"].token},
        )

        self.assertContains(again, "while you were here: look again")
        self.assertContains(again, "Ana Vega")
        self.assertTrue(again.context["can_merge"])
        self.assertEqual(self.state(), "open")

    def test_two_accounts_are_refused_with_what_to_do(self) -> None:
        for number in (self.ana.pk, self.number):
            update("employees", number, auth0_user_id=f"auth0|{number}", auth_method="auth0")

        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})

        self.assertContains(page, "Have one of the two sign in with the PIN alone first")
        self.assertFalse(page.context["can_merge"])

    def test_an_account_of_the_row_that_goes_is_warned_of(self) -> None:
        update("employees", self.number, auth0_user_id="auth0|1", auth_method="auth0")

        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})

        self.assertContains(page, "has an Auth0 account: it is blocked")

    def test_a_name_by_which_podfactory_would_miss_them_is_warned_of(self) -> None:
        make_mapping(self.ana, podfactory_name="Ana Ortiz", podfactory_email="ana@example.com")
        update("employees", self.number, name="Bea Reyes")

        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})
        self.assertContains(page, "PodFactory knows them as “Ana Ortiz”: it would find nobody")

        update("employees", self.number, name="Ana Ortiz")
        same = self.client.get(address("merge", self.number), {"with": self.ana.pk})
        self.assertNotContains(same, "PodFactory knows")

    def test_the_row_that_goes_isnt_taken_for_somebody_else(self) -> None:
        make_mapping(self.ana, podfactory_name="Ana Ortiz-Vega", podfactory_email="x@example.com")

        page = self.client.get(address("merge", self.number), {"with": self.ana.pk})

        self.assertNotContains(page, "With the name of number")

    def test_without_another_row_it_leads_to_where_one_is_chosen(self) -> None:
        page = self.client.get(address("merge", self.number))

        self.assertContains(page, "Choose on the page of this row whose it is.")
        self.assertContains(page, address("review", self.number))

    def test_somebody_out_of_sight_or_not_there_is_not_found(self) -> None:
        for number in (999_999, 0):
            with self.subTest(number):
                page = self.client.get(address("merge", self.number), {"with": number})
                self.assertEqual(page.status_code, 404 if number else 200)
        self.assertEqual(team_lead()[0].get(address("merge", self.number)).status_code, 404)
        self.assertEqual(
            signed_in("finance")[0].get(address("merge", self.number)).status_code, 403
        )


class UndoPageTests(ReviewTestCase):
    def undo(self) -> Any:
        batch = Review.objects.get(pk=self.number).batch
        return self.client.post(address("undo_merge", self.number), {"batch": batch})

    def test_it_says_what_it_does_and_does_it(self) -> None:
        make_mapping(Employee.objects.get(pk=self.number))
        self.merged()

        page = self.client.get(address("undo_merge", self.number))
        self.assertContains(page, "1 PodFactory mapping too")
        self.assertContains(page, f'name="batch" value="{page.context["review"].batch}"')
        answer = self.undo()

        self.assertRedirects(answer, address("review", self.number))
        self.assertEqual(self.state(), "open")
        self.assertIsNone(Employee.objects.get(pk=self.ana.pk).phone_number)

    def test_what_changed_since_is_said_and_there_is_no_button(self) -> None:
        self.merged()
        update("employees", self.ana.pk, phone_number="1")

        for page in (
            self.client.get(address("undo_merge", self.number)),
            self.undo(),
        ):
            self.assertContains(page, "was changed since")
            self.assertNotContains(page, ">Undo the merge</button>")

    def test_where_nothing_was_merged_it_says_so(self) -> None:
        page = self.client.get(address("undo_merge", self.ana.pk))

        self.assertContains(page, "There is no merge to undo.")


class OutsideTests(ReviewTestCase):
    def whose(self, **asked: Any) -> list[int]:
        return [each.employee_id for each in self.client.get(OUTSIDE, asked).context["rows"]]

    def test_old_and_new_value_stand_there_with_who_it_probably_was(self) -> None:
        connecteam_updates(self.number, name="Ana Vega")
        noticed(self.number)

        page = self.client.get(OUTSIDE)

        self.assertContains(page, "outside the console, probably Connecteam")
        self.assertContains(page, "<del>Ana Ortiz-Vega</del>")
        self.assertContains(page, "<ins>Ana Vega</ins>")

    def test_what_was_done_in_the_console_isnt_there(self) -> None:
        services.change_employee(self.ana.pk, {"name": "Ana Reyes"}, boss())

        actions = [each.line.action for each in self.client.get(OUTSIDE).context["rows"]]

        self.assertEqual(actions, ["added", "added"])

    def test_days_field_and_person_choose(self) -> None:
        bo = make_employee(name="Bo Ash")
        noticed(bo.pk)
        old = timezone.now() - timedelta(days=8)
        Change.objects.filter(employee_id=self.ana.pk).update(at=old)

        self.assertEqual(self.whose(), [bo.pk, self.number])
        self.assertEqual(self.whose(days=30), [bo.pk, self.number, self.ana.pk])
        self.assertEqual(self.whose(field="connecteam_user_id"), [self.number])
        self.assertEqual(self.whose(person="bo"), [bo.pk])
        self.assertEqual(self.whose(person=str(bo.pk)), [bo.pk])
        self.assertEqual(self.whose(days="x", field="pin", person=""), [bo.pk, self.number])

    def test_many_come_in_pages_that_nobody_counts(self) -> None:
        with CaptureQueriesContext(connection) as with_few:
            self.client.get(OUTSIDE)
        noticed(*[make_employee().pk for _ in range(55)])

        with self.assertNumQueries(len(with_few)):
            page = self.client.get(OUTSIDE)
        older = self.client.get(OUTSIDE, {"before": page.context["older"]})

        self.assertEqual(len(page.context["rows"]), 50)
        self.assertEqual(len(older.context["rows"]), 7)
        self.assertIsNone(older.context["older"])
        self.assertContains(older, "Newest")

    def test_lines_of_one_moment_are_shown_once_each(self) -> None:
        noticed(*[make_employee().pk for _ in range(3)])
        Change.objects.update(at=timezone.now())

        with mock.patch("employees.admin_review_outside.ROWS", 2):
            first = self.client.get(OUTSIDE).context
            second = self.client.get(OUTSIDE, {"before": first["older"]}).context
            third = self.client.get(OUTSIDE, {"before": second["older"]}).context

        shown = [each.employee_id for page in (first, second, third) for each in page["rows"]]
        self.assertEqual((len(shown), shown), (5, sorted(set(shown), reverse=True)))
        self.assertIsNone(third["older"])

    def test_a_deleted_row_keeps_its_line(self) -> None:
        Employee.objects.filter(pk=self.number).delete()
        noticed(self.number)

        self.assertContains(self.client.get(OUTSIDE), f"Number {self.number} deleted")

    def test_a_team_lead_sees_the_lines_of_her_people(self) -> None:
        browser, lead = team_lead()
        noticed(lead.pk)

        def found(**asked: Any) -> list[int]:
            return [each.employee_id for each in browser.get(OUTSIDE, asked).context["rows"]]

        self.assertEqual(found(), [lead.pk, self.ana.pk])
        self.assertEqual(found(person=str(self.number)), [])
        self.assertEqual(found(person=str(self.ana.pk)), [self.ana.pk])

    def test_nothing_is_said_to_be_nothing(self) -> None:
        self.assertContains(
            self.client.get(OUTSIDE, {"person": "zz"}), "that matches within 7 days"
        )


class SetBackTests(ReviewTestCase):
    def test_a_field_that_is_set_back_again_and_again_is_said(self) -> None:
        for _ in range(3):
            services.change_employee(self.number, {"name": "Ana Vega"}, boss())
            connecteam_updates(self.number, name="Ana Ortiz-Vega")
            noticed(self.number)

        for name in ("history", "change"):
            with self.subTest(name):
                page = self.client.get(address(name, self.number))
                self.assertContains(
                    page, "Probably Connecteam has set the field “Name” back 3 times"
                )

    def test_once_is_no_fight_and_neither_is_another_value(self) -> None:
        services.change_employee(self.number, {"name": "Ana Vega"}, boss())
        connecteam_updates(self.number, name="Ana Ortiz-Vega")
        noticed(self.number)
        services.change_employee(self.number, {"name": "Ana Vega"}, boss())
        connecteam_updates(self.number, name="Ana V.")
        noticed(self.number)

        self.assertNotContains(self.client.get(address("change", self.number)), "set the field")

    def test_a_persons_page_and_history_say_which_program_writes_what(self) -> None:
        for name in ("change", "history"):
            with self.subTest(name):
                page = self.client.get(address(name, self.ana.pk))
                self.assertContains(page, "Which program writes what", count=1)


class AccountTests(ReviewTestCase):
    def test_nothing_is_done_in_auth0_for_who_waits(self) -> None:
        note([self.number], actor="sql")

        self.assertIsNone(Account.objects.get(pk=self.number).due_at)
        self.assertIsNone(Employee.objects.get(pk=self.number).auth0_sync_status)
        self.assertEqual(reviews.count_in_review(boss()), 1)
