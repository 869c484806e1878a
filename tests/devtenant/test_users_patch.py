"""PATCH of users (facts: users, PATCH)."""

from typing import Any

import pytest

from tests.devtenant.builders import PASSWORD, make_user
from tests.devtenant.running import RunningTenant

PATH = "/users/auth0%7Cemp-1"


def change(tenant: RunningTenant, **fields: Any) -> dict[str, Any]:
    """PATCH the user emp-1 and return them."""
    answer = tenant.api("PATCH", PATH, fields)
    assert answer.status_code == 200, answer.text
    user: dict[str, Any] = answer.json()
    return user


def test_metadata_merges_at_the_first_level_only(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", app_metadata={"keep": 1, "nested": {"a": 1}})

    user = change(tenant, app_metadata={"new": 2, "nested": {"b": 2}})

    assert user["app_metadata"] == {"keep": 1, "new": 2, "nested": {"b": 2}}


def test_null_removes_a_key_of_metadata(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", app_metadata={"a": 1, "b": 2})

    assert change(tenant, app_metadata={"a": None})["app_metadata"] == {"b": 2}


def test_an_empty_object_wipes_metadata(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", app_metadata={"a": 1}, user_metadata={"b": 2})

    user = change(tenant, app_metadata={}, user_metadata={})

    assert "app_metadata" not in user
    assert user["user_metadata"] == {}


def test_null_unsets_a_root_field(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", given_name="Ada")

    assert "given_name" not in change(tenant, given_name=None)


def test_a_misspelled_field_passes_in_silence_and_does_nothing(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    assert "familyname" not in change(tenant, familyname="Quill", name="Ada")


def test_empty_text_is_refused(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    answer = tenant.api("PATCH", PATH, {"given_name": ""})

    assert answer.json()["errorCode"] == "invalid_body"


def test_an_empty_body_is_refused(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    assert tenant.api("PATCH", PATH, {}).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "ada", "password": PASSWORD},
        {"username": "ada", "email_verified": True},
        {"password": PASSWORD, "email_verified": True},
    ],
)
def test_what_cannot_go_together_is_refused(tenant: RunningTenant, fields: dict[str, Any]) -> None:
    make_user(tenant, user_id="emp-1")

    assert tenant.api("PATCH", PATH, fields).status_code == 400


def test_another_email_is_unverified_unless_the_call_says_so(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", email_verified=True)

    assert change(tenant, email="new@example.com")["email_verified"] is False
    user = change(tenant, email="NEWER@example.com", email_verified=True)
    assert (user["email"], user["email_verified"]) == ("newer@example.com", True)


def test_the_email_of_somebody_else_is_refused(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    make_user(tenant, "bob@example.com")

    answer = tenant.api("PATCH", PATH, {"email": "Bob@example.com"})

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "auth0_idp_error"


def test_a_password_removes_the_administrators_block(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", blocked=True)

    user = change(tenant, password=PASSWORD)

    assert user["blocked"] is False
    assert "last_password_reset" in user


def test_a_password_removes_even_a_block_of_the_same_call(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    assert change(tenant, password=PASSWORD, blocked=True)["blocked"] is False


def test_unblocking_does_not_lift_brute_force_blocks(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, user_id="emp-1")
    tenant.ask("POST", "/_brute_force", {"user_id": user_id})

    change(tenant, blocked=False)

    blocks = tenant.api("GET", "/user-blocks/auth0%7Cemp-1").json()["blocked_for"]
    assert len(blocks) == 1
    assert tenant.api("DELETE", "/user-blocks/auth0%7Cemp-1").status_code == 204
    assert tenant.api("GET", "/user-blocks/auth0%7Cemp-1").json() == {"blocked_for": []}


def test_app_metadata_needs_its_own_scope_too(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    tenant.control(scopes={"console-m2m": ["update:users"], "other-m2m": ["update:users"]})
    tenant.tokens.clear()

    refused = tenant.api("PATCH", PATH, {"app_metadata": {"a": 1}})
    allowed = tenant.api("PATCH", PATH, {"name": "Ada"})
    tenant.tokens.clear()

    assert refused.status_code == 403
    assert allowed.status_code == 200


def test_an_unknown_user_is_404(tenant: RunningTenant) -> None:
    assert tenant.api("PATCH", PATH, {"name": "Ada"}).status_code == 404


def test_a_refused_change_changes_nothing(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1", name="Ada")

    tenant.api("PATCH", PATH, {"name": "Bob", "password": "weak"})

    assert tenant.users()[0]["name"] == "Ada"
