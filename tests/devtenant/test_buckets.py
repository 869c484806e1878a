"""Rate limits per plan, and what is said of them (facts: rate limits)."""

import email.utils
import time
from collections.abc import Iterator

import httpx
import pytest

from devtenant.buckets import Bucket, Buckets
from tests.devtenant.running import RunningTenant


@pytest.fixture
def slow(limited: RunningTenant) -> Iterator[RunningTenant]:
    """A tenant whose one bucket holds three calls and refills one a second."""
    limited.token()
    limited.api("GET", "/roles")
    limited.control(rate={"burst": 3, "per_second": 1})
    yield limited


@pytest.mark.parametrize(
    ("plan", "method", "template", "burst"),
    [
        ("demo", "GET", "/users", 10),
        ("free", "POST", "/users", 2),
        ("enterprise", "GET", "/logs", 50),
        ("essentials", "GET", "/users", 40),
        ("essentials", "GET", "/users/{id}", 40),
        ("essentials", "GET", "/users-by-email", 40),
        ("essentials", "POST", "/users", 20),
        ("essentials", "PATCH", "/users/{id}", 20),
        ("essentials", "DELETE", "/users/{id}", 20),
        ("essentials", "GET", "/logs", 10),
        ("essentials", "GET", "/clients", 5),
        ("essentials", "GET", "/connections", 5),
        ("essentials", "GET", "/roles", 10),
        ("essentials", "POST", "/users/{id}/roles", 10),
        ("essentials", "POST", "/jobs/users-imports", 10),
        ("essentials", "GET", "/jobs/{id}", 10),
    ],
)
def test_each_plan_has_its_burst(plan: str, method: str, template: str, burst: int) -> None:
    assert Buckets(plan).take(method, template, 1000.0).limit == burst


def test_one_group_of_the_essentials_plan_leaves_the_others_alone() -> None:
    buckets = Buckets("essentials")
    for _ in range(20):
        assert buckets.take("POST", "/users", 1000.0).allowed

    assert not buckets.take("PATCH", "/users/{id}", 1000.0).allowed
    assert buckets.take("GET", "/users/{id}", 1000.0).allowed
    assert buckets.take("DELETE", "/users/{id}", 1000.0).allowed


def test_a_bucket_refills_at_its_rate() -> None:
    bucket = Bucket(2, 2.0)
    taken = [bucket.take(1000.0).allowed for _ in range(3)]

    assert taken == [True, True, False]
    assert not bucket.take(1000.4).allowed
    assert bucket.take(1000.5).allowed


def test_the_reset_is_when_the_whole_burst_is_back() -> None:
    bucket = Bucket(20, 200 / 60)
    for _ in range(20):
        take = bucket.take(1000.0)

    assert take.reset_at == 1006


def test_every_answer_says_what_is_left(slow: RunningTenant) -> None:
    answers = [slow.api("GET", "/roles") for _ in range(3)]

    left = [answer.headers["x-ratelimit-remaining"] for answer in answers]
    assert left == ["2", "1", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
    assert time.time() < int(answers[-1].headers["x-ratelimit-reset"]) <= time.time() + 5


def test_every_answer_carries_a_date(slow: RunningTenant) -> None:
    answer = slow.api("GET", "/roles")

    sent = email.utils.parsedate_to_datetime(answer.headers["date"])
    assert abs(sent.timestamp() - time.time()) < 3


def test_an_empty_bucket_is_429_without_retry_after(slow: RunningTenant) -> None:
    for _ in range(3):
        slow.api("GET", "/roles")

    answer = slow.api("GET", "/roles")

    assert answer.status_code == 429
    assert answer.json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert "retry-after" not in answer.headers


def test_retry_after_can_be_switched_on(slow: RunningTenant) -> None:
    slow.control(retry_after_header=True)
    for _ in range(3):
        slow.api("GET", "/roles")

    assert int(slow.api("GET", "/roles").headers["retry-after"]) >= 1


def test_after_the_reset_the_whole_burst_is_there(slow: RunningTenant) -> None:
    for _ in range(4):
        answer = slow.api("GET", "/roles")
    time.sleep(max(0, int(answer.headers["x-ratelimit-reset"]) - time.time()) + 0.05)

    assert [slow.api("GET", "/roles").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_refused_tokens_count_too(slow: RunningTenant) -> None:
    url = f"{slow.base_url}/api/v2/roles"
    statuses = [httpx.get(url, trust_env=False).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


def test_the_plan_can_be_changed_while_it_runs(limited: RunningTenant) -> None:
    limited.control(plan="free")

    assert limited.api("GET", "/roles").headers["x-ratelimit-limit"] == "2"


def test_tokens_are_not_counted_in_the_management_bucket(slow: RunningTenant) -> None:
    for _ in range(5):
        slow.token()

    assert slow.api("GET", "/roles").headers["x-ratelimit-remaining"] == "2"
