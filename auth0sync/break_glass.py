"""The emergency door: a local administrator signs in with a password when Auth0 can't be used.

Open only to superusers without an employee behind them; locked for a while after wrong passwords
(django-axes); every use is told to the operators (requirement L2).
"""

import logging
import re
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from auth0sync.alerts import tell
from auth0sync.sign_in_views import NEXT, safe_next, start_session
from employees.counters import count
from employees.lockout import network_of
from employees.models import EmployeeUser

logger = logging.getLogger(__name__)

BACKEND = "auth0sync.break_glass.LocalAdministrator"
TELL_AT_MOST_EVERY_S = 60  # for what a stranger can cause; a sign-in is always told
SIGNED_IN, REFUSED, LOCKED_OUT = "signed in", "was refused", "was locked out"
NAME_MOST = 60  # characters of a user name that somebody typed
NOT_OF_A_NAME = re.compile(r"[^\w.@+-]")  # as Django's UnicodeUsernameValidator


class LocalAdministrator(ModelBackend):
    """Passwords count for break-glass administrators alone."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Active, a superuser, and no employee: those have the row's rights and no password."""
        return (
            super().user_can_authenticate(user)
            and user.is_superuser
            and not EmployeeUser.objects.filter(pk=user.pk).exists()
        )


class LocalForm(AuthenticationForm):
    """Django's, which leaves it to the page how long a name may be, and axes keeps each."""

    username = UsernameField(max_length=User._meta.get_field("username").max_length)


@sensitive_post_parameters("password")
@never_cache
def local_login(request: HttpRequest) -> HttpResponse:
    """The form; a wrong password, a wrong name and a wrong kind of user get one answer."""
    next_url = safe_next(request, request.POST.get(NEXT) or request.GET.get(NEXT))
    form = LocalForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        start_session(request, user, BACKEND)
        alert(request, SIGNED_IN, user.get_username())
        return redirect(next_url or reverse("admin:index"))
    return render(request, "login/local.html", {"form": form, "next": next_url})


def counted_by(request: HttpRequest) -> str:
    """Whose wrong passwords they are, for django-axes: the address, or the network of IPv6."""
    return network_of(request.META.get("REMOTE_ADDR", "")).partition("/")[0]


def locked(request: HttpRequest, *args: Any) -> HttpResponse:
    """The page after too many wrong passwords; django-axes asks for it."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    response = render(request, "login/locked.html", {"minutes": minutes}, status=429)
    add_never_cache_headers(response)
    return response


@receiver(user_login_failed, dispatch_uid="auth0sync.break_glass")
def on_failure(
    sender: object, credentials: dict[str, Any], request: HttpRequest, **kwargs: Any
) -> None:
    """A password was refused, or not even looked at."""
    count("console_login_refusals", door="emergency", reason="wrong_password")
    alert(request, REFUSED, str(credentials.get("username") or ""))


@receiver(user_locked_out, dispatch_uid="auth0sync.break_glass")
def on_lock_out(sender: object, request: HttpRequest, username: str, **kwargs: Any) -> None:
    """Too many passwords were refused."""
    count("console_login_refusals", door="emergency", reason="locked_out")
    alert(request, LOCKED_OUT, username or "")


def alert(request: HttpRequest, what: str, username: str) -> None:
    """Say in the log and to the operators that the emergency door was used.

    what: the sentence's verb. A mail or POST that fails never stops anybody.
    """
    # What no user name has would be a link, or markup, in a mail or a chat.
    who = NOT_OF_A_NAME.sub("?", username[:NAME_MOST])
    address = request.META.get("REMOTE_ADDR", "")
    text = f"Emergency log-in: “{who}” {what}, from {address}."
    logger.warning("%s", text)
    key = f"break-glass:{what.replace(' ', '-')}"
    is_rare = what == SIGNED_IN or cache.add(key, 1, TELL_AT_MOST_EVERY_S)
    if is_rare:
        ask = "If you don't know why, change that password today."
        tell(f"emergency log-in {what}", f"{text}\n\n{ask}", key="break-glass")
