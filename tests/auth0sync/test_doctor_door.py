"""The doctor tries the shop floor's public address: does the console answer there, or Flask?"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any
from unittest import mock

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.utils import timezone
from pytest_django import Settings
from werkzeug.serving import make_server

from auth0sync import doctor
from employees.kiosk import knock
from employees.kiosk.knock import KNOCK_HEADER, PROOF_HEADER, new_knock
from employees.models import PinTries
from tests.flask_checks.app import make_app
from tests.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.once]
Program = Callable[[Any, Any], Iterable[bytes]]
CALLS = ["login", "verify", "logout", "change-pin"]


def flask() -> Program:
    """The Flask application; it gets no database, since nothing here may need one."""
    return make_app(mock.Mock(side_effect=AssertionError), "", timezone.now)


def another_console() -> Program:
    """That of another installation: the same program with another SECRET_KEY."""
    console = get_wsgi_application()

    def answered(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with override_settings(SECRET_KEY="another-" * 8):  # the doctor only waits meanwhile
            return console(environ, start_response)

    return answered


@contextmanager
def proxy(*to_console: str, console: Program | None = None) -> Iterator[str]:
    """A public address which hands these of the four calls to the console, the rest to Flask."""
    programs = {True: console or get_wsgi_application(), False: flask()}

    def handed_on(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_ours = environ["PATH_INFO"].removeprefix("/api/employee/") in to_console
        return programs[is_ours](environ, start_response)

    server = make_server("127.0.0.1", 0, handed_on, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def examined(settings: Settings, address: str) -> doctor.Finding:
    settings.SHOP_FLOOR_URL = address
    return next(doctor.findings([line for line in doctor.LINES if line.what == "Shop floor"]))


@pytest.fixture(autouse=True)
def no_tenant(settings: Settings, state: object) -> None:
    settings.AUTH0_DOMAIN = ""


def test_where_the_proxy_hands_all_four_to_the_console_there_is_nothing_to_mend(
    settings: Settings,
) -> None:
    with proxy(*CALLS) as address:
        found = examined(settings, address)

    assert (found.mend, found.is_known) == ("", True)
    assert found.text == f"{address}: this console answers login, verify, logout, change-pin."


def test_the_calls_that_go_astray_are_named_with_what_answers(settings: Settings) -> None:
    with proxy("verify", "logout") as address:
        found = examined(settings, address)

    assert (
        "not answered by this console: login (somebody else's 405); change-pin (somebody else's"
        in found.text
    )
    assert "docs/security.md" in found.mend


def test_another_installation_is_not_taken_for_this_one(settings: Settings) -> None:
    with proxy(*CALLS, console=another_console()) as address:
        found = examined(settings, address)

    assert found.text.count("somebody else's 405") == 4


def test_a_proof_is_good_for_its_own_knock_alone() -> None:
    mine, overheard = new_knock(), new_knock()

    assert knock.is_proof(knock.proof_for(mine), mine)
    assert not knock.is_proof(knock.proof_for(overheard), mine)


def test_a_console_that_does_not_know_the_host_is_astray_too(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["console.example.com"]
    with proxy(*CALLS) as address:
        found = examined(settings, address)

    assert found.text.count("somebody else's 400") == 4
    assert "ALLOWED_HOSTS" in found.mend


def test_an_address_where_nobody_answers_is_a_fault(settings: Settings) -> None:
    found = examined(settings, f"http://127.0.0.1:{free_port()}")

    assert "login (ConnectError)" in found.text
    assert found.mend


def test_without_the_address_it_says_what_it_takes_and_calls_nothing_well(
    settings: Settings,
) -> None:
    found = examined(settings, "")

    assert str(found).startswith("?     Shop floor: Whether /api/employee/login")
    assert "Set SHOP_FLOOR_URL" in found.text


def test_trying_the_door_costs_nobody_a_try(settings: Settings) -> None:
    with proxy(*CALLS) as address:
        examined(settings, address)

    assert not PinTries.objects.exists()


@pytest.mark.parametrize("knocked", ["", "x", "x:y:z", "1" * 5_000])
def test_whoever_knocks_without_the_key_gets_the_usual_answer_and_no_proof(knocked: str) -> None:
    with proxy(*CALLS) as address:
        answer = httpx.get(f"{address}/api/employee/login", headers={KNOCK_HEADER: knocked})

    assert answer.json() == {"success": False, "message": "Use POST."}
    assert PROOF_HEADER not in answer.headers


def test_a_knock_that_was_overheard_is_soon_worth_nothing() -> None:
    overheard = new_knock()
    later = timezone.now() + timedelta(seconds=knock.GOOD_FOR_S + 5)

    with mock.patch("time.time", return_value=later.timestamp()):
        assert knock.proof_for(overheard) == ""
    assert knock.proof_for(overheard)
