"""The admin as a whole: its names, its start page, and its search."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.sites import UnfoldAdminSite

from identity_console.navigation import found


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    """The theme's site, with a start page for managers and a search for people."""

    site_header = site_title = " – ".join(
        filter(None, ["Identity console", settings.ENVIRONMENT_NAME])
    )
    index_title = "People and accounts"
    index_template = "admin/start.html"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The start page: what to do next, and for whom."""
        from identity_console.start import overview

        context = {**overview(request), **(extra_context or {})}
        answer: HttpResponse = super().index(request, context)
        return answer

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """People by name, e-mail or number, and pages by title; only what this person may see.

        The theme's own search reads every match, and keeps what it found where a role that was
        taken away doesn't reach.
        """
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        template = "unfold/helpers/command_results.html"
        return TemplateResponse(request, template, {"results": found(request, term)})

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The break-glass administrator's own password; nobody else has one here."""
        _refuse_without_password(request)
        answer: HttpResponse = super().password_change(request, extra_context)
        return answer

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """That it was changed."""
        _refuse_without_password(request)
        answer: HttpResponse = super().password_change_done(request, extra_context)
        return answer


def _refuse_without_password(request: HttpRequest) -> None:
    """Raises: PermissionDenied. A password set here would open no door, and Auth0 has its own."""
    if not (request.user.is_authenticated and request.user.has_usable_password()):
        raise PermissionDenied
