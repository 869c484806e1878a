"""One tenant for all tests of a session, emptied before each."""

from collections.abc import Iterator

import pytest

from tests.devtenant.running import RunningTenant


@pytest.fixture(scope="session")
def shared_tenant() -> Iterator[RunningTenant]:
    """The process; use ``tenant`` instead."""
    with RunningTenant(smtp_port=None) as running:
        yield running


@pytest.fixture
def limited(shared_tenant: RunningTenant) -> RunningTenant:
    """A tenant in its initial state, rate limits and search delay included."""
    shared_tenant.reset()
    return shared_tenant


@pytest.fixture
def tenant(limited: RunningTenant) -> RunningTenant:
    """A tenant in its initial state, without rate limit and with a search that is up to date."""
    limited.unlimited()
    limited.control(search_delay_s=0)
    return limited
