"""Somebody who was here before is found before a second row is made (requirement P7)."""

from typing import Any

from django.test import SimpleTestCase
from django.urls import reverse

from employees import services
from employees.authority import Actor
from employees.history import notice_changes
from employees.models import Employee
from employees.rehire import look_alikes, plain_name, plain_phone
from tests.builders import boss, make_employee
from tests.employees.test_admin import ADD, NEWCOMER, AdminTestCase

ASK = reverse("admin:employees_employee_rehire")


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

    def test_a_phone_is_its_last_ten_digits(self) -> None:
        self.assertEqual(plain_phone("+1 (662) 555-0100"), plain_phone("662.555.0100"))
        self.assertEqual(plain_phone("0100"), "")


class LookAlikeTests(AdminTestCase):
    def left(self, **columns: Any) -> Employee:
        person = services.add_employee(
            {"name": "Ana Ortiz", "email": "ana@example.com", **columns}, "work", boss()
        )
        services.deactivate(person.pk, boss())
        return person

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
        self.assertIn(f"/{ana.pk}/reactivate/", answer["found"][0]["url"])

    def test_saving_stops_once_and_goes_on_with_the_tick(self) -> None:
        self.left()
        newcomer = {**NEWCOMER, "name": "Ana Ortiz", "email": "other@example.com"}

        stopped = self.client.post(ADD, newcomer)
        self.assertContains(stopped, "This may be somebody who is here already")
        self.assertEqual(Employee.objects.count(), 1)

        self.client.post(ADD, {**newcomer, "anyway": "1"})
        self.assertEqual(Employee.objects.count(), 2)
