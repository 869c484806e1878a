"""The history page: every change by everybody, in words."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees import services
from employees.authority import program
from employees.models import Change, Employee
from tests.builders import boss, make_role
from tests.employees.test_admin import AdminTestCase

pytestmark = pytest.mark.once


class HistoryPageTests(AdminTestCase):
    def page(self, employee: Employee) -> str:
        response = self.client.get(reverse("admin:employees_employee_history", args=[employee.pk]))
        self.assertEqual(response.status_code, 200)
        return " ".join(response.content.decode().split())

    def test_it_names_who_did_what_with_before_and_after(self) -> None:
        ada = services.add_employee({"name": "Ada Quill"}, "work", boss(self.manager.pk))
        services.change_employee(ada.pk, {"department": "Packing"}, boss(self.manager.pk))

        page = self.page(ada)

        self.assertIn("Added by manager", page)
        self.assertIn("Changed by manager", page)
        self.assertIn("<dt>Department</dt>", page)
        self.assertIn("<ins>Packing</ins>", page)

    def test_sql_of_a_moment_ago_is_there_and_says_so(self) -> None:
        ada = services.add_employee({"name": "Ada Quill"}, "work", boss())
        Employee.objects.filter(pk=ada.pk).update(department="Picking")

        page = self.page(ada)

        self.assertIn("outside the console", page)
        self.assertIn("<ins>Picking</ins>", page)

    def test_a_command_is_called_by_its_name(self) -> None:
        ada = services.add_employee({"name": "Ada Quill"}, "work", program("import_people"))

        self.assertIn("Added by import_people", self.page(ada))

    def test_values_are_in_the_words_of_the_form(self) -> None:
        ada = services.add_employee({"name": "Ada Quill", "auth_method": "pin"}, "", boss())
        role = make_role("Heat Press")
        services.change_employee(ada.pk, {"role": role, "workspace": "TX"}, boss())
        services.change_employee(ada.pk, {"auth_method": "hybrid"}, boss(), invitation="none")

        page = self.page(ada)

        for words in ("Heat Press", "Texas", "PIN and Auth0 account", "Not yet"):
            self.assertIn(f"<ins>{words}</ins>", page)

    def test_times_name_their_zone(self) -> None:
        ada = services.add_employee({"name": "Ada Quill", "workspace": "TX"}, "work", boss())

        self.assertRegex(self.page(ada), r"\d{4}, \d\d:\d\d:\d\d C[SD]T")

    def test_markup_in_a_name_stays_text(self) -> None:
        ada = services.add_employee({"name": "<b>Ada</b>"}, "work", boss())

        self.assertNotIn("<b>Ada</b>", self.page(ada))

    def test_an_unknown_number_is_not_found(self) -> None:
        for number in ("999999", "abc", "1" * 30):
            url = f"/admin/employees/employee/{number}/history/"
            self.assertRedirects(self.client.get(url), "/admin/")

    def test_more_lines_cost_no_more_queries_and_are_paged(self) -> None:
        ada = services.add_employee({"name": "Ada Quill"}, "work", boss())
        self.page(ada)
        with CaptureQueriesContext(connection) as with_one:
            self.page(ada)
        for number in range(60):
            services.change_employee(ada.pk, {"phone_number": f"{number}"}, boss())

        with self.assertNumQueries(len(with_one)):
            page = self.page(ada)

        self.assertIn("Page 1 of 2", page)
        self.assertEqual(Change.objects.filter(employee_id=ada.pk).count(), 61)
