"""The lock-out receipt on the pages: whoever may see the person may see it."""

from datetime import timedelta
from unittest import mock

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from auth0sync.models import Account
from employees import receipts, services
from employees.history import notice_changes
from employees.models import Auth0Role, Employee, Receipt, ReceiptDoor
from employees.receipt_words import in_words, shown, summary
from employees.receipts import Found, Outcome, Side, of_person
from tests.builders import boss, make_employee
from tests.employees.histories import known
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once
TITLES = {"kiosk": "Session at the kiosk", "account": "Auth0 account"}


def left(found: dict[str, Found], **over: str) -> Employee:
    """Somebody who left, with two doors that are found like this."""
    person = known(name="Ada Quill", department="Picking", workspace="MS", **over)
    with mock.patch.object(receipts, "_sides", [Side(TITLES, lambda leaver: found)]):
        services.deactivate(person.pk, boss(7))
        receipts.work_off(Receipt.objects.get(employee_id=person.pk))
    return person


CLOSED = Found(Outcome.CLOSED, "Tried: refused.")
ALL_CLOSED = {"kiosk": CLOSED, "account": CLOSED}


class CardTests(TestCase):
    def page(self, person: Employee, role: str = Auth0Role.MANAGER) -> str:
        browser, _ = signed_in(role)
        response = browser.get(reverse("admin:employees_employee_change", args=[person.pk]))
        self.assertEqual(response.status_code, 200)
        return " ".join(response.content.decode().split())

    def test_it_says_how_each_door_was_found_and_who_did_it(self) -> None:
        person = left(ALL_CLOSED)

        page = self.page(person)

        self.assertIn("Locked out in under a second: 2 doors closed and tried.", page)
        self.assertIn("Deactivated by user 7 in the console,", page)
        self.assertIn("Session at the kiosk</th>", page)
        self.assertIn("Tried: refused.", page)
        self.assertNotIn("data-receipt=", page)

    def test_it_is_asked_for_again_as_long_as_something_waits(self) -> None:
        person = left({"kiosk": CLOSED, "account": Found(Outcome.WAITING, "Auth0 is down.")})

        page = self.page(person)

        self.assertIn("1 door closed and tried, 1 waiting.", page)
        address = reverse("admin:employees_employee_receipt", args=[person.pk])
        self.assertIn(f'data-receipt="{address}"', page)
        self.assertIn("employees/receipts.js", page)

    def test_whoever_only_reads_sees_it_too(self) -> None:
        page = self.page(left(ALL_CLOSED), Auth0Role.FINANCE)

        self.assertIn("Lock-out receipt", page)
        self.assertIn("employees/people.css", page)

    def test_whoever_never_left_has_none(self) -> None:
        self.assertNotIn("Lock-out receipt", self.page(known()))

    def test_of_who_left_twice_the_newest_is_open_and_the_other_folded(self) -> None:
        person = left(ALL_CLOSED)
        services.reactivate(person.pk, boss())
        services.archive(person.pk, boss(7))

        page = self.page(person)

        newest, older = page.split("<details>")
        self.assertIn("Archived by", newest)
        self.assertIn("data-receipt-summary", newest)
        self.assertIn("Left before,", older)
        self.assertIn("Brought back since.", older)

    def test_whoever_is_back_has_the_card_but_no_line_at_the_top(self) -> None:
        person = left(ALL_CLOSED)
        services.reactivate(person.pk, boss())

        page = self.page(person)

        self.assertIn("Lock-out receipt", page)
        self.assertNotIn("data-receipt-summary", page)

    def test_a_time_of_another_day_has_its_date(self) -> None:
        person = left(ALL_CLOSED)
        ReceiptDoor.objects.update(tried_at=timezone.now() + timedelta(days=1))

        self.assertRegex(self.page(person), r">\d+ [A-Z][a-z]{2}, \d\d:\d\d:\d\d</time>")

    def test_what_other_tools_wrote_stays_text(self) -> None:
        page = self.page(left({"kiosk": Found(Outcome.OPEN, "<b>open</b>"), "account": CLOSED}))

        self.assertIn("&lt;b&gt;open&lt;/b&gt;", page)

    def test_the_card_alone_says_whether_more_may_come(self) -> None:
        browser, _ = team_lead()
        person = left({"kiosk": CLOSED, "account": Found(Outcome.WAITING)})
        address = reverse("admin:employees_employee_receipt", args=[person.pk])

        waiting = browser.get(address).json()
        Receipt.objects.update(try_at=None, completed_at=timezone.now())
        ReceiptDoor.objects.update(outcome=Outcome.CLOSED)
        done = browser.get(address).json()

        self.assertEqual((waiting["is_moving"], done["is_moving"]), (True, False))
        self.assertIn("1 waiting", waiting["card"])
        self.assertIn("2 doors closed", done["card"])

    def test_somebody_out_of_sight_is_like_nobody(self) -> None:
        browser, _ = team_lead()
        person = left(ALL_CLOSED)
        Employee.objects.filter(pk=person.pk).update(department="Packing")
        address = reverse("admin:employees_employee_receipt", args=[person.pk])

        self.assertEqual(browser.get(address).status_code, 404)

    def test_whoever_may_see_nobody_is_refused(self) -> None:
        browser, _ = signed_in(Auth0Role.PRODUCTION_ASSOCIATE, department="Picking")
        address = reverse("admin:employees_employee_receipt", args=[left(ALL_CLOSED).pk])

        self.assertIn(browser.get(address).status_code, (302, 403))

    def test_the_card_of_somebody_without_a_receipt_is_empty(self) -> None:
        browser, person = signed_in(Auth0Role.MANAGER)
        address = reverse("admin:employees_employee_receipt", args=[person.pk])

        self.assertEqual(browser.get(address).json()["is_moving"], False)

    def test_the_history_has_it_in_a_line_beside_the_leaving(self) -> None:
        browser, _ = signed_in(Auth0Role.MANAGER)
        person = left(ALL_CLOSED)
        services.reactivate(person.pk, boss())

        page = browser.get(reverse("admin:employees_employee_history", args=[person.pk]))

        self.assertContains(page, "Locked out in under a second: 2 doors closed and tried.", 1)

    def test_the_step_view_has_that_of_a_row_that_was_deleted(self) -> None:
        browser, _ = signed_in(Auth0Role.ADMIN)
        person = make_employee()
        notice_changes([person.pk])
        Account.objects.create(pk=person.pk, user_id="auth0|1", origin="created")
        Employee.objects.filter(pk=person.pk).delete()
        notice_changes([person.pk])

        page = browser.get(reverse("admin:auth0sync_steps", args=[person.pk]))

        self.assertContains(page, "Lock-out receipt")
        self.assertContains(page, "Deleted outside the console")


