"""``POST /api/employee/verify`` with a PIN token or an access token of Auth0: who it is, or 401."""

import base64
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from auth0sync.signing_keys import signing_keys
from employees import services
from employees.history import take_baseline
from employees.models import Change, Employee
from tests.auth0sync.signing import (
    JWKS,
    Forge,
    hmac_with_public_key,
    jwk,
    rsa_key,
    show_keys,
    take_the_tenants_place,
)
from tests.builders import boss, make_auth, make_employee
from tests.devtenant.builders import make_api, make_user, permission, role_id
from tests.devtenant.logging_in import CONSOLE, Person
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

API = "https://tracker.example.com/"
SUBJECT = "auth0|Emp-1"
REFUSED = {"success": False, "message": "Invalid or expired session"}
SHOP_FLOOR = ["access:shop_floor", "submit:activities", "clock:in_out"]
ALL = "read:dashboard approve:timesheets clock:in_out delete:everything"


@pytest.fixture
def forge(tenant: RunningTenant, settings: Settings) -> Forge:
    """Tokens for the API, by a key that the tenant shows as its own."""
    settings.AUTH0_API_AUDIENCE = API
    settings.AUTH0_LOGIN_CLIENT_ID = "console-login"
    signing_keys.cache_clear()
    cache.clear()
    return take_the_tenants_place(tenant, aud=API, sub=SUBJECT, azp="an-app", scope=ALL)


@pytest.fixture
def ana(db: None) -> Employee:
    columns = {"auth_method": "auth0", "auth0_user_id": SUBJECT, "auth0_role": "manager"}
    return make_employee(name="Ana Ortiz", **columns)


def verify(token: str) -> Any:
    return Client().post("/api/employee/verify", headers={"authorization": f"Bearer {token}"})


def assert_refused(token: str) -> None:
    answer = verify(token)
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert "no-store" in answer["Cache-Control"]


# --- Who it is ---


def test_an_access_token_says_whose_it_is(forge: Forge, ana: Employee) -> None:
    answer = verify(forge.sign())

    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "employee_id": ana.pk,
        "name": "Ana Ortiz",
        "auth_method": "auth0",
        "roles": ["manager"],
        "permissions": ["read:dashboard", "clock:in_out", "approve:timesheets"],
    }


def test_a_pin_token_is_answered_in_the_same_shape(forge: Forge, ana: Employee) -> None:
    Employee.objects.update(auth_method="hybrid")
    ends = timezone.now() + timedelta(hours=1)
    make_auth(ana, login_token="t" * 43, token_expires=ends)

    by_pin, by_auth0 = verify("t" * 43), verify(forge.sign())

    assert by_pin.json() == {
        "success": True,
        "employee_id": ana.pk,
        "name": "Ana Ortiz",
        "auth_method": "pin",
        "roles": ["production_associate"],
        "permissions": SHOP_FLOOR,
    }
    assert list(by_auth0.json()) == list(by_pin.json())


def test_a_person_who_signs_in_at_the_tenant_gets_in(
    tenant: RunningTenant, settings: Settings, db: None
) -> None:
    settings.AUTH0_API_AUDIENCE = API
    signing_keys.cache_clear()
    subject = make_user(tenant, "ana@example.com")
    api = make_api(tenant, API, "read:reports", "clock:in_out")
    rbac = {"enforce_policies": True, "token_dialect": "access_token_authz"}
    tenant.api("PATCH", f"/resource-servers/{api}", rbac)
    finance = role_id(tenant, "finance")
    given = {"permissions": [permission("read:reports", API)]}
    tenant.api("POST", f"/roles/{finance}/permissions", given)
    tenant.api("POST", f"/users/{subject}/roles", {"roles": [finance]})
    make_employee(auth_method="auth0", auth0_user_id=subject, auth0_role="finance")
    tenant.allow_console(CONSOLE)
    person = Person(tenant)
    tokens = person.tokens(email="ana@example.com", audience=API)
    person.close()

    said = verify(tokens["access_token"]).json()

    assert (said["roles"], said["permissions"]) == (["finance"], ["read:reports"])
    assert_refused(tokens["id_token"])


def test_only_the_keys_are_asked_for_and_only_once(
    forge: Forge, ana: Employee, tenant: RunningTenant
) -> None:
    before = len(tenant.calls())

    for _ in range(3):
        verify(forge.sign())

    assert [call["path"] for call in tenant.calls()[before:]] == [JWKS]


# --- What they may do ---


@pytest.mark.once
@pytest.mark.parametrize(
    ("row", "claim", "role", "permissions"),
    [
        ("manager", ["manager"], "manager", ["read:reports", "manage:team_members"]),
        ("manager", "team_lead", "team_lead", ["manage:team_members"]),
        ("team_lead", ["admin"], "team_lead", ["manage:team_members"]),
        ("finance", ["team_lead"], "team_lead", []),  # what finance hasn't is not got by a claim
        ("manager", [], "production_associate", []),
        ("superhero", ["admin"], "production_associate", []),
    ],
)
def test_the_lower_of_row_and_claim_counts_and_nothing_above_the_row(
    forge: Forge,
    ana: Employee,
    settings: Settings,
    row: str,
    claim: object,
    role: str,
    permissions: list[str],
) -> None:
    Employee.objects.update(auth0_role=row)
    over: dict[str, Any] = {
        settings.AUTH0_ROLES_CLAIM: claim,
        "scope": "read:reports manage:team_members",
    }

    said = verify(forge.sign(**over)).json()

    assert (said["roles"], said["permissions"]) == ([role], permissions)


@pytest.mark.once
@pytest.mark.parametrize(
    ("claims", "permissions"),
    [
        ({"permissions": ["clock:in_out"], "scope": "read:reports"}, ["clock:in_out"]),
        ({"permissions": [], "scope": "read:reports"}, []),
        ({"permissions": {"read:reports": 1}}, []),
        ({"permissions": [1, None, "read:reports"]}, ["read:reports"]),
        ({"scope": None}, []),
        ({"scope": ["read:reports"]}, []),
    ],
)
def test_the_permissions_are_those_of_the_token(
    forge: Forge, ana: Employee, claims: dict[str, Any], permissions: list[str]
) -> None:
    assert verify(forge.sign(**claims)).json()["permissions"] == permissions


# --- What can't be trusted ---


@pytest.mark.parametrize(
    "over",
    [
        {"exp": None},
        {"iat": None},
        {"aud": "https://other.example.com/"},
        {"aud": API.rstrip("/")},
        {"aud": ["https://other.example.com/"]},
        {"aud": None},
        {"aud": "console-login"},  # an id token's
        {"iss": "https://evil.example.com/"},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"sub": "auth0|josé"},
        {"sub": "an-app@clients", "gty": "client-credentials"},  # a machine's
        {"sub": SUBJECT.upper()},
        {"sub": f"{SUBJECT} "},
        {"sub": "auth0|nobody"},
    ],
    ids=str,
)
def test_a_token_that_says_another_thing_is_refused(
    forge: Forge, ana: Employee, over: dict[str, Any]
) -> None:
    assert_refused(forge.sign(**over))


@pytest.mark.once
@pytest.mark.parametrize(
    ("claim", "refused_s", "good_s"), [("exp", -60, -10), ("iat", 60, 10), ("nbf", 60, 10)]
)
def test_a_token_counts_in_its_time_and_clocks_may_differ_by_half_a_minute(
    forge: Forge, ana: Employee, claim: str, refused_s: int, good_s: int
) -> None:
    now = int(time.time())
    refused: dict[str, Any] = {claim: now + refused_s}
    good: dict[str, Any] = {claim: now + good_s}

    assert_refused(forge.sign(**refused))
    assert verify(forge.sign(**good)).status_code == 200


def test_the_issuer_has_its_slash(forge: Forge, ana: Employee) -> None:
    assert_refused(forge.sign(iss=str(forge.claims["iss"]).rstrip("/")))


def test_the_audience_may_be_one_of_several(forge: Forge, ana: Employee) -> None:
    several = [API, f"{forge.claims['iss']}userinfo"]

    assert verify(forge.sign(aud=several)).status_code == 200


def unsigned(forge: Forge) -> str:
    return jwt.encode(forge.claims, "", algorithm="none", headers={"kid": "ours"})


def with_none_in_another_case(forge: Forge) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"nOnE","kid":"ours"}').rstrip(b"=").decode()
    return f"{header}.{forge.sign().split('.')[1]}."


def without_its_signature(forge: Forge) -> str:
    return forge.sign().rpartition(".")[0] + "."


def with_another_payload(forge: Forge) -> str:
    good, other = forge.sign().split("."), forge.sign(sub="auth0|somebody").split(".")
    return ".".join([good[0], other[1], good[2]])


def with_its_key_inside(forge: Forge) -> str:
    return forge.sign(rsa_key("theirs"), headers={"jwk": jwk("theirs"), "jku": "http://127.0.0.1/"})


@pytest.mark.once
@pytest.mark.parametrize(
    "token",
    [
        unsigned,
        with_none_in_another_case,
        without_its_signature,
        with_another_payload,
        with_its_key_inside,
        lambda forge: hmac_with_public_key(forge.claims),
        lambda forge: forge.sign(rsa_key("theirs")),
        lambda forge: forge.sign(headers={"kid": "unheard-of"}),
        lambda forge: forge.sign(headers={"kid": ""}),
        lambda forge: forge.sign(algorithm="RS512"),
        lambda forge: forge.sign(algorithm="PS256"),
        lambda forge: forge.sign(headers={"crit": ["something-new"], "something-new": 1}),
        lambda forge: forge.sign() + "A",
        lambda forge: f"{forge.sign()}.",
        lambda forge: "..",
        lambda forge: "a.b.c",
        lambda forge: "é.é.é",
        lambda forge: base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.AA",
    ],
)
def test_a_forged_token_is_refused(
    forge: Forge, ana: Employee, token: Callable[[Forge], str]
) -> None:
    assert verify(forge.sign()).status_code == 200

    assert_refused(token(forge))


