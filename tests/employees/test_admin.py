from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees import services
from employees.errors import UnknownEmployee
from employees.models import Employee
from employees.selectors import invitation_of
from employees.signals import employee_changed
from tests.builders import boss, make_auth, make_employee, make_mapping, make_role

LIST = reverse("admin:employees_employee_changelist")
ADD = reverse("admin:employees_employee_add")
NEWCOMER = {
    "name": "Ada Quill",
    "email": "ada@example.com",
    "personal_email": "",
    "phone_number": "",
    "department": "",
    "role": "",
    "workspace": "MS",
    "hire_date": "2025-03-01",
    "auth_method": "",
    "invitation": "work",
    "auth0_role": "production_associate",
}


def page_of(employee: Employee) -> str:
    return reverse("admin:employees_employee_change", args=[employee.pk])


class AdminTestCase(TestCase):
    def setUp(self) -> None:
        self.manager = get_user_model().objects.create_superuser("manager")
        self.client.force_login(self.manager)

    def rendered(self, employee: Employee) -> dict[str, Any]:
        """What a browser would post back unchanged, the hidden rendered values included."""
        form = self.client.get(page_of(employee)).context["adminform"].form
        data = {}
        for bound in form:
            value = bound.value()
            data[bound.html_name] = data[bound.html_initial_name] = "" if value is None else value
        return data

    def said(self, response: Any) -> str:
        return " ".join(str(message) for message in get_messages(response.wsgi_request))


class AddTests(AdminTestCase):
    def test_a_newcomer_is_saved_and_announced_by_the_manager(self) -> None:
        actors: list[str] = []

        def listen(sender: object, actor: str, **kwargs: object) -> None:
            actors.append(actor)

        employee_changed.connect(listen)
        self.addCleanup(employee_changed.disconnect, listen)

        response = self.client.post(ADD, {**NEWCOMER, "invitation": "personal"})

        self.assertRedirects(response, LIST)
        ada = Employee.objects.get(email="ada@example.com")
        self.assertEqual((ada.auth_method, str(ada.hire_date)), ("auth0", "2025-03-01"))
        self.assertEqual(invitation_of(ada.pk), "personal")
        self.assertEqual(actors, [f"admin:{self.manager.pk}"])

    def test_a_shop_floor_department_means_pin_and_account(self) -> None:
        self.client.post(ADD, {**NEWCOMER, "department": "Film Matching"})
        self.assertEqual(Employee.objects.get().auth_method, "hybrid")

    def test_the_page_proposes_today_and_the_departments(self) -> None:
        make_role("Heat Press")
        make_employee(department="Front Office")

        page = self.client.get(ADD)

        self.assertContains(page, '<option value="Front Office">', html=False)
        self.assertContains(page, '<option value="Heat Press">', html=False)
        self.assertContains(page, "data-shop-floor")
        self.assertContains(page, "employees/employee_form.js")
        self.assertIsNotNone(page.context["adminform"].form["hire_date"].value())

    def test_a_taken_email_links_to_its_holder(self) -> None:
        ben = make_employee(name="Ben <Ash>", email="ada@example.com")

        page = self.client.post(ADD, {**NEWCOMER, "email": "ADA@example.com"})

        self.assertContains(page, f'<a href="{page_of(ben)}">Ben &lt;Ash&gt; (number {ben.pk})</a>')
        self.assertEqual(Employee.objects.count(), 1)

    def test_an_email_taken_between_check_and_save_stands_beside_its_field(self) -> None:
        ben = make_employee(name="Ben Ash", email="ada@example.com")

        with (
            mock.patch("employees.forms.holder_of", return_value=None),
            mock.patch("employees.services.holder_of", return_value=None),
        ):
            page = self.client.post(ADD, NEWCOMER)

        self.assertContains(page, f"{ben.name} (number {ben.pk})")
        self.assertEqual(set(page.context["adminform"].form.errors), {"email"})
        self.assertEqual(Employee.objects.count(), 1)

    def test_errors_stand_beside_their_fields(self) -> None:
        page = self.client.post(ADD, {**NEWCOMER, "name": " ", "email": "nobody", "hire_date": "x"})
        self.assertEqual(set(page.context["adminform"].form.errors), {"name", "email", "hire_date"})

    def test_an_account_without_an_email_is_saved_with_a_warning(self) -> None:
        response = self.client.post(ADD, {**NEWCOMER, "email": "7@company.com"})

        self.assertEqual(Employee.objects.count(), 1)
        self.assertIn("needs an e-mail", self.said(response))


