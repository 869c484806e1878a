"""What stands in front of every request."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def trust_only_known_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Believe X-Forwarded-Proto only from the addresses and networks in TRUSTED_PROXIES.

    Anybody may send the header; from anywhere else it is dropped, so that nobody can make plain
    http look like https.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_trusted(request.META.get("REMOTE_ADDR", "")):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return get_response(request)

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


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: X-Forwarded-For's last address that is no trusted proxy.

    Only trusted proxies are believed; from anywhere else the header says what the caller likes.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while is_trusted(address) and hops and hops[-1].strip():
        address = hops.pop().strip()
    return address
