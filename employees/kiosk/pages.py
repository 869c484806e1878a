"""How every page of the kiosk is answered: its frame, its CSRF guard and its own error pages."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt

from employees.kiosk import cookies
from employees.kiosk.cookies import Note
from employees.kiosk.device import is_let_in, kiosk_on
from employees.kiosk.locked_down import no_store
from employees.kiosk.texts import GOOD_NOTES, LANGUAGES, TEXTS
from employees.signing_in import MustWait, Session, session_of, sign_out

LAST_SECONDS = 10  # the countdown that can be seen
logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


class KioskCsrf(CsrfViewMiddleware):
    """Django's guard, with a page on which somebody at a kiosk can go on."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        logger.warning("Refused at the kiosk: %s", reason)
        return error_page(request, 403, "expired_title", "")


def kiosk_page(*methods: str, for_any_browser: bool = False) -> Callable[[View], View]:
    """A view of the kiosk that takes these methods.

    Its answers are kept nowhere; whatever goes wrong is told in the kiosk's own look.
    for_any_browser: also where the browser isn't set up as a kiosk; all others have to be.
    """

    def decorate(view: View) -> View:
        # The guard is around this view itself, so the one of the whole console lets it pass.
        guarded: Any = decorator_from_middleware(KioskCsrf)(view)

        @csrf_exempt
        @no_store
        @wraps(view)
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                refusal = error_page(request, 405, "page_missing_title", "")
                refusal["Allow"] = ", ".join(methods)
                return refusal
            try:
                if not (for_any_browser or is_let_in(request)):
                    return left(request, "enrol")
                response: HttpResponse = guarded(request, **kwargs)
                return response
            except Exception:
                # Whoever stands at a kiosk can do nothing with Django's page.
                logger.exception("%s failed", request.path)
                return error_page(request, 500, "broken_title", "broken_hint")

        return answered

    return decorate


def show(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """A page of the kiosk.

    Without Django's context processors: the session, the signed-in user and the messages of the
    admin, which the same browser may have, are not so much as read.
    """
    language = cookies.language_of(request)
    note = cookies.note_of(request)
    kiosk = kiosk_on(request)
    body = render_to_string(
        f"kiosk/{template}.html",
        {
            "t": TEXTS[language],
            "language": language,
            "languages": LANGUAGES,
            "page": template,
            "kiosk": kiosk,
            "csrf_token": get_token(request),
            "idle_seconds": settings.KIOSK_IDLE_SECONDS,
            "last_seconds": LAST_SECONDS,
            "is_idle_page": True,
            "note": note.in_language(language) if note else "",
            "note_is_good": note is not None and note.key in GOOD_NOTES,
            **context,
        },
    )
    response = HttpResponse(body, status=status)
    if note:
        cookies.forget(response, cookies.NOTE)
    return response


def left(request: HttpRequest, page: str = "start") -> HttpResponse:
    """To another page, with the session ended and every trace of the person gone."""
    sign_out(request.COOKIES.get(cookies.TOKEN, ""))
    response = to(page)
    cookies.forget(response, *cookies.OF_A_PERSON)
    # Pages of a browser that keeps some in spite of no-store. Not "cookies": the admin's are here.
    response["Clear-Site-Data"] = '"cache"'
    return response


def over(request: HttpRequest) -> HttpResponse:
    """As when leaving; whoever still thought to be signed in is told that they aren't."""
    response = left(request)
    if request.COOKIES.get(cookies.TOKEN):
        cookies.keep_note(request, response, Note("over"))
    return response


def to(
    page: str, request: HttpRequest | None = None, note: Note | None = None, **where: int
) -> HttpResponse:
    """On to another page, which says ``note``. where: what its address holds."""
    response = HttpResponseRedirect(reverse(f"kiosk-{page}", kwargs=where))
    response.status_code = 303
    if request is not None and note is not None:
        cookies.keep_note(request, response, note)
    return response


def session_on(request: HttpRequest) -> Session | None:
    """Who is signed in here."""
    token = request.COOKIES.get(cookies.TOKEN, "")
    return session_of(token) if token else None


def note_of_wait(wait: MustWait) -> Note:
    """How long to wait, and whether it is the number or the kiosk that has to."""
    return Note("wait_here" if wait.is_here else "wait", wait.minutes)


def error_page(request: HttpRequest, status: int, title: str, hint: str) -> HttpResponse:
    """What went wrong, and a way back to the start. title, hint: keys of texts."""
    language = cookies.language_of(request)
    texts = TEXTS[language]
    context = {"title": texts[title], "hint": texts.get(hint, "")}
    return show(request, "error", status, **context)
