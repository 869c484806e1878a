import json
import logging
from datetime import timedelta
from typing import Any
from unittest import mock

import bcrypt
from django.db import DatabaseError
from django.test import Client, RequestFactory, TestCase
from django.utils import timezone

from employees.kiosk import api
from employees.lockout import FREE_TRIES
from employees.models import EmployeeAuth, PinTries
from employees.pins import check_pin
from tests.builders import make_auth, make_employee

PIN, OTHER = "7391", "8264"
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
WRONG = {"success": False, "message": "Invalid credentials"}


class ApiTestCase(TestCase):
    def setUp(self) -> None:
        self.ada = make_employee(name="Ada Quill")
        make_auth(self.ada, pin=HASHED)
        self.client = Client(enforce_csrf_checks=True)

    def post(self, call: str, body: Any = None, token: str = "", **headers: str) -> Any:
        """POST as the clients of the Flask application do."""
        if token:
            headers["authorization"] = f"Bearer {token}"
        content = body if isinstance(body, str | bytes) else json.dumps(body or {})
        return self.client.post(
            f"/api/employee/{call}", content, content_type="application/json", headers=headers
        )

    def signed_in(self) -> str:
        token: str = self.post("login", {"employee_id": self.ada.pk, "pin": PIN}).json()["token"]
        return token


class LoginTests(ApiTestCase):
    def test_number_and_pin_become_a_token(self) -> None:
        answer = self.post("login", {"employee_id": self.ada.pk, "pin": PIN})

        self.assertEqual(answer.status_code, 200)
        self.assertEqual(
            answer.json(),
            {
                "success": True,
                "token": EmployeeAuth.objects.get().login_token,
                "employee_id": self.ada.pk,
                "name": "Ada Quill",
            },
        )

    def test_the_number_may_come_as_text(self) -> None:
        answer = self.post("login", {"employee_id": str(self.ada.pk), "pin": PIN})

        self.assertEqual(answer.status_code, 200)

    def test_the_pin_may_come_as_a_number(self) -> None:
        answer = self.post("login", {"employee_id": self.ada.pk, "pin": int(PIN)})

        self.assertEqual(answer.status_code, 200)

    def test_unknown_inactive_and_wrong_are_answered_alike(self) -> None:
        gone = make_employee(is_active=False)
        make_auth(gone, pin=HASHED)

        for number, pin in (
            (self.ada.pk, OTHER),
            (987_654, PIN),
            (gone.pk, PIN),
            ("nobody", PIN),
            (-1, PIN),
            (10**30, PIN),
            (self.ada.pk, "x" * 100),
        ):
            with self.subTest(number=number, pin=pin):
                answer = self.post("login", {"employee_id": number, "pin": pin})
                self.assertEqual((answer.status_code, answer.json()), (401, WRONG))

    def test_a_missing_field_is_named(self) -> None:
        for body, name in (
            ({"pin": PIN}, "employee_id"),
            ({"employee_id": 42}, "pin"),
            ({"employee_id": 42, "pin": ""}, "pin"),
            ({"employee_id": None, "pin": PIN}, "employee_id"),
        ):
            with self.subTest(body):
                answer = self.post("login", body)
                said = {"success": False, "message": f"{name} is required."}
                self.assertEqual((answer.status_code, answer.json()), (400, said))

    def test_what_cannot_be_understood_is_refused_in_json(self) -> None:
        for body in (
            "",
            "{",
            "[]",
            '"text"',
            b"\xff\xfe",
            "[" * 2000,
            '{"employee_id": ' + "9" * 3000 + "}",
            {"employee_id": [1], "pin": PIN},
            {"employee_id": True, "pin": PIN},
            {"employee_id": 1, "pin": {"a": 1}},
            {"employee_id": 1, "pin": "1" * 5000},
        ):
            with self.subTest(str(body)[:40]):
                answer = self.post("login", body)
                self.assertEqual(answer.status_code, 400)
                self.assertFalse(answer.json()["success"])

    def test_whoever_has_to_wait_is_told_how_long_right_or_not(self) -> None:
        for number in (self.ada.pk, 987_654):
            for _ in range(FREE_TRIES):
                self.post("login", {"employee_id": number, "pin": OTHER})

            answer = self.post("login", {"employee_id": number, "pin": PIN})

            self.assertEqual(answer.status_code, 429)
            self.assertIn(answer["Retry-After"], {"59", "60"})
            said = "Too many wrong PINs. Try again in 1 minute."
            self.assertEqual(answer.json(), {"success": False, "message": said})


