"""A supervisor helps a colleague at the kiosk: the number, a new PIN, another try."""

from typing import Any

import pytest
from django.test import TestCase
from django.utils import timezone

from employees.helping import LOOKED_UP
from employees.lockout import FREE_TRIES, charge, kiosk_door
from employees.models import Auth0Role, AuthMethod, Change, Employee, EmployeeAuth
from employees.pins import check_pin
from tests.employees.kiosk_browser import (
    ME,
    OTHER,
    PIN,
    START,
    enrolled,
    shown_pin,
    try_pin,
    with_pin,
)

HELP = "/kiosk/help/"
PLACE = {"department": "Heat Press", "workspace": "MS"}

pytestmark = pytest.mark.once


class HelpTestCase(TestCase):
    def setUp(self) -> None:
        self.ada = with_pin(name="Ada Quill", **PLACE)
        self.lead = with_pin(
            name="Lena Marsh", auth0_role=Auth0Role.TEAM_LEAD, auth_method="hybrid", **PLACE
        )
        self.kiosk, self.device = enrolled(workspace="MS")
        try_pin(self.kiosk, self.lead.pk)

    def page(self, employee: Employee, what: str = "") -> str:
        return f"{HELP}{employee.pk}/{what}"

    def give_new_pin(self, own: str = PIN, **over: Any) -> Any:
        """The page after the lead typed her own PIN."""
        address = self.page(self.ada, "new-pin/")
        seen = self.kiosk.get(address).context["seen"]
        return self.kiosk.post(address, {"pin": own, "seen": seen, **over}, follow=True)

    def events(self) -> list[tuple[str, str, str]]:
        lines = Change.objects.filter(employee_id=self.ada.pk).order_by("pk")
        return list(lines.values_list("action", "actor", "source"))


class LookUpTests(HelpTestCase):
    def test_her_page_leads_to_her_people_and_a_name_to_the_number(self) -> None:
        self.assertContains(self.kiosk.get(ME), "Help a colleague")
        self.assertContains(self.kiosk.get(HELP), "Ada Quill")

        page = self.kiosk.get(self.page(self.ada))

        self.assertContains(page, f'<dd class="number">{self.ada.pk}</dd>', html=True)

    def test_who_was_told_a_number_stands_in_the_history(self) -> None:
        self.kiosk.get(self.page(self.ada))

        self.assertEqual(self.events(), [(LOOKED_UP, f"kiosk:{self.lead.pk}", "kiosk")])

    def test_another_language_keeps_the_colleague(self) -> None:
        for what in ("", "new-pin/"):
            with self.subTest(what):
                page = self.kiosk.get(self.page(self.ada, what))
                self.assertContains(page, f'name="helped" value="{self.ada.pk}"')

        form = {"language": "es", "page": "help-person", "helped": self.ada.pk}
        page = self.kiosk.post("/kiosk/language/", form, follow=True)

        self.assertEqual(page.redirect_chain, [(self.page(self.ada), 303)])
        self.assertContains(page, "PIN nuevo")

    def test_another_language_opens_nobody_whom_she_cant_help(self) -> None:
        other = with_pin(name="Otto Kane", department="Office", workspace="TX")

        form = {"language": "es", "page": "help-person", "helped": other.pk}
        page = self.kiosk.post("/kiosk/language/", form, follow=True)

        self.assertContains(page, "Aquí no puede ayudar a esta persona.")
        self.assertNotContains(page, "Otto Kane")

    def test_a_list_of_names_tells_no_numbers(self) -> None:
        page = self.kiosk.get(HELP)

        self.assertNotContains(page, f">{self.ada.pk}<")

    def test_whoever_leads_nobody_can_help_nobody(self) -> None:
        browser, _ = enrolled("Line 4")
        try_pin(browser, self.ada.pk)

        self.assertNotContains(browser.get(ME), "Help a colleague")
        for page in (HELP, self.page(self.lead), self.page(self.lead, "new-pin/")):
            answer = browser.get(page, follow=True)
            self.assertEqual(answer.redirect_chain[-1], (ME, 303))
            self.assertNotContains(answer, self.lead.name)

    def test_people_of_another_place_an_equal_role_or_without_pin_log_in_are_out_of_reach(
        self,
    ) -> None:
        others = [
            with_pin(name="Elsa Where", department="Heat Press", workspace="TX"),
            with_pin(name="Paul Picker", department="Picking", workspace="MS"),
            with_pin(name="Lea Lead", auth0_role=Auth0Role.TEAM_LEAD, **PLACE),
            with_pin(name="Otto Office", auth_method=AuthMethod.AUTH0, **PLACE),
            with_pin(name="Gone Girl", is_active=False, **PLACE),
            with_pin(name="Archie Vane", archived_at=timezone.now(), **PLACE),
            self.lead,
        ]

        page = self.kiosk.get(HELP)
        for other in others:
            self.assertNotContains(page, other.name)
            for what in ("", "new-pin/", "unlock/"):
                answer = self.kiosk.get(self.page(other, what), follow=True)
                self.assertContains(answer, "You can&#x27;t help this person here.")
                sent = self.kiosk.post(self.page(other, what), {"pin": PIN, "seen": ""})
                self.assertIn(sent.status_code, (303, 405))
            self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get(employee=other).pin))

    def test_a_manager_helps_the_people_of_the_workspace_that_the_kiosk_stands_in(self) -> None:
        there = with_pin(name="Tess Exas", workspace="TX")
        manager = with_pin(name="Mona", auth0_role=Auth0Role.MANAGER, auth_method="hybrid")
        browser, _ = enrolled("Texas 1", workspace="TX")
        try_pin(browser, manager.pk)

        page = browser.get(HELP)

        self.assertContains(page, there.name)
        self.assertNotContains(page, self.ada.name)

    def test_only_a_device_that_is_a_kiosk_helps(self) -> None:
        with self.settings(KIOSK_OPEN=True):
            try_pin(self.client, self.lead.pk)

            self.assertNotContains(self.client.get(ME), "Help a colleague")
            self.assertRedirects(self.client.get(HELP), ME, 303)
            answer = self.client.get(self.page(self.ada, "new-pin/"), follow=True)
            self.assertNotContains(answer, "gets a new PIN")

    def test_without_a_session_there_is_nothing(self) -> None:
        self.kiosk.post("/kiosk/sign-out/")

        for what in ("", "new-pin/", "unlock/"):
            self.assertRedirects(self.kiosk.get(self.page(self.ada, what)), START, 303)
        self.assertRedirects(self.kiosk.get(HELP), START, 303)