class WordsTests(TestCase):
    def said(self, account: Outcome) -> tuple[str, str]:
        person = left({"kiosk": CLOSED, "account": Found(account)})
        (one,) = shown(of_person(person.pk))
        return one.summary, one.tone

    def test_an_open_door_comes_first_and_is_red(self) -> None:
        self.assertEqual(
            self.said(Outcome.OPEN), ("1 door is open; 1 door closed and tried.", "attention")
        )

    def test_what_is_not_there_or_not_in_the_plan_is_said_plainly(self) -> None:
        text, tone = self.said(Outcome.NOT_IN_PLAN)
        self.assertIn("1 door closed and tried, 1 not in this plan.", text)
        self.assertEqual(tone, "good")
        self.assertIn("1 not there", self.said(Outcome.ABSENT)[0])

    def test_an_account_that_is_left_alone_asks_for_a_look(self) -> None:
        text, tone = self.said(Outcome.LEFT_ALONE)
        self.assertIn("1 left alone", text)
        self.assertEqual(tone, "attention")

    def test_two_open_doors_are_two(self) -> None:
        person = left(dict.fromkeys(TITLES, Found(Outcome.OPEN)))

        (one,) = shown(of_person(person.pk))

        self.assertTrue(one.summary.startswith("2 doors are open"))

    def test_whoever_was_brought_back_first(self) -> None:
        person = left({"kiosk": CLOSED, "account": Found(Outcome.WAITING)})
        services.reactivate(person.pk, boss())

        (one,) = shown(of_person(person.pk))

        self.assertEqual(
            one.summary,
            "Brought back before all doors were closed: 1 door closed and tried, 1 not reached.",
        )
        self.assertEqual(one.tone, "quiet")

    def test_a_door_of_an_app_that_was_taken_out_keeps_its_name(self) -> None:
        person = left({"kiosk": CLOSED, "account": Found(Outcome.WAITING, "")})
        ReceiptDoor.objects.filter(name="account").update(name="faraway")

        (one,) = shown(of_person(person.pk))

        self.assertIn("faraway", [door.title for door in one.doors])
        self.assertIn("1 waiting", summary(one.receipt))

    def test_how_long_it_took(self) -> None:
        for seconds, words in [
            (0.4, "under a second"),
            (4, "4 s"),
            (119, "119 s"),
            (720, "12 min"),
            (3 * 3600, "3 h"),
            (3 * 86_400, "3 days"),
        ]:
            self.assertEqual(in_words(timedelta(seconds=seconds)), words)
