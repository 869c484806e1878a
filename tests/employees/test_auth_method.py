"""How somebody signs in (requirement L6): it takes effect at once, and the form says how before."""

import json
import re
from typing import Any

import bcrypt
import pytest
from django.test import Client
from pytest_django import Settings

from employees import services
from employees.console_users import signed_in, user_for
from employees.models import Employee, EmployeeAuth
from tests.builders import boss, make_auth, make_employee
from tests.employees.test_admin import ADD, page_of
from tests.employees.two_rows import TwoRowsTestCase

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PIN = "7391"
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture(autouse=True)
def any_browser_is_a_kiosk(settings: Settings) -> None:
    settings.KIOSK_OPEN = True


def somebody(auth_method: str, rows: int = 1) -> Employee:
    """A manager with PIN and account, so that nothing but ``auth_method`` decides.

    rows: of ``employee_auth``.
    """
    person = make_employee(
        name="Maria Lopez",
        email="maria@example.com",
        auth_method=auth_method,
        auth0_role="manager",
        auth0_user_id="auth0|maria",
    )
    for _ in range(rows):
        make_auth(person, pin=HASHED)
    return person


def at_the_kiosk(person: Employee) -> Client:
    """Number and PIN, typed at the kiosk."""
    browser = Client()
    browser.post("/kiosk/", {"number": str(person.pk)})
    browser.post("/kiosk/pin/", {"pin": PIN})
    return browser


def is_in_at_the_kiosk(browser: Client) -> bool:
    return browser.get("/kiosk/me/").status_code == 200


def ask(call: str, body: dict[str, Any], token: str = "") -> Any:
    """POST as the kiosk's clients do; the answer and its status."""
    headers, content = {"authorization": f"Bearer {token}"}, json.dumps(body)
    answer = Client().post(
        f"/api/employee/{call}", content, content_type="application/json", headers=headers
    )
    return answer.status_code, answer.json()


def in_the_console(person: Employee) -> Client:
    """The browser in which they are signed in with Auth0."""
    user = user_for(person)
    signed_in(user, person, person.auth0_role)
    browser = Client()
    browser.force_login(user)
    return browser


def change(person: Employee, auth_method: str) -> None:
    services.change_employee(person.pk, {"auth_method": auth_method}, boss())


def change_by_sql(person: Employee, auth_method: str) -> None:
    Employee.objects.filter(pk=person.pk).update(auth_method=auth_method)


@pytest.mark.parametrize("before", ["pin", "hybrid"])
@pytest.mark.parametrize("way", [change, change_by_sql])
def test_auth0_alone_refuses_the_pin_at_once_and_ends_what_it_opened(way: Any, before: str) -> None:
    maria = somebody(before)
    kiosk = at_the_kiosk(maria)
    assert is_in_at_the_kiosk(kiosk)
    token = EmployeeAuth.objects.get().login_token or ""

    way(maria, "auth0")

    assert not is_in_at_the_kiosk(kiosk)
    assert not is_in_at_the_kiosk(at_the_kiosk(maria))
    assert ask("verify", {}, token)[0] == 401
    assert ask("login", {"employee_id": maria.pk, "pin": PIN})[0] == 401


class TwoRowsTests(TwoRowsTestCase):
    def test_auth0_alone_leaves_no_token_that_the_flask_application_would_take(self) -> None:
        maria = somebody("hybrid", rows=2)
        at_the_kiosk(maria)
        self.assertEqual(EmployeeAuth.objects.exclude(login_token=None).count(), 2)

        change(maria, "auth0")

        self.assertFalse(EmployeeAuth.objects.exclude(login_token=None, token_expires=None))


def test_any_other_change_leaves_the_session_at_the_kiosk() -> None:
    maria = somebody("pin")
    kiosk = at_the_kiosk(maria)

    change(maria, "hybrid")
    services.change_employee(maria.pk, {"phone_number": "1"}, boss())

    assert is_in_at_the_kiosk(kiosk)


def test_the_sweep_ends_the_session_of_whom_sql_has_moved_to_auth0() -> None:
    maria = somebody("hybrid")
    at_the_kiosk(maria)
    here = make_employee(auth_method="hybrid")
    make_auth(here, login_token="t" * 43)
    change_by_sql(maria, "auth0")

    assert services.clear_tokens_of_refused() == 1

    left = EmployeeAuth.objects.exclude(login_token=None).values_list("employee_id", flat=True)
    assert list(left) == [here.pk]


@pytest.mark.parametrize("after", ["pin", "hybrid"])
def test_the_pin_is_kept_and_works_again_after_a_change_back(after: str) -> None:
    maria = somebody("hybrid")
    change(maria, "auth0")

    change(maria, after)

    assert is_in_at_the_kiosk(at_the_kiosk(maria))
    assert ask("login", {"employee_id": maria.pk, "pin": PIN})[0] == 200


@pytest.mark.parametrize("before", ["auth0", "hybrid"])
@pytest.mark.parametrize("way", [change, change_by_sql])
def test_a_pin_alone_ends_the_session_in_the_console_at_the_next_click(
    way: Any, before: str
) -> None:
    maria = somebody(before)
    console = in_the_console(maria)
    assert console.get("/admin/").status_code == 200

    way(maria, "pin")

    refused = console.get("/admin/")
    assert (refused.status_code, "You sign in at the kiosk" in refused.content.decode()) == (
        403,
        True,
    )
    assert console.get("/admin/").status_code == 302


