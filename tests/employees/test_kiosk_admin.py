"""The pages of the admin on which kiosks are set up, and people's waits ended."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client, TestCase
from django.urls import reverse

from employees.kiosk import cookies
from employees.kiosks import kiosk_of
from employees.lockout import FREE_TRIES, charge, kiosk_door, outside_door, waiting
from employees.models import Auth0Role, Change, Kiosk
from tests.employees.kiosk_browser import ENROL, START, enrolled, with_pin
from tests.signed_in import signed_in

LIST = reverse("admin:employees_kiosk_changelist")
ADD = reverse("admin:employees_kiosk_add")

pytestmark = pytest.mark.once


def page(kiosk: Kiosk, what: str) -> str:
    return reverse(f"admin:employees_kiosk_{what}", args=[kiosk.pk])


class KioskAdminTests(TestCase):
    def setUp(self) -> None:
        self.admin, _ = signed_in(Auth0Role.ADMIN, name="Alba Moor")

    def add(self, name: str = "Line 3", **over: str) -> Kiosk:
        sent = {"name": name, "workspace": "MS", "helper": "Call 4711.", **over}
        self.added = self.admin.post(ADD, sent)
        return Kiosk.objects.get(name=name)

    def test_a_new_kiosk_leads_to_its_code_and_the_code_to_a_kiosk(self) -> None:
        kiosk = self.add()
        self.assertRedirects(self.added, page(kiosk, "make_code"))

        shown = self.admin.post(page(kiosk, "make_code"))

        self.assertIn("no-store", shown["Cache-Control"])
        found = re.search(r"<output>(\d{5}) (\d{5})</output>", shown.content.decode())
        assert found is not None
        device = Client()
        answer = device.post(ENROL, {"code": found[1] + found[2]})
        self.assertRedirects(answer, START, 303, fetch_redirect_response=False)
        self.assertEqual(kiosk_of(device.cookies[cookies.DEVICE].value), kiosk)
        self.assertContains(self.admin.get(LIST), "In use")

    def test_looking_at_the_page_makes_no_code(self) -> None:
        kiosk = self.add()

        self.admin.get(page(kiosk, "make_code"))

        self.assertIsNone(Kiosk.objects.get().code_hash)
        self.assertContains(self.admin.get(LIST), "Not set up")

    def test_the_list_says_that_a_code_waits_and_the_history_who_made_it(self) -> None:
        kiosk = self.add()
        self.admin.post(page(kiosk, "make_code"))

        self.assertContains(self.admin.get(LIST), "Waits for its code until")
        self.assertEqual(LogEntry.objects.latest("pk").get_change_message(), "Made a code.")

    def test_signing_out_is_asked_for_first(self) -> None:
        browser, kiosk = enrolled()

        self.assertContains(self.admin.get(page(kiosk, "sign_out")), "Sign Line 3 out")
        self.assertEqual(browser.get(START).status_code, 200)
        self.admin.post(page(kiosk, "sign_out"))

        self.assertRedirects(browser.get(START), ENROL, 303)
        self.assertEqual(LogEntry.objects.latest("pk").get_change_message(), "Signed out.")

    def test_two_kiosks_have_two_names(self) -> None:
        self.add()

        self.add()

        self.assertContains(self.added, "already exists")

    def test_nobody_but_an_administrator_finds_any_of_it(self) -> None:
        _, kiosk = enrolled()
        for role in set(Auth0Role.values) - {"admin"}:
            browser, _ = signed_in(role, department="Picking", workspace="MS")
            for address in (LIST, ADD, page(kiosk, "change")):
                self.assertIn(browser.get(address).status_code, (302, 403), address)
                self.assertIn(browser.post(address, {"name": "x"}).status_code, (302, 403))
            for what in ("make_code", "sign_out"):
                self.assertIn(browser.get(page(kiosk, what)).status_code, (302, 403, 404))
                self.assertIn(browser.post(page(kiosk, what)).status_code, (302, 403, 404))

        kiosk.refresh_from_db()
        self.assertIsNone(kiosk.code_hash)
        self.assertIsNotNone(kiosk.key_hash)


class UnlockTests(TestCase):
    def setUp(self) -> None:
        self.manager, _ = signed_in(Auth0Role.MANAGER)
        self.ada = with_pin(name="Ada Quill")
        _, kiosk = enrolled()
        self.doors = (kiosk_door(kiosk.pk), outside_door("203.0.113.9"))

    def page(self, what: str) -> str:
        return reverse(f"admin:employees_employee_{what}", args=[self.ada.pk])

    def lock(self) -> None:
        for door in self.doors:
            for _ in range(FREE_TRIES):
                charge(door, self.ada.pk)

    def test_the_button_is_there_while_somebody_has_to_wait(self) -> None:
        self.assertNotContains(self.manager.get(self.page("change")), self.page("unlock_pin"))

        self.lock()

        self.assertContains(self.manager.get(self.page("change")), self.page("unlock_pin"))

    def test_it_says_where_and_until_when_and_lets_them_try_again(self) -> None:
        self.lock()

        shown = self.manager.get(self.page("unlock_pin"))
        self.assertContains(shown, "Line 3: until ")
        self.assertContains(shown, "Outside the kiosks: until ")
        self.assertNotEqual(waiting(self.ada.pk), [])
        said = self.manager.post(self.page("unlock_pin"), follow=True)

        self.assertContains(said, "Ada Quill may try again at once.")
        self.assertEqual(waiting(self.ada.pk), [])
        self.assertTrue(Change.objects.filter(action="PIN unlocked").exists())

    def test_nobody_lets_an_equal_try_again(self) -> None:
        self.ada.auth0_role = Auth0Role.MANAGER
        self.ada.save()
        self.lock()

        self.assertContains(self.manager.get(self.page("unlock_pin")), "as high as yours")
        self.manager.post(self.page("unlock_pin"))

        self.assertNotEqual(waiting(self.ada.pk), [])
