"""The tenant's public keys: how often they are asked for, and what counts while it is away."""

import threading
import time
from typing import Any

import pytest

from auth0sync import signing_keys
from auth0sync.signing_keys import SigningKeys
from tests.auth0sync.signing import JWKS, jwk, show_keys
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once


class Clock:
    """Stands where it is until it is put forward."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stands = Clock()
    monkeypatch.setattr(signing_keys, "monotonic", stands)
    return stands


@pytest.fixture
def tenant(running_tenant: RunningTenant) -> RunningTenant:
    show_keys(running_tenant, jwk("ours"))
    return running_tenant


@pytest.fixture
def keys(tenant: RunningTenant, clock: Clock) -> SigningKeys:
    return SigningKeys(f"{tenant.base_url}{JWKS}")


def asked(tenant: RunningTenant) -> int:
    """How often the tenant was asked since what it shows was set."""
    return int(tenant.faults()[0]["fired"])


def test_a_key_is_asked_for_once(keys: SigningKeys, tenant: RunningTenant) -> None:
    assert keys.find("ours") is keys.find("ours") is not None
    assert asked(tenant) == 1


def test_made_up_names_ask_the_tenant_once_a_minute(
    keys: SigningKeys, tenant: RunningTenant, clock: Clock
) -> None:
    keys.find("ours")
    clock.now += 61

    assert [keys.find(f"made-up-{number}") for number in range(100)] == [None] * 100
    assert asked(tenant) == 2


def test_what_is_ten_minutes_old_is_asked_for_again(
    keys: SigningKeys, tenant: RunningTenant, clock: Clock
) -> None:
    keys.find("ours")
    show_keys(tenant, jwk("theirs"))
    clock.now += 599
    assert keys.find("ours") is not None

    clock.now += 2

    assert keys.find("ours") is None
    assert keys.find("theirs") is not None


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "wrong_body", "body": "<html>"},
        {"kind": "wrong_body", "body": [1]},
        {"kind": "wrong_body", "body": {"keys": []}},
        {"kind": "wrong_body", "body": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "ours"}]}},
    ],
    ids=str,
)
def test_the_last_good_keys_count_while_the_tenant_gives_none(
    keys: SigningKeys, tenant: RunningTenant, clock: Clock, fault: dict[str, Any]
) -> None:
    good = keys.find("ours")
    tenant.clear_faults()
    tenant.fault(match={"path": JWKS}, **fault)
    clock.now += 3600

    assert [keys.find("ours") for _ in range(10)] == [good] * 10
    assert asked(tenant) == 1


@pytest.mark.parametrize("over", [{"use": "enc"}, {"kid": None}], ids=str)
def test_a_key_that_signs_nothing_or_has_no_name_is_none(
    keys: SigningKeys, tenant: RunningTenant, over: dict[str, Any]
) -> None:
    show_keys(tenant, jwk("ours", **over))
    assert keys.find("ours") is None


def test_a_tenant_that_was_never_reached_is_asked_every_ten_seconds(
    keys: SigningKeys, tenant: RunningTenant, clock: Clock
) -> None:
    tenant.clear_faults()
    tenant.fault(kind="status", status=503, match={"path": JWKS})
    for _ in range(10):
        assert keys.find("ours") is None
    assert asked(tenant) == 1

    clock.now += 11
    show_keys(tenant, jwk("ours"))

    assert keys.find("ours") is not None


def test_a_tenant_that_hangs_holds_one_up_and_for_no_longer_than_the_time_out(
    keys: SigningKeys, tenant: RunningTenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.find("ours")
    monkeypatch.setattr(signing_keys, "TIMEOUT_S", 1.0)
    tenant.clear_faults()
    tenant.fault(kind="hang", delay_s=5, match={"path": JWKS})
    clock.now += 3600
    asks = threading.Thread(target=keys.find, args=["ours"])
    asks.start()
    while asks.is_alive() and not asked(tenant):
        time.sleep(0.01)

    assert keys.find("ours") is not None  # while the other one waits
    assert asks.is_alive()
    asks.join(timeout=15)

    assert not asks.is_alive()
    assert asked(tenant) == 1
    tenant.clear_faults()


def test_many_at_once_without_keys_ask_once(keys: SigningKeys, tenant: RunningTenant) -> None:
    tenant.clear_faults()
    body = {"keys": [jwk("ours")]}
    tenant.fault(kind="wrong_body", body=body, delay_s=0.2, match={"path": JWKS})
    found: list[object] = []
    crowd = [threading.Thread(target=lambda: found.append(keys.find("ours"))) for _ in range(8)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(timeout=30)

    assert len(found) == 8
    assert None not in found
    assert asked(tenant) == 1
