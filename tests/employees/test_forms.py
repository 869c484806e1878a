"""The form: what is out of reach, two managers on one row, one form for one person."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from employees import services
from employees.models import Employee, EmployeeUser
from tests.builders import boss, make_employee, make_role
from tests.employees.test_admin import ADD, NEWCOMER, AdminTestCase, page_of

pytestmark = pytest.mark.once


class FormTestCase(AdminTestCase):
    def sign_in_as(self, role: str, **columns: Any) -> Employee:
        """A user who is an employee with this role."""
        person = make_employee(auth0_role=role, auth_method="auth0", **columns)
        user = get_user_model().objects.create(username=f"employee-{person.pk}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        EmployeeUser.objects.create(user=user, employee=person, role=role)
        self.client.force_login(user)
        return person

    def form_of(self, employee: Employee) -> Any:
        return self.client.get(page_of(employee)).context["adminform"].form


class ReachTests(FormTestCase):
    def test_the_sign_in_of_an_equal_is_shown_and_closed_with_the_reason(self) -> None:
        self.sign_in_as("manager")
        equal = make_employee(auth0_role="manager")

        form = self.form_of(equal)

        for name in ("email", "personal_email", "auth_method", "auth0_role", "invitation"):
            self.assertTrue(form.fields[name].disabled, name)
            self.assertIn("as high as yours", form.fields[name].help_text)
        self.assertFalse(form.fields["phone_number"].disabled)

    def test_another_value_for_a_closed_field_is_refused_beside_it(self) -> None:
        self.sign_in_as("manager")
        equal = make_employee(auth0_role="manager", email="equal@example.com", phone_number="0")
        data = self.rendered(equal)
        for name, value in (
            ("email", "mine@example.com"),
            ("personal_email", "mine@example.com"),
            ("auth_method", "hybrid"),
            ("auth0_role", "production_associate"),
            ("invitation", "none"),
        ):
            with self.subTest(name):
                page = self.client.post(page_of(equal), {**data, name: value, "phone_number": "1"})

                self.assertIn("as high as yours", str(page.context["adminform"].form.errors[name]))
                equal.refresh_from_db()
                self.assertEqual((equal.email, equal.phone_number), ("equal@example.com", "0"))

    def test_a_role_that_rose_while_somebody_was_typing_drops_nothing_in_silence(self) -> None:
        self.sign_in_as("manager")
        ada = make_employee(email="ada@example.com", phone_number="0")
        data = {**self.rendered(ada), "email": "new@example.com", "phone_number": "1"}
        services.change_employee(ada.pk, {"auth0_role": "admin"}, boss())

        page = self.client.post(page_of(ada), data)

        self.assertIn("as high as yours", str(page.context["adminform"].form.errors["email"]))
        ada.refresh_from_db()
        self.assertEqual((ada.email, ada.phone_number), ("ada@example.com", "0"))

    def test_what_is_open_can_be_changed_beside_closed_fields(self) -> None:
        self.sign_in_as("manager")
        equal = make_employee(auth0_role="manager", phone_number="0")

        self.client.post(page_of(equal), {**self.rendered(equal), "phone_number": "1"})

        equal.refresh_from_db()
        self.assertEqual(equal.phone_number, "1")

    def test_only_roles_that_may_be_given_are_offered(self) -> None:
        self.sign_in_as("manager")

        form = self.form_of(make_employee())

        offered = [value for value, _ in form.fields["auth0_role"].choices]
        self.assertEqual(offered, ["production_associate", "team_lead", "manager", "finance"])

    def test_a_role_above_ones_own_is_refused_beside_the_field(self) -> None:
        self.sign_in_as("manager")

        response = self.client.post(ADD, {**NEWCOMER, "auth0_role": "admin"})

        self.assertIn("auth0_role", response.context["adminform"].form.errors)
        self.assertFalse(Employee.objects.filter(name="Ada Quill").exists())

    def test_nobody_changes_their_own_role(self) -> None:
        me = self.sign_in_as("admin")
        make_employee(auth0_role="admin", auth_method="auth0")

        form = self.form_of(me)

        self.assertTrue(form.fields["auth0_role"].disabled)
        self.assertFalse(form.fields["email"].disabled)

    def test_the_holder_of_a_taken_email_is_not_named_when_out_of_sight(self) -> None:
        self.sign_in_as("team_lead", department="Picking", workspace="MS")
        mine = make_employee(department="Picking", workspace="MS")
        make_employee(name="Hidden Person", email="taken@example.com", department="Packing")

        data = {**self.rendered(mine), "email": "taken@example.com"}
        response = self.client.post(page_of(mine), data)

        self.assertContains(response, "already belongs to another person")
        self.assertNotContains(response, "Hidden Person")


class TogetherTests(FormTestCase):
    def test_a_field_that_somebody_changed_meanwhile_is_not_overwritten_in_silence(self) -> None:
        ada = make_employee(phone_number="1")
        data = self.rendered(ada)
        other = get_user_model().objects.create_user("Ben Ash")
        services.change_employee(ada.pk, {"phone_number": "2"}, boss(other.pk))

        response = self.client.post(page_of(ada), {**data, "phone_number": "3"})

        self.assertContains(response, "Ben Ash changed this to “2” while you were here.")
        ada.refresh_from_db()
        self.assertEqual(ada.phone_number, "2")

    def test_a_field_that_another_program_changed_is_said_to_be_so(self) -> None:
        job = make_role("Packing")
        ada = make_employee()
        data = self.rendered(ada)
        Employee.objects.filter(pk=ada.pk).update(role=job, hire_date=date(2025, 5, 1))

        page = self.client.post(
            page_of(ada), {**data, "role": make_role("Picking").pk, "hire_date": "2025-06-01"}
        )

        self.assertContains(page, "Another program changed this to “Packing”")
        self.assertContains(page, "Another program changed this to “2025-05-01”")

    def test_saving_again_is_meant(self) -> None:
        ada = make_employee(phone_number="1")
        data = self.rendered(ada)
        services.change_employee(ada.pk, {"phone_number": "2"}, boss())
        form = self.client.post(page_of(ada), {**data, "phone_number": "3"}).context["adminform"]
        shown = str(form.form["phone_number"])
        self.assertIn('name="initial-phone_number" value="2"', shown)

        self.client.post(page_of(ada), {**data, "phone_number": "3", "initial-phone_number": "2"})

        ada.refresh_from_db()
        self.assertEqual(ada.phone_number, "3")

    def test_other_fields_of_two_managers_are_both_kept(self) -> None:
        ada = make_employee(phone_number="1", department="Picking")
        data = self.rendered(ada)
        services.change_employee(ada.pk, {"phone_number": "2"}, boss())

        self.client.post(page_of(ada), {**data, "department": "Packing"})

        ada.refresh_from_db()
        self.assertEqual((ada.phone_number, ada.department), ("2", "Packing"))

    def test_the_same_change_by_two_is_no_conflict(self) -> None:
        role = make_role()
        ada = make_employee()
        data = self.rendered(ada)
        services.change_employee(ada.pk, {"role": role}, boss())

        response = self.client.post(page_of(ada), {**data, "role": role.pk})

        self.assertEqual(response.status_code, 302)


class AddingTests(FormTestCase):
    def test_a_double_click_adds_one_person(self) -> None:
        sent = {**NEWCOMER, "email": "", "form_key": "k" * 32}
        self.client.post(ADD, sent)

        again = self.client.post(ADD, sent)

        ada = Employee.objects.get(name="Ada Quill")
        self.assertRedirects(again, page_of(ada))

    def test_each_form_has_a_key_of_its_own(self) -> None:
        keys = {self.client.get(ADD).context["adminform"].form.form_key for _ in range(2)}
        self.assertEqual(len(keys), 2)

    def test_a_key_that_no_page_has_made_adds_somebody_too(self) -> None:
        self.client.post(ADD, {**NEWCOMER, "email": "", "form_key": "k" * 200})

        self.assertTrue(Employee.objects.filter(name="Ada Quill").exists())

    def test_a_refused_form_can_be_sent_again(self) -> None:
        make_employee(email="ada@example.com")
        sent = {**NEWCOMER, "form_key": "k" * 32}
        self.client.post(ADD, sent)

        self.client.post(ADD, {**sent, "email": "ada.quill@example.com"})

        self.assertTrue(Employee.objects.filter(email="ada.quill@example.com").exists())

    def test_the_next_person_starts_with_what_the_last_one_had(self) -> None:
        sent = {**NEWCOMER, "department": "Packing", "workspace": "TX", "_addanother": "1"}

        response = self.client.post(ADD, sent, follow=True)

        form = response.context["adminform"].form
        shown = {name: form[name].value() for name in ("department", "workspace", "name")}
        self.assertEqual(shown, {"department": "Packing", "workspace": "TX", "name": None})

    def test_it_says_what_happens_next(self) -> None:
        response = self.client.post(ADD, {**NEWCOMER, "auth_method": "hybrid"})

        self.assertIn("the invitation goes to ada@example.com", self.said(response))
        self.assertIn("a PIN has to be set", self.said(response))

    def test_the_form_asks_in_the_order_in_which_a_manager_thinks(self) -> None:
        page = self.client.get(ADD).content.decode()
        places = [page.index(f'name="{name}"') for name in ("name", "email", "department", "role")]
        self.assertEqual(places, sorted(places))
        self.assertIn(reverse("admin:employees_employee_rehire"), page)
