"""Somebody who was here before is found before a second row is made (requirement P7)."""

from datetime import UTC, datetime
from typing import Any
from unittest import mock

from django.test import SimpleTestCase
from django.urls import reverse

from employees import services
from employees.authority import Actor
from employees.history import notice_changes
from employees.models import Change, Employee
from employees.rehire import look_alikes, plain_name, plain_phone
from tests.builders import boss, make_employee
from tests.employees.test_admin import ADD, NEWCOMER, AdminTestCase, page_of
from tests.signed_in import signed_in, team_lead

ASK = reverse("admin:employees_employee_rehire")


def bring_back_of(person: Employee) -> str:
    return reverse("admin:employees_employee_bring_back", args=[person.pk])


class PlainTests(SimpleTestCase):
    def test_one_name_however_it_is_written(self) -> None:
        names = (
            "Ana O'Brien-Ortiz",
            "ana obrien ortiz",
            "ORTIZ, Ana O’Brien",
            " Aná  OBrien Ortiz",
        )
        self.assertEqual({plain_name(name) for name in names}, {"ana obrien ortiz"})

    def test_another_script_is_a_name_too(self) -> None:
        self.assertEqual(plain_name("Оля Іванова"), plain_name("оля іванова"))
        self.assertNotEqual(plain_name("李 娜"), "")
        self.assertNotEqual(plain_name("राम"), plain_name("रीमा"))  # vowels are marks there

    def test_an_apostrophe_is_one_however_it_is_typed(self) -> None:
        for names in ("O'Hara", "O’Hara", "O‘Hara", "O´Hara"), ("Мар'яна", "Мар’яна", "Марʼяна"):
            with self.subTest(names):
                self.assertEqual(len({plain_name(name) for name in names}), 1)

    def test_a_phone_is_its_last_ten_digits(self) -> None:
        self.assertEqual(plain_phone("+1 (662) 555-0100"), plain_phone("662.555.0100"))
        self.assertEqual(plain_phone("0100"), "")


class RehireTestCase(AdminTestCase):
    def left(self, **columns: Any) -> Employee:
        person = services.add_employee(
            {"name": "Ana Ortiz", "email": "ana@example.com", **columns}, "work", boss()
        )
        services.deactivate(person.pk, boss())
        return person


class LookAlikeTests(RehireTestCase):
    def found(self, **typed: str) -> list[int]:
        return [one.employee.pk for one in look_alikes(typed, boss())]

    def test_name_phone_and_either_email_find_somebody(self) -> None:
        ana = self.left(phone_number="662 555 0100", personal_email="ana.home@example.com")

        for typed in (
            {"name": "ORTIZ, Ana"},
            {"phone_number": "+1 662-555-0100"},
            {"email": "Ana@Example.com"},
            {"email": "ana.home@example.com"},
            {"personal_email": "ana@example.com"},
        ):
            with self.subTest(typed):
                self.assertEqual(self.found(**typed), [ana.pk])

    def test_a_former_email_and_a_former_name_count(self) -> None:
        ana = self.left()
        services.change_employee(
            ana.pk, {"name": "Ana Reyes", "email": "reyes@example.com"}, boss()
        )

        self.assertEqual(self.found(email="ana@example.com"), [ana.pk])
        self.assertEqual(self.found(name="Ana Ortiz"), [ana.pk])

    def test_a_placeholder_finds_nobody(self) -> None:
        self.left(name="Some Body", email="17@company.com")

        self.assertEqual(self.found(email="17@company.com"), [])

    def test_a_row_written_by_sql_is_found_once_it_was_noticed(self) -> None:
        ana = make_employee(name="Ana Ortiz", is_active=False)
        notice_changes([ana.pk])

        self.assertEqual(self.found(name="Ana Ortiz"), [ana.pk])

    def test_accents_are_told_apart_in_emails(self) -> None:
        self.left(name="Some Body", email="jose@example.com")

        self.assertEqual(self.found(email="josé@example.com"), [])

    def test_those_who_left_come_before_those_who_work_here(self) -> None:
        here = services.add_employee({"name": "Ana Ortiz"}, "work", boss())
        gone = self.left()

        self.assertEqual(self.found(name="Ana Ortiz"), [gone.pk, here.pk])

    def test_nobody_out_of_sight_is_told(self) -> None:
        self.left(department="Packing")
        lead = Actor(name="admin:5", role="team_lead", department="Picking", workspace="MS")

        self.assertEqual(look_alikes({"name": "Ana Ortiz"}, lead), [])

    def test_the_form_is_told_while_somebody_types(self) -> None:
        ana = self.left()

        answer = self.client.post(ASK, {"name": "ana ortiz"}).json()

        self.assertEqual(len(answer["found"]), 1)
        self.assertIn("Ana Ortiz", answer["found"][0]["text"])
        self.assertEqual(answer["found"][0]["url"], bring_back_of(ana))

    def test_saving_stops_once_and_goes_on_with_the_tick(self) -> None:
        self.left()
        newcomer = {**NEWCOMER, "name": "Ana Ortiz", "email": "other@example.com"}

        stopped = self.client.post(ADD, newcomer)
        self.assertContains(stopped, "This may be somebody who is here already")
        self.assertEqual(Employee.objects.count(), 1)

        self.client.post(ADD, {**newcomer, "anyway": "1"})
        self.assertEqual(Employee.objects.count(), 2)

    def test_when_somebody_left_is_what_the_history_says(self) -> None:
        ana = self.left()
        away = datetime(2025, 3, 14, 12, tzinfo=UTC)
        Change.objects.filter(employee_id=ana.pk, action="deactivated").update(at=away)

        (found,) = self.client.post(ASK, {"name": "Ana Ortiz"}).json()["found"]

        self.assertIn("left in March 2025", found["text"])

    def test_the_page_after_saving_brings_back_without_a_script_too(self) -> None:
        ana = self.left()

        page = self.client.post(ADD, {**NEWCOMER, "name": "Ana Ortiz", "email": "new@example.com"})

        self.assertContains(page, f'<button form="bring-back-{ana.pk}">Bring back</button>')
        self.assertContains(page, f'<form id="bring-back-{ana.pk}" method="post"')
        self.assertContains(page, '<input type="hidden" name="email" value="new@example.com">')


