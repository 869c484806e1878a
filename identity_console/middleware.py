"""What stands in front of every request."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def trust_only_known_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Believe what a proxy says only from the addresses and networks in TRUSTED_PROXIES.

    Anybody may send X-Forwarded-Proto; from anywhere else it is dropped, so that nobody can make
    plain http look like https. From here on REMOTE_ADDR is the caller's address, which wrong
    passwords and PINs are counted by, and no longer the proxy's; an IPv4 address is written as one.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_trusted(request.META.get("REMOTE_ADDR", "")):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META["REMOTE_ADDR"] = _caller(request)
        return get_response(request)

    return middleware


def is_trusted(address: str) -> bool:
    """Whether ``address``, as the server saw it, is one of ours; '' (a Unix socket) is not."""
    caller = _parsed(address)
    return caller is not None and any(caller in network for network in settings.TRUSTED_PROXIES)


def _caller(request: HttpRequest) -> str:
    """X-Forwarded-For's last address that is no trusted proxy.

    What is no address, such as one with a port, would be another caller each time.
    """
    seen: str = request.META.get("REMOTE_ADDR", "")
    caller = str(_parsed(seen) or seen)
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while is_trusted(caller) and hops and (hop := _parsed(hops.pop())):
        caller = str(hop)
    return caller


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address; that in it where a server that listens on [::] wrote ::ffff:192.0.2.1."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
