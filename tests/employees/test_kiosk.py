import logging
import re
import string
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import bcrypt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.db import DatabaseError, connection
from django.test import Client, SimpleTestCase, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees.kiosk import cookies
from employees.kiosk.texts import DEFAULT, LANGUAGES, NOTES_OF_WEAK, TEXTS
from employees.lockout import FREE_TRIES
from employees.models import Employee, EmployeeAuth, EmployeeUser
from employees.pins import Weak, check_pin
from employees.signing_in import sign_in
from tests.builders import DOOR, make_auth, make_employee

START, PIN_PAGE, ME = "/kiosk/", "/kiosk/pin/", "/kiosk/me/"
CHANGE, LEAVE, IDLE = "/kiosk/change-pin/", "/kiosk/sign-out/", "/kiosk/idle/"
PIN, OTHER = "7391", "8264"

pytestmark = pytest.mark.once
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()


@override_settings(KIOSK_OPEN=True)
class KioskTestCase(TestCase):
    def setUp(self) -> None:
        # A number that is none of the PINs below: a counter would come to them some day.
        self.ada = make_employee(id=57, name="Ada Quill", department="Heat Press", workspace="TX")
        make_auth(self.ada, pin=HASHED)

    def try_pin(self, number: Any, pin: str, follow: bool = True) -> Any:
        """Number and PIN, as two steps; the answer to the second."""
        self.client.post(START, {"number": str(number)})
        return self.client.post(PIN_PAGE, {"pin": pin}, follow=follow)

    def sign_in(self) -> Any:
        """The page after a good sign-in."""
        return self.try_pin(self.ada.pk, PIN)

    def cookie(self, name: str) -> str:
        found = self.client.cookies.get(name)
        return found.value if found else ""


class SignInTests(KioskTestCase):
    def test_number_then_pin_then_a_greeting_by_first_name(self) -> None:
        noon = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
        with mock.patch("django.utils.timezone.now", return_value=noon):
            page = self.sign_in()

        self.assertEqual(page.redirect_chain, [(ME, 303)])
        for text in ("Hello, Ada!", "Heat Press", "12:05 PM", "Monday, March 2"):
            self.assertContains(page, text)
        self.assertNotContains(page, "Quill")

    def test_a_number_that_nobody_has_is_asked_for_its_pin_too(self) -> None:
        for number in (self.ada.pk, 987_654, "99999999999"):
            step = self.client.post(START, {"number": str(number)})
            self.assertRedirects(step, PIN_PAGE, 303)

    def test_every_refusal_looks_the_same_but_for_the_number(self) -> None:
        gone = make_employee(is_active=False)
        make_auth(gone, pin=HASHED)
        pages = set()
        for number, pin in ((self.ada.pk, OTHER), (987_654, PIN), (gone.pk, PIN), (0, "x")):
            self.client.cookies.clear()
            page = self.try_pin(number, pin)
            self.assertEqual(page.status_code, 200)
            self.assertContains(page, "Number or PIN is wrong")
            token = page.context["csrf_token"]
            body = page.content.decode().replace(f"Number {number}<", "Number N<")
            pages.add(body.replace(str(token), ""))

        self.assertEqual(len(pages), 1)

    def test_whoever_has_to_wait_is_told_how_long(self) -> None:
        for number in (self.ada.pk, 987_654):
            for _ in range(FREE_TRIES):
                self.try_pin(number, OTHER)

            page = self.try_pin(number, PIN)

            self.assertContains(
                page, "Too many wrong PINs. Try again in 1 min, or ask your supervisor."
            )

    def test_what_is_no_number_is_asked_for_again(self) -> None:
        for number in ("", "abc", "4 2", "٤٢", "-1"):
            page = self.client.post(START, {"number": number}, follow=True)
            self.assertContains(page, "Type your employee number.")

    def test_a_number_that_is_too_long_is_not_cut_to_another(self) -> None:
        page = self.client.post(START, {"number": "0" * 20 + "42"}, follow=True)

        self.assertContains(page, "Type your employee number.")
        self.assertEqual(self.cookie(cookies.NUMBER), "")

    def test_without_a_pin_nothing_is_tried(self) -> None:
        with mock.patch.object(bcrypt, "checkpw") as checkpw:
            page = self.try_pin(self.ada.pk, "")

        self.assertContains(page, "Type your PIN.")
        checkpw.assert_not_called()

    def test_the_pin_page_without_a_number_is_the_start_page(self) -> None:
        self.assertRedirects(self.client.get(PIN_PAGE), START, 303)
        self.assertRedirects(self.client.post(PIN_PAGE, {"pin": PIN}), START, 303)

    def test_a_message_is_said_once(self) -> None:
        self.try_pin(self.ada.pk, OTHER)

        self.assertNotContains(self.client.get(PIN_PAGE), "wrong")

    def test_reloading_the_page_after_a_try_repeats_no_try(self) -> None:
        answer = self.try_pin(self.ada.pk, OTHER, follow=False)

        self.assertEqual((answer.status_code, answer["Location"]), (303, PIN_PAGE))

    def test_a_made_up_message_is_not_said(self) -> None:
        self.client.cookies[cookies.NOTE] = "<b>call 555</b>.1"

        self.assertNotContains(self.client.get(START), "555")

    def test_the_next_person_ends_the_session_of_the_one_before(self) -> None:
        self.sign_in()
        ben = make_employee()
        make_auth(ben, pin=HASHED)

        self.try_pin(ben.pk, PIN)

        self.assertIsNone(EmployeeAuth.objects.get(employee=self.ada).login_token)

    def test_a_workspace_without_time_zone_has_the_usual_one(self) -> None:
        Employee.objects.update(workspace="??", name=" ")

        self.assertContains(self.sign_in(), f"Hello, {self.ada.pk}!")


