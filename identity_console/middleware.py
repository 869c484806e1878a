"""What stands in front of every request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def trust_only_known_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Believe X-Forwarded-Proto only from the addresses in TRUSTED_PROXIES.

    Anybody may send the header; from anywhere else it is dropped, so that nobody can make plain
    http look like https.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.META.get("REMOTE_ADDR") not in settings.TRUSTED_PROXIES:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return get_response(request)

    return middleware
