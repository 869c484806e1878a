"""The pages of the log-in with Auth0: begin, come back, sign out at both ends."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe
from social_core.exceptions import SocialAuthBaseException
from social_django.models import Association, DjangoStorage, Nonce
from social_django.strategy import DjangoStrategy

from auth0sync.login import NAME, Auth0, is_configured
from auth0sync.refusals import explain, refused
from employees.console_sessions import USED_AT
from employees.counters import count
from employees.middleware import SUBJECT

BACKEND = "auth0sync.login.Auth0"
CALLBACK = f"/complete/{NAME}/"  # fixed: it stands in the tenant's Allowed Callback URLs
NEXT = "next"  # the parameter, and the key in the session


@never_cache
@require_safe
def login_page(request: HttpRequest) -> HttpResponse:
    """One button; whoever is signed in already goes where they wanted to."""
    next_url = safe_next(request, request.GET.get(NEXT))
    if request.user.is_authenticated:
        return redirect(next_url or "/")
    if not is_configured():
        return refused(request, "not_configured")
    return render(request, "login/login.html", {"next": next_url})


@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to Auth0; a session that is still open ends first."""
    if request.method != "POST":  # somebody loads the address of a refusal again
        return redirect("login")
    if not is_configured():
        return refused(request, "not_configured")
    if request.user.is_authenticated:
        logout(request)
    forget_abandoned()
    request.session[NEXT] = safe_next(request, request.POST.get(NEXT))
    try:
        answer: HttpResponse = _backend(request).start()
    except SocialAuthBaseException as error:
        return explain(request, error)
    return answer


@never_cache
@require_GET
def complete(request: HttpRequest) -> HttpResponse:
    """Take Auth0's answer, and sign the person in or say why not."""
    backend = _backend(request)
    try:
        user: Any = backend.complete(user=None, request=request)
    except SocialAuthBaseException as error:
        return explain(request, error)
    next_url = safe_next(request, request.session.pop(NEXT, ""))
    start_session(request, user, BACKEND)
    request.session[SUBJECT] = (backend.id_token or {})["sub"]
    if not user.is_staff and next_url.startswith(reverse("admin:index")):
        next_url = ""
    return redirect(next_url or "/")


@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the console's session, then Auth0's; from there the browser comes back here.

    Also for somebody who isn't signed in here, but at Auth0 with an account that isn't theirs.
    """
    if request.method != "POST":
        return redirect("/")
    was_local = request.session.get(BACKEND_SESSION_KEY, BACKEND) != BACKEND
    logout(request)
    messages.success(request, "You are signed out.")
    if was_local or not is_configured():
        return redirect("login")
    return HttpResponseRedirect(_end_session_url(request) or reverse("login"))


@never_cache
def admin_door(request: HttpRequest) -> HttpResponse:
    """In place of the admin's own log-in page: there is one door, and it leads back."""
    if request.user.is_authenticated and not request.user.is_staff:
        return refused(request, "no_admin")
    next_url = safe_next(request, request.GET.get(NEXT)) or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({NEXT: next_url})}")


def start_session(request: HttpRequest, user: Any, backend: str) -> None:
    """Sign in, with a new session key and an end that no activity puts off."""
    login(request, user, backend=backend)
    count("console_logins", door="auth0" if backend == BACKEND else "emergency")
    request.session.cycle_key()  # Django keeps it for somebody who signs in a second time
    request.session.pop(USED_AT, None)  # so that this log-in is noted, as a session of its own
    ends_at = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session.set_expiry(ends_at)


def safe_next(request: HttpRequest, url: str | None) -> str:
    """The address when it is a path on this site, else ""."""
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # Without the slash it might be a view's name for redirect(), or nothing at all.
    return url if url and is_safe and url.startswith("/") else ""


def forget_abandoned() -> None:
    """Remove what log-ins that nobody finished have left; a log-in may take half an hour."""
    now = int(time.time())
    Nonce.objects.filter(timestamp__lt=now - 1800).delete()
    Association.objects.filter(issued__lt=now - 1800).delete()


def _backend(request: HttpRequest) -> Auth0:
    return Auth0(DjangoStrategy(DjangoStorage, request), redirect_uri=CALLBACK)


def _end_session_url(request: HttpRequest) -> str:
    """Where to end Auth0's session; "" while the tenant doesn't answer."""
    try:
        back_to = request.build_absolute_uri(reverse("login"))
        return _backend(request).end_session_url(back_to)
    except SocialAuthBaseException:
        messages.warning(
            request, "Auth0 doesn't answer: close the browser, to end your session there as well."
        )
        return ""