@pytest.mark.parametrize("way", [change, change_by_sql])
def test_a_pin_alone_lets_the_pin_in(way: Any) -> None:
    maria = somebody("auth0")
    assert not is_in_at_the_kiosk(at_the_kiosk(maria))

    way(maria, "pin")

    assert is_in_at_the_kiosk(at_the_kiosk(maria))
    assert ask("login", {"employee_id": maria.pk, "pin": PIN})[0] == 200


def test_hybrid_opens_both_doors() -> None:
    maria = somebody("hybrid")

    assert is_in_at_the_kiosk(at_the_kiosk(maria))
    assert in_the_console(maria).get("/admin/").status_code == 200


def words_on(page: Any) -> dict[str, str]:
    """Method → what the form says of it."""
    line = r'<span data-method="(\w*)"><b>[^<]*:</b> ([^<]*)</span>'
    return dict(re.findall(line, page.content.decode()))


def words_about(person: Employee, admin_client: Client) -> dict[str, str]:
    return words_on(admin_client.get(page_of(person)))


def test_the_form_says_what_each_choice_does_to_somebody_with_both(admin_client: Client) -> None:
    words = words_about(somebody("hybrid"), admin_client)

    assert words == {
        "pin": "Maria Lopez’s Auth0 account is blocked and its sessions end. Maria Lopez is signed "
        "out of this console at once. The PIN goes on working at the kiosk.",
        "auth0": "The Auth0 account stays open. Maria Lopez’s PIN stops working at the kiosk at "
        "once, and a session there ends. The PIN is kept: it works again when this is changed "
        "back.",
        "hybrid": "As it is now. The Auth0 account stays open. The PIN goes on working at the "
        "kiosk.",
    }


@pytest.mark.parametrize(
    ("columns", "method", "said"),
    [
        ({"auth_method": "auth0"}, "pin", "The PIN works again."),
        ({"auth_method": "auth0"}, "hybrid", "The PIN works again."),
        ({"auth_method": "auth0"}, "auth0", "The PIN of before is kept, and doesn’t work."),
        ({"auth_method": "pin"}, "auth0", "Maria Lopez’s Auth0 account is opened again."),
        ({"auth_method": "pin"}, "pin", "There is no Auth0 account to sign in with."),
        (
            {"auth_method": "pin", "auth0_user_id": None},
            "hybrid",
            "An Auth0 account is made for maria@example.com, and the invitation goes out as chosen",
        ),
        (
            {"auth_method": "pin", "email": "57@company.com"},
            "auth0",
            "There is no e-mail for an Auth0 account yet.",
        ),
        (
            {"is_active": False},
            "auth0",
            "Maria Lopez is switched off, so this counts from the day of coming back.",
        ),
    ],
)
def test_the_form_goes_by_the_row(
    admin_client: Client, columns: dict[str, Any], method: str, said: str
) -> None:
    maria = somebody("hybrid")
    Employee.objects.filter(pk=maria.pk).update(**columns)

    assert said in words_about(maria, admin_client)[method]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("pin", "There is no PIN yet: set one, or the kiosk stays closed."),
        ("auth0", "There is no PIN, and none is needed."),
    ],
)
def test_the_form_knows_who_has_no_pin(admin_client: Client, method: str, said: str) -> None:
    maria = somebody("hybrid", rows=0)

    assert said in words_about(maria, admin_client)[method]


def test_the_form_tells_a_manager_who_would_sign_herself_out() -> None:
    boss_of_all = make_employee(auth0_role="admin", auth_method="auth0")
    console = in_the_console(boss_of_all)

    words = words_on(console.get(page_of(boss_of_all)))

    assert "You are signed out of this console at once." in words["pin"]


def test_the_form_tells_what_is_made_for_a_newcomer(admin_client: Client) -> None:
    words = words_on(admin_client.get(ADD))

    assert list(words) == ["", "pin", "auth0", "hybrid"]
    assert "No Auth0 account is made" in words["pin"]
    assert "the kiosk stays closed" in words["auth0"]
    assert "A PIN, which has to be set after saving" in words["hybrid"]


def test_a_screen_reader_finds_the_words_by_the_field(admin_client: Client) -> None:
    page = admin_client.get(page_of(somebody("hybrid"))).content.decode()

    select = re.search(r'<select name="auth_method"[^>]*>', page)
    assert select is not None
    assert 'aria-describedby="id_auth_method_helptext"' in select[0]
    assert page.count('id="id_auth_method_helptext"') == 1
    assert 'class="method-words" aria-live="polite"' in page


def test_a_name_cannot_bring_markup_along(admin_client: Client) -> None:
    maria = somebody("hybrid")
    Employee.objects.filter(pk=maria.pk).update(name="<b>Maria</b>")

    page = admin_client.get(page_of(maria)).content.decode()

    assert "&lt;b&gt;Maria&lt;/b&gt;’s Auth0 account is blocked" in page
    assert "<b>Maria</b>" not in page
