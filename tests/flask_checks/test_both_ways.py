"""What one side writes the other accepts: the console and the Flask application, one database."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from employees import services
from employees.models import AuthMethod, Employee, EmployeeAuth
from employees.pin_services import remove_pin, set_pin, set_random_pin
from tests.builders import CommittedTestCase, boss, make_auth, make_employee
from tests.employees.two_rows import TwoRowsTestCase
from tests.flask_checks.running import running_flask

pytestmark = pytest.mark.real_pins
PIN, OTHER, THIRD = "7391", "8264", "52907"
EARLIER = datetime(2025, 1, 1, tzinfo=UTC)


class TwoSides(CommittedTestCase):
    """One row for each person, as most installations have it."""

    flask_client: httpx.Client

    def setUp(self) -> None:
        super().setUp()
        self.flask_client = self.enterContext(running_flask())
        self.ada = make_employee(name="Ada Quill")
        self.give_rows(PIN)

    def give_rows(self, pin: str) -> None:
        """The person's PIN as the Flask application left it long ago, in plain text."""
        make_auth(self.ada, pin=pin, pin_plain=pin, pin_set_at=EARLIER)

    def flask(self, call: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.flask_client.post(call, json=body or {}, headers=headers)
        return answer.status_code, answer.json()

    def console(self, call: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        address = f"/api/employee/{call}"
        content = json.dumps(body or {})
        answer = self.client.post(
            address, content, content_type="application/json", headers=headers
        )
        return answer.status_code, answer.json()

    def log_in(self, side: Any, pin: str, number: Any = None) -> str:
        """The token that this side gives for the PIN; "" when it refuses."""
        status, body = side("login", {"employee_id": number or self.ada.pk, "pin": pin})
        self.assertIn(status, (200, 401))
        return str(body.get("token", ""))

    def is_signed_in(self, side: Any, token: str) -> bool:
        """Whether this side knows the token as Ada's; the console says more of her than Flask."""
        status, body = side("verify", token=token)
        if status == 200:
            said = {"success": True, "employee_id": self.ada.pk, "name": "Ada Quill"}
            self.assertEqual({name: body.get(name) for name in said}, said)
        return bool(status == 200)


class OneRowTests(TwoSides):
    def test_a_pin_that_the_console_set_opens_flask(self) -> None:
        set_pin(self.ada.pk, OTHER, boss())
        self.assertTrue(self.log_in(self.flask, OTHER))
        self.assertFalse(self.log_in(self.flask, PIN))

        made = set_random_pin(self.ada.pk, boss())
        self.assertTrue(self.log_in(self.flask, made.pin))

    def test_a_pin_that_flask_changed_opens_the_console(self) -> None:
        token = self.log_in(self.flask, PIN)

        status, _ = self.flask("change-pin", {"current_pin": PIN, "new_pin": THIRD}, token)

        self.assertEqual(status, 200)
        self.assertTrue(self.log_in(self.console, THIRD))
        self.assertFalse(self.log_in(self.console, PIN))

    def test_a_pin_changed_at_the_console_with_flasks_token_opens_flask(self) -> None:
        token = self.log_in(self.flask, PIN)

        status, _ = self.console("change-pin", {"current_pin": PIN, "new_pin": THIRD}, token)

        self.assertEqual(status, 200)
        self.assertTrue(self.log_in(self.flask, THIRD))
        self.assertFalse(self.log_in(self.flask, PIN))

    def test_a_plain_pin_opens_both_before_and_after_the_console_hashed_it(self) -> None:
        self.assertTrue(self.log_in(self.flask, PIN))
        self.assertTrue(self.log_in(self.console, PIN))

        for row in EmployeeAuth.objects.all():
            self.assertRegex(row.pin or "", r"^\$2b\$10\$")
            self.assertIsNone(row.pin_plain)
        self.assertTrue(self.log_in(self.flask, PIN))
        self.assertTrue(self.log_in(self.console, PIN))

    def test_each_side_knows_the_tokens_of_the_other(self) -> None:
        for issuer, other in ((self.flask, self.console), (self.console, self.flask)):
            token = self.log_in(issuer, PIN)
            self.assertRegex(token, r"^[A-Za-z0-9_-]{43}$")
            self.assertTrue(self.is_signed_in(other, token))

    def test_logging_out_on_one_side_ends_it_on_the_other(self) -> None:
        for issuer, other in ((self.flask, self.console), (self.console, self.flask)):
            token = self.log_in(issuer, PIN)
            self.assertEqual(other("logout", token=token), (200, {"success": True}))
            self.assertFalse(self.is_signed_in(issuer, token))
            self.assertFalse(self.is_signed_in(other, token))

    def test_a_new_log_in_on_one_side_ends_the_one_on_the_other(self) -> None:
        first = self.log_in(self.flask, PIN)
        second = self.log_in(self.console, PIN)
        third = self.log_in(self.flask, PIN)

        for side in (self.flask, self.console):
            known = [self.is_signed_in(side, token) for token in (first, second, third)]
            self.assertEqual(known, [False, False, True])

    def test_a_token_that_is_over_opens_neither(self) -> None:
        token = self.log_in(self.console, PIN)
        EmployeeAuth.objects.update(token_expires=EARLIER)

        self.assertFalse(self.is_signed_in(self.flask, token))
        self.assertFalse(self.is_signed_in(self.console, token))

    def test_setting_or_removing_a_pin_in_the_console_ends_flasks_session(self) -> None:
        token = self.log_in(self.flask, PIN)
        set_pin(self.ada.pk, OTHER, boss())
        self.assertFalse(self.is_signed_in(self.flask, token))

        token = self.log_in(self.flask, OTHER)
        remove_pin(self.ada.pk, boss())
        self.assertFalse(self.is_signed_in(self.flask, token))
        self.assertFalse(self.log_in(self.flask, OTHER))

    def test_whoever_the_console_deactivates_is_out_at_flask(self) -> None:
        token = self.log_in(self.flask, PIN)

        services.deactivate(self.ada.pk, boss())

        self.assertFalse(self.is_signed_in(self.flask, token))
        self.assertFalse(self.log_in(self.flask, PIN))

    def test_whoever_flask_let_in_is_out_at_the_console_once_auth0_is_the_only_way(self) -> None:
        token = self.log_in(self.flask, PIN)

        Employee.objects.update(auth_method=AuthMethod.AUTH0)

        self.assertFalse(self.is_signed_in(self.console, token))

    def test_both_answer_with_the_same_statuses_and_fields(self) -> None:
        for call, body in (
            ("login", {}),
            ("login", {"employee_id": self.ada.pk}),
            ("login", {"employee_id": self.ada.pk, "pin": OTHER}),
            ("login", {"employee_id": 987_654, "pin": PIN}),
            ("login", {"employee_id": str(self.ada.pk), "pin": PIN}),
            ("verify", {}),
            ("logout", {}),
            ("change-pin", {"current_pin": PIN, "new_pin": OTHER}),
        ):
            with self.subTest(call=call, body=body):
                (flask_status, flask_body) = self.flask(call, body)
                (status, answer) = self.console(call, body)
                self.assertEqual((status, answer.keys()), (flask_status, flask_body.keys()))
        token = self.log_in(self.flask, PIN)
        for new in ("123", "1234567", "12x4", ""):
            with self.subTest(new=new):
                body = {"current_pin": PIN, "new_pin": new}
                statuses = [s("change-pin", body, token)[0] for s in (self.flask, self.console)]
                self.assertEqual(statuses, [400, 400])


class TwoRowsTests(TwoRowsTestCase, OneRowTests):
    """The same where one person has two rows, of which either may come first."""

    def give_rows(self, pin: str) -> None:
        make_auth(self.ada, pin=pin, pin_plain=pin, pin_set_at=None)
        make_auth(self.ada, pin=pin, pin_plain=pin, pin_set_at=EARLIER)
