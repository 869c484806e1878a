"""A browser that stands on the shop floor as an enrolled kiosk."""

import re
from typing import Any

import bcrypt
from django.test import Client

from employees.kiosk import cookies
from employees.kiosks import enrol, new_code
from employees.models import Employee, Kiosk
from tests.builders import DOOR, boss, make_auth, make_employee

START, PIN_PAGE, ME, ENROL = "/kiosk/", "/kiosk/pin/", "/kiosk/me/", "/kiosk/enrol/"
PIN, OTHER = "7391", "8264"
HASHED = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()


def enrolled(name: str = "Line 3", **over: Any) -> tuple[Client, Kiosk]:
    """The browser of a device that was set up as this kiosk."""
    kiosk = Kiosk.objects.create(name=name, **over)
    browser = Client()
    _, cookie = enrol(new_code(kiosk.pk, boss()), DOOR)
    browser.cookies[cookies.DEVICE] = cookie
    return browser, kiosk


def with_pin(**over: Any) -> Employee:
    """Somebody whose PIN is PIN."""
    employee = make_employee(**over)
    make_auth(employee, pin=HASHED)
    return employee


def try_pin(browser: Client, number: int, pin: str = PIN) -> Any:
    """Number and PIN, as two steps; the page after the second."""
    browser.post(START, {"number": str(number)})
    return browser.post(PIN_PAGE, {"pin": pin}, follow=True)


def shown_pin(page: Any) -> str:
    """The PIN on a page that shows one."""
    found = re.search(r"<output>(\d+)</output>", page.content.decode())
    return found[1] if found else ""
