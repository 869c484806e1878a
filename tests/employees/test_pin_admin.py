from typing import Any
from unittest import mock

import bcrypt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import TestCase
from django.urls import reverse

from employees import admin_pins
from employees.models import Auth0Role, AuthMethod, Employee, EmployeeAuth, EmployeeUser
from employees.pin_services import has_pin, set_random_pin
from employees.pins import check_pin
from employees.signing_in import sign_in
from tests.builders import DOOR, boss, make_auth, make_employee

PIN, OTHER = "7391", "8264"

pytestmark = pytest.mark.once
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
LIST = reverse("admin:employees_employee_changelist")


def page(employee: Employee, what: str) -> str:
    return reverse(f"admin:employees_employee_{what}", args=[employee.pk])


class PinAdminTestCase(TestCase):
    def setUp(self) -> None:
        self.user = get_user_model().objects.create_superuser("manager")
        self.client.force_login(self.user)
        self.ada = make_employee(name="Ada Quill")
        make_auth(self.ada, pin=HASHED)

    def seen(self, employee: Employee, what: str) -> str:
        """What the page before remembers."""
        shown: str = self.client.get(page(employee, what)).context["seen"]
        return shown

    def said(self, response: Any) -> str:
        return " ".join(str(message) for message in get_messages(response.wsgi_request))

    def is_still(self, pin: str) -> bool:
        return check_pin(pin, EmployeeAuth.objects.get(employee=self.ada).pin)


class OnePersonTests(PinAdminTestCase):
    def test_the_page_of_a_person_offers_all_three(self) -> None:
        shown = self.client.get(page(self.ada, "change"))

        for what in ("random_pin", "type_pin", "remove_pin"):
            self.assertContains(shown, page(self.ada, what))

    def test_nothing_is_done_before_it_is_confirmed(self) -> None:
        for what in ("random_pin", "type_pin", "remove_pin"):
            shown = self.client.get(page(self.ada, what))
            self.assertContains(shown, "Ada Quill")
            self.assertIn("no-store", shown["Cache-Control"])

        self.assertTrue(self.is_still(PIN))

    def test_a_random_pin_stands_in_the_answer_and_nowhere_else(self) -> None:
        form = {"seen": self.seen(self.ada, "random_pin"), "as": "page"}

        shown = self.client.post(page(self.ada, "random_pin"), form)

        pin = shown.context["pin"]
        self.assertContains(shown, pin)
        self.assertIn("no-store", shown["Cache-Control"])
        self.assertTrue(self.is_still(pin))
        self.assertNotIn(pin, self.said(shown))
        for session in Session.objects.all():
            self.assertNotIn(pin, str(session.get_decoded().get("_messages")))

    def test_sending_it_again_makes_no_other_pin(self) -> None:
        form = {"seen": self.seen(self.ada, "random_pin"), "as": "page"}
        pin = self.client.post(page(self.ada, "random_pin"), form).context["pin"]

        again = self.client.post(page(self.ada, "random_pin"), form)

        self.assertRedirects(again, page(self.ada, "change"))
        self.assertIn("was changed meanwhile", self.said(again))
        self.assertTrue(self.is_still(pin))

    def test_it_may_come_as_a_slip(self) -> None:
        form = {"seen": self.seen(self.ada, "random_pin"), "as": "slip", "paper": "a4"}

        slip = self.client.post(page(self.ada, "random_pin"), form)

        self.assertEqual(slip["Content-Type"], "application/pdf")
        self.assertIn("no-store", slip["Cache-Control"])
        self.assertTrue(slip.content.startswith(b"%PDF"))
        self.assertFalse(self.is_still(PIN))

    def test_a_typed_pin_is_set_and_not_repeated(self) -> None:
        form = {"seen": self.seen(self.ada, "type_pin"), "pin": OTHER, "again": OTHER}

        answer = self.client.post(page(self.ada, "type_pin"), form)

        self.assertRedirects(answer, page(self.ada, "change"))
        self.assertNotIn(OTHER, self.said(answer))
        self.assertTrue(self.is_still(OTHER))

    def test_no_browser_fills_in_or_keeps_a_typed_pin(self) -> None:
        """``off`` is not heeded for what looks like a password."""
        shown = self.client.get(page(self.ada, "type_pin"))

        self.assertContains(shown, 'autocomplete="one-time-code"', count=2)

    def test_what_is_wrong_with_a_typed_pin_stands_beside_it(self) -> None:
        seen = self.seen(self.ada, "type_pin")
        for (pin, again), said in {
            ("1234", "1234"): "counts up or down",
            ("123", "123"): "4 to 6 digits",
            (OTHER, "8265"): "The two PINs differ.",
            ("", ""): "This field is required.",
        }.items():
            with self.subTest(said):
                form = {"seen": seen, "pin": pin, "again": again}
                shown = self.client.post(page(self.ada, "type_pin"), form)
                self.assertContains(shown, said)
                if pin:
                    self.assertNotContains(shown, f'value="{pin}"')
        self.assertTrue(self.is_still(PIN))

    def test_a_typed_pin_for_a_page_that_is_out_of_date_is_not_set(self) -> None:
        seen = self.seen(self.ada, "type_pin")
        set_random_pin(self.ada.pk, boss())

        form = {"seen": seen, "pin": OTHER, "again": OTHER}
        answer = self.client.post(page(self.ada, "type_pin"), form)

        self.assertIn("was changed meanwhile", self.said(answer))
        self.assertFalse(self.is_still(OTHER))

    def test_a_pin_is_removed(self) -> None:
        form = {"seen": self.seen(self.ada, "remove_pin")}

        answer = self.client.post(page(self.ada, "remove_pin"), form)

        self.assertRedirects(answer, page(self.ada, "change"))
        self.assertFalse(has_pin(self.ada.pk))

    def test_removing_for_a_page_that_is_out_of_date_does_nothing(self) -> None:
        answer = self.client.post(page(self.ada, "remove_pin"), {"seen": "2020"})

        self.assertIn("was changed meanwhile", self.said(answer))
        self.assertTrue(has_pin(self.ada.pk))

    def test_whoever_signs_in_with_auth0_only_is_explained(self) -> None:
        office = make_employee(auth_method=AuthMethod.AUTH0)

        self.assertContains(self.client.get(page(office, "random_pin")), "with Auth0 only")
        answer = self.client.post(page(office, "random_pin"), {"seen": ""})

        self.assertIn("with Auth0 only", self.said(answer))
        self.assertFalse(has_pin(office.pk))

    def test_nobody_is_not_found(self) -> None:
        for wrong in ("987654", "x", "9" * 30):
            address = reverse("admin:employees_employee_random_pin", args=[wrong])
            self.assertEqual(self.client.get(address).status_code, 404)


class ManyTests(PinAdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.office = make_employee(name="Office Only", auth_method=AuthMethod.AUTH0)

    def act(self, people: list[Employee], **more: str) -> Any:
        form = {
            "action": admin_pins.SLIPS_ACTION,
            "_selected_action": [str(person.pk) for person in people],
            **more,
        }
        return self.client.post(LIST, form)

    def test_it_says_first_whom_it_touches_and_whom_not_and_why(self) -> None:
        shown = self.act([self.ada, self.office])

        self.assertContains(shown, "1 person gets")
        self.assertContains(shown, "Signs in with Auth0 only")
        self.assertTrue(self.is_still(PIN))

    def test_confirmed_it_makes_the_slips_and_says_how_many(self) -> None:
        ben = make_employee()

        answer = self.act(
            [self.ada, ben, self.office],
            confirmed="yes",
            **{f"seen_{self.ada.pk}": "", f"seen_{ben.pk}": "", f"seen_{self.office.pk}": ""},
        )

        self.assertEqual(answer["Content-Type"], "application/pdf")
        self.assertIn("no-store", answer["Cache-Control"])
        self.assertIn("2 people have a new PIN.", self.said(answer))
        self.assertFalse(has_pin(self.office.pk))

    def test_the_slips_say_the_pins_that_work(self) -> None:
        with mock.patch("employees.slips.slips_pdf", return_value=b"%PDF") as made:
            self.act([self.ada], confirmed="yes", **{f"seen_{self.ada.pk}": ""})

        (slip,), paper = made.call_args.args
        self.assertEqual((slip.number, slip.name, paper), (self.ada.pk, "Ada Quill", "letter"))
        sign_in(slip.number, slip.pin, DOOR)

    def test_sent_again_it_makes_no_other_pins(self) -> None:
        seen = {f"seen_{self.ada.pk}": ""}
        self.act([self.ada], confirmed="yes", **seen)
        before = EmployeeAuth.objects.get(employee=self.ada).pin

        again = self.act([self.ada], confirmed="yes", **seen)

        self.assertEqual(EmployeeAuth.objects.get(employee=self.ada).pin, before)
        self.assertIn("Skipped 1: The PIN was changed meanwhile", self.said(again))
        self.assertRedirects(again, LIST)

    def test_nobody_is_touched_who_was_not_on_the_page(self) -> None:
        self.act([self.ada], confirmed="yes")

        self.assertTrue(self.is_still(PIN))

    def test_too_many_at_a_time_are_refused(self) -> None:
        with mock.patch.object(admin_pins, "SLIPS_AT_ONCE", 1):
            answer = self.act([self.ada, self.office])

        self.assertIn("At most 1 people at a time", self.said(answer))


class AuthorityTests(PinAdminTestCase):
    """Requirement L7, with the services behind it."""

    def sign_in_as(self, role: Auth0Role) -> None:
        person = make_employee(auth0_role=role, auth_method=AuthMethod.HYBRID, workspace="MS")
        user = get_user_model().objects.create_user(f"user-{role}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        EmployeeUser.objects.create(user=user, employee=person, role=role)
        self.client.force_login(user)

    def test_a_team_lead_sets_the_pins_of_her_own_people_only(self) -> None:
        elsewhere = make_employee(department="Packing")
        self.sign_in_as(Auth0Role.TEAM_LEAD)

        self.assertEqual(self.client.get(page(elsewhere, "random_pin")).status_code, 404)
        shown = self.client.post(page(self.ada, "random_pin"), {"seen": "", "as": "page"})

        self.assertTrue(self.is_still(shown.context["pin"]))

    def test_nobody_sets_the_pin_of_an_equal(self) -> None:
        peer = make_employee(auth0_role=Auth0Role.MANAGER)
        self.sign_in_as(Auth0Role.MANAGER)

        shown = self.client.get(page(peer, "random_pin"))
        answer = self.client.post(page(peer, "random_pin"), {"seen": "", "as": "page"})

        self.assertContains(shown, "as high as yours")
        self.assertIn("as high as yours", self.said(answer))
        self.assertFalse(has_pin(peer.pk))

    def test_finance_reads_only(self) -> None:
        self.sign_in_as(Auth0Role.FINANCE)

        self.client.post(page(self.ada, "random_pin"), {"seen": "", "as": "page"})
        self.client.post(page(self.ada, "remove_pin"), {"seen": ""})

        self.assertTrue(self.is_still(PIN))
