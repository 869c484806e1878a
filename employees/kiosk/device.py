"""Which kiosk a browser is, and whether it may be one at all."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from employees.kiosk import cookies
from employees.kiosks import kiosk_of
from employees.lockout import Door, kiosk_door, outside_door
from employees.models import Kiosk

KEPT_S = 400 * 24 * 3600  # the longest that browsers keep a cookie; each visit begins it anew
_KEPT = "_employees_kiosk"


def kiosk_on(request: HttpRequest) -> Kiosk | None:
    """The kiosk that this browser was set up as; read once for a request."""
    kept = vars(request)
    if _KEPT not in kept:
        cookie = request.COOKIES.get(cookies.DEVICE, "")
        kept[_KEPT] = kiosk_of(cookie) if cookie else None
    found: Kiosk | None = kept[_KEPT]
    return found


def is_let_in(request: HttpRequest) -> bool:
    """Whether this browser gets a page to sign in: as a kiosk, or where every browser does."""
    return kiosk_on(request) is not None or settings.KIOSK_OPEN


def door_of(request: HttpRequest) -> Door:
    """At which door somebody stands who tries a PIN here."""
    kiosk = kiosk_on(request)
    return kiosk_door(kiosk.pk) if kiosk else outside_door(request.META.get("REMOTE_ADDR", ""))


def remember_device(request: HttpRequest, response: HttpResponse, cookie: str) -> None:
    """Have this browser be a kiosk from now on."""
    cookies.keep(request, response, cookies.DEVICE, cookie, KEPT_S)
