"""A database that was restored without being announced: the engine stops before it does harm."""

from auth0sync import switch
from auth0sync.engine import sync
from auth0sync.models import Account, TenantState
from employees.models import Employee
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add, row_of
from tests.auth0sync.test_existing_accounts import existing
from tests.devtenant.running import RunningTenant


def later_account(tenant: RunningTenant, state: TenantState, employee: Employee) -> str:
    """An account of this employee that was made after the copy of the database."""
    return existing(
        tenant,
        user_id=f"emp-{state.installation}-{employee.pk}-2",
        app_metadata={"employee_id": employee.pk, "installation": state.installation},
    )


def test_an_account_of_a_later_generation_pauses_everything_until_somebody_resumes(
    tenant: RunningTenant, state: TenantState
) -> None:
    ana, ben = add(), add(name="Ben Sample", email="ben@example.com")
    user_id = later_account(tenant, state, ana)

    sync(ana.pk)
    calls = len(tenant.calls())
    sync(ben.pk)

    off = switch.why_off()
    assert off is not None
    assert off.code == "restored"
    assert len(tenant.calls()) == calls
    assert row_of(ana).auth0_sync_status == "pending"
    switch.resume("admin:1")
    time_passes(ana.pk)
    sync(ana.pk)
    assert row_of(ana).auth0_user_id == user_id
    assert account_of(ana).origin == "adopted"
    assert switch.is_on(), "the same account isn't met twice"


def test_an_account_of_somebody_whom_the_database_never_knew_is_such_a_sign_too(
    tenant: RunningTenant, state: TenantState
) -> None:
    existing(
        tenant,
        user_id=f"emp-{state.installation}-4711-2",
        app_metadata={"employee_id": 4711, "installation": state.installation},
    )
    ana = add()

    sync(ana.pk)

    assert switch.why_off() is not None
    assert Account.objects.get(pk=4711).generation == 2
