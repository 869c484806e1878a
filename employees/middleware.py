"""Whoever may not be signed in any more is signed out, and told why; others read their own time."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from employees.actors import link_of, may_sign_in
from employees.console_sessions import ended_session, is_unused, note_use
from employees.console_users import follow_demotion
from employees.contention import again_after_deadlock, is_deadlock
from employees.models import AuthMethod, Employee
from employees.zones import zone_of

SUBJECT = "auth0_user_id"  # in the session of a log-in with Auth0: the account that it was
# Kiosk and JSON calls have sessions of their own, and hold them to the row themselves; who delivers
# events has none.
WITHOUT_SESSION = ("/kiosk/", "/api/employee/", "/webhooks/")
FAULT = 500  # the status from which on an answer is a fault of ours


def hold_to_the_row(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Read the row behind every signed-in request; the one read is ``actors.link_of``'s.

    Somebody inactive, archived or back to the PIN loses their session and is told why; somebody
    whose row names another account than the one they came with has to sign in again; somebody
    whose role was lowered loses what it gave. Stands after AuthenticationMiddleware. A user
    without an employee behind them is left to ``actors.actor_of``, which lets only a superuser do
    anything.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WITHOUT_SESSION):
            return get_response(request)
        user = request.user
        if user.is_anonymous:
            return _explain_end(request) or get_response(request)
        link = link_of(request)
        if link is None:
            return get_response(request)
        if not may_sign_in(link.employee):
            logout(request)
            return _refusal(request, link.employee)
        if request.session.get(SUBJECT, link.employee.auth0_user_id) != link.employee.auth0_user_id:
            logout(request)
            return get_response(request)
        follow_demotion(user, link)
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


def tell_local_time(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Show times as the clock on the wall of the signed-in person's workspace has them.

    Stands after ``hold_to_the_row``, whose reading of the row it shares.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WITHOUT_SESSION):
            return get_response(request)
        link = link_of(request) if request.user.is_authenticated else None
        with timezone.override(zone_of(link.employee.workspace if link else None)):
            return get_response(request)

    return middleware


class BeginAgain:
    """Call a view again that lost a deadlock: nobody should fill in a form twice because of it.

    Its transaction was rolled back. Of several transactions those before are done already, which
    every service takes for what it is. Stands last, since a view is called again just as it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer of the second call; None where something else is wrong."""
        match = request.resolver_match
        if match is None or connection.in_atomic_block or not is_deadlock(exception):
            return None
        view: Callable[..., HttpResponse] = again_after_deadlock(match.func)
        return view(request, *match.args, **match.kwargs)


def refusal_of(employee: Employee) -> str:
    """Which of the pages in ``templates/login/refused/`` tells them why they can't sign in."""
    switched_off = not employee.is_active or employee.archived_at is not None
    return "inactive" if switched_off or employee.auth_method != AuthMethod.PIN else "pin"


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of the console asks, and no person who would read a page."""
    return "application/json" in request.headers.get("Accept", "")


def _explain_end(request: HttpRequest) -> HttpResponse | None:
    """Tell whoever comes with the cookie of a session that was ended; the page, where it is one."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    session = ended_session(key) if key and request.session.is_empty() else None
    if session is None:
        return None
    link = getattr(session.user, "employee_link", None)
    if link is not None and not may_sign_in(link.employee):
        return _refusal(request, link.employee)
    messages.warning(
        request,
        "You were signed out, by an administrator or from another browser of yours. "
        "Sign in to go on where you were.",
    )
    return None


def _refusal(request: HttpRequest, employee: Employee) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": "You are signed out: your access has ended."}, status=401)
    return render(request, f"login/refused/{refusal_of(employee)}.html", status=403)
