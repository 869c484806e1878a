"""Who isn't signed in, and the page that says so: never a fault of the console, never a session."""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
import social_core.utils
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import RequestFactory
from pytest_django import Settings

from employees.models import Employee, EmployeeUser
from tests.auth0sync.people import row_of
from tests.auth0sync.signing import (
    Forge,
    hmac_with_public_key,
    rsa_key,
    take_the_tenants_place,
)
from tests.auth0sync.visiting import CALLBACK, Visitor, asked, heading, with_query
from tests.builders import make_employee
from tests.devtenant.builders import make_user
from tests.devtenant.logging_in import Person
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

REFUSALS = Path(configured.BASE_DIR) / "templates" / "login" / "refused"
UNKNOWN = "We don't know you yet"
START_AGAIN = "That didn't work: please start again"
UNREACHABLE = "Auth0 doesn't answer"
DISTRUSTED = "We couldn't trust the answer"


def known(tenant: RunningTenant, **over: Any) -> Employee:
    """Somebody whose row names an account."""
    user_id = make_user(tenant, "ana@example.com", email_verified=True)
    columns = {"auth_method": "auth0", "auth0_user_id": user_id, "auth0_role": "manager"}
    return make_employee(email="ana@example.com", **{**columns, **over})


def assert_refused(visitor: Visitor, answer: Any, status: int, title: str) -> None:
    assert (answer.status_code, heading(answer)) == (status, title)
    assert "no-store" in answer["Cache-Control"]
    assert not visitor.is_signed_in


# --- Known to Auth0, but not let in ---


def test_an_account_without_an_employee_is_unknown(tenant: RunningTenant, visitor: Visitor) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)

    assert_refused(visitor, visitor.sign_in(), 403, UNKNOWN)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "over",
    [
        {"is_active": False},
        {"archived_at": datetime(2026, 1, 2, tzinfo=UTC)},
        {"is_active": False, "auth_method": "pin"},
    ],
)
def test_somebody_switched_off_is_told_so(
    tenant: RunningTenant, visitor: Visitor, over: dict[str, Any]
) -> None:
    known(tenant, **over)

    assert_refused(visitor, visitor.sign_in(), 403, "Your access has ended")


def test_somebody_with_a_pin_is_sent_to_the_kiosk(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant, auth_method="pin")

    answer = visitor.sign_in()

    assert_refused(visitor, answer, 403, "You sign in at the kiosk")
    assert b'href="/kiosk/"' in answer.content


def test_an_unverified_email_links_nothing(tenant: RunningTenant, visitor: Visitor) -> None:
    make_user(tenant, "ana@example.com", email_verified=False)
    ana = make_employee(email="ana@example.com", auth_method="auth0")

    assert_refused(visitor, visitor.sign_in(), 403, "Your e-mail isn't verified yet")
    assert row_of(ana).auth0_user_id is None


@pytest.mark.parametrize("claimed", ["true", 1, None])
def test_only_a_true_that_is_a_boolean_verifies(
    tenant: RunningTenant, visitor: Visitor, claimed: object
) -> None:
    sub = make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0")
    said = {"sub": sub, "email": "ana@example.com", "email_verified": claimed}
    tenant.fault(kind="wrong_body", body=said, match={"path": "/userinfo"})

    assert_refused(visitor, visitor.sign_in(), 403, "Your e-mail isn't verified yet")
    assert row_of(ana).auth0_user_id is None


