"""People with accounts in the stand-in tenant, and comparisons made in this process."""

from typing import Any
from unittest.mock import patch

from django.db.models.functions import Now

from auth0sync import reconcile_list
from auth0sync.engine import sync
from auth0sync.models import Account, Comparison, Difference, TenantState
from auth0sync.reconcile import compare
from auth0sync.reconcile_follow import carry_out, follow
from auth0sync.reconcile_runs import Lease
from employees.models import Employee
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.people import account_of, add
from tests.devtenant.running import RunningTenant


def settled(**over: Any) -> Employee:
    """Somebody whose account is as the row wants it, and nothing is left to do."""
    employee = add("none", **over)
    sync(employee.pk)
    assert account_of(employee).is_clean, account_of(employee).error
    return employee


def compared(tenant: RunningTenant) -> Comparison:
    """A comparison made now."""
    tenant.control(export_s=0)
    lease = Lease()
    assert lease.take()
    with patch.object(reconcile_list, "GIVE_WAY_S", 0.0):  # no worker is there to do it
        row = compare(lease, "test")
    lease.give_back()
    return row


def balanced(tenant: RunningTenant) -> Comparison:
    """The same, which has to come to its end."""
    row = compared(tenant)
    assert row.state == Comparison.State.DONE, row.error
    return row


def found(**only: Any) -> list[Difference]:
    """The differences that aren't over, the most urgent first."""
    rows = Difference.objects.exclude(state=Difference.State.CLOSED)
    return list(rows.filter(**only).order_by("rank", "pk"))


def the_one(**only: Any) -> Difference:
    """The only difference."""
    (row,) = found(**only)
    return row


def edit(tenant: RunningTenant, employee: Employee, **changes: Any) -> None:
    """Somebody changes the account in Auth0's own dashboard."""
    answer = tenant.api("PATCH", f"/users/{account_of(employee).user_id}", changes)
    assert answer.is_success, answer.text


def delete(tenant: RunningTenant, employee: Employee) -> None:
    """Somebody deletes the account in Auth0's own dashboard."""
    assert tenant.api("DELETE", f"/users/{account_of(employee).user_id}").is_success


def installation() -> str:
    """The name of this one."""
    return TenantState.objects.get(pk=1).installation


def profile_of(tenant: RunningTenant, employee: Employee) -> dict[str, Any]:
    """The account as Auth0 has it."""
    user: dict[str, Any] = tenant.api("GET", f"/users/{account_of(employee).user_id}").json()
    return user


def work_off() -> None:
    """What the workers and the sweep would do now."""
    while carry_out():
        pass
    for pk in Account.objects.exclude(due_at=None).values_list("pk", flat=True):
        time_passes(pk)
    for pk in Account.objects.filter(due_at__lte=Now(), batch=None).values_list("pk", flat=True):
        sync(pk)
    follow()
