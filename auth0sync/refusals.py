"""Why somebody isn't signed in: from an error to the page that says so in plain words.

What Auth0 says of an error is looked at and never shown: anybody can write it into an address.
"""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from social_core.exceptions import (
    AuthCanceled,
    AuthConfigurationError,
    AuthCredentialError,
    AuthInputError,
    AuthProviderError,
    AuthSessionError,
    SocialAuthBaseException,
)

from auth0sync.login import SignInRefused
from employees.counters import count

logger = logging.getLogger(__name__)

STATUSES = {
    "start_again": 400,
    "too_many": 429,
    "unreachable": 503,
    "misconfigured": 503,
    "not_configured": 503,
}
FORBIDDEN = 403

# Codes that say by themselves what it is. Auth0's own names stand in its page "Error messages";
# the last four are OpenID Connect's (Core, 3.1.2.6).
PAGES = {
    "mfa_required": "second_step",
    "mfa_registration_required": "second_step",
    "mfa_invalid_code": "second_step",
    "too_many_attempts": "too_many",
    "too_many_requests": "too_many",
    "login_required": "asked",
    "interaction_required": "asked",
    "consent_required": "asked",
    "account_selection_required": "asked",
}
# Others say it in words, of Auth0 or of an Action of the tenant: page -> what is in them. The first
# that is found counts: "blocked after multiple consecutive login attempts" ends by itself, "user is
# blocked" doesn't; "Multifactor authentication required" comes with login_required too.
WORDS = {
    "second_step": ("multifactor", "multi-factor", "mfa", "second factor", "guardian"),
    "too_many": ("login attempts", "too many", "rate limit", "global limit"),
    "unverified": ("verify your email", "verify your e-mail", "email is not verified"),
    "blocked": ("blocked",),  # "user is blocked" (facts: the log-in)
}
# "User did not authorize the request", or in the words of a provider behind Auth0 (believed).
CANCELLED = ("did not authorize", "user denied", "user has denied", "cancel")
START_AGAIN = {"nonce_mismatch", "response_expired"}
UNREACHABLE = {
    "connection_failed",
    "malformed_response",
    "timeout",
    "tls_error",
    "unavailable",
}


def reason_of(error: SocialAuthBaseException) -> str:
    """The name of the page in ``templates/login/refused/`` that explains this error."""
    if isinstance(error, SignInRefused):
        return error.reason
    if found := _reason_in_answer(error):
        return found
    if isinstance(error, AuthCanceled):
        return _reason_of_denial(error)
    if isinstance(error, AuthProviderError) and error.provider_code == "unauthorized":
        return "denied"
    if error.code == "rate_limited":
        return "too_many"
    if isinstance(error, AuthSessionError | AuthInputError | AuthCredentialError):
        return "start_again"
    if error.code in START_AGAIN:
        return "start_again"
    if error.code in UNREACHABLE:
        return "unreachable"
    if isinstance(error, AuthConfigurationError):
        return "misconfigured"
    return "fault"


def _reason_in_answer(error: SocialAuthBaseException) -> str:
    """The page that Auth0's answer in the call-back names by code or words; "" for none."""
    if error.stage != "callback" or not error.provider_code:
        return ""
    said = error.detail.lower()
    for page, words in WORDS.items():
        if any(word in said for word in words):
            return page
    return PAGES.get(str(error.provider_code), "")


def _reason_of_denial(error: AuthCanceled) -> str:
    """What ``access_denied`` means: cancelled, or kept out, or a wrong client secret."""
    if error.stage != "callback":  # at the token endpoint nobody cancels
        return "misconfigured"
    # An Action of the tenant that keeps somebody out says why. To start again wouldn't help them.
    said = error.detail.lower()
    is_own_wish = not said or any(words in said for words in CANCELLED)
    return "cancelled" if is_own_wish else "denied"


def explain(request: HttpRequest, error: SocialAuthBaseException) -> HttpResponse:
    """The page for this error; the log gets codes, and never what came with them."""
    reason = reason_of(error)
    logger.warning("Sign-in refused: %s (%s, %s).", reason, error.code, error.stage)
    count("console_login_refusals", door="auth0", reason=reason)
    return refused(request, reason)


def refused(request: HttpRequest, reason: str) -> HttpResponse:
    """The page with this name, and its status."""
    status = STATUSES.get(reason, FORBIDDEN)
    response = render(request, f"login/refused/{reason}.html", status=status)
    add_never_cache_headers(response)
    return response
