"""POST /oauth/token, and which tokens the Management API takes."""

import time
from typing import Any

import httpx
import jwt
import pytest

from tests.devtenant.running import RunningTenant


def ask(tenant: RunningTenant, *, form: bool = False, **changes: Any) -> httpx.Response:
    body = {
        "grant_type": "client_credentials",
        "client_id": "console-m2m",
        "client_secret": "not-a-secret",
        "audience": f"https://{tenant.domain}/api/v2/",
        **changes,
    }
    sent: dict[str, Any] = {"data": body} if form else {"json": body}
    return tenant.client.post(f"{tenant.base_url}/oauth/token", **sent)


def read_roles(tenant: RunningTenant, authorization: str | None) -> httpx.Response:
    headers = {"Authorization": authorization} if authorization else {}
    return tenant.client.get(f"{tenant.base_url}/api/v2/roles", headers=headers)


@pytest.mark.parametrize("form", [False, True])
def test_a_token_is_answered_to_json_and_to_a_form(tenant: RunningTenant, form: bool) -> None:
    answer = ask(tenant, form=form)

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "scope", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (86400, "Bearer")


def test_a_token_is_an_rs256_jwt_with_its_scopes(tenant: RunningTenant) -> None:
    body = ask(tenant).json()
    keys = tenant.client.get(f"{tenant.base_url}/.well-known/jwks.json").json()
    key = jwt.PyJWK(keys["keys"][0])

    claims = jwt.decode(
        body["access_token"],
        key,
        algorithms=["RS256"],
        audience=f"https://{tenant.domain}/api/v2/",
    )

    assert claims["scope"] == body["scope"]
    assert claims["iss"] == f"https://{tenant.domain}/"


def test_the_console_holds_exactly_its_scopes(tenant: RunningTenant) -> None:
    scopes = set(ask(tenant).json()["scope"].split())

    assert {"create:users", "update:users_app_metadata", "create:user_tickets"} <= scopes
    assert not {"delete:roles", "update:clients", "create:client_grants"} & scopes
    assert len(scopes) == 15


def test_a_wrong_secret_is_401(tenant: RunningTenant) -> None:
    answer = ask(tenant, client_secret="guess")

    assert answer.status_code == 401
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


def test_an_unknown_client_is_401(tenant: RunningTenant) -> None:
    assert ask(tenant, client_id="nobody").status_code == 401


def test_an_audience_without_its_slash_is_403(tenant: RunningTenant) -> None:
    answer = ask(tenant, audience=f"https://{tenant.domain}/api/v2")

    assert answer.status_code == 403
    assert answer.json()["error"] == "access_denied"


def test_the_login_client_gets_no_machine_token(tenant: RunningTenant) -> None:
    answer = ask(tenant, client_id="console-login")

    assert answer.status_code == 403
    assert answer.json()["error"] == "unauthorized_client"


def test_another_grant_is_refused(tenant: RunningTenant) -> None:
    assert ask(tenant, grant_type="password").status_code == 403


def test_a_new_scope_appears_only_in_a_new_token(tenant: RunningTenant) -> None:
    tenant.control(scopes={"console-m2m": ["read:users"]})
    old = ask(tenant).json()["access_token"]

    tenant.control(scopes={"console-m2m": ["read:users", "read:roles"]})

    assert read_roles(tenant, f"Bearer {old}").status_code == 403
    assert read_roles(tenant, f"Bearer {ask(tenant).json()['access_token']}").status_code == 200


def test_a_missing_scope_is_403_and_names_what_would_do(tenant: RunningTenant) -> None:
    tenant.control(scopes={"console-m2m": []})
    token = ask(tenant).json()["access_token"]

    answer = read_roles(tenant, f"Bearer {token}")

    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: read:roles",
        "errorCode": "insufficient_scope",
    }


def test_expired_tokens_are_401_with_attributes_and_no_error_code(tenant: RunningTenant) -> None:
    token = ask(tenant).json()["access_token"]

    tenant.control(expire_tokens=True)

    message = "Expired token received for JSON Web Token validation"
    assert read_roles(tenant, f"Bearer {token}").json() == {
        "statusCode": 401,
        "error": "Unauthorized",
        "message": message,
        "attributes": {"error": message},
    }
    assert read_roles(tenant, f"Bearer {ask(tenant).json()['access_token']}").status_code == 200


def test_a_token_signed_by_somebody_else_is_401(tenant: RunningTenant) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {
        "aud": f"https://{tenant.domain}/api/v2/",
        "sub": "console-m2m@clients",
        "exp": int(time.time()) + 60,
        "jti": "1.x",
        "scope": "read:roles",
    }

    answer = read_roles(tenant, f"Bearer {jwt.encode(claims, key, algorithm='RS256')}")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid signature received for JSON Web Token validation"


def test_a_token_is_good_only_on_the_domain_it_was_asked_on(tenant: RunningTenant) -> None:
    token = ask(tenant).json()["access_token"]

    answer = tenant.client.get(
        f"http://localhost:{tenant.port}/api/v2/roles",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Bearer a.b.c"])
def test_no_token_or_nonsense_is_401(tenant: RunningTenant, authorization: str | None) -> None:
    assert read_roles(tenant, authorization).status_code == 401
