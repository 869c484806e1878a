"""What every answer tells the browser it must not do."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

# The admin's theme runs on Alpine.js, which makes functions from text and writes style attributes.
THEME = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# Nothing here needs a camera or a place; a page that was broken into shouldn't have them either.
NO_FEATURES = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


class ContentSecurityPolicy(CSPMiddleware):
    """The policy of the settings; below /admin/ with what the theme needs, and nowhere else."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy of this answer, also when it is an error."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(reverse("admin:index")):
            parts.replace = THEME | (parts.replace or {})
        return parts


def close_features(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Switch the browser's features off, and keep other sites from reading what is ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", NO_FEATURES)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware
