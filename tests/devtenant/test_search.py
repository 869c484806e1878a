"""GET /users (facts: GET /users?q=)."""

import time

import pytest

from tests.devtenant.builders import make_user
from tests.devtenant.running import RunningTenant


def found(tenant: RunningTenant, query: str) -> list[str]:
    """The e-mails of the users that a query finds."""
    params = {"q": query, "search_engine": "v3"}
    answer = tenant.client.get(
        f"{tenant.base_url}/api/v2/users",
        params=params,
        headers={"Authorization": f"Bearer {tenant.token()}"},
    )
    assert answer.status_code == 200, answer.text
    return sorted(user["email"].partition("@")[0] for user in answer.json())


@pytest.mark.parametrize(
    ("query", "emails"),
    [
        ("", ["ada", "bob", "cleo"]),
        ('email:"ada@example.com"', ["ada"]),
        ('email:"ADA@example.com"', ["ada"]),
        ('user_id:"auth0|emp-2"', ["bob"]),
        ("app_metadata.employee_id:1", ["ada"]),
        ('app_metadata.employee_id:1 OR email:"bob@example.com"', ["ada", "bob"]),
        ('app_metadata.site:"MS" AND NOT app_metadata.employee_id:1', ["bob"]),
        ('app_metadata.site:"MS" -name:"Ada Quill"', ["bob"]),
        ('(app_metadata.employee_id:[2 TO *] OR name:"Ada Quill") AND blocked:true', ["bob"]),
        ("name:Ada*", ["ada"]),
        ("_exists_:app_metadata.employee_id", ["ada", "bob"]),
        ('identities.connection:"Username-Password-Authentication"', ["ada", "bob", "cleo"]),
    ],
)
def test_a_query_finds_the_users_it_describes(
    tenant: RunningTenant, query: str, emails: list[str]
) -> None:
    make_user(
        tenant,
        user_id="emp-1",
        name="Ada Quill",
        app_metadata={"employee_id": 1, "site": "MS"},
    )
    make_user(
        tenant,
        "bob@example.com",
        user_id="emp-2",
        blocked=True,
        app_metadata={"employee_id": 2, "site": "MS"},
    )
    make_user(tenant, "cleo@example.com")

    assert found(tenant, query) == emails


@pytest.mark.parametrize("query", ['email:"a', "(email:a", "AND", "email:[a b]"])
def test_a_query_that_cannot_be_read_is_400(tenant: RunningTenant, query: str) -> None:
    answer = tenant.api("GET", f"/users?q={query}")

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_query_string"


def test_a_search_learns_of_a_change_only_after_its_delay(limited: RunningTenant) -> None:
    limited.unlimited()
    limited.control(search_delay_s=0.4)

    make_user(limited)

    assert found(limited, "") == []
    assert len(limited.api("GET", "/users-by-email?email=ada@example.com").json()) == 1
    time.sleep(0.5)
    assert found(limited, "") == ["ada"]


def test_the_delay_is_two_seconds_unless_it_is_set(limited: RunningTenant) -> None:
    assert limited.state()["control"]["search_delay_s"] == 2.0


def test_totals_come_in_the_recorded_envelope(tenant: RunningTenant) -> None:
    make_user(tenant)

    body = tenant.api("GET", "/users?include_totals=true").json()

    assert len(body.pop("users")) == 1
    assert body == {"start": 0, "limit": 50, "length": 1, "total": 1}


def test_more_than_a_hundred_a_page_is_400(tenant: RunningTenant) -> None:
    answer = tenant.api("GET", "/users?per_page=101")

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_query_string"


def test_a_search_never_goes_beyond_a_thousand_results(tenant: RunningTenant) -> None:
    assert tenant.api("GET", "/users?per_page=100&page=9").status_code == 200
    assert tenant.api("GET", "/users?per_page=100&page=10").status_code == 400


def test_pages_and_order(tenant: RunningTenant) -> None:
    for name in ("cleo", "ada", "bob"):
        make_user(tenant, f"{name}@example.com")

    page = tenant.api("GET", "/users?sort=email:-1&per_page=2&page=1").json()

    assert [user["email"] for user in page] == ["ada@example.com"]
