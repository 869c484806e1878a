"""Whatever happens while an import job is under way, and wherever its worker dies: in the end there
is one account for each person, as their row wants it."""

import pytest
from pytest_django import Settings

from auth0sync import bulk_members, bulk_results, bulk_steps
from auth0sync.due import note
from auth0sync.models import ImportJob, Priority, TenantState
from auth0sync.rows import read_facts
from employees.models import Employee
from employees.receipts import Outcome
from employees.services import change_employee, deactivate
from tests.auth0sync.crowd import (
    assembled,
    follow,
    follow_until,
    lease_of_job_runs_out,
    newcomers,
    settle_all,
)
from tests.auth0sync.people import Killed, account_of, by_sql, die, right_after, row_of
from tests.auth0sync.test_receipts import doors, outcomes, receipt_of, try_doors
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

State = ImportJob.State
CALLS = ["import accounts", "read job", "read job errors", "give role to many"]


@pytest.fixture(autouse=True)
def _a_crowd_is_three(settings: Settings) -> None:
    settings.AUTH0_BULK_MIN = 2
    settings.AUTH0_SAFETY_THRESHOLD = (0, 0)


def all_is_well(tenant: RunningTenant, crowd: list[Employee]) -> None:
    """Everybody who should has exactly one open account, as the row wants it, and it is known."""
    users = tenant.users()
    installation = TenantState.objects.get(pk=1).installation
    for person in crowd:
        facts = read_facts([person.pk]).get(person.pk)
        theirs = [u for u in users if u["app_metadata"]["employee_id"] == person.pk]
        account = account_of(person)
        assert account.is_clean, f"{person.pk}: {account.error}"
        assert account.job is None
        if facts is None or not facts.wants_account:
            assert all(user.get("blocked") for user in theirs)
            continue
        assert len(theirs) == 1
        assert theirs[0]["user_id"] == f"auth0|emp-{installation}-{person.pk}-1"
        assert theirs[0]["email"] == row_of(person).email
        assert theirs[0]["name"] == row_of(person).name
        assert theirs[0]["roles"] == [row_of(person).auth0_role]
        assert row_of(person).auth0_user_id == theirs[0]["user_id"]
        assert not theirs[0].get("blocked")


def follow_to_death(tenant: RunningTenant) -> None:
    with pytest.raises(Killed):
        follow_until(State.OVER)
    lease_of_job_runs_out(ImportJob.objects.get())


@pytest.mark.parametrize("call", CALLS)
def test_a_worker_that_dies_after_a_call_neither_loses_nor_doubles_anybody(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    crowd = newcomers(4)
    assembled()
    with monkeypatch.context() as patched:
        right_after(patched, call, die)
        follow_to_death(tenant)

    settle_all()

    all_is_well(tenant, crowd)
    assert len(tenant.users()) == len(crowd)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (bulk_steps, "mark_sent"),
        (bulk_steps, "record"),
        (bulk_results, "_write_rows"),
        (bulk_steps, "finish"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_worker_that_dies_while_writing_neither_loses_nor_doubles_anybody(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    monkeypatch.setattr(bulk_results, "PAGE", 2)
    crowd = newcomers(5)
    assembled()
    real, turns = getattr(module, name), [1, 2]

    def dies_the_second_time(*args: object, **kwargs: object) -> object:
        turns.pop()
        if not turns or name == "mark_sent":
            die()
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, dies_the_second_time)
        follow_to_death(tenant)

    settle_all()

    all_is_well(tenant, crowd)


def is_renamed(person: Employee) -> None:
    change_employee(person.pk, {"name": "Zoe Sample"}, boss(1))


def gets_another_address(person: Employee) -> None:
    change_employee(person.pk, {"email": f"new.{person.email}"}, boss(1))


def gets_another_role(person: Employee) -> None:
    change_employee(person.pk, {"auth0_role": "manager"}, boss(1))


def is_switched_off(person: Employee) -> None:
    deactivate(person.pk, boss(1))


def is_switched_off_by_sql(person: Employee) -> None:
    by_sql(person, is_active=False)


def is_changed_by_sql_that_nobody_noticed(person: Employee) -> None:
    Employee.objects.filter(pk=person.pk).update(department="Packing")


def goes_and_comes_back(person: Employee) -> None:
    by_sql(person, is_active=False)
    by_sql(person, is_active=True)


def is_deleted_by_sql(person: Employee) -> None:
    Employee.objects.filter(pk=person.pk).delete()
    note([person.pk], actor="sql")


EVENTS = [
    is_renamed,
    gets_another_address,
    gets_another_role,
    is_switched_off,
    is_switched_off_by_sql,
    is_changed_by_sql_that_nobody_noticed,
    goes_and_comes_back,
    is_deleted_by_sql,
]


def test_nobody_comes_into_a_job_whose_file_may_have_been_sent(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = newcomers(3)
    job = assembled()
    (late,) = newcomers(1)
    came: list[int] = []

    def comes() -> None:  # a sweeper that had found the job unsent
        came.append(bulk_members.take(job, Priority.BULK))

    right_after(monkeypatch, "find connection", comes)
    follow_until(State.OVER)
    comes()

    assert came == [0, 0]
    assert account_of(late).job is None
    settle_all()
    all_is_well(tenant, [*crowd, late])


def test_the_receipt_of_whoever_leaves_meanwhile_waits_for_what_the_job_makes(
    tenant: RunningTenant,
) -> None:
    ana, *_ = newcomers(3)
    job = assembled()
    follow()
    deactivate(ana.pk, boss(1))

    try_doors()
    assert outcomes(ana, "account") == {"account": Outcome.WAITING}
    assert f"import job {job.pk}" in doors(ana)["account"].note
    settle_all()
    try_doors()

    assert outcomes(ana, "account") == {"account": Outcome.CLOSED}
    assert receipt_of(ana).completed_at is not None


@pytest.mark.parametrize("call", CALLS)
def test_who_changes_while_in_a_job_gets_what_the_row_wants(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    crowd = newcomers(len(EVENTS) + 1)
    assembled()

    def happens() -> None:
        for event, person in zip(EVENTS, crowd, strict=False):
            event(person)

    with monkeypatch.context() as patched:
        right_after(patched, call, happens)
        follow_until(State.OVER)
    note([person.pk for person in crowd], actor="sql")  # as the sweep would
    settle_all()

    all_is_well(tenant, crowd)