class LeavingTests(KioskTestCase):
    def test_signing_out_leaves_nothing_behind(self) -> None:
        self.sign_in()
        self.client.post("/kiosk/language/", {"language": "es", "page": "me"})

        answer = self.client.post(LEAVE)

        self.assertRedirects(answer, START, 303)
        self.assertEqual(answer["Clear-Site-Data"], '"cache"')
        self.assertEqual({self.cookie(name) for name in cookies.OF_A_PERSON}, {""})
        self.assertIsNone(EmployeeAuth.objects.get().login_token)
        self.assertContains(self.client.get(START), 'lang="en"')

    def test_so_does_being_idle_at_any_step(self) -> None:
        self.sign_in()
        self.client.get(IDLE)
        self.assertIsNone(EmployeeAuth.objects.get().login_token)

        self.client.post(START, {"number": "42"})
        self.client.get(IDLE)
        self.assertRedirects(self.client.get(PIN_PAGE), START, 303)

    def test_the_back_button_after_signing_out_shows_the_start_page(self) -> None:
        self.sign_in()
        self.client.post(LEAVE)

        for page in (ME, CHANGE, PIN_PAGE):
            self.assertRedirects(self.client.get(page), START, 303)

    def test_whoever_is_switched_off_is_out_at_the_next_request(self) -> None:
        self.sign_in()
        Employee.objects.update(is_active=False)

        self.assertRedirects(self.client.get(ME), START, 303)

    def test_whoever_is_signed_out_from_elsewhere_is_told(self) -> None:
        for address in (ME, CHANGE):
            self.sign_in()
            sign_in(self.ada.pk, PIN, DOOR)  # at another kiosk

            page = self.client.get(address, follow=True)

            self.assertContains(page, "You were signed out. Sign in again.")

    def test_the_next_person_is_not_told_of_the_one_before(self) -> None:
        self.sign_in()
        self.client.post(LEAVE)

        self.assertNotContains(self.client.get(ME, follow=True), "You were signed out")

    def test_a_page_without_scripts_signs_out_by_itself(self) -> None:
        page = self.sign_in()

        self.assertContains(page, f'<meta http-equiv="refresh" content="45; url={IDLE}">')

    def test_the_untouched_start_page_has_nothing_to_sign_out(self) -> None:
        self.assertNotContains(self.client.get(START), "http-equiv")

    def test_a_start_page_in_another_language_goes_back_to_the_default(self) -> None:
        self.client.post("/kiosk/language/", {"language": "es", "page": "start"})

        self.assertContains(self.client.get(START), "http-equiv")

    def test_the_cookies_end_with_the_idle_time_and_a_touch_keeps_them(self) -> None:
        self.sign_in()
        self.assertEqual(self.client.cookies[cookies.TOKEN]["max-age"], 60)

        kept = self.client.get("/kiosk/stay/")

        self.assertEqual(kept.status_code, 204)
        self.assertEqual(kept.cookies[cookies.TOKEN]["max-age"], 60)

    def test_a_touch_at_the_pin_step_keeps_the_number(self) -> None:
        self.client.post(START, {"number": "42"})

        kept = self.client.get("/kiosk/stay/")

        self.assertEqual(kept.cookies[cookies.NUMBER].value, "42")

    def test_a_touch_where_nobody_is_signed_in_keeps_nothing(self) -> None:
        kept = self.client.get("/kiosk/stay/")

        self.assertEqual((kept.status_code, len(kept.cookies)), (401, 0))

    def test_whoever_is_signed_in_needs_no_number(self) -> None:
        self.sign_in()

        self.assertRedirects(self.client.get(START), ME, 303)


