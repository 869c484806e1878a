"""What each address tells the browser it must not do."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from identity_console.environment import origin

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def policy_of(path: str, client: Client) -> dict[str, set[str]]:
    header = client.get(path)["Content-Security-Policy"]
    directives = [directive.split() for directive in header.split("; ")]
    return {name: set(values) for name, *values in directives}


@pytest.mark.parametrize("path", ["/", "/login/", "/kiosk/", "/healthz", "/readyz", "/nowhere"])
def test_a_page_of_ours_takes_nothing_from_anywhere_else(client: Client, path: str) -> None:
    policy = policy_of(path, client)

    assert policy["default-src"] == {"'self'"}
    assert policy["frame-ancestors"] == {"'none'"}
    assert policy["base-uri"] == {"'self'"}
    assert policy["object-src"] == {"'none'"}
    assert "script-src" not in policy
    assert "style-src" not in policy
    assert not any(value.startswith("'unsafe") for values in policy.values() for value in values)


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/nowhere/"])
def test_the_admin_has_what_its_theme_needs_and_no_more(client: Client, path: str) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    policy = policy_of(path, client)

    assert policy["default-src"] == {"'self'"}
    assert policy["script-src"] == {"'self'", "'unsafe-eval'"}
    assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
    assert policy["frame-ancestors"] == {"'none'"}
    assert policy["object-src"] == {"'none'"}


def test_a_path_that_only_looks_like_the_admin_has_no_exception(client: Client) -> None:
    assert "script-src" not in policy_of("/administrator/", client)


def test_forms_may_lead_to_the_tenant_where_people_sign_in(client: Client) -> None:
    directives = {"default-src": ["'self'"], "form-action": ["'self'", "https://x.auth0.com"]}
    with override_settings(CONTENT_SECURITY_POLICY={"DIRECTIVES": directives}):
        assert policy_of("/healthz", client)["form-action"] == {"'self'", "https://x.auth0.com"}
    assert policy_of("/healthz", client)["form-action"] == {"'self'"}  # nothing is configured


@pytest.mark.once
def test_forms_may_lead_to_the_custom_domain_too() -> None:
    environment = {
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "identity_console.settings",
        "SECRET_KEY": "only-for-this-test" * 3,
        "AUTH0_DOMAIN": "example.us.auth0.com",
        "AUTH0_CLIENT_ID": "console-m2m",
        "AUTH0_CLIENT_SECRET": "not-a-secret",
        "AUTH0_CUSTOM_DOMAIN": "login.example.com",
    }
    show = (
        "from django.conf import settings; from auth0sync.login import tenant_root; "
        "print(tenant_root() in settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    )
    script = f"import django; django.setup(); {show}"

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.us.auth0.com", "https://example.us.auth0.com"),
        ("http://127.0.0.1:8001/base/path", "http://127.0.0.1:8001"),
        ("", ""),
        ("https://[broken", ""),
    ],
)
def test_the_origin_of_a_tenant(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize("path", ["/healthz", "/admin/login/", "/nowhere"])
def test_the_other_headers_are_there_too(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_static_files_carry_the_policy_as_well(client: Client) -> None:
    answer = client.get("/static/favicon.svg")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