class VerifyTests(ApiTestCase):
    def test_a_token_says_whose_it_is(self) -> None:
        answer = self.post("verify", token=self.signed_in())

        said = {
            "success": True,
            "employee_id": self.ada.pk,
            "name": "Ada Quill",
            "auth_method": "pin",
            "roles": ["production_associate"],
            "permissions": ["access:shop_floor", "submit:activities", "clock:in_out"],
        }
        self.assertEqual((answer.status_code, answer.json()), (200, said))

    def test_a_pin_opens_no_more_to_an_administrator(self) -> None:
        token = self.signed_in()
        said = self.post("verify", token=token).json()

        type(self.ada).objects.update(auth0_role="admin", auth_method="hybrid")

        self.assertEqual(self.post("verify", token=token).json(), said)

    def test_without_auth0sync_in_front_it_answers_the_same(self) -> None:
        token = self.signed_in()

        for sent, status in ((token, 200), ("a.b.c", 401)):
            request = RequestFactory().post("/", headers={"authorization": f"Bearer {sent}"})
            self.assertEqual(api.verify(request).status_code, status)

    def test_none_unknown_expired_and_inactive_are_refused(self) -> None:
        token = self.signed_in()
        self.assertEqual(self.post("verify").status_code, 401)
        self.assertEqual(self.post("verify", token="t" * 43).status_code, 401)
        self.assertEqual(self.post("verify", authorization=f"Basic {token}").status_code, 401)
        type(self.ada).objects.update(is_active=False)
        self.assertEqual(self.post("verify", token=token).status_code, 401)
        type(self.ada).objects.update(is_active=True)
        EmployeeAuth.objects.update(token_expires=timezone.now() - timedelta(seconds=1))

        answer = self.post("verify", token=token)

        said = {"success": False, "message": "Invalid or expired session"}
        self.assertEqual((answer.status_code, answer.json()), (401, said))

    def test_a_body_that_is_no_json_does_not_matter(self) -> None:
        self.assertEqual(self.post("verify", "no json", token=self.signed_in()).status_code, 200)


class LogoutTests(ApiTestCase):
    def test_the_session_ends_in_the_row(self) -> None:
        answer = self.post("logout", token=self.signed_in())

        self.assertEqual((answer.status_code, answer.json()), (200, {"success": True}))
        row = EmployeeAuth.objects.get()
        self.assertEqual((row.login_token, row.token_expires), (None, None))

    def test_it_is_always_a_success(self) -> None:
        for token in ("", "t" * 43):
            answer = self.post("logout", token=token)
            self.assertEqual((answer.status_code, answer.json()), (200, {"success": True}))


class ChangePinTests(ApiTestCase):
    def change(self, token: str, current: Any, new: Any) -> Any:
        return self.post("change-pin", {"current_pin": current, "new_pin": new}, token)

    def test_the_new_pin_opens_the_door(self) -> None:
        answer = self.change(self.signed_in(), PIN, OTHER)

        said = {"success": True, "message": "PIN changed successfully"}
        self.assertEqual((answer.status_code, answer.json()), (200, said))
        self.assertTrue(check_pin(OTHER, EmployeeAuth.objects.get().pin))

    def test_without_a_session_or_with_a_wrong_current_pin_it_is_401(self) -> None:
        token = self.signed_in()

        self.assertEqual(self.change("t" * 43, PIN, OTHER).status_code, 401)
        self.assertEqual(self.change(token, "5555", OTHER).status_code, 401)

        self.assertTrue(check_pin(PIN, EmployeeAuth.objects.get().pin))

    def test_missing_malformed_and_weak_are_400(self) -> None:
        token = self.signed_in()

        for current, new in ((PIN, None), (None, OTHER), (PIN, "123"), (PIN, "1234")):
            with self.subTest(new=new):
                self.assertEqual(self.change(token, current, new).status_code, 400)

        self.assertFalse(PinTries.objects.exclude(number=0).exists())


class EveryAnswerTests(ApiTestCase):
    CALLS = ("login", "verify", "logout", "change-pin")

    def test_it_is_kept_nowhere_and_is_json(self) -> None:
        for call in (*self.CALLS, "nothing-of-the-kind"):
            with self.subTest(call):
                answer = self.post(call)
                self.assertEqual(answer["Cache-Control"], "no-store")
                self.assertEqual(answer["Content-Type"], "application/json")

    def test_only_post_is_taken(self) -> None:
        for call in self.CALLS:
            answer = self.client.get(f"/api/employee/{call}")
            self.assertEqual((answer.status_code, answer["Allow"]), (405, "POST"))
            self.assertFalse(answer.json()["success"])

    def test_no_cookie_is_read_or_set(self) -> None:
        token = self.signed_in()
        self.client.cookies["kiosk_token"] = token

        answer = self.post("verify")

        self.assertEqual(answer.status_code, 401)
        self.assertFalse(answer.cookies)

    def test_a_fault_is_answered_in_json_and_logged_without_what_was_sent(self) -> None:
        broken = mock.patch("employees.kiosk.api.sign_in", side_effect=DatabaseError("gone"))
        with broken, self.assertLogs("employees.kiosk.api", logging.ERROR) as logs:
            answer = self.post("login", {"employee_id": 42, "pin": "7391"})

        self.assertEqual(answer.status_code, 500)
        self.assertFalse(answer.json()["success"])
        self.assertNotIn("7391", "".join(logs.output))
