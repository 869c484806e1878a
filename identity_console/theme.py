"""How the admin's theme, django-unfold, is set up."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

# The blue-green of the favicon. White on 600 and 600 on white have a contrast above 4.5, and so
# has 500 on the dark page (WCAG 2.2, 1.4.3).
PRIMARY = {
    "50": "oklch(97.5% .012 220)",
    "100": "oklch(94.5% .025 220)",
    "200": "oklch(89% .05 220)",
    "300": "oklch(82% .08 220)",
    "400": "oklch(76% .1 220)",
    "500": "oklch(70% .105 222)",
    "600": "oklch(47% .085 228)",
    "700": "oklch(41% .075 230)",
    "800": "oklch(36% .065 231)",
    "900": "oklch(31% .055 232)",
    "950": "oklch(24% .045 233)",
}


def theme(environment_name: str) -> dict[str, Any]:
    """The theme's settings (``UNFOLD``).

    environment_name: which installation this is, shown as a badge on every page; "" for none.
    """
    return {
        "SITE_TITLE": " – ".join(filter(None, ["Identity console", environment_name])),
        "SITE_HEADER": "Identity console",
        "SITE_URL": None,  # the menu has an entry of its own for it
        "SITE_ICON": _favicon,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
        "SHOW_VIEW_ON_SITE": False,
        "ENVIRONMENT": [environment_name, "warning"] if environment_name else None,
        "STYLES": [lambda request: static("console/admin.css")],
        "COLORS": {"primary": PRIMARY},
        "SIDEBAR": {
            "show_search": True,
            "command_search": True,
            "navigation": "identity_console.navigation.navigation",
        },
    }


def _favicon(request: HttpRequest) -> str:
    return static("favicon.svg")