class NewPinTests(HelpTestCase):
    def test_her_own_pin_gives_the_colleague_a_new_one_shown_this_once(self) -> None:
        page = self.give_new_pin()

        new = shown_pin(page)
        self.assertTrue(check_pin(new, EmployeeAuth.objects.get(employee=self.ada).pin))
        self.assertEqual(page["Cache-Control"], "no-store")
        self.assertContains(page, "New PIN of Ada Quill")
        self.assertContains(try_pin(enrolled("Line 4")[0], self.ada.pk, new), "Hello, Ada!")

    def test_no_other_language_takes_it_away(self) -> None:
        self.assertNotContains(self.give_new_pin(), "/kiosk/language/")

    def test_it_stands_in_the_history_with_her_name_and_without_the_pin(self) -> None:
        new = shown_pin(self.give_new_pin())

        self.assertEqual(self.events(), [("PIN reset", f"kiosk:{self.lead.pk}", "kiosk")])
        self.assertNotIn(new, str(list(Change.objects.values_list())))

    def test_without_her_own_pin_nothing_is_changed(self) -> None:
        for wrong in ("", OTHER):
            page = self.give_new_pin(wrong)
            self.assertContains(page, "Your own PIN is wrong. Nothing was changed.")

        self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get(employee=self.ada).pin))

    def test_guessing_her_own_pin_has_to_wait_too(self) -> None:
        for _ in range(FREE_TRIES):
            charge(kiosk_door(self.device.pk), self.lead.pk)

        self.assertContains(self.give_new_pin(), "Too many wrong PINs. Try again in 1 min")

    def test_her_own_right_pin_uses_nothing_up(self) -> None:
        for _ in range(FREE_TRIES + 1):
            page = self.kiosk.post(self.page(self.ada, "unlock/"), {"pin": PIN}, follow=True)

        self.assertContains(page, "Done: no more waiting.")

    def test_a_form_that_is_sent_twice_makes_no_second_pin(self) -> None:
        address = self.page(self.ada, "new-pin/")
        seen = self.kiosk.get(address).context["seen"]
        first = shown_pin(self.kiosk.post(address, {"pin": PIN, "seen": seen}))

        again = self.kiosk.post(address, {"pin": PIN, "seen": seen}, follow=True)

        self.assertContains(again, "changed meanwhile. Nothing was done.")
        self.assertTrue(check_pin(first, EmployeeAuth.objects.get(employee=self.ada).pin))

    def test_whoever_is_switched_off_meanwhile_gets_none(self) -> None:
        address = self.page(self.ada, "new-pin/")
        seen = self.kiosk.get(address).context["seen"]
        Employee.objects.filter(pk=self.ada.pk).update(is_active=False)

        page = self.kiosk.post(address, {"pin": PIN, "seen": seen}, follow=True)

        self.assertContains(page, "You can&#x27;t help this person here.")

    def test_she_loses_it_at_once_when_her_role_is_lowered(self) -> None:
        Employee.objects.filter(pk=self.lead.pk).update(auth0_role="production_associate")

        page = self.kiosk.get(self.page(self.ada), follow=True)

        self.assertNotContains(page, "Ada Quill")


class UnlockTests(HelpTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.other, device = enrolled("Line 4")
        for _ in range(FREE_TRIES):
            charge(kiosk_door(device.pk), self.ada.pk)
        self.refused = try_pin(self.other, self.ada.pk, PIN)

    def test_a_colleague_who_has_to_wait_may_try_again_at_once_with_the_same_pin(self) -> None:
        self.assertContains(self.refused, "Too many wrong PINs")
        self.assertContains(self.kiosk.get(self.page(self.ada)), "Has to wait now")

        page = self.kiosk.post(self.page(self.ada, "unlock/"), {"pin": PIN}, follow=True)

        self.assertContains(page, "Done: no more waiting.")
        self.assertNotContains(page, "Has to wait now")
        self.assertContains(try_pin(self.other, self.ada.pk), "Hello, Ada!")
        self.assertIn(("PIN unlocked", f"kiosk:{self.lead.pk}", "kiosk"), self.events())

    def test_without_her_own_pin_the_colleague_waits_on(self) -> None:
        page = self.kiosk.post(self.page(self.ada, "unlock/"), {"pin": OTHER}, follow=True)

        self.assertContains(page, "Your own PIN is wrong.")
        self.assertContains(try_pin(self.other, self.ada.pk), "Too many wrong PINs")
