"""Setting a kiosk up, once; what a browser that isn't one gets; signing one out from afar."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client, RequestFactory, TestCase, override_settings
from django.utils import timezone

from employees import kiosks
from employees.authority import Actor
from employees.errors import NotAllowed
from employees.kiosk import cookies
from employees.kiosk.device import KEPT_S, kiosk_on
from employees.kiosks import TooManyCodes, WrongCode, enrol, kiosk_of, new_code
from employees.lockout import FREE_TRIES, charge, kiosk_door, outside_door
from employees.models import Auth0Role, EmployeeAuth, Kiosk
from tests.builders import DOOR, boss
from tests.employees.kiosk_browser import ENROL, ME, OTHER, PIN_PAGE, START, enrolled, try_pin
from tests.employees.kiosk_browser import with_pin as make_with_pin
from tests.signed_in import signed_in

pytestmark = pytest.mark.once


class CodeTests(TestCase):
    def setUp(self) -> None:
        self.kiosk = Kiosk.objects.create(name="Line 3")

    def test_a_code_is_ten_digits_and_stands_nowhere(self) -> None:
        code = new_code(self.kiosk.pk, boss())

        self.assertRegex(code, r"^[0-9]{10}$")
        self.assertNotIn(code, str(Kiosk.objects.values_list().get()))

    def test_whoever_has_only_the_table_cannot_try_all_codes_against_it(self) -> None:
        code = new_code(self.kiosk.pk, boss())

        with override_settings(SECRET_KEY="another"), self.assertRaises(WrongCode):
            enrol(code, DOOR)

    def test_it_makes_a_device_this_kiosk(self) -> None:
        kiosk, cookie = enrol(new_code(self.kiosk.pk, boss()), DOOR)

        self.assertEqual(kiosk, self.kiosk)
        self.assertEqual(kiosk_of(cookie), self.kiosk)

    def test_the_key_has_256_bits_and_only_its_hash_is_kept(self) -> None:
        _, cookie = enrol(new_code(self.kiosk.pk, boss()), DOOR)

        key = cookie.partition(".")[2]
        self.assertRegex(key, r"^[A-Za-z0-9_-]{43}$")
        self.assertNotIn(key, str(Kiosk.objects.values_list().get()))

    def test_it_works_once(self) -> None:
        code = new_code(self.kiosk.pk, boss())
        enrol(code, DOOR)

        with self.assertRaises(WrongCode):
            enrol(code, DOOR)

    def test_of_two_devices_that_use_it_at_once_the_first_gets_it(self) -> None:
        code = new_code(self.kiosk.pk, boss())
        hash_of = kiosks._hash_of_key
        first: list[str] = []

        def between_read_and_write(key: str) -> str:
            if not first:
                first.append("")  # once
                first[0] = enrol(code, DOOR)[1]
            return hash_of(key)

        with (
            mock.patch.object(kiosks, "_hash_of_key", between_read_and_write),
            self.assertRaises(WrongCode),
        ):
            enrol(code, DOOR)

        self.assertEqual(kiosk_of(first[0]), self.kiosk)

    def test_it_is_over_after_a_quarter_of_an_hour(self) -> None:
        code = new_code(self.kiosk.pk, boss())
        later = timezone.now() + timedelta(minutes=15, seconds=1)

        with (
            mock.patch("django.utils.timezone.now", return_value=later),
            self.assertRaises(WrongCode),
        ):
            enrol(code, DOOR)

    def test_a_new_code_takes_the_place_of_the_one_before(self) -> None:
        first = new_code(self.kiosk.pk, boss())
        second = new_code(self.kiosk.pk, boss())

        with self.assertRaises(WrongCode):
            enrol(first, DOOR)
        enrol(second, DOOR)

    def test_the_device_before_goes_on_until_the_code_is_used(self) -> None:
        _, before = enrol(new_code(self.kiosk.pk, boss()), DOOR)
        code = new_code(self.kiosk.pk, boss())
        self.assertEqual(kiosk_of(before), self.kiosk)

        enrol(code, DOOR)

        self.assertIsNone(kiosk_of(before))

    def test_guessing_codes_has_to_wait(self) -> None:
        for n in range(60):
            with self.assertRaises(WrongCode):
                enrol(f"{n:010}", DOOR)

        with self.assertRaises(TooManyCodes):
            enrol(new_code(self.kiosk.pk, boss()), DOOR)

    def test_right_codes_use_nothing_up(self) -> None:
        for _ in range(61):
            enrol(new_code(self.kiosk.pk, boss()), DOOR)

    def test_two_kiosks_never_wait_for_one_code(self) -> None:
        other = Kiosk.objects.create(name="Line 4")
        digits = iter("0000000001" * 2 + "0000000002")
        with mock.patch("secrets.choice", lambda _: next(digits)):
            codes = [new_code(self.kiosk.pk, boss()), new_code(other.pk, boss())]

        self.assertEqual(codes, ["0000000001", "0000000002"])

    def test_signing_a_kiosk_out_takes_back_a_code_that_waits_for_it(self) -> None:
        code = new_code(self.kiosk.pk, boss())

        self.assertTrue(kiosks.sign_out(self.kiosk.pk, boss()))

        with self.assertRaises(WrongCode):
            enrol(code, DOOR)

    def test_only_administrators_make_codes_and_sign_kiosks_out(self) -> None:
        for role in set(Auth0Role.values) - {"admin"}:
            _, person = signed_in(role)
            actor = Actor(name="x", role=role, employee_id=person.pk)
            with self.assertRaises(NotAllowed):
                new_code(self.kiosk.pk, actor)
            with self.assertRaises(NotAllowed):
                kiosks.sign_out(self.kiosk.pk, actor)


class CookieTests(TestCase):
    def test_what_is_no_key_of_ours_is_no_kiosk(self) -> None:
        browser, kiosk = enrolled()
        good = browser.cookies[cookies.DEVICE].value
        key = good.partition(".")[2]

        for cookie in (
            "",
            ".",
            "x",
            f"².{key}",
            f"{kiosk.pk}.",
            f"{kiosk.pk + 1}.{key}",
            f"{kiosk.pk}.{key}x",
        ):
            self.assertIsNone(kiosk_of(cookie), cookie)
        self.assertIsNone(kiosk_of(f"{'9' * 5000}.{key}"))
        self.assertIsNone(kiosk_of(good.swapcase()))

    def test_a_kiosk_that_was_never_set_up_has_no_key(self) -> None:
        kiosk = Kiosk.objects.create(name="Line 9")

        self.assertIsNone(kiosk_of(f"{kiosk.pk}."))

    def test_a_request_asks_once_which_kiosk_it_comes_from(self) -> None:
        browser, kiosk = enrolled()
        request = RequestFactory().get(START)
        request.COOKIES[cookies.DEVICE] = browser.cookies[cookies.DEVICE].value

        with self.assertNumQueries(1):
            self.assertEqual([kiosk_on(request), kiosk_on(request)], [kiosk, kiosk])

    def test_that_a_device_is_alive_is_noted_once_a_minute(self) -> None:
        browser, kiosk = enrolled()
        now = timezone.now()
        with (
            mock.patch("django.utils.timezone.now", return_value=now + timedelta(seconds=30)),
            self.assertNumQueries(1),
        ):
            kiosk_of(browser.cookies[cookies.DEVICE].value)
        with mock.patch("django.utils.timezone.now", return_value=now + timedelta(minutes=2)):
            kiosk_of(browser.cookies[cookies.DEVICE].value)

        seen_at = Kiosk.objects.get(pk=kiosk.pk).seen_at
        self.assertEqual(seen_at, now + timedelta(minutes=2))


class PagesTests(TestCase):
    def test_a_browser_that_is_no_kiosk_gets_no_page_to_sign_in(self) -> None:
        ada = make_with_pin()
        for page in (START, PIN_PAGE, ME, "/kiosk/change-pin/", "/kiosk/stay/", "/kiosk/help/"):
            self.assertRedirects(self.client.get(page), ENROL, 303)

        self.assertRedirects(self.client.post(START, {"number": str(ada.pk)}), ENROL, 303)
        self.assertRedirects(self.client.post(PIN_PAGE, {"pin": "7391"}), ENROL, 303)
        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None).exists())

    @override_settings(KIOSK_OPEN=True)
    def test_where_kiosks_are_open_every_browser_gets_one(self) -> None:
        ada = make_with_pin(name="Ada Quill")

        self.assertContains(try_pin(self.client, ada.pk), "Hello, Ada!")

    def test_typing_the_code_makes_this_browser_the_kiosk(self) -> None:
        kiosk = Kiosk.objects.create(name="Line 3")
        code = new_code(kiosk.pk, boss())

        page = self.client.post(ENROL, {"code": code}, follow=True)

        self.assertEqual(page.redirect_chain, [(START, 303)])
        self.assertContains(page, "Line 3")
        cookie = self.client.cookies[cookies.DEVICE]
        self.assertTrue(cookie["httponly"])
        self.assertEqual(
            (cookie["samesite"], cookie["path"], cookie["max-age"]), ("Strict", "/kiosk/", KEPT_S)
        )
        self.assertRedirects(self.client.get(ENROL), START, 303)

    def test_a_wrong_code_is_told_and_asked_for_again(self) -> None:
        for code in ("", "abc", "1234567890"):
            page = self.client.post(ENROL, {"code": code}, follow=True)
            self.assertContains(page, "This code is wrong, or over.")
            self.assertContains(page, "The code for this kiosk")

    def test_too_many_codes_are_told_to_wait(self) -> None:
        for _ in range(60):
            self.client.post(ENROL, {"code": "1"})

        page = self.client.post(ENROL, {"code": "1"}, follow=True)

        self.assertContains(page, "Try again in 1 min.")

    def test_signing_out_a_person_leaves_the_kiosk_set_up(self) -> None:
        browser, _ = enrolled()
        try_pin(browser, make_with_pin().pk)

        browser.post("/kiosk/sign-out/")

        self.assertEqual(browser.get(START).status_code, 200)

    def test_a_kiosk_that_is_signed_out_from_afar_is_none_at_the_next_touch(self) -> None:
        browser, kiosk = enrolled()
        ada = make_with_pin()
        try_pin(browser, ada.pk)

        self.assertTrue(kiosks.sign_out(kiosk.pk, boss()))

        self.assertRedirects(browser.get(ME), ENROL, 303)
        self.assertIsNone(EmployeeAuth.objects.get(employee=ada).login_token)
        self.assertEqual(browser.cookies[cookies.TOKEN].value, "")
        self.assertFalse(kiosks.sign_out(kiosk.pk, boss()))

    def test_the_cookie_is_renewed_whenever_the_start_page_is_shown(self) -> None:
        browser, _ = enrolled()

        answer = browser.get(START)

        self.assertEqual(answer.cookies[cookies.DEVICE]["max-age"], KEPT_S)

    def test_who_helps_there_stands_on_the_page_of_the_pin(self) -> None:
        browser, _ = enrolled(helper="Call 4711.")
        browser.post(START, {"number": "57"})

        page = browser.get(PIN_PAGE)

        self.assertContains(page, "Your supervisor can help at this kiosk.")
        self.assertContains(page, "No supervisor here? Call 4711.")

    def test_a_name_with_markup_is_only_text(self) -> None:
        browser, _ = enrolled(name="<b>Line</b>", helper="<script>")
        browser.post(START, {"number": "57"})

        page = browser.get(PIN_PAGE)

        self.assertNotContains(page, "<b>Line</b>")
        self.assertNotContains(page, "? <script>")


class BudgetsTests(TestCase):
    def test_guesses_by_json_leave_the_kiosk_open(self) -> None:
        ada = make_with_pin(name="Ada Quill")
        browser, _ = enrolled()
        for _ in range(FREE_TRIES + 1):
            body = {"employee_id": ada.pk, "pin": OTHER}
            answer = Client().post("/api/employee/login", body, content_type="application/json")
        self.assertEqual(answer.status_code, 429)

        self.assertContains(try_pin(browser, ada.pk), "Hello, Ada!")

    def test_guesses_at_one_kiosk_leave_another_open(self) -> None:
        ada = make_with_pin(name="Ada Quill")
        here, _ = enrolled("Line 3")
        there, _ = enrolled("Line 4")
        for _ in range(FREE_TRIES + 1):
            page = try_pin(here, ada.pk, OTHER)
        self.assertContains(page, "Too many wrong PINs. Try again in 1 min")

        self.assertContains(try_pin(there, ada.pk), "Hello, Ada!")

    def test_a_kiosk_that_tried_too_many_numbers_says_that_it_is_the_kiosk(self) -> None:
        browser, kiosk = enrolled()
        for number in range(1_000, 1_030):
            charge(kiosk_door(kiosk.pk), number)

        page = try_pin(browser, 1_030, OTHER)

        self.assertContains(page, "Too many wrong PINs at this kiosk. Try again in 1 min.")

    def test_addresses_are_told_apart_behind_our_proxy_and_not_behind_anybodys(self) -> None:
        def post(number: int, **more: Any) -> int:
            body = {"employee_id": number, "pin": OTHER}
            url = "/api/employee/login"
            return Client().post(url, body, content_type="application/json", **more).status_code

        for number in range(1_000, 1_060):
            charge(outside_door("198.51.100.1"), number)
            charge(outside_door("203.0.113.9"), number + 1_000)

        self.assertEqual(post(3_000, HTTP_X_FORWARDED_FOR="198.51.100.1"), 429)
        self.assertEqual(post(3_001, HTTP_X_FORWARDED_FOR="198.51.100.2"), 401)
        there = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "198.51.100.3"}
        self.assertEqual(post(3_002, **there), 429)
