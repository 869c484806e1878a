"""POST, GET and DELETE of users (facts: users)."""

from typing import Any

import pytest

from tests.devtenant.builders import CONNECTION, make_user, new_user
from tests.devtenant.running import RunningTenant


def refusal(tenant: RunningTenant, **fields: Any) -> dict[str, Any]:
    """The body of a POST /users that is answered 400."""
    answer = tenant.api("POST", "/users", new_user(**fields))
    assert answer.status_code == 400, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_chosen_id_is_stored_behind_auth0(tenant: RunningTenant) -> None:
    user = tenant.api("POST", "/users", new_user(user_id="emp-1")).json()

    assert user["user_id"] == "auth0|emp-1"
    assert user["identities"] == [
        {"connection": CONNECTION, "user_id": "emp-1", "provider": "auth0", "isSocial": False}
    ]


def test_a_prefix_that_was_sent_is_doubled(tenant: RunningTenant) -> None:
    assert make_user(tenant, user_id="auth0|emp-1") == "auth0|auth0|emp-1"


def test_what_was_not_sent_gets_auth0s_defaults(tenant: RunningTenant) -> None:
    user = tenant.api("POST", "/users", new_user(given_name="Ada", family_name="Quill")).json()

    assert user["name"] == "ada@example.com"
    assert user["nickname"] == "ada"
    assert user["picture"].startswith("https://s.gravatar.com/avatar/")
    assert "blocked" not in user
    assert "password" not in user


def test_an_email_is_stored_in_lower_case(tenant: RunningTenant) -> None:
    user = tenant.api("POST", "/users", new_user("Ada@Example.COM")).json()

    assert user["email"] == "ada@example.com"


def test_a_password_is_needed(tenant: RunningTenant) -> None:
    refusal(tenant, password=None)


def test_a_weak_password_is_refused_without_an_error_code(tenant: RunningTenant) -> None:
    assert refusal(tenant, password="weakweak") == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "PasswordStrengthError: Password is too weak",
    }


def test_the_password_policy_can_be_set(tenant: RunningTenant) -> None:
    tenant.control(password_policy="excellent")
    refusal(tenant, password="Aaaa1111!")

    tenant.control(password_policy="low")
    make_user(tenant, password="weakweak")


def test_an_unknown_field_is_refused_by_name(tenant: RunningTenant) -> None:
    body = refusal(tenant, departement="Sewing")

    assert body["errorCode"] == "invalid_body"
    assert "departement" in body["message"]


def test_the_connection_is_needed(tenant: RunningTenant) -> None:
    body = refusal(tenant, connection=None)

    assert body["message"] == "Payload validation error: 'Missing required property: connection'"


def test_an_unknown_connection_is_refused(tenant: RunningTenant) -> None:
    body = refusal(tenant, connection="Staff")

    assert body["errorCode"] == "inexistent_connection"


@pytest.mark.parametrize("field", ["given_name", "family_name", "name", "nickname"])
def test_empty_text_is_refused(tenant: RunningTenant, field: str) -> None:
    body = refusal(tenant, **{field: ""})

    assert body["errorCode"] == "invalid_body"
    assert f"on property {field}" in body["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", "x" * 151),
        ("name", "x" * 301),
        ("user_id", "x" * 256),
        ("user_id", "with space"),
        ("picture", "no address"),
        ("email", "no address"),
        ("email_verified", "true"),
        ("app_metadata", "text"),
    ],
)
def test_a_value_outside_the_schema_is_refused(
    tenant: RunningTenant, field: str, value: Any
) -> None:
    assert refusal(tenant, **{field: value})["errorCode"] == "invalid_body"


def test_a_body_that_is_no_json_is_refused(tenant: RunningTenant) -> None:
    answer = tenant.client.post(
        f"{tenant.base_url}/api/v2/users",
        content=b"{",
        headers={"Authorization": f"Bearer {tenant.token()}", "Content-Type": "application/json"},
    )

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_body"


@pytest.mark.parametrize("again", [{"user_id": "emp-1"}, {"email": "ADA@example.com"}])
def test_a_taken_id_and_a_taken_email_get_the_same_409(
    tenant: RunningTenant, again: dict[str, str]
) -> None:
    make_user(tenant, user_id="emp-1")

    answer = tenant.api("POST", "/users", new_user(**{"email": "other@example.com", **again}))

    assert answer.status_code == 409
    assert answer.json() == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "The user already exists.",
        "errorCode": "auth0_idp_error",
    }


def test_a_user_name_is_refused_where_the_connection_takes_none(tenant: RunningTenant) -> None:
    body = refusal(tenant, username="ada")

    assert body["message"] == "Cannot set username for connection without requires_username"


def test_a_connection_that_requires_user_names_refuses_none_and_long_ones(
    tenant: RunningTenant,
) -> None:
    tenant.control(requires_username=True)

    assert "Missing username" in refusal(tenant)["message"]
    refusal(tenant, username="x" * 16)
    assert make_user(tenant, username="Ada")
    assert tenant.users()[0]["username"] == "ada"


@pytest.mark.parametrize("name", ["created_at", "blocked", "user_id", "__tenant", "lastLogin"])
def test_a_reserved_name_in_app_metadata_is_refused(tenant: RunningTenant, name: str) -> None:
    assert name in refusal(tenant, app_metadata={name: 1})["message"]


@pytest.mark.parametrize("metadata", [{"a.b": 1}, {"a$": 1}, {"deep": [{"a.b": 1}]}])
def test_points_and_dollars_in_names_are_refused(
    tenant: RunningTenant, metadata: dict[str, Any]
) -> None:
    refusal(tenant, user_metadata=metadata)


def test_a_profile_above_ten_kilobytes_is_refused(tenant: RunningTenant) -> None:
    refusal(tenant, app_metadata={"notes": "x" * 10_240})

    make_user(tenant, app_metadata={"notes": "x" * 9_000})


def test_a_verification_mail_goes_out_unless_it_is_switched_off(tenant: RunningTenant) -> None:
    make_user(tenant, "silent@example.com", verify_email=False)
    make_user(tenant, "verified@example.com", email_verified=True)
    make_user(tenant, "mailed@example.com")

    assert [mail["to"] for mail in tenant.outbox()] == [["mailed@example.com"]]


def test_reading_a_user_that_is_not_there_is_404(tenant: RunningTenant) -> None:
    answer = tenant.api("GET", "/users/auth0%7Cnobody")

    assert answer.status_code == 404
    assert answer.json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    }


def test_a_user_can_be_read_by_the_encoded_id_at_once(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    assert tenant.api("GET", "/users/auth0%7Cemp-1").json()["email"] == "ada@example.com"


def test_fields_narrow_what_is_read(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    some = tenant.api("GET", "/users/auth0%7Cemp-1?fields=email,user_id")
    rest = tenant.api("GET", "/users/auth0%7Cemp-1?fields=email&include_fields=false")

    assert some.json() == {"email": "ada@example.com", "user_id": "auth0|emp-1"}
    assert "email" not in rest.json()
    assert "user_id" in rest.json()


def test_a_deleted_user_is_gone_and_can_be_deleted_again(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    statuses = [tenant.api("DELETE", "/users/auth0%7Cemp-1").status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert tenant.api("GET", "/users/auth0%7Cemp-1").status_code == 404


def test_the_search_by_email_is_exact_and_never_404(tenant: RunningTenant) -> None:
    make_user(tenant)

    assert len(tenant.api("GET", "/users-by-email?email=ada@example.com").json()) == 1
    other = tenant.api("GET", "/users-by-email?email=Ada@example.com")
    assert (other.status_code, other.json()) == (200, [])