class ChangePinTests(KioskTestCase):
    def change(self, current: str, new: str, again: str) -> Any:
        form = {"current": current, "new": new, "again": again}
        return self.client.post(CHANGE, form, follow=True)

    def test_the_pin_is_changed_and_the_page_says_so(self) -> None:
        self.sign_in()

        page = self.change(PIN, OTHER, OTHER)

        self.assertEqual(page.redirect_chain, [(ME, 303)])
        self.assertContains(page, "Your PIN is changed.")
        self.assertTrue(check_pin(OTHER, EmployeeAuth.objects.get().pin))

    def test_each_reason_against_it_is_said(self) -> None:
        self.sign_in()

        for (current, new, again), said in {
            ("5555", OTHER, OTHER): "Your PIN now is wrong.",
            (PIN, OTHER, "8265"): "The two new PINs differ.",
            (PIN, PIN, PIN): "The new PIN is the old one.",
            (PIN, "123", "123"): "A new PIN is 4 to 6 digits.",
            (
                PIN,
                "1234",
                "1234",
            ): "The new PIN is too easy: it repeats itself",
            (PIN, "1988", "1988"): "year of birth",
            (PIN, "0301", "0301"): "year of hire",
        }.items():
            with self.subTest(said):
                page = self.change(current, new, again)
                self.assertEqual(page.redirect_chain, [(CHANGE, 303)])
                self.assertContains(page, said)
        self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get().pin))

    def test_guessing_the_present_pin_has_to_wait_too(self) -> None:
        self.sign_in()
        for _ in range(FREE_TRIES):
            self.change("5555", OTHER, OTHER)

        self.assertContains(
            self.change(PIN, OTHER, OTHER), "Try again in 1 min, or ask your supervisor."
        )

    def test_without_a_session_there_is_no_form(self) -> None:
        self.assertRedirects(self.client.get(CHANGE), START, 303)

    def test_a_session_that_ends_meanwhile_leads_to_the_start_page(self) -> None:
        self.sign_in()

        with mock.patch("employees.signing_in.session_of", return_value=None):
            page = self.change(PIN, OTHER, OTHER)

        self.assertEqual(page.redirect_chain, [(START, 303)])

    def test_no_browser_offers_to_keep_a_pin(self) -> None:
        """``off`` is not heeded for what looks like a password; for a one-time code it is."""
        self.client.post(START, {"number": str(self.ada.pk)})
        pages = [self.client.get(PIN_PAGE).content.decode()]
        self.sign_in()
        pages.append(self.client.get(CHANGE).content.decode())

        fields = [tag for page in pages for tag in re.findall("<input[^>]*password[^>]*>", page)]

        self.assertEqual(len(fields), 4)
        for field in fields:
            self.assertIn('autocomplete="one-time-code"', field)

    def test_the_form_asks_for_each_with_a_label(self) -> None:
        self.sign_in()

        page = self.client.get(CHANGE)

        for name in ("current", "new", "again"):
            self.assertContains(page, f'<label for="{name}">')


