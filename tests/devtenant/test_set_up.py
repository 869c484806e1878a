"""Resource servers, connections, clients, grants, settings (facts: set-up endpoints)."""

from urllib.parse import quote

import pytest

from tests.devtenant.builders import CONNECTION, make_api, permission, role_id
from tests.devtenant.running import RunningTenant

AUDIENCE = "https://api.example.com/"


def test_an_api_is_found_by_id_and_by_its_encoded_audience(tenant: RunningTenant) -> None:
    key = make_api(tenant, AUDIENCE)

    by_id = tenant.api("GET", f"/resource-servers/{key}").json()
    by_audience = tenant.api("GET", f"/resource-servers/{quote(AUDIENCE, safe='')}").json()

    assert by_id == by_audience
    assert by_id["signing_alg"] == "RS256"


def test_an_audience_is_taken_once(tenant: RunningTenant) -> None:
    make_api(tenant, AUDIENCE)

    assert tenant.api("POST", "/resource-servers", {"identifier": AUDIENCE}).status_code == 409


def test_scopes_replace_the_whole_list_and_permissions_go_with_them(
    tenant: RunningTenant,
) -> None:
    key = make_api(tenant, AUDIENCE, "read:a", "read:b")
    role = f"/roles/{role_id(tenant, 'finance')}/permissions"
    both = [permission("read:a", AUDIENCE), permission("read:b", AUDIENCE)]
    tenant.api("POST", role, {"permissions": both})

    answer = tenant.api("PATCH", f"/resource-servers/{key}", {"scopes": [{"value": "read:b"}]})

    assert answer.status_code == 200
    assert answer.json()["scopes"] == [{"value": "read:b"}]
    assert [row["permission_name"] for row in tenant.api("GET", role).json()] == ["read:b"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "no identifier"},
        {"identifier": "x", "unknown": 1},
        {"identifier": "x", "name": "<b>"},
        {"identifier": "x", "signing_alg": "none"},
        {"identifier": "x", "token_lifetime": 2592001},
    ],
)
def test_an_api_outside_the_schema_is_refused(
    tenant: RunningTenant, body: dict[str, object]
) -> None:
    assert tenant.api("POST", "/resource-servers", body).status_code == 400


def test_connections_come_as_the_sdk_asks_for_them(tenant: RunningTenant) -> None:
    body = tenant.api("GET", "/connections?include_totals=true&take=50").json()

    assert set(body) == {"connections"}
    [connection] = body["connections"]
    assert connection["name"] == CONNECTION
    assert connection["id"].startswith("con_")
    assert len(connection["id"]) == 20
    assert "enabled_clients" not in connection
    assert "requires_username" not in connection["options"]


def test_a_name_that_no_connection_has_gives_an_empty_list(tenant: RunningTenant) -> None:
    assert tenant.api("GET", "/connections?name=Staff&take=50").json() == {"connections": []}


def test_an_unknown_connection_is_404(tenant: RunningTenant) -> None:
    answer = tenant.api("GET", "/connections/con_0000000000000000")

    assert answer.json()["message"] == "The connection does not exist"
    assert answer.json()["errorCode"] == "inexistent_connection"


def test_applications_are_switched_on_and_off_for_a_connection(tenant: RunningTenant) -> None:
    path = f"/connections/{tenant.state()['connections'][0]['id']}/clients"
    body = [{"client_id": "console-login", "status": False}]

    answer = tenant.api("PATCH", path, body)

    assert answer.status_code == 204
    assert tenant.api("GET", path).json() == {"clients": [{"client_id": "console-m2m"}]}


def test_a_client_is_shown_without_its_secret_to_those_who_may_not_see_it(
    tenant: RunningTenant,
) -> None:
    console = tenant.api("GET", "/clients/console-login", client_id="console-setup").json()
    other = tenant.api("GET", "/clients/console-login").json()

    assert "client_secret" not in console
    assert console["app_type"] == "regular_web"
    assert other["client_secret"] == "not-a-secret"


def test_a_client_can_be_changed_only_with_the_scope(tenant: RunningTenant) -> None:
    body = {"callbacks": ["http://127.0.0.1:9999/complete/auth0/"]}

    refused = tenant.api("PATCH", "/clients/console-login", body, client_id="console-m2m")
    changed = tenant.api("PATCH", "/clients/console-login", body)

    assert refused.status_code == 403
    assert changed.json()["callbacks"] == body["callbacks"]


def test_grants_show_which_client_holds_what(tenant: RunningTenant) -> None:
    audience = f"https://{tenant.domain}/api/v2/"

    [grant] = tenant.api("GET", f"/client-grants?client_id=console-m2m&audience={audience}").json()

    assert grant["audience"] == audience
    assert "create:users" in grant["scope"]


def test_a_grant_is_made_once_for_an_api_that_exists(tenant: RunningTenant) -> None:
    make_api(tenant, AUDIENCE, "read:a")
    body = {"client_id": "console-m2m", "audience": AUDIENCE, "scope": ["read:a"]}

    made = tenant.api("POST", "/client-grants", body)
    again = tenant.api("POST", "/client-grants", body)
    nowhere = tenant.api("POST", "/client-grants", {**body, "audience": "https://no.example.com"})
    nobody = tenant.api("POST", "/client-grants", {**body, "client_id": "nobody"})

    assert (made.status_code, made.json()["scope"]) == (201, ["read:a"])
    assert [answer.status_code for answer in (again, nowhere, nobody)] == [409, 404, 404]
    [grant] = tenant.api("GET", f"/client-grants?audience={quote(AUDIENCE)}").json()
    assert grant["client_id"] == "console-m2m"


def test_the_console_may_set_nothing_up_and_the_set_up_reads_nobody(tenant: RunningTenant) -> None:
    """Least privilege: what is told in docs/deployment.md and docs/tenant-setup.md."""
    scopes = tenant.state()["control"]["scopes"]
    machine, set_up = (set(scopes[name]) for name in ("console-m2m", "console-setup"))

    assert not machine & {"create:roles", "delete:roles", "update:clients", "update:connections"}
    assert not {name for name in machine if "resource_servers" in name or "actions" in name}
    assert not {name for name in set_up if "users" in name or "members" in name or "keys" in name}


def test_there_is_no_mail_provider(tenant: RunningTenant) -> None:
    answer = tenant.api("GET", "/emails/provider")

    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "inexistent_email_provider"


def test_the_settings_say_that_logout_is_discoverable(tenant: RunningTenant) -> None:
    settings = tenant.api("GET", "/tenants/settings").json()

    assert settings["oidc_logout"]["rp_logout_end_session_endpoint_discovery"] is True


def test_sessions_are_for_the_enterprise_plan(tenant: RunningTenant) -> None:
    calls = [
        ("DELETE", "/users/auth0%7Cx/sessions"),
        ("DELETE", "/users/auth0%7Cx/refresh-tokens"),
        ("POST", "/users/auth0%7Cx/revoke-access"),
    ]

    before = [tenant.api(*call) for call in calls]
    tenant.control(plan="enterprise")
    after = [tenant.api(*call) for call in calls]

    assert [answer.status_code for answer in before] == [403, 403, 403]
    assert {answer.json()["errorCode"] for answer in before} == {"insufficient_entitlement"}
    assert [(answer.status_code, answer.json()) for answer in after] == [(202, {})] * 3


def test_an_unknown_path_is_404(tenant: RunningTenant) -> None:
    assert tenant.api("GET", "/nothing/here").json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "Not Found",
    }