def test_with_a_custom_domain_that_is_the_issuer(
    forge: Forge, ana: Employee, tenant: RunningTenant, settings: Settings
) -> None:
    verify(forge.sign())
    kept = signing_keys(f"{tenant.base_url}{JWKS}")
    signing_keys.cache_clear()
    signing_keys(f"https://login.example.com{JWKS}").__dict__.update(vars(kept))
    settings.AUTH0_DOMAIN = "example.us.auth0.com"
    settings.AUTH0_BASE_URL = "https://example.us.auth0.com"
    settings.AUTH0_CUSTOM_DOMAIN = "login.example.com"

    assert verify(forge.sign(iss="https://login.example.com/")).status_code == 200
    assert_refused(forge.sign(iss="https://example.us.auth0.com/"))


@pytest.mark.parametrize("name", ["AUTH0_API_AUDIENCE", "AUTH0_BASE_URL"])
def test_without_the_settings_no_access_token_is_taken(
    forge: Forge, ana: Employee, settings: Settings, name: str
) -> None:
    setattr(settings, name, "")

    assert_refused(forge.sign())


# --- Who may not sign in any more ---


@pytest.mark.parametrize(
    "over",
    [
        {"is_active": False},
        {"archived_at": datetime(2026, 1, 2, tzinfo=UTC)},
        {"auth_method": "pin"},
    ],
    ids=str,
)
def test_whoever_lost_their_access_is_refused_at_once(
    forge: Forge, ana: Employee, over: dict[str, Any]
) -> None:
    assert verify(forge.sign()).status_code == 200
    Employee.objects.update(**over)

    assert_refused(forge.sign())


def test_a_token_of_before_a_leave_does_not_open_after_it(forge: Forge, ana: Employee) -> None:
    services.deactivate(ana.pk, boss())
    services.reactivate(ana.pk, boss())
    Change.objects.update(at=timezone.now() - timedelta(minutes=10))
    before = int(time.time()) - 601

    assert_refused(forge.sign(iat=before))
    assert verify(forge.sign()).status_code == 200


def test_a_token_of_the_half_minute_after_is_refused_too_since_clocks_differ(
    forge: Forge, ana: Employee
) -> None:
    services.deactivate(ana.pk, boss())
    services.reactivate(ana.pk, boss())

    assert_refused(forge.sign())
    assert_refused(forge.sign(iat=int(time.time()) + 20))


def test_another_change_of_the_row_ends_no_token(forge: Forge, ana: Employee) -> None:
    take_baseline()
    services.change_employee(ana.pk, {"department": "Packing"}, boss())
    assert Change.objects.filter(employee_id=ana.pk).exists()

    assert verify(forge.sign()).status_code == 200


def test_a_token_of_an_account_that_the_row_no_longer_names_is_refused(
    forge: Forge, ana: Employee
) -> None:
    Employee.objects.update(auth0_user_id="auth0|another")

    assert_refused(forge.sign())


# --- What is told ---


def test_the_log_says_why_and_nothing_out_of_the_token(
    forge: Forge, ana: Employee, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    token = forge.sign(exp=1, email="ana@example.com")

    verify(token)
    verify(forge.sign(headers={"kid": "line\nbreak"}))

    assert "Access token refused: ExpiredSignatureError" in caplog.text
    assert "Access token refused: unknown key" in caplog.text
    for secret in (token, token.split(".")[1], "ana@example.com", SUBJECT, "break"):
        assert secret not in caplog.text


def test_only_post_is_taken(forge: Forge) -> None:
    assert Client().get("/api/employee/verify").status_code == 405


# --- The tenant away ---


def test_without_keys_nobody_gets_in_and_nothing_hangs(
    forge: Forge, ana: Employee, tenant: RunningTenant
) -> None:
    tenant.clear_faults()
    tenant.fault(kind="status", status=503, match={"path": JWKS})

    assert_refused(forge.sign())


def test_with_keys_everybody_gets_in_while_the_tenant_is_away(
    forge: Forge, ana: Employee, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(forge.sign())
    tenant.clear_faults()
    tenant.fault(kind="reset", match={"path": JWKS})
    tomorrow = time.monotonic() + 86_400
    monkeypatch.setattr("auth0sync.signing_keys.monotonic", lambda: tomorrow)

    assert verify(forge.sign()).status_code == 200
    assert tenant.faults()[0]["fired"] >= 1


def test_a_new_key_of_the_tenant_is_fetched(
    forge: Forge, ana: Employee, tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(forge.sign())
    show_keys(tenant, jwk("ours"), jwk("theirs"))
    later = time.monotonic() + 61
    monkeypatch.setattr("auth0sync.signing_keys.monotonic", lambda: later)

    assert verify(forge.sign(rsa_key("theirs"), headers={"kid": "theirs"})).status_code == 200