class ChangeTests(AdminTestCase):
    def test_only_what_the_manager_changed_is_written(self) -> None:
        ada = make_employee(name="Ada Quill", phone_number="1")
        data = self.rendered(ada)
        Employee.objects.filter(pk=ada.pk).update(phone_number="2", department="Packing")

        self.client.post(page_of(ada), {**data, "name": "Ada Quill-Ash"})

        ada.refresh_from_db()
        self.assertEqual(
            (ada.name, ada.phone_number, ada.department), ("Ada Quill-Ash", "2", "Packing")
        )

    def test_the_page_carries_the_values_it_was_rendered_with(self) -> None:
        page = self.client.get(page_of(make_employee(phone_number="4711", role=make_role())))

        self.assertContains(page, '<input type="hidden" name="initial-phone_number" value="4711"')
        self.assertContains(
            page, '<input type="hidden" name="initial-hire_date" value="2024-03-01"'
        )
        self.assertContains(page, 'name="initial-role"')

    def test_saving_without_a_change_writes_nothing(self) -> None:
        ada = make_employee(role=make_role(), notes="x", personal_email="Ada@Home.example")
        data = self.rendered(ada)
        with mock.patch.object(services, "_save") as save:
            self.assertRedirects(self.client.post(page_of(ada), data), LIST)
        save.assert_not_called()

    def test_a_program_without_the_rendered_values_is_compared_with_the_row(self) -> None:
        ada = make_employee(email="ada@example.com", phone_number="1", auth_method="pin")

        self.client.post(page_of(ada), {**NEWCOMER, "auth_method": "pin", "email": ""})

        ada.refresh_from_db()
        self.assertEqual((ada.name, ada.email, ada.phone_number), ("Ada Quill", None, None))

    def test_odd_values_written_by_sql_survive_a_change_of_something_else(self) -> None:
        ada = make_employee(email="not an address", workspace="AL", auth0_role="owner")

        self.client.post(page_of(ada), {**self.rendered(ada), "name": "Ada New"})

        ada.refresh_from_db()
        self.assertEqual(
            (ada.name, ada.email, ada.workspace, ada.auth0_role),
            ("Ada New", "not an address", "AL", "owner"),
        )

    def test_the_invitation_can_be_changed_alone(self) -> None:
        ada = make_employee()

        self.client.post(page_of(ada), {**self.rendered(ada), "invitation": "none"})

        self.assertEqual(invitation_of(ada.pk), "none")

    def test_a_person_who_vanished_leads_back_to_the_list(self) -> None:
        ada = make_employee()
        data = {**self.rendered(ada), "name": "New"}
        gone = UnknownEmployee(ada.pk)

        with mock.patch("employees.services.change_employee", side_effect=gone):
            response = self.client.post(page_of(ada), data)

        self.assertRedirects(response, LIST)

    def test_nobody_can_be_deleted(self) -> None:
        ada = make_employee()
        url = reverse("admin:employees_employee_delete", args=[ada.pk])

        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)
        self.assertNotContains(self.client.get(LIST), "delete_selected")

    def test_no_page_shows_a_pin_or_a_token(self) -> None:
        ada = make_employee()
        make_auth(ada, pin="$2b$10$secret-hash", pin_plain="4711", login_token="secret-token")

        for url in (LIST, page_of(ada)):
            page = self.client.get(url).content.decode()
            self.assertNotRegex(page, r"secret-hash|secret-token|4711|pin_plain|login_token")

    def test_the_list_can_not_be_asked_for_a_pin_or_a_token(self) -> None:
        make_auth(make_employee(), login_token="secret-token")
        for column in ("login_token__startswith", "pin__startswith"):
            response = self.client.get(f"{LIST}?auth_rows__{column}=s")
            self.assertEqual(response.status_code, 400)