def test_an_email_whose_person_has_another_account_links_nothing(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0", auth0_user_id="auth0|other")

    assert_refused(visitor, visitor.sign_in(), 403, "This isn't the account we know you by")
    assert row_of(ana).auth0_user_id == "auth0|other"


def test_an_account_that_goes_to_another_person_at_the_same_moment_links_nothing(
    tenant: RunningTenant, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0")
    make_employee(auth_method="auth0", auth0_user_id=user_id)
    monkeypatch.setattr("auth0sync.login.holder_of", lambda uid: None)  # it was read before

    assert_refused(visitor, visitor.sign_in(), 403, "This isn't the account we know you by")
    assert row_of(ana).auth0_user_id is None


def test_a_person_who_is_deleted_at_the_same_moment_is_unknown(
    tenant: RunningTenant, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0")
    Employee.objects.filter(pk=ana.pk).delete()
    found_before = {"ana@example.com": [ana.pk]}
    monkeypatch.setattr("auth0sync.login.active_holders", lambda emails: found_before)

    assert_refused(visitor, visitor.sign_in(), 403, UNKNOWN)


def test_an_email_of_somebody_who_left_links_nothing(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="auth0", is_active=False)

    assert_refused(visitor, visitor.sign_in(), 403, UNKNOWN)
    assert row_of(ana).auth0_user_id is None


def test_an_email_of_somebody_with_a_pin_links_nothing(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    ana = make_employee(email="ana@example.com", auth_method="pin")

    assert_refused(visitor, visitor.sign_in(), 403, "You sign in at the kiosk")
    assert row_of(ana).auth0_user_id is None


def test_an_email_that_looks_alike_is_another(tenant: RunningTenant, visitor: Visitor) -> None:
    make_user(tenant, "jose@example.com", email_verified=True)
    make_employee(email="josé@example.com", auth_method="auth0")

    assert_refused(visitor, visitor.sign_in("jose@example.com"), 403, UNKNOWN)


def test_a_subject_in_another_case_is_another(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = known(tenant)
    assert ana.auth0_user_id is not None
    Employee.objects.filter(pk=ana.pk).update(
        auth0_user_id=ana.auth0_user_id.upper(), email="other@example.com"
    )

    assert_refused(visitor, visitor.sign_in(), 403, UNKNOWN)


@pytest.mark.parametrize("subject", ["josé", "x" * 250])
def test_a_subject_that_no_row_can_hold_is_not_trusted(
    tenant: RunningTenant, visitor: Visitor, subject: str
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True, user_id=subject)
    ana = make_employee(email="ana@example.com", auth_method="auth0")

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)
    assert row_of(ana).auth0_user_id is None


def test_a_user_that_was_switched_off_is_refused(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    visitor.sign_in()
    User.objects.update(is_active=False)

    assert_refused(visitor, visitor.sign_in(), 403, "Your access has ended")


def test_a_user_of_the_same_name_is_never_taken_over(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    ana = known(tenant)
    User.objects.create_superuser(f"employee-{ana.pk}")

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)
    assert not EmployeeUser.objects.exists()


def test_another_account_can_be_used_after_a_refusal(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    answer = visitor.sign_in()
    assert b'action="/logout/"' in answer.content

    visitor.elsewhere.get(visitor.console.post("/logout/")["Location"])

    assert visitor.elsewhere.get(visitor.begin()).status_code == 200, "the tenant asks again"


# --- What Auth0 answers ---


def test_a_blocked_account_is_told_so(tenant: RunningTenant, visitor: Visitor) -> None:
    ana = known(tenant)
    tenant.api("PATCH", f"/users/{ana.auth0_user_id}", {"blocked": True})

    assert_refused(visitor, visitor.sign_in(), 403, "Your account is blocked")


def test_a_cancelled_log_in_is_no_fault(tenant: RunningTenant, visitor: Visitor) -> None:
    url = visitor.begin()
    back = visitor.elsewhere.post(url, data={"action": "cancel"}).headers["Location"]

    assert_refused(visitor, visitor.come_back(back), 403, "You weren't signed in")


def test_another_providers_cancelled_log_in_has_no_reason(visitor: Visitor) -> None:
    answer = visitor.console.get(CALLBACK, {"error": "access_denied"})

    assert_refused(visitor, answer, 403, "You weren't signed in")


BLOCKED_AFTER = "Your account has been blocked after multiple consecutive login attempts."
SECOND_STEP = "The second step is missing"
QUESTION = "Auth0 has a question first"
TOO_MANY = "Too many tries"
UNVERIFIED = "Your e-mail isn't verified yet"


@pytest.mark.parametrize(
    ("error", "words", "status", "title"),
    [
        # Auth0's own codes (auth0.com/docs/libraries/error-messages).
        ("mfa_required", "", 403, SECOND_STEP),
        ("mfa_registration_required", "User is not enrolled.", 403, SECOND_STEP),
        ("mfa_invalid_code", "", 403, SECOND_STEP),
        ("too_many_attempts", "", 429, TOO_MANY),
        ("too_many_requests", "", 429, TOO_MANY),
        # A code that says less than the words beside it.
        ("login_required", "Multifactor authentication required", 403, SECOND_STEP),
        ("unauthorized", "MFA verification failed", 403, SECOND_STEP),
        ("access_denied", "The user cancelled the multi-factor prompt", 403, SECOND_STEP),
        ("unauthorized", BLOCKED_AFTER, 429, TOO_MANY),
        ("access_denied", "Global limit has been reached", 429, TOO_MANY),
        ("invalid_request", "You’ve exceeded the rate limit for /u/login", 429, TOO_MANY),
        ("unauthorized", "user is blocked", 403, "Your account is blocked"),
        ("access_denied", "user is blocked", 403, "Your account is blocked"),
        ("unauthorized", "Please verify your email before logging in.", 403, UNVERIFIED),
        ("access_denied", "Please verify your email before continuing.", 403, UNVERIFIED),
        # OpenID Connect's.
        ("login_required", "Login required", 403, QUESTION),
        ("interaction_required", "", 403, QUESTION),
        ("consent_required", "Consent required", 403, QUESTION),
        ("account_selection_required", "", 403, QUESTION),
        ("temporarily_unavailable", "", 503, UNREACHABLE),
    ],
)
def test_each_answer_has_its_page(
    visitor: Visitor, error: str, words: str, status: int, title: str
) -> None:
    answer = visitor.console.get(CALLBACK, {"error": error, "error_description": words})

    assert_refused(visitor, answer, status, title)


def test_a_tenant_that_takes_no_more_log_ins_says_so(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())
    tenant.fault(kind="status", status=429, match={"path": "/oauth/token"})

    assert_refused(visitor, visitor.come_back(back), 429, TOO_MANY)


def test_after_a_missing_second_step_another_account_can_be_used(visitor: Visitor) -> None:
    answer = visitor.console.get(CALLBACK, {"error": "mfa_required"})

    assert b'href="/login/"' in answer.content
    assert b'action="/logout/"' in answer.content


@pytest.mark.parametrize("page", sorted(path.stem for path in REFUSALS.glob("*.html")))
def test_every_page_says_what_happened_and_what_to_do_and_has_a_way_on(page: str) -> None:
    text = render_to_string(f"login/refused/{page}.html", request=RequestFactory().get("/"))
    card = text.partition("</h1>")[2].partition("</section>")[0]

    assert re.search(r"<h1>\w", text)
    assert len(re.findall(r"<p>\s*[^<\s]", card)) >= 2, "what happened, and what to do next"
    assert re.search(r'<(a class="button|button)', card)


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        ("unauthorized", 403, "Auth0 refused to sign you in"),
        ("server_error", 503, UNREACHABLE),
        ("temporarily_unavailable", 503, UNREACHABLE),
        ("invalid_request", 503, "The sign-in isn't set up correctly"),
        ("something_new", 403, DISTRUSTED),
        ("access_denied", 403, "Auth0 refused to sign you in"),  # by an Action, with its reason
    ],
)
def test_what_auth0_says_is_never_shown(
    visitor: Visitor, caplog: pytest.LogCaptureFixture, error: str, status: int, title: str
) -> None:
    told = {"error": error, "error_description": "<script>alert(1)</script>"}

    answer = visitor.console.get(CALLBACK, told)

    assert_refused(visitor, answer, status, title)
    assert b"alert(1)" not in answer.content
    assert "alert(1)" not in caplog.text


# --- State, nonce, code ---


def test_a_call_back_that_nobody_asked_for_starts_again(visitor: Visitor) -> None:
    assert_refused(visitor, visitor.console.get(CALLBACK), 400, START_AGAIN)
    made_up = {"code": "made-up", "state": "made-up"}
    assert_refused(visitor, visitor.console.get(CALLBACK, made_up), 400, START_AGAIN)


def test_another_browsers_state_starts_again(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())

    with Visitor(tenant) as victim:
        assert_refused(victim, victim.come_back(back), 400, START_AGAIN)


def test_a_call_back_works_once(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())
    visitor.come_back(back)
    visitor.console.post("/logout/")

    assert_refused(visitor, visitor.come_back(back), 400, START_AGAIN)


def test_going_back_to_it_keeps_the_session(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())
    visitor.come_back(back)

    answer = visitor.come_back(back)

    assert heading(answer) == START_AGAIN
    assert b"To your page" in answer.content
    assert visitor.is_signed_in


def test_a_made_up_code_starts_again(tenant: RunningTenant, visitor: Visitor) -> None:
    back = with_query(f"http://testserver{CALLBACK}", code="x", **only_state(visitor))

    assert_refused(visitor, visitor.come_back(back), 400, START_AGAIN)


def test_a_log_in_that_took_too_long_starts_again(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())
    session = visitor.console.session
    key = f"auth0_oauth2_state_{asked(back)['state']}"
    session[key] = {**session[key], "timestamp": session[key]["timestamp"] - 1801}
    session.save()

    assert_refused(visitor, visitor.come_back(back), 400, START_AGAIN)


def test_an_id_token_with_another_nonce_starts_again(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    known(tenant)
    back = visitor.log_in(with_query(visitor.begin(), nonce="another"))

    assert_refused(visitor, visitor.come_back(back), 400, START_AGAIN)


def test_a_code_of_another_verifier_starts_again(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    back = visitor.log_in(with_query(visitor.begin(), code_challenge="a" * 43))

    assert_refused(visitor, visitor.come_back(back), 400, START_AGAIN)


# --- What can't be trusted ---


def test_an_id_token_of_another_key_is_not_trusted(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    kid = visitor.elsewhere.get("/.well-known/jwks.json").json()["keys"][0]["kid"]
    other = jwt.algorithms.RSAAlgorithm.to_jwk(new_key().public_key(), as_dict=True)
    keys = {"keys": [{**other, "kid": kid, "alg": "RS256", "use": "sig"}]}
    tenant.fault(kind="wrong_body", body=keys, match={"path": "/.well-known/jwks.json"})

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)


@pytest.mark.parametrize(
    "id_token",
    [
        "not-a-token",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        jwt.encode({"sub": "x"}, "secret-of-at-least-32-characters-here", algorithm="HS256"),
    ],
)
def test_an_id_token_without_the_tenants_signature_is_not_trusted(
    tenant: RunningTenant, visitor: Visitor, id_token: str
) -> None:
    known(tenant)
    said = {"access_token": "a", "token_type": "Bearer", "id_token": id_token}
    tenant.fault(kind="wrong_body", body=said, match={"path": "/oauth/token"}, times=1)

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)


def signed_in_with(tenant: RunningTenant, visitor: Visitor, token: Callable[[Forge], str]) -> Any:
    """The answer to a log-in for which the tenant gives this id token, with our key for its own."""
    ana = known(tenant)
    url = visitor.begin()
    back = visitor.log_in(url)
    nonce = asked(url)["nonce"]
    forge = take_the_tenants_place(
        tenant, sub=ana.auth0_user_id, aud="console-login", nonce=nonce, auth_time=1
    )
    said = {"access_token": "a", "token_type": "Bearer", "id_token": token(forge)}
    tenant.fault(kind="wrong_body", body=said, match={"path": "/oauth/token"})
    about = {"sub": ana.auth0_user_id, "email": "ana@example.com", "email_verified": True}
    tenant.fault(kind="wrong_body", when="before", body=about, match={"path": "/userinfo"})
    return visitor.come_back(back)


def test_a_good_id_token_of_that_key_is_trusted(tenant: RunningTenant, visitor: Visitor) -> None:
    answer = signed_in_with(tenant, visitor, lambda forge: forge.sign())

    assert answer.status_code == 302
    assert visitor.is_signed_in


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda forge: forge.sign(exp=int(time.time()) - 60), id="expired"),
        pytest.param(lambda forge: forge.sign(exp=None), id="never expires"),
        pytest.param(lambda forge: forge.sign(iat=int(time.time()) + 3600), id="of the future"),
        pytest.param(lambda forge: forge.sign(nbf=int(time.time()) + 3600), id="not yet valid"),
        pytest.param(lambda forge: forge.sign(aud="other-app"), id="wrong audience"),
        pytest.param(lambda forge: forge.sign(aud=None), id="no audience"),
        pytest.param(lambda forge: forge.sign(iss="https://evil.example.com/"), id="wrong issuer"),
        pytest.param(lambda forge: forge.sign(iss=None), id="no issuer"),
        pytest.param(lambda forge: forge.sign(rsa_key("theirs")), id="wrong key"),
        pytest.param(lambda forge: forge.sign(algorithm="RS512"), id="another algorithm"),
        pytest.param(lambda forge: hmac_with_public_key(forge.claims), id="HS256, public key"),
        pytest.param(
            lambda forge: jwt.encode(forge.claims, "", algorithm="none", headers={"kid": "ours"}),
            id="alg=none",
        ),
    ],
)
def test_a_forged_id_token_is_not_trusted(
    tenant: RunningTenant, visitor: Visitor, token: Callable[[Forge], str]
) -> None:
    answer = signed_in_with(tenant, visitor, token)

    assert answer.status_code in {400, 403}
    assert heading(answer) in {DISTRUSTED, START_AGAIN}
    assert not visitor.is_signed_in
    assert not EmployeeUser.objects.exists()


def claim_to_be(issuer: str, tenant: RunningTenant, visitor: Visitor) -> None:
    """The tenant's discovery document names this issuer."""
    body = visitor.elsewhere.get("/.well-known/openid-configuration").json()
    body["issuer"] = issuer
    tenant.fault(kind="wrong_body", body=body, match={"path": "/.well-known/openid-configuration"})


def test_another_issuer_is_not_trusted(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    claim_to_be("https://evil.example.com/", tenant, visitor)

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)


def test_nor_is_it_where_discovery_and_id_token_agree_on_it(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    evil = "https://evil.example.com/"
    claim_to_be(evil, tenant, visitor)

    answer = signed_in_with(tenant, visitor, lambda forge: forge.sign(iss=evil))

    assert heading(answer) == DISTRUSTED
    assert not visitor.is_signed_in


def test_another_audience_is_not_trusted(
    tenant: RunningTenant, visitor: Visitor, settings: Settings
) -> None:
    known(tenant)
    person = Person(tenant)
    tenant.allow_console("http://127.0.0.1:8000")
    real = person.tokens(email="ana@example.com")
    person.close()
    back = visitor.log_in(visitor.begin())
    tenant.fault(kind="wrong_body", body=real, match={"path": "/oauth/token"})
    settings.AUTH0_LOGIN_CLIENT_ID = "another-application"

    assert_refused(visitor, visitor.come_back(back), 403, DISTRUSTED)


def test_userinfo_about_somebody_else_is_not_trusted(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    known(tenant)
    said = {"sub": "auth0|somebody-else", "email": "ana@example.com", "email_verified": True}
    tenant.fault(kind="wrong_body", body=said, match={"path": "/userinfo"})

    assert_refused(visitor, visitor.sign_in(), 403, DISTRUSTED)


# --- The tenant away ---


@pytest.mark.parametrize("path", ["/oauth/token", "/userinfo", "/.well-known/jwks.json"])
@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 503}, {"kind": "reset"}, {"kind": "wrong_body", "body": [1]}],
)
def test_a_tenant_that_fails_on_the_way_back_is_away(
    tenant: RunningTenant, visitor: Visitor, path: str, fault: dict[str, Any]
) -> None:
    known(tenant)
    back = visitor.log_in(visitor.begin())
    tenant.fault(match={"path": path}, **fault)

    assert_refused(visitor, visitor.come_back(back), 503, UNREACHABLE)


def test_a_tenant_that_hangs_is_away_after_the_time_out(
    tenant: RunningTenant, visitor: Visitor, settings: Settings
) -> None:
    known(tenant)
    settings.SOCIAL_AUTH_REQUESTS_TIMEOUT = 0.3
    back = visitor.log_in(visitor.begin())
    tenant.fault(kind="hang", delay_s=2, match={"path": "/oauth/token"}, times=1)

    assert_refused(visitor, visitor.come_back(back), 503, UNREACHABLE)


def test_calls_that_are_slow_one_after_the_other_are_not_waited_for_longer(
    tenant: RunningTenant, visitor: Visitor, settings: Settings
) -> None:
    known(tenant)
    settings.SOCIAL_AUTH_REQUESTS_TIMEOUT = 0.8
    back = visitor.log_in(visitor.begin())
    for path in ("/oauth/token", "/userinfo"):  # each in time, but not both
        tenant.fault(kind="slow", delay_s=0.6, match={"path": path})

    assert_refused(visitor, visitor.come_back(back), 503, UNREACHABLE)


def test_they_wait_five_seconds_at_most(settings: Settings) -> None:
    assert settings.SOCIAL_AUTH_REQUESTS_TIMEOUT == 5


def test_a_tenant_that_was_never_reached_is_away_before_the_log_in_begins(
    tenant: RunningTenant, visitor: Visitor
) -> None:
    tenant.fault(kind="reset", match={"path": "/.well-known/openid-configuration"})

    answer = visitor.console.post("/login/auth0/")

    assert_refused(visitor, answer, 503, UNREACHABLE)
    assert b'href="/login/local/"' in answer.content


def test_a_changed_signing_key_is_fetched(tenant: RunningTenant, visitor: Visitor) -> None:
    known(tenant)
    real = visitor.elsewhere.get("/.well-known/jwks.json").json()
    old = {"keys": [{**real["keys"][0], "kid": "the-old-one"}]}
    tenant.fault(kind="wrong_body", body=old, match={"path": "/.well-known/jwks.json"}, times=1)

    assert visitor.sign_in().status_code == 302


def test_a_wrong_client_secret_is_the_consoles_fault(
    tenant: RunningTenant, visitor: Visitor, settings: Settings
) -> None:
    known(tenant)
    settings.AUTH0_LOGIN_CLIENT_SECRET = "wrong"

    assert_refused(visitor, visitor.sign_in(), 503, "The sign-in isn't set up correctly")


# --- Not configured ---


@pytest.mark.parametrize("name", ["AUTH0_LOGIN_CLIENT_ID", "AUTH0_BASE_URL"])
def test_without_settings_the_page_says_so_and_names_the_emergency_door(
    visitor: Visitor, settings: Settings, name: str
) -> None:
    setattr(settings, name, "")

    for answer in (visitor.console.get("/login/"), visitor.console.post("/login/auth0/")):
        assert_refused(visitor, answer, 503, "Nobody can sign in with Auth0 yet")
        assert b'href="/login/local/"' in answer.content


def test_a_refusal_is_logged_by_its_codes(
    tenant: RunningTenant, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(tenant, "ana@example.com", email_verified=True)
    with caplog.at_level(logging.INFO):
        visitor.sign_in()

    assert "Sign-in refused: unknown" in caplog.text
    assert "ana@example.com" not in caplog.text


def only_state(visitor: Visitor) -> dict[str, str]:
    return {"state": asked(visitor.begin())["state"]}


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_discovery_is_kept_an_hour_and_used_while_the_tenant_is_away(
    tenant: RunningTenant, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.begin()
    tenant.fault(kind="reset", match={"path": "/.well-known/openid-configuration"})
    in_an_hour = time.time() + 3700
    monkeypatch.setattr(social_core.utils, "_time", lambda: in_an_hour)

    visitor.begin()

    assert tenant.faults()[0]["fired"] >= 1
