"""POST /_faults: what can be made to go wrong."""

import threading
import time
from typing import Any

import httpx
import pytest

from tests.devtenant.builders import make_user, new_user
from tests.devtenant.running import RunningTenant

CREATE = {"method": "POST", "path": "/api/v2/users"}


def quick(tenant: RunningTenant, method: str, path: str, body: Any = None) -> httpx.Response:
    """A call that waits no longer than half a second."""
    return tenant.client.request(
        method,
        f"{tenant.base_url}/api/v2{path}",
        json=body,
        headers={"Authorization": f"Bearer {tenant.token()}"},
        timeout=0.5,
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_before_the_write_leaves_nothing_behind(
    tenant: RunningTenant, status: int
) -> None:
    tenant.fault(match=CREATE, kind="status", status=status, times=1)

    answer = tenant.api("POST", "/users", new_user())

    assert answer.status_code == status
    assert "x-ratelimit-reset" in answer.headers
    assert tenant.users() == []


def test_a_status_after_the_write_leaves_the_account(tenant: RunningTenant) -> None:
    tenant.fault(match=CREATE, kind="status", status=503, when="after", times=1)

    assert tenant.api("POST", "/users", new_user()).status_code == 503
    assert len(tenant.users()) == 1


def test_a_bad_gateway_is_html_and_a_429_says_that_nothing_is_left(
    tenant: RunningTenant,
) -> None:
    tenant.fault(kind="status", status=502, times=1)
    tenant.fault(kind="status", status=429, times=1, retry_after=7)

    html, limit = tenant.api("GET", "/roles"), tenant.api("GET", "/roles")

    assert html.headers["content-type"].startswith("text/html")
    assert limit.json()["errorCode"] == "too_many_requests"
    assert limit.headers["x-ratelimit-remaining"] == "0"
    assert limit.headers["retry-after"] == "7"


def test_a_body_of_ones_own_can_be_sent(tenant: RunningTenant) -> None:
    body = {
        "statusCode": 409,
        "message": "The tenant has multiple verified custom domains.",
        "errorCode": "custom_domain_conflict",
    }
    tenant.fault(match=CREATE, kind="status", status=409, body=body, times=1)

    assert tenant.api("POST", "/users", new_user()).json() == body


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
def test_a_reset_tears_the_connection_down(tenant: RunningTenant, when: str, users: int) -> None:
    tenant.token()
    tenant.api("GET", "/roles")
    tenant.fault(match=CREATE, kind="reset", when=when, times=1)

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        tenant.api("POST", "/users", new_user())

    assert len(tenant.users()) == users
    assert tenant.calls("POST", "/api/v2/users")[-1]["status"] == 0


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
def test_a_hang_gives_no_answer_and_blocks_nobody_else(
    tenant: RunningTenant, when: str, users: int
) -> None:
    tenant.fault(match=CREATE, kind="hang", when=when, delay_s=1.5, times=1)

    with pytest.raises(httpx.ReadTimeout):
        quick(tenant, "POST", "/users", new_user())

    assert quick(tenant, "GET", "/roles").status_code == 200
    assert len(tenant.users()) == users


def test_a_hang_ends_without_an_answer(tenant: RunningTenant) -> None:
    tenant.fault(match=CREATE, kind="hang", delay_s=0.1, times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        tenant.api("POST", "/users", new_user())


def test_a_late_write_lands_after_everybody_has_left(tenant: RunningTenant) -> None:
    tenant.fault(match=CREATE, kind="hang", delay_s=0.8, lands=True, times=1)

    with pytest.raises(httpx.ReadTimeout):
        quick(tenant, "POST", "/users", new_user())

    assert tenant.users() == []
    time.sleep(0.8)
    assert len(tenant.users()) == 1


def test_a_late_write_lands_nowhere_after_a_reset(tenant: RunningTenant) -> None:
    tenant.fault(match=CREATE, kind="hang", delay_s=0.8, lands=True, times=1)
    with pytest.raises(httpx.ReadTimeout):
        quick(tenant, "POST", "/users", new_user())

    tenant.reset()

    time.sleep(1.2)
    assert tenant.users() == []


def test_a_slow_answer_comes_late_but_right(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/api/v2/roles"}, kind="slow", delay_s=0.3, times=1)
    started = time.monotonic()

    answer = tenant.api("GET", "/roles")

    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_wrong_body_comes_with_the_right_status_after_the_write(
    tenant: RunningTenant,
) -> None:
    tenant.fault(match=CREATE, kind="wrong_body", times=1)

    answer = tenant.api("POST", "/users", new_user())

    assert answer.status_code == 201
    assert not isinstance(answer.json()["user_id"], str)
    assert len(tenant.users()) == 1


def test_a_fault_fires_as_often_as_it_was_told(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/api/v2/roles"}, kind="status", status=500, times=2)

    statuses = [tenant.api("GET", "/roles").status_code for _ in range(3)]

    assert statuses == [500, 500, 200]
    [fault] = tenant.faults()
    assert (fault["fired"], fault["left"]) == (2, 0)


def test_a_fault_without_times_fires_until_it_is_cleared(tenant: RunningTenant) -> None:
    tenant.fault(kind="status", status=500)
    before = [tenant.api("GET", "/roles").status_code for _ in range(3)]

    tenant.clear_faults()

    assert before == [500] * 3
    assert tenant.api("GET", "/roles").status_code == 200


def test_a_rate_with_a_seed_fails_the_same_calls_each_time(tenant: RunningTenant) -> None:
    runs = []
    for _ in range(2):
        tenant.clear_faults()
        tenant.fault(kind="status", status=500, rate=0.3, seed=7)
        runs.append([tenant.api("GET", "/roles").status_code for _ in range(60)])

    assert runs[0] == runs[1]
    assert 8 <= runs[0].count(500) <= 30


def test_a_fault_matches_method_and_whole_path(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    tenant.fault(match={"method": "GET", "path": r"/api/v2/users/auth0\|emp-\d+"}, kind="status")

    assert tenant.api("GET", "/users/auth0%7Cemp-1").status_code == 503
    assert tenant.api("GET", "/users/auth0%7Cemp-1/roles").status_code == 200
    assert tenant.api("PATCH", "/users/auth0%7Cemp-1", {"name": "Ada"}).status_code == 200


def test_the_token_endpoint_can_fail_too(tenant: RunningTenant) -> None:
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=503, times=1)

    with pytest.raises(httpx.HTTPStatusError):
        tenant.token()


def test_the_controls_never_fail(tenant: RunningTenant) -> None:
    tenant.fault(kind="reset")

    assert tenant.users() == []


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "fire"},
        {"kind": "status", "rate": 2},
        {"kind": "status", "when": "never"},
        {"kind": "status", "match": {"path": "("}},
        {"kind": "status", "oops": 1},
        ["text"],
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_words(tenant: RunningTenant, spec: Any) -> None:
    answer = tenant.client.post(f"{tenant.base_url}/_faults", json=spec)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_several_faults_can_be_set_at_once(tenant: RunningTenant) -> None:
    specs = [{"kind": "status", "status": 500, "times": 1}, {"kind": "slow", "delay_s": 0}]

    tenant.ask("POST", "/_faults", specs)

    assert [fault["kind"] for fault in tenant.faults()] == ["status", "slow"]


def test_many_calls_at_once_make_one_account(tenant: RunningTenant) -> None:
    statuses: list[int] = []
    token = tenant.token()

    def create() -> None:
        answer = httpx.post(
            f"{tenant.base_url}/api/v2/users",
            json=new_user(user_id="emp-1"),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201] + [409] * 7
