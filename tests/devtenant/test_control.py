"""The controls and the pages for people."""

import time

import pytest

from tests.devtenant.builders import make_user, role_id
from tests.devtenant.running import RunningTenant


def test_calls_are_counted_by_their_kind_and_listed_one_by_one(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    tenant.api("GET", "/users/auth0%7Cemp-1")
    tenant.api("GET", "/users/auth0%7Cemp-2")

    calls = tenant.state()["calls"]

    assert calls["POST /api/v2/users"] == 1
    assert calls["GET /api/v2/users/{id}"] == 2
    listed = tenant.calls("GET", r"/api/v2/users/auth0\|emp-\d")
    assert [call["status"] for call in listed] == [200, 404]
    assert abs(listed[0]["at"] - time.time()) < 5


def test_latency_is_added_to_answers_of_the_tenant_and_not_to_the_controls(
    tenant: RunningTenant,
) -> None:
    tenant.control(latency_s=0.3)

    started = time.monotonic()
    tenant.state()
    between = time.monotonic()
    tenant.api("GET", "/roles")
    ended = time.monotonic()

    assert between - started < 0.3
    assert ended - between >= 0.3


def test_a_login_can_be_marked(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, user_id="emp-1")

    tenant.login(user_id)
    tenant.login(user_id)

    user = tenant.api("GET", "/users/auth0%7Cemp-1").json()
    assert user["logins_count"] == 2
    assert "last_login" in user


def test_an_email_can_be_marked_as_verified(tenant: RunningTenant) -> None:
    tenant.verify(make_user(tenant))

    assert tenant.users()[0]["email_verified"] is True


def test_a_reset_brings_the_initial_state_back(tenant: RunningTenant) -> None:
    make_user(tenant)
    tenant.fault(kind="reset")
    tenant.control(plan="free", scopes={"console-m2m": []}, latency_s=1, requires_username=True)

    tenant.reset()

    state = tenant.state()
    assert (state["users"], state["faults"], state["calls"]) == ([], [], {})
    assert state["control"]["plan"] == "demo"
    assert state["control"]["latency_s"] == 0
    assert state["control"]["requires_username"] is False
    assert "create:users" in state["control"]["scopes"]["console-m2m"]
    assert tenant.outbox() == []


@pytest.mark.parametrize(
    "settings",
    [
        {"plan": "gold"},
        {"password_policy": "strict"},
        {"latency_s": -1},
        {"scopes": {"nobody": []}},
        {"rate": 5},
        {"latency": 1},
        {"roles_claim": "roles"},
        {"roles_claim": "https://tenant.auth0.com/roles"},
        {"roles_claim": None},
        {"import_users_per_second": 0},
        {"export_s": "soon"},
        {"age_jobs_s": -1},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_words(
    tenant: RunningTenant, settings: dict[str, object]
) -> None:
    answer = tenant.client.post(f"{tenant.base_url}/_control", json=settings)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/users", "/outbox", "/outbox/1", "/buckets", "/faults"),
        *("/u/reset-password?ticket=x", "/u/email-verification?ticket=x", "/u/forgot-password"),
        *("/authorize", "/authorize?client_id=console-login&response_type=code", "/oidc/logout"),
    ],
)
def test_every_page_says_what_it_is_and_runs_no_script(tenant: RunningTenant, path: str) -> None:
    make_user(tenant)
    tenant.fault(kind="status", match={"path": "/x"})

    page = tenant.client.get(tenant.base_url + path)

    assert "stand-in for Auth0, not Auth0" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_style_sheet_is_served(tenant: RunningTenant) -> None:
    page = tenant.client.get(f"{tenant.base_url}/static/devtenant.css")

    assert page.status_code == 200
    assert "prefers-color-scheme: dark" in page.text


def test_the_page_of_users_shows_who_they_are(tenant: RunningTenant) -> None:
    user_id = make_user(tenant, user_id="emp-1", name="Ada <Quill>", blocked=True)
    tenant.api("POST", f"/users/{user_id}/roles", {"roles": [role_id(tenant, "team_lead")]})

    page = tenant.client.get(f"{tenant.base_url}/users").text

    for text in ("Ada &lt;Quill&gt;", "ada@example.com", "team_lead", "auth0|emp-1", "yes"):
        assert text in page


def test_many_accounts_are_there_at_once(tenant: RunningTenant) -> None:
    user = {"app_metadata": {"employee_id": "{n}", "installation": "plant"}, "name": "No. {n}"}

    tenant.seed(3, first=10, user=user, roles=["admin", "manager"])

    found = tenant.api("GET", "/users/auth0%7Ccrowd-12").json()
    assert (found["email"], found["name"]) == ("person12@example.com", "No. 12")
    assert found["app_metadata"] == {"employee_id": 12, "installation": "plant"}
    admins = tenant.api("GET", f"/roles/{role_id(tenant, 'admin')}/users").json()
    assert [row["user_id"] for row in admins] == ["auth0|crowd-10", "auth0|crowd-12"]
    assert tenant.count()["users"] == 3
    assert tenant.count()["calls"]["GET /api/v2/roles/{id}/users"] == 1


@pytest.mark.parametrize(
    "wanted",
    [
        {"users": 0},
        {"users": "9"},
        {"users": 1, "first": "a"},
        {"users": 1, "roles": ["x"]},
        {"n": 1},
    ],
)
def test_a_crowd_that_makes_no_sense_is_refused_in_words(
    tenant: RunningTenant, wanted: dict[str, object]
) -> None:
    answer = tenant.client.post(f"{tenant.base_url}/_seed", json=wanted)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_page_of_users_shows_the_newest_of_a_crowd(tenant: RunningTenant) -> None:
    tenant.seed(501)

    page = tenant.client.get(f"{tenant.base_url}/users").text

    assert "aren't shown: 1." in page
    assert ("auth0|crowd-501<" in page, "auth0|crowd-1<" in page) == (True, False)
