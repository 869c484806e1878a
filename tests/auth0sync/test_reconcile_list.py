"""Getting Auth0's list of accounts, whatever happens to the job, the link and the file."""

from typing import Any

import pytest
from pytest_django import Settings

from auth0sync import reconcile_again, reconcile_list, token
from auth0sync.balance import balance_standing
from auth0sync.errors import NotNow
from auth0sync.models import Account, Comparison, Priority, TenantState
from auth0sync.reconcile_picture import Picture
from auth0sync.reconcile_runs import Lease
from auth0sync.tenant import Tenant
from tests.auth0sync.comparing import balanced, compared, edit, found, installation, settled
from tests.auth0sync.people import account_of
from tests.auth0sync.test_pauses import forbid, grant
from tests.devtenant.running import RunningTenant

pytestmark = [pytest.mark.django_db, pytest.mark.once]

EXPORT = {"method": "POST", "path": "/api/v2/jobs/users-exports"}
FILE = {"path": "/user-exports/.*"}


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted instead of waited for."""
    waits: list[float] = []
    monkeypatch.setattr(reconcile_list.Source, "wait", lambda self, seconds: waits.append(seconds))
    return waits


def exports(tenant: RunningTenant) -> int:
    return len(tenant.calls(**EXPORT_CALL))


EXPORT_CALL: dict[str, Any] = {"method": "POST", "path_regex": ".*/jobs/users-exports"}


def test_a_job_that_fails_is_begun_again(tenant: RunningTenant) -> None:
    settled()
    tenant.fault(kind="job_dies", match=EXPORT, times=1)

    assert balanced(tenant).equal == 1
    assert exports(tenant) == 2


def test_a_job_whose_data_is_gone_is_begun_again(tenant: RunningTenant) -> None:
    settled()
    tenant.fault(kind="job_erased", match=EXPORT, times=1)

    assert balanced(tenant).equal == 1
    assert exports(tenant) == 2


def test_a_job_that_never_ends_is_given_up(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_list, "JOB_MOST_S", 0.2)
    tenant.fault(kind="job_stuck", match=EXPORT)

    row = compared(tenant)

    assert (row.state, row.error_code) == ("failed", "export_failed")
    assert exports(tenant) == 3


def test_a_link_that_has_expired_is_asked_for_anew(tenant: RunningTenant) -> None:
    settled()
    tenant.fault(kind="status", status=403, match=FILE, times=1)

    assert balanced(tenant).equal == 1
    assert exports(tenant) == 1


def test_nothing_is_concluded_from_a_file_that_ends_in_the_middle(tenant: RunningTenant) -> None:
    settled()
    tenant.fault(kind="cut", match=FILE, after_bytes=40)

    row = compared(tenant)

    assert (row.state, found()) == ("failed", [])
    assert "couldn't be read to its end" in row.error


def test_a_failed_one_leaves_the_last_good_one_as_it_is(tenant: RunningTenant) -> None:
    settled()
    good = balanced(tenant)
    tenant.fault(kind="cut", match=FILE, after_bytes=40)

    assert compared(tenant).state == Comparison.State.FAILED
    assert balance_standing().last == good


def test_a_plan_without_exports_says_so(tenant: RunningTenant) -> None:
    tenant.control(bulk_jobs=False)

    row = compared(tenant)

    assert (row.state, row.error_code) == ("failed", "insufficient_entitlement")
    assert "plan has no list of all accounts" in row.error


def test_a_scope_that_is_missing_is_named(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token, "NEW_FOR_S", 0)
    forbid(tenant, "read:roles", "read:role_members")

    row = compared(tenant)

    grant(tenant)
    assert (row.state, row.error_code) == ("failed", "insufficient_scope")
    assert "read:roles" in row.error


def test_a_list_that_is_forbidden_is_no_matter_of_the_plan(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token, "NEW_FOR_S", 0)
    tenant.fault(kind="status", status=403, match=EXPORT)

    row = compared(tenant)

    assert (row.state, row.error_code) == ("failed", "insufficient_scope")
    assert "no list of all accounts" not in row.error


def test_a_tenant_that_is_busy_is_waited_for(tenant: RunningTenant, waited: list[float]) -> None:
    settled()
    tenant.fault(kind="status", status=503, match=EXPORT, times=2)

    assert balanced(tenant).equal == 1
    assert waited[:2] == [1.0, 2.0]


def test_one_that_stays_away_is_not_waited_for_for_ever(tenant: RunningTenant) -> None:
    tenant.fault(kind="status", status=503, match=EXPORT)

    assert compared(tenant).state == Comparison.State.FAILED


def test_a_switch_that_is_turned_off_ends_it_at_once(
    tenant: RunningTenant, settings: Settings, waited: list[float]
) -> None:
    settings.AUTH0_SYNC_ENABLED = False

    row = compared(tenant)

    assert (row.state, row.error_code, waited) == ("failed", "switched_off", [])


def test_another_tenant_than_ours_is_not_compared(
    tenant: RunningTenant, state: TenantState
) -> None:
    TenantState.objects.update(domain="another.auth0.com")

    assert compared(tenant).error_code == "foreign_tenant"


def test_whoever_waits_for_a_call_goes_first(
    tenant: RunningTenant, waited: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled()
    urgent = Account.objects.filter(pk=employee.pk)
    urgent.update(due_at="2026-01-01T00:00Z", priority=Priority.LEAVER)
    monkeypatch.setattr(reconcile_list, "GIVE_WAY_S", 3.0)

    assert reconcile_list.Source(Lease()).ask(lambda: "answer") == "answer"
    assert waited == [1.0, 1.0, 1.0]


def test_a_limit_that_is_reached_is_waited_for(tenant: RunningTenant, waited: list[float]) -> None:
    answers: list[Any] = [NotNow("wait", code="rate_limit", retry_after_s=7.0), "answer"]

    def call() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert reconcile_list.Source(Lease()).ask(call) == "answer"
    assert waited == [7.0]


def test_many_members_of_a_role_are_read_page_by_page(tenant: RunningTenant) -> None:
    tenant.seed(101, roles=["manager"])

    row = balanced(tenant)

    assert row.accounts == 101
    assert len(tenant.calls("GET", ".*/roles/[^/]*/users")) == 6


def test_a_role_that_was_made_anew_is_looked_up(tenant: RunningTenant) -> None:
    TenantState.objects.update(role_ids={"manager": "rol_0000000000000000"})

    balanced(tenant)

    assert len(tenant.calls("GET", ".*/roles")) == 5


def test_a_role_that_the_tenant_lacks_is_noted(tenant: RunningTenant) -> None:
    ids = {role["name"]: role["id"] for role in tenant.api("GET", "/roles").json()}
    tenant.api("DELETE", f"/roles/{ids['finance']}")

    assert balanced(tenant).notes == ["The role finance doesn't exist in Auth0: make it there."]


def test_a_list_that_is_not_what_the_accounts_are_is_not_believed(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_again, "REFUTED_MOST", 1)
    monkeypatch.setattr(reconcile_list, "FIELDS", ("user_id", "email", "identities"))
    for name in ("ana", "bo"):
        settled(email=f"{name}@example.com")

    row = compared(tenant)

    assert (row.error_code, found()) == ("list_unreliable", [])


def test_of_a_crowd_that_differs_only_some_are_read_by_name(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_again, "READ_AGAIN_MOST", 1)
    for name in ("ana", "bo"):
        edit(tenant, settled(email=f"{name}@example.com"), name="Somebody")

    balanced(tenant)

    assert sorted(row.is_read_again for row in found()) == [False, True]


def test_what_was_read_by_name_before_is_not_read_again(tenant: RunningTenant) -> None:
    edit(tenant, settled(), name="Somebody")
    balanced(tenant)
    reads = len(tenant.calls("GET", ".*/users/.*"))

    balanced(tenant)

    assert len(tenant.calls("GET", ".*/users/.*")) == reads


def test_what_was_mended_since_the_list_is_no_difference(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled(name="Ana Ortiz")
    edit(tenant, employee, name="Somebody")
    real = reconcile_list.take_list

    def then_mended(*arguments: Any) -> int:
        taken = real(*arguments)
        edit(tenant, employee, name="Ana Ortiz")
        return taken

    monkeypatch.setattr("auth0sync.reconcile.take_list", then_mended)

    row = balanced(tenant)

    assert (row.equal, found()) == (1, [])


def test_whoever_moves_while_she_is_read_is_moving(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    employee = settled()
    edit(tenant, employee, name="Somebody")
    real = Tenant.read_user

    def then_due(self: Any, user_id: str) -> Any:
        profile = real(self, user_id)
        Account.objects.filter(pk=employee.pk).update(due_seq=99)
        return profile

    monkeypatch.setattr(Tenant, "read_user", then_due)

    row = balanced(tenant)

    assert (row.moving, row.differing, found()) == (1, 0, [])


def test_an_account_of_nobodys_that_is_gone_since_is_no_difference(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.seed(1)
    real = reconcile_list.take_list

    def then_deleted(*arguments: Any) -> int:
        taken = real(*arguments)
        tenant.api("DELETE", "/users/auth0|crowd-1")
        return taken

    monkeypatch.setattr("auth0sync.reconcile.take_list", then_deleted)

    assert (balanced(tenant).leftover, found()) == (1, [])


@pytest.mark.parametrize("marked", [{"employee_id": None}, {"employee_id": 4711}])
def test_a_second_account_whose_marker_is_another_one_by_now_is_no_double(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, marked: dict[str, Any]
) -> None:
    employee = settled()
    marker = {"employee_id": employee.pk, "installation": installation()}
    tenant.seed(1, user={"app_metadata": marker})
    real = reconcile_list.take_list

    def then_marked(*arguments: Any) -> int:
        taken = real(*arguments)
        tenant.api("PATCH", "/users/auth0|crowd-1", {"app_metadata": marked})
        return taken

    monkeypatch.setattr("auth0sync.reconcile.take_list", then_marked)

    balanced(tenant)

    assert found() == []


def test_an_account_of_nobodys_that_was_marked_since_is_left_to_the_next_one(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.seed(1)
    employee = settled()
    real = reconcile_list.take_list

    def then_marked(*arguments: Any) -> int:
        taken = real(*arguments)
        marker = {"employee_id": employee.pk, "installation": installation()}
        tenant.api("PATCH", "/users/auth0|crowd-1", {"app_metadata": marker})
        return taken

    with monkeypatch.context() as patched:
        patched.setattr("auth0sync.reconcile.take_list", then_marked)
        balanced(tenant)

    assert found() == []
    balanced(tenant)
    assert [row.kind for row in found()] == ["double"]


def test_an_account_that_was_linked_meanwhile_is_nobodys_no_more(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.seed(1)
    employee = settled()
    real = Picture.left_over

    def then_linked(self: Picture) -> Any:
        Account.objects.filter(pk=employee.pk).update(user_id="auth0|crowd-1")
        return real(self)

    monkeypatch.setattr(Picture, "left_over", then_linked)

    row = balanced(tenant)

    assert (row.moving, row.leftover, found()) == (1, 1, [])
    assert account_of(employee).user_id == "auth0|crowd-1"
