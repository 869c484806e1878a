"""The console pointed at a stand-in tenant over real HTTP; tests run the engine themselves."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import alert_delivery, token
from auth0sync.login import Auth0
from auth0sync.mail_pace import Lane
from auth0sync.models import Account, Brake, Bucket, Heartbeat, TenantState
from auth0sync.rate import Group, Limits
from auth0sync.scopes import SCOPES
from tests.auth0sync.visiting import CONSOLE, Visitor
from tests.devtenant.running import RunningTenant


@pytest.fixture(autouse=True)
def alerts_go_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the test's own thread and transaction, where what was sent can be looked at."""
    monkeypatch.setattr(alert_delivery, "in_background", alert_delivery.deliver)


@pytest.fixture(scope="session")
def running_tenant() -> Iterator[RunningTenant]:
    with RunningTenant() as tenant:
        yield tenant


@pytest.fixture
def tenant(running_tenant: RunningTenant, settings: Settings, state: TenantState) -> RunningTenant:
    """An empty tenant without a rate limit, which the console is configured for."""
    running_tenant.reset()
    running_tenant.clear_faults()
    running_tenant.unlimited()
    nothing_is_limited()
    point_console_at(running_tenant, settings)
    return running_tenant


def nothing_is_limited() -> None:
    """As after a first answer to every group of calls that told of no limit."""
    Bucket.objects.update(limits=Limits(sizes=dict.fromkeys(Group, 0)).as_json())


def point_console_at(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_DOMAIN = tenant.domain
    settings.AUTH0_BASE_URL = tenant.base_url
    settings.AUTH0_CLIENT_ID = "console-m2m"
    settings.AUTH0_CLIENT_SECRET = "not-a-secret"
    settings.AUTH0_RATE_LIMIT = 1000.0
    settings.AUTH0_TIMEOUT = 2
    token._held = None


@pytest.fixture
def well(tenant: RunningTenant, settings: Settings) -> RunningTenant:
    """An installation with nothing to mend: a worker that sweeps, and somebody who is told."""
    settings.ALERT_EMAILS = ["ops@example.com"]
    Heartbeat.objects.create(name="w", beaten_at=Now())
    until = Now() + timedelta(minutes=5)
    TenantState.objects.update(sweep_lease="w", sweep_lease_until=until)
    tenant.control(scopes={"console-m2m": [scope.name for scope in SCOPES]})
    return tenant


@pytest.fixture
def state(db: None) -> TenantState:
    """The one row, as the migration makes it; a flush by an earlier test may have removed it."""
    TenantState.objects.all().delete()
    Bucket.objects.all().delete()
    Bucket.objects.create(pk="management")
    Brake.objects.get_or_create(pk=1)
    return TenantState.objects.create()


def lease_runs_out(employee_id: int) -> None:
    """As time would do it: the worker that had the lease was silent for too long."""
    Account.objects.filter(pk=employee_id).update(lease_until=Now() - timedelta(seconds=1))


def time_passes(employee_id: int) -> None:
    """Whatever was put off for this employee is due now, a mail's turn too."""
    Bucket.objects.filter(pk__in=list(Lane)).update(next_at=Now())
    accounts = Account.objects.filter(pk=employee_id)
    accounts.exclude(due_at=None).update(due_at=Now())
    accounts.exclude(look_at=None).update(look_at=Now() - timedelta(seconds=1))
    accounts.exclude(doubt_until=None).update(doubt_until=Now() - timedelta(seconds=1))
    accounts.exclude(invitation_at=None).update(invitation_at=Now() - timedelta(seconds=1))


@pytest.fixture
def visitor(tenant: RunningTenant, settings: Settings) -> Iterator[Visitor]:
    """A browser, at a console that people sign in to through the tenant."""
    settings.AUTH0_LOGIN_CLIENT_ID = "console-login"
    settings.AUTH0_LOGIN_CLIENT_SECRET = "not-a-secret"
    for cached in (Auth0.get_openid_configuration, Auth0.get_jwks_keys_for_uri):
        cached.invalidate()
    cache.clear()  # what was mailed a moment ago isn't mailed again
    tenant.allow_console(CONSOLE)
    with Visitor(tenant) as browser:
        yield browser