class DefenceTests(KioskTestCase):
    def test_a_pin_opens_no_admin(self) -> None:
        self.sign_in()

        self.assertEqual(self.client.get(reverse("admin:index")).status_code, 302)
        self.assertFalse(DjangoSession.objects.exists())

    def test_whoever_is_signed_in_to_the_admin_is_nobody_at_the_kiosk_and_stays_signed_in(
        self,
    ) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("manager"))
        before = self.cookie("sessionid")
        self.assertRedirects(self.client.get(ME), START, 303)

        self.sign_in()
        self.client.post(LEAVE)

        self.assertEqual(self.cookie("sessionid"), before)
        self.assertEqual(self.client.get(reverse("admin:index")).status_code, 200)

    def test_a_manager_who_may_not_sign_in_any_more_is_no_matter_of_the_kiosk(self) -> None:
        user = get_user_model().objects.create_user("left")
        left = make_employee(is_active=False)
        EmployeeUser.objects.create(user=user, employee=left)
        self.client.force_login(user)

        self.assertContains(self.client.get(START), "Your employee number")
        answer = self.client.post("/api/employee/logout")
        self.assertEqual((answer.status_code, answer.json()), (200, {"success": True}))

    def test_the_kiosk_never_looks_at_the_session_of_the_admin(
        self,
    ) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("manager"))

        with CaptureQueriesContext(connection) as queries:
            self.client.get(START)
            self.client.post("/api/employee/logout")

        self.assertEqual([q["sql"] for q in queries if "django_session" in q["sql"]], [])

    def test_no_page_is_kept_and_none_depends_on_the_session(self) -> None:
        self.sign_in()
        for address in (ME, CHANGE, START, PIN_PAGE, IDLE, "/kiosk/nothing/", "/kiosk/stay/"):
            with self.subTest(address):
                self.assertEqual(self.client.get(address)["Cache-Control"], "no-store")
                self.assertFalse(DjangoSession.objects.exists())

    def test_the_cookies_can_be_read_by_no_script_and_sent_by_no_other_site(self) -> None:
        self.client.post(START, {"number": str(self.ada.pk)}, secure=True)
        answer = self.client.post(PIN_PAGE, {"pin": PIN}, secure=True)

        cookie = answer.cookies[cookies.TOKEN]
        self.assertEqual(cookie["path"], "/kiosk/")
        self.assertEqual(cookie["samesite"], "Strict")
        self.assertTrue(cookie["httponly"] and cookie["secure"])

    def test_a_form_without_csrf_token_gets_a_page_to_start_again(self) -> None:
        client = Client(enforce_csrf_checks=True)

        for address in (START, PIN_PAGE, CHANGE, LEAVE, "/kiosk/language/"):
            with self.assertLogs("employees.kiosk.pages", logging.WARNING):
                page = client.post(address, {"number": "42"})

            self.assertTemplateUsed(page, "kiosk/error.html")
            self.assertContains(page, "Start again", status_code=403)

    def test_the_address_may_be_typed_without_its_last_slash(self) -> None:
        self.assertRedirects(self.client.get("/kiosk"), START, 301)

    def test_a_form_with_its_token_passes(self) -> None:
        client = Client(enforce_csrf_checks=True)
        token = client.get(START).context["csrf_token"]

        step = client.post(START, {"number": "42", "csrfmiddlewaretoken": str(token)})

        self.assertEqual(step.status_code, 303)

    def test_a_fault_is_told_in_the_kiosks_own_words_and_logged_without_the_pin(self) -> None:
        broken = mock.patch("employees.kiosk.views.sign_in", side_effect=DatabaseError("gone"))
        with broken, self.assertLogs("employees.kiosk.pages", logging.ERROR) as logs:
            page = self.try_pin(self.ada.pk, PIN)

        self.assertContains(page, "work at the moment", status_code=500)
        self.assertNotIn(PIN, "".join(logs.output))

    def test_another_address_is_answered_in_the_kiosks_own_look(self) -> None:
        page = self.client.get("/kiosk/nothing/here/")

        self.assertContains(page, "There is no such page", status_code=404)

    def test_what_changes_something_takes_no_get_and_has_a_way_back(self) -> None:
        """A browser that opens its last pages again asks for them."""
        for address in (LEAVE, "/kiosk/language/"):
            answer = self.client.get(address)
            self.assertContains(answer, "Start again", status_code=405)
            self.assertEqual(answer["Allow"], "POST")

    def test_number_and_pin_are_in_no_address(self) -> None:
        page = self.try_pin(4711, PIN)

        addresses = [address for address, _ in page.redirect_chain]
        self.assertFalse([a for a in addresses if "4711" in a or PIN in a])

    def test_nothing_on_a_page_needs_inline_code(self) -> None:
        self.sign_in()
        for address in (ME, CHANGE):
            body = self.client.get(address).content.decode()
            for forbidden in ("style=", " onclick", "<style", "javascript:", "<script>"):
                self.assertNotIn(forbidden, body)


class LanguageTests(KioskTestCase):
    def test_the_toggle_is_on_every_page_and_stays_on_it(self) -> None:
        self.sign_in()

        page = self.client.post(
            "/kiosk/language/", {"language": "es", "page": "change-pin"}, follow=True
        )

        self.assertEqual(page.redirect_chain, [(CHANGE, 303)])
        self.assertContains(page, "Su PIN actual")
        self.assertContains(self.client.get(ME), "¡Hola, Ada!")

    def test_the_date_is_in_the_language_too(self) -> None:
        self.client.post("/kiosk/language/", {"language": "es", "page": "start"})
        noon = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)

        with mock.patch("django.utils.timezone.now", return_value=noon):
            self.assertContains(self.sign_in(), "lunes, 2 de marzo")

    def test_an_unknown_language_or_page_changes_nothing(self) -> None:
        answer = self.client.post("/kiosk/language/", {"language": "xx", "page": "//evil.example"})

        self.assertRedirects(answer, START, 303)
        self.assertEqual(self.cookie(cookies.LANGUAGE), "")


class TextTests(SimpleTestCase):
    def placeholders(self, text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    def test_every_language_says_the_same_things(self) -> None:
        self.assertEqual(TEXTS.keys(), LANGUAGES.keys())
        for language, texts in TEXTS.items():
            self.assertEqual(texts.keys(), TEXTS[DEFAULT].keys(), language)
            for key, text in texts.items():
                wanted = self.placeholders(TEXTS[DEFAULT][key])
                self.assertEqual(self.placeholders(text), wanted, f"{language}: {key}")
                self.assertTrue(text.strip())

    def test_every_reason_against_a_pin_has_its_words(self) -> None:
        for weak in Weak:
            self.assertIn(f"note_{NOTES_OF_WEAK[weak]}", TEXTS[DEFAULT])