class ListTests(AdminTestCase):
    def names(self, query: str) -> set[str]:
        rows = self.client.get(f"{LIST}?{query}").context["cl"].result_list
        return {row.name for row in rows}

    def test_people_are_found_by_name_email_and_number(self) -> None:
        ada = make_employee(name="Ada Quill", email="ada@example.com")
        make_employee(name="Ben Ash", email="ben@example.com")

        for text in ("quill", "ada@", str(ada.pk)):
            with self.subTest(text):
                self.assertIn("Ada Quill", self.names(f"q={text}"))
        self.assertEqual(self.names("q=ash"), {"Ben Ash"})
        self.assertEqual(self.names("q=99999999999999999999"), set())

    def test_whoever_has_the_number_stands_first(self) -> None:
        ada = make_employee(name="Ada Quill")
        make_employee(email=f"another.{ada.pk}@example.com")

        rows = self.client.get(f"{LIST}?q={ada.pk}").context["cl"].result_list

        self.assertEqual(rows[0], ada)
        self.assertEqual(len(rows), 2)

    def test_either_apostrophe_finds_the_other(self) -> None:
        make_employee(name="Maeve O'Corrigan")
        make_employee(name="Nora O’Neil")

        self.assertEqual(self.names("q=O’Corrigan"), {"Maeve O'Corrigan"})
        self.assertEqual(self.names("q=O'Neil"), {"Nora O’Neil"})
        self.assertEqual(self.names("q=O'Neil+Zed"), set())

    def test_a_number_too_long_for_python_finds_nobody(self) -> None:
        self.assertEqual(self.names(f"q={'9' * 5_000}"), set())

    def test_filters_narrow_the_list(self) -> None:
        make_employee(name="Ada", department="Picking", workspace="TX", auth0_role="manager")
        make_employee(name="Ben", department="Packing", is_active=False)
        put_away = make_employee(name="Cy", department="Packing")
        services.archive(put_away.pk, boss())

        expected = {
            "department=Picking": {"Ada"},
            "workspace=TX": {"Ada"},
            "auth0_role=manager": {"Ada"},
            "state=active": {"Ada"},
            "state=inactive": {"Ben"},
            "state=archived": {"Cy"},
        }
        for query, names in expected.items():
            with self.subTest(query):
                self.assertEqual(self.names(query), names)

    def test_a_missing_email_is_said_in_the_list(self) -> None:
        make_employee(email="7@company.com", auth_method="hybrid")
        shown = "7<wbr>@company.com <strong>needs an e-mail</strong>"
        self.assertContains(self.client.get(LIST), shown)

    def test_more_people_cost_no_more_queries(self) -> None:
        role = make_role()
        make_employee(role=role)
        self.client.get(LIST)
        with CaptureQueriesContext(connection) as with_one:
            self.client.get(LIST)
        for _ in range(20):
            make_employee(role=role)
        with self.assertNumQueries(len(with_one)):
            self.client.get(LIST)


class ReadOnlyPagesTests(AdminTestCase):
    def test_roles_and_mappings_are_shown_but_not_changed(self) -> None:
        role, mapping = make_role(), make_mapping(make_employee())
        for name, pk in (("roleconfig", role.pk), ("podfactorymapping", mapping.pk)):
            with self.subTest(name):
                page = reverse(f"admin:employees_{name}_change", args=[pk])
                self.assertEqual(self.client.get(page).status_code, 200)
                self.assertEqual(self.client.post(page, {}).status_code, 403)
                add = reverse(f"admin:employees_{name}_add")
                self.assertEqual(self.client.get(add).status_code, 403)
                self.assertContains(
                    self.client.get(reverse(f"admin:employees_{name}_changelist")), "result"
                )
