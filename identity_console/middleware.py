"""What stands in front of every request."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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
