"""The real SDK against the stand-in: its models must take every answer."""

from collections.abc import Iterator

import httpx
import pytest
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError

from tests.devtenant.builders import CONNECTION, PASSWORD, make_user
from tests.devtenant.running import RunningTenant


@pytest.fixture
def sdk(tenant: RunningTenant) -> Iterator[Auth0]:
    """The SDK as the console makes it, with every scope."""
    with httpx.Client(timeout=5, trust_env=False) as http:
        yield Auth0(
            base_url=f"{tenant.base_url}/api/v2",
            token=tenant.token(),
            timeout=5,
            max_retries=0,
            httpx_client=http,
        )


def test_a_user_is_created_changed_read_and_deleted(sdk: Auth0) -> None:
    made = sdk.users.with_raw_response.create(
        connection=CONNECTION,
        user_id="emp-1",
        email="ada@example.com",
        password=PASSWORD,
        verify_email=False,
        app_metadata={"employee_id": 1},
    )
    changed = sdk.users.update("auth0|emp-1", name="Ada Quill", given_name="Ada")
    read = sdk.users.get("auth0|emp-1")
    sdk.users.delete("auth0|emp-1")

    assert made.data.user_id == "auth0|emp-1"
    assert "x-ratelimit-remaining" in made.headers
    assert changed.name == read.name == "Ada Quill"
    assert read.app_metadata == {"employee_id": 1}
    with pytest.raises(ApiError) as error:
        sdk.users.get("auth0|emp-1")
    assert error.value.status_code == 404


def test_a_second_account_with_the_same_id_is_a_conflict(tenant: RunningTenant, sdk: Auth0) -> None:
    make_user(tenant, user_id="emp-1")

    with pytest.raises(ApiError) as error:
        sdk.users.create(
            connection=CONNECTION, user_id="emp-1", email="b@example.com", password=PASSWORD
        )

    assert error.value.status_code == 409
    assert error.value.body["errorCode"] == "auth0_idp_error"


def test_null_unsets_a_field(tenant: RunningTenant, sdk: Auth0) -> None:
    make_user(tenant, user_id="emp-1", given_name="Ada")

    assert sdk.users.update("auth0|emp-1", given_name=None).given_name is None


def test_users_are_found_by_email_and_by_search(tenant: RunningTenant, sdk: Auth0) -> None:
    make_user(tenant, user_id="emp-1", app_metadata={"employee_id": 1})

    [by_email] = sdk.users.list_users_by_email(email="ada@example.com")
    [by_search] = list(sdk.users.list(q="app_metadata.employee_id:1", search_engine="v3"))

    assert by_email.user_id == by_search.user_id == "auth0|emp-1"


def test_a_search_is_read_page_by_page(tenant: RunningTenant, sdk: Auth0) -> None:
    for number in range(5):
        make_user(tenant, f"u{number}@example.com")

    assert len(list(sdk.users.list(per_page=2))) == 5


def test_roles_are_listed_given_read_and_taken(tenant: RunningTenant, sdk: Auth0) -> None:
    user_id = make_user(tenant)
    roles = {role.name: role.id for role in sdk.roles.list(name_filter="a")}
    wanted = [str(roles["admin"]), str(roles["manager"])]

    sdk.users.roles.assign(user_id, roles=wanted)
    held = [role.name for role in sdk.users.roles.list(user_id)]
    sdk.users.roles.delete(user_id, roles=wanted[:1])

    assert held == ["admin", "manager"]
    assert [role.name for role in sdk.users.roles.list(user_id)] == ["manager"]


def test_a_role_is_made_and_given_to_many(tenant: RunningTenant, sdk: Auth0) -> None:
    user_id = make_user(tenant)
    role_id = str(sdk.roles.create(name="driver", description="Drives").id)

    sdk.roles.users.assign(role_id, users=[user_id])

    assert [user.user_id for user in sdk.roles.users.list(role_id)] == [user_id]


def test_apis_and_permissions_are_set_up(tenant: RunningTenant, sdk: Auth0) -> None:
    audience = "https://api.example.com/"
    scopes = [{"value": "read:a", "description": "Reads a"}]
    role_id = str(next(iter(sdk.roles.list(name_filter="finance"))).id)
    user_id = make_user(tenant)

    made = sdk.resource_servers.create(
        identifier=audience,
        name="API",
        scopes=scopes,
        signing_alg="RS256",
        enforce_policies=True,
        token_dialect="access_token_authz",
    )
    item = {"resource_server_identifier": audience, "permission_name": "read:a"}
    sdk.roles.permissions.add(role_id, permissions=[item])
    sdk.users.roles.assign(user_id, roles=[role_id])

    assert sdk.resource_servers.get(audience).id == made.id
    assert sdk.resource_servers.update(made.id, scopes=scopes).identifier == audience
    assert [p.permission_name for p in sdk.roles.permissions.list(role_id)] == ["read:a"]
    assert [p.permission_name for p in sdk.users.permissions.list(user_id)] == ["read:a"]


def test_tickets_and_the_verification_job_are_made(tenant: RunningTenant, sdk: Auth0) -> None:
    user_id = make_user(tenant)

    password = sdk.tickets.change_password(
        user_id=user_id, ttl_sec=3600, mark_email_as_verified=True
    )
    verification = sdk.tickets.verify_email(user_id=user_id)
    job = sdk.jobs.verification_email.create(user_id=user_id)

    assert "/u/reset-password?ticket=" in password.ticket
    assert "/u/email-verification?ticket=" in verification.ticket
    assert sdk.jobs.get(str(job.id)).id == job.id


def test_connections_clients_and_grants_are_read(sdk: Auth0) -> None:
    [connection] = list(sdk.connections.list(name=CONNECTION, strategy=["auth0"]))
    key = str(connection.id)

    assert sdk.connections.get(key).name == CONNECTION
    assert {c.client_id for c in sdk.connections.clients.get(key)} == {
        "console-login",
        "console-m2m",
    }
    assert sdk.clients.get("console-login").app_type == "regular_web"
    assert len(list(sdk.clients.list())) == 4
    assert len(list(sdk.client_grants.list(client_id="console-m2m"))) == 1
    assert sdk.tenants.settings.get().friendly_name


def test_blocks_and_revocations_are_answered(tenant: RunningTenant, sdk: Auth0) -> None:
    user_id = make_user(tenant)
    assert sdk.user_blocks.list(user_id).blocked_for == []
    sdk.user_blocks.delete(user_id)

    with pytest.raises(ApiError) as error:
        sdk.users.revoke_access(user_id)
    assert error.value.status_code == 403

    tenant.control(plan="enterprise")
    sdk.users.sessions.delete(user_id)
    sdk.users.refresh_token.delete(user_id)
    sdk.users.revoke_access(user_id)
