"""What stands in front of every request."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse

from employees.console_sessions import is_unused, note_use
from employees.middleware import WITHOUT_SESSION, wants_json

FAULT = 500  # the status from which on an answer is a fault of ours


def trust_only_known_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Believe what a proxy says only from the addresses and networks in TRUSTED_PROXIES.

    Anybody may send X-Forwarded-Proto; from anywhere else it is dropped, so that nobody can make
    plain http look like https. From here on REMOTE_ADDR is the caller's address, which wrong
    passwords and PINs are counted by, and no longer the proxy's.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_trusted(request.META.get("REMOTE_ADDR", "")):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META["REMOTE_ADDR"] = _caller(request)
        return get_response(request)

    return middleware


def hold_to_the_clock(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """End a session that nobody used for SESSION_IDLE_MINUTES, and note the use of the others.

    A script that only looks how things stand is no use, or a page left open would never end; its
    sign is a GET that wants JSON. Stands after ``hold_to_the_row``.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WITHOUT_SESSION):
            return get_response(request)
        looks_only = request.method == "GET" and wants_json(request)
        if request.user.is_authenticated and is_unused(request.session):
            logout(request)
            why = (
                "You were signed out, since the console wasn’t used for "
                f"{settings.SESSION_IDLE_MINUTES} minutes."
            )
            messages.warning(request, f"{why} Sign in to go on where you were.")
            if wants_json(request):
                return JsonResponse({"error": why}, status=401)
        response = get_response(request)
        # Afterwards, so that a log-in is the first use. With a fault Django saves no session.
        is_use = not looks_only and response.status_code < FAULT
        if is_use and request.user.is_authenticated:
            agent = request.headers.get("User-Agent", "")
            note_use(request.session, request.user.pk, request.META["REMOTE_ADDR"], agent)
        return response

    return middleware


def is_trusted(address: str) -> bool:
    """Whether ``address``, as the server saw it, is one of ours; '' (a Unix socket) is not."""
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped:  # a server that listens on [::]
        caller = caller.ipv4_mapped
    return any(caller in network for network in settings.TRUSTED_PROXIES)


def _caller(request: HttpRequest) -> str:
    """X-Forwarded-For's last address that is no trusted proxy."""
    address: str = request.META.get("REMOTE_ADDR", "")
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while is_trusted(address) and hops and hops[-1].strip():
        address = hops.pop().strip()
    return address