class BringBackTests(RehireTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ana = self.left(phone_number="1", department="Packing", auth_method="pin")
        self.typed = {
            **NEWCOMER,
            "name": "Ana Ortiz-Vega",
            "email": "ana.vega@example.com",
            "department": "Picking",
            "hire_date": "2026-01-05",
        }

    def send(self, **over: str) -> Any:
        return self.client.post(bring_back_of(self.ana), {**self.typed, **over})

    def test_the_page_says_what_would_change_and_changes_nothing(self) -> None:
        page = self.send()

        changes = {label: (before, after) for label, before, after in page.context["changes"]}
        self.assertEqual(changes["Name"], ("Ana Ortiz", "Ana Ortiz-Vega"))
        self.assertEqual(changes["Department"], ("Packing", "Picking"))
        self.assertEqual(changes["Hire date"], ("–", "5 Jan 2026"))
        self.assertEqual(changes["Signs in with"], ("PIN at the kiosk", "PIN and Auth0 account"))
        self.assertNotIn("Phone", changes)
        self.assertContains(page, "<title> Bring back Ana Ortiz |")
        self.ana.refresh_from_db()
        self.assertEqual((self.ana.name, self.ana.is_active), ("Ana Ortiz", False))

    def test_confirmed_it_reactivates_with_the_new_details(self) -> None:
        response = self.send(confirmed="yes")

        self.assertRedirects(response, page_of(self.ana))
        self.ana.refresh_from_db()
        self.assertEqual(
            (self.ana.name, self.ana.email, self.ana.department, self.ana.phone_number),
            ("Ana Ortiz-Vega", "ana.vega@example.com", "Picking", "1"),
        )
        self.assertEqual((self.ana.is_active, self.ana.auth_method), (True, "hybrid"))
        self.assertEqual(Employee.objects.count(), 1)

    def test_what_the_page_holds_is_all_that_the_button_needs(self) -> None:
        hidden = dict(self.send().context["typed"])

        self.client.post(bring_back_of(self.ana), {**hidden, "confirmed": "yes"})

        self.ana.refresh_from_db()
        self.assertEqual((self.ana.name, self.ana.is_active), ("Ana Ortiz-Vega", True))

    def test_cancelling_brings_the_typed_details_back_to_the_newcomers_form(self) -> None:
        before = self.send()
        hidden = dict(before.context["typed"])
        self.assertContains(before, f'name="not_yet" value="yes" formaction="{ADD}"')

        page = self.client.post(ADD, {**hidden, "confirmed": "yes", "not_yet": "yes"})

        form = page.context["adminform"].form
        self.assertEqual(form["email"].value(), "ana.vega@example.com")
        self.assertContains(page, "nothing is saved yet")
        self.assertNotContains(page, 'name="not_yet"')
        self.assertEqual(Employee.objects.count(), 1)

    def test_an_email_that_another_has_stops_it_and_nothing_is_written(self) -> None:
        make_employee(name="Ben Ash", email="ana.vega@example.com")

        page = self.send(confirmed="yes")

        self.assertContains(page, "This e-mail already belongs to")
        self.ana.refresh_from_db()
        self.assertEqual((self.ana.name, self.ana.is_active), ("Ana Ortiz", False))

    def test_an_email_taken_at_the_last_moment_writes_nothing_either(self) -> None:
        make_employee(name="Ben Ash", email="ana.vega@example.com")

        with mock.patch("employees.forms.holder_of", return_value=None):
            page = self.send(confirmed="yes")

        self.assertIn("already belongs to Ben Ash", page.context["refused"])
        self.ana.refresh_from_db()
        self.assertFalse(self.ana.is_active)

    def test_somebody_who_works_here_is_left_alone(self) -> None:
        services.reactivate(self.ana.pk, boss())

        response = self.send(confirmed="yes")

        self.assertRedirects(response, page_of(self.ana))
        self.assertIn("works here already", self.said(response))
        self.ana.refresh_from_db()
        self.assertEqual(self.ana.name, "Ana Ortiz")

    def test_somebody_whose_role_is_as_high_is_brought_back_by_others(self) -> None:
        browser, _ = signed_in("manager")
        Employee.objects.filter(pk=self.ana.pk).update(auth0_role="manager")

        (found,) = browser.post(ASK, {"name": "Ana Ortiz"}).json()["found"]
        page = browser.post(bring_back_of(self.ana), {**self.typed, "confirmed": "yes"})

        self.assertIn("their role is as high as yours", found["text"])
        self.assertEqual(found["do"], "Look")
        self.assertIn("their role is as high as yours", page.context["refused"])
        self.ana.refresh_from_db()
        self.assertEqual((self.ana.name, self.ana.is_active), ("Ana Ortiz", False))

    def test_nobody_is_brought_back_by_opening_an_address(self) -> None:
        self.assertRedirects(self.client.get(bring_back_of(self.ana)), page_of(self.ana))

    def test_finance_and_team_leads_of_another_place_bring_nobody_back(self) -> None:
        for browser, status in ((signed_in("finance")[0], 403), (team_lead()[0], 404)):
            with self.subTest(status):
                answer = browser.post(bring_back_of(self.ana), {**self.typed, "confirmed": "yes"})
                self.assertEqual(answer.status_code, status)
