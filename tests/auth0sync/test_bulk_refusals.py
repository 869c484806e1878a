"""What Auth0 may say to an import job, or not say, and what becomes of the people in it."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from pytest_django import Settings

from auth0sync import bulk, bulk_members, bulk_steps, pauses, switch, token
from auth0sync.bulk_claim import JobClaim
from auth0sync.bulk_file import Refusal, refusals
from auth0sync.errors import Misconfigured
from auth0sync.models import Account, Bucket, ImportJob, Origin, Pause, TenantState
from auth0sync.pauses import PROBE_EVERY_S
from auth0sync.rows import read_facts
from employees.services import deactivate
from tests.auth0sync.crowd import (
    JOBS,
    assembled,
    follow,
    follow_until,
    lease_of_job_runs_out,
    members,
    newcomers,
    run_jobs,
    settle_all,
    sync_all,
)
from tests.auth0sync.people import account_of, right_after, row_of
from tests.auth0sync.test_bulk_meanwhile import all_is_well
from tests.auth0sync.test_pauses import a_minute_passes, forbid, grant
from tests.builders import boss
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

State = ImportJob.State
POST = {"method": "POST", "path": JOBS}
ONE_JOB = {"method": "GET", "path": "/api/v2/jobs/[^/]+"}
ERRORS = {"method": "GET", "path": "/api/v2/jobs/[^/]+/errors"}
MEMBERS = {"method": "POST", "path": "/api/v2/roles/.*/users"}


@pytest.fixture(autouse=True)
def _a_crowd_is_three(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUTH0_BULK_MIN = 2
    monkeypatch.setattr(token, "NEW_FOR_S", 0)  # as if half a minute lay between any two


def gives_way() -> OperationalError:
    """What a database says that ended a statement for another's sake."""
    sqlite = connection.vendor == "sqlite"
    return OperationalError("database is locked") if sqlite else OperationalError(1213, "Deadlock")


# Of one person


def test_whose_data_auth0_refuses_is_told_why_and_nobody_else_minds(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    odd = newcomers(1, email='"odd"@example.com')[0]

    job = run_jobs()
    sync_all()

    assert (job.inserted, job.refused) == (3, 1)
    assert all(account_of(person).is_clean for person in crowd)
    assert account_of(odd).error_field == "email"
    assert row_of(odd).auth0_sync_status == "failed"


def test_who_has_an_account_already_is_linked_or_left_to_a_person(tenant: RunningTenant) -> None:
    ana, ben, *_ = crowd = newcomers(4)
    for person, verified in ((ana, True), (ben, False)):
        made = {"connection": "Username-Password-Authentication", "password": "Sample-Pa55word!"}
        made |= {"email": person.email or "", "email_verified": verified}  # type: ignore[dict-item]
        user_id = tenant.api("POST", "/users", made).json()["user_id"]
        tenant.login(user_id)

    run_jobs()
    sync_all()

    assert account_of(ana).origin == Origin.LINKED
    assert account_of(ben).error_code == "email_taken"
    assert len(tenant.users()) == len(crowd)


def test_an_account_that_another_row_names_is_left_to_a_person(tenant: RunningTenant) -> None:
    ana, ben, *_ = newcomers(4)
    assembled()
    installation = TenantState.objects.get(pk=1).installation
    by_sql = type(ben).objects.filter(pk=ben.pk)
    by_sql.update(auth0_user_id=f"auth0|emp-{installation}-{ana.pk}-1", auth_method="pin")

    follow_until(State.OVER)
    sync_all()

    assert account_of(ana).error_code == "held"


# Of the file


def test_a_lost_answer_has_the_file_sent_again_and_nobody_made_twice(tenant: RunningTenant) -> None:
    crowd = newcomers(4)
    assembled()
    tenant.fault(match=POST, kind="reset", when="after", times=1)

    job = follow()
    assert (job.state, job.doubtful, job.attempts) == (State.SENDING, True, 1)
    settle_all()

    all_is_well(tenant, crowd)
    assert len(tenant.users()) == len(crowd)
    assert len(tenant.calls("POST", JOBS)) == 2


def test_who_is_refused_after_a_lost_answer_is_read_before_anything_is_made(
    tenant: RunningTenant,
) -> None:
    newcomers(3)
    odd = newcomers(1, email='"odd"@example.com')[0]
    assembled()
    tenant.fault(match=POST, kind="status", status=503, times=1)

    follow()
    follow_until(State.OVER)

    account = account_of(odd)
    assert account.look_at is not None
    assert account.doubt_until is not None


@pytest.mark.parametrize("code", [{}, {"errorCode": "payload_too_large"}], ids=["", "with code"])
def test_a_file_that_is_too_large_is_sent_in_halves(
    tenant: RunningTenant, code: dict[str, str]
) -> None:
    newcomers(5)
    body = {"statusCode": 413, "error": "Request Entity Too Large", "message": "No.", **code}
    tenant.fault(match=POST, kind="status", status=413, body=body, times=1)
    job = assembled()

    follow()

    assert len(members(job)) == 2
    job = follow_until(State.OVER)
    assert job.people == 2
    assert not Account.objects.filter(attempts__gt=0).exists()


def test_where_no_file_is_small_enough_everybody_goes_one_by_one(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    tenant.fault(match=POST, kind="status", status=413)

    job = run_jobs()
    sync_all()

    assert "however small" in job.error
    assert all(account_of(person).is_clean for person in crowd)


def test_a_file_that_is_refused_for_another_reason_has_all_go_one_by_one(
    tenant: RunningTenant,
) -> None:
    crowd = newcomers(3)
    body = {"statusCode": 400, "error": "Bad Request", "message": "No.", "errorCode": "odd"}
    tenant.fault(match=POST, kind="status", status=400, body=body, times=1)

    job = run_jobs()
    bulk.assemble(until=time.monotonic() + 5)
    sync_all()

    assert "No." in job.error
    assert ImportJob.objects.count() == 1
    assert all(account_of(person).is_clean for person in crowd)


# Of jobs as such


def test_a_third_job_waits_and_slows_nothing_else_down(tenant: RunningTenant) -> None:
    newcomers(3)
    message = "There are 2 active import users jobs, please wait until some of them are finished"
    body = {"statusCode": 429, "error": "Too Many Requests", "message": message}
    tenant.fault(match=POST, kind="status", status=429, body=body, times=1)
    before = Bucket.objects.get(pk="management").limits
    assembled()

    job = follow()

    assert (job.state, job.attempts) == (State.SENDING, 1)
    assert "third" in job.error
    assert Bucket.objects.get(pk="management").limits["levels"] == before["levels"]
    assert TenantState.objects.get(pk=1).failures_in_row == 0
    assert ImportJob.objects.filter(next_at__gt=Now() + timedelta(seconds=15)).exists()


def test_a_refusal_for_the_limit_is_no_try(tenant: RunningTenant) -> None:
    newcomers(3)
    tenant.fault(match=POST, kind="status", status=429, retry_after=1, times=1)
    assembled()

    job = follow()

    assert (job.state, job.attempts, job.doubtful) == (State.SENDING, 0, False)


def test_where_the_plan_has_no_jobs_all_go_one_by_one_at_once(tenant: RunningTenant) -> None:
    tenant.control(bulk_jobs=False)
    crowd = newcomers(3)

    job = run_jobs()
    bulk.assemble(until=time.monotonic() + 5)
    sync_all()

    assert job.error == bulk.why_one_by_one() == Pause.objects.get(pk="imports").error
    assert ImportJob.objects.count() == 1
    assert len(tenant.calls("POST", "/api/v2/users")) == 3
    assert all(account_of(person).is_clean for person in crowd)


def test_a_job_that_another_found_out_about_isnt_sent(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    assembled()
    error = Misconfigured("Not in the plan.", code="insufficient_entitlement", capability="imports")
    pauses.begin(error, "import accounts")

    job = follow_until(State.OVER)
    sync_all()

    assert job.error == "Not in the plan."
    assert not tenant.calls("POST", JOBS)
    assert all(account_of(person).is_clean for person in crowd)


def test_a_minute_later_one_job_sees_whether_the_plan_has_them_now(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.control(bulk_jobs=False)
    newcomers(3)
    run_jobs()
    a_minute_passes()
    tenant.control(bulk_jobs=True)

    bulk.assemble(until=time.monotonic() + 5)
    monkeypatch.setattr(bulk, "PEOPLE_MOST", 3)  # it is full, and another would be begun
    newcomers(3)
    bulk.assemble(until=time.monotonic() + 5)
    assert ImportJob.objects.filter(state=State.ASSEMBLED).count() == 1
    follow_until(State.OVER)

    assert not Pause.objects.exists()
    assert bulk.why_one_by_one() == ""


def test_without_the_scope_the_crowd_goes_to_the_engine_which_waits_for_it(
    tenant: RunningTenant,
) -> None:
    crowd = newcomers(3)
    forbid(tenant, "create:users")

    run_jobs()
    sync_all()
    assert set(Pause.objects.values_list("pk", flat=True)) == {"imports", "create"}
    grant(tenant)
    a_minute_passes()
    sync_all()

    assert all(account_of(person).is_clean for person in crowd)


def test_without_the_connection_no_job_is_made_until_it_is_there(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_CONNECTION = "Staff"
    newcomers(3)

    job = run_jobs()
    bulk.assemble(until=time.monotonic() + 5)

    assert "Staff" in job.error
    assert Pause.objects.get().pk == "create"
    assert ImportJob.objects.count() == 1


def test_while_no_token_is_to_be_had_a_job_waits(tenant: RunningTenant, settings: Settings) -> None:
    newcomers(3)
    assembled()
    tenant.fault(match={"path": "/oauth/token"}, kind="status", status=401)

    job = follow()

    assert (job.state, job.lease, job.attempts) == (State.SENDING, "", 0)
    assert len(members(job)) == 3


# Of the result


@pytest.mark.parametrize("kind", ["job_dies", "job_erased"])
def test_a_job_that_stops_half_way_is_finished_by_the_engine(
    tenant: RunningTenant, kind: str
) -> None:
    crowd = newcomers(4)
    tenant.fault(kind=kind, after_users=2)

    job = run_jobs()
    sync_all()

    assert job.error != ""
    all_is_well(tenant, crowd)
    assert len(tenant.calls("POST", "/api/v2/users")) == 2


def test_a_job_that_never_ends_is_left_to_the_engine_after_two_hours(
    tenant: RunningTenant,
) -> None:
    crowd = newcomers(4)
    tenant.fault(kind="job_stuck", after_users=2)
    assembled()
    follow_until(State.SENT)
    job = follow()
    assert (job.state, job.attempts) == (State.SENT, 0)
    ImportJob.objects.update(sent_at=Now() - timedelta(hours=3))

    job = follow()
    assert job.error == "Auth0 never finished the job."
    assert not Account.objects.filter(doubt_until=None).exists()
    settle_all()

    all_is_well(tenant, crowd)


def test_numbers_that_dont_add_up_are_believed_by_nobody(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    summary = {"inserted": 2, "failed": 0, "updated": 0, "total": 2}
    told = {"id": "job_1", "type": "users_import", "status": "completed", "summary": summary}
    tenant.fault(match=ONE_JOB, kind="wrong_body", body=told)

    job = run_jobs()
    sync_all()

    assert job.error == "Auth0's numbers don't add up."
    assert all(account_of(person).is_clean for person in crowd)


def test_a_list_of_errors_that_is_too_short_is_believed_by_nobody(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    newcomers(1, email='"odd"@example.com')
    tenant.fault(match=ERRORS, kind="wrong_body", body=[])

    job = run_jobs()
    sync_all()

    assert "errors" in job.error
    assert all(account_of(person).is_clean for person in crowd)


def test_an_error_without_an_id_is_about_whoever_has_the_email(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    odd = newcomers(1, email='"odd"@example.com')[0]
    told = [{"user": {"email": '"ODD"@example.com'}, "errors": [{"code": "INVALID_FORMAT"}]}]
    tenant.fault(match=ERRORS, kind="wrong_body", body=told)

    run_jobs()
    sync_all()

    assert all(account_of(person).origin == Origin.CREATED for person in crowd)
    assert account_of(odd).error_field == "email"
    assert not tenant.calls("GET", "/api/v2/users/[^/]+")


def test_of_an_error_about_nobody_only_whom_another_names_isnt_read(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    odd = newcomers(1, email='"odd"@example.com')[0]
    newcomers(1, email='"even"@example.com')
    errors = [{"code": "INVALID_FORMAT"}]
    emails = [odd.email, "somebody@example.com"]
    told = [{"user": {"email": email}, "errors": errors} for email in emails]
    tenant.fault(match=ERRORS, kind="wrong_body", body=told)

    job = run_jobs()
    sync_all()

    assert (job.refused, job.error) == (2, "")
    assert all(account_of(person).origin == Origin.ADOPTED for person in crowd)
    assert len(tenant.calls("GET", "/api/v2/users/[^/]+")) == 4
    all_is_well(tenant, crowd)


def test_whom_an_error_is_about_is_told_by_the_id() -> None:
    errors: list[dict[str, Any]] = [
        {"user": {"user_id": "emp-abc-12-1"}, "errors": [{"code": "INVALID_FORMAT"}]},
        {"user": {"user_id": "auth0|emp-abc-13-2"}, "errors": []},
    ]

    assert refusals(errors, "abc") == [Refusal(12, "", "INVALID_FORMAT"), Refusal(13, "", "")]
    assert refusals(errors[:1], "xyz") == [Refusal(None, "", "INVALID_FORMAT")]
    assert refusals([{"errors": []}], "abc") == [Refusal(None, "", "")]


# Of the roles


def test_of_a_call_for_many_in_which_one_account_is_gone_each_is_looked_at(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.AUTH0_DELETED_POLICY = "recreate"
    ana, *others = newcomers(3)
    assembled()
    follow_until(State.ROLES)
    tenant.api("DELETE", f"/users/{row_of(ana).auth0_user_id}")

    follow_until(State.OVER)
    sync_all()

    assert account_of(ana).generation == 2
    assert [user["roles"] for user in tenant.users()] == [["production_associate"]] * 3
    assert all(account_of(person).is_clean for person in others)


def test_without_the_scope_for_roles_the_accounts_are_there_and_wait_for_it(
    tenant: RunningTenant,
) -> None:
    crowd = newcomers(3)
    forbid(tenant, "create:role_members")

    run_jobs()
    sync_all()
    assert set(Account.objects.values_list("waits_for", flat=True)) == {"roles"}
    grant(tenant)
    a_minute_passes()
    sync_all()
    a_minute_passes()
    sync_all()

    all_is_well(tenant, crowd)


def test_while_roles_are_paused_already_nothing_is_asked(tenant: RunningTenant) -> None:
    newcomers(3)
    Pause.objects.create(
        pk="roles", code="x", error="No roles.", probe_at=Now() + timedelta(seconds=PROBE_EVERY_S)
    )

    job = run_jobs()

    assert job.error == "No roles."
    assert not tenant.calls("POST", "/api/v2/roles/.*")


def test_a_lost_answer_about_roles_is_asked_again(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    tenant.fault(match=MEMBERS, kind="status", status=503, times=1)

    run_jobs()

    all_is_well(tenant, crowd)
    assert len(tenant.calls("POST", "/api/v2/roles/.*/users")) == 2


# Of the console itself


def test_after_eight_tries_in_a_row_the_engine_goes_on(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = newcomers(3)
    monkeypatch.setattr("auth0sync.pace.DOWN_AFTER", 1_000)
    tenant.fault(match=ONE_JOB, kind="status", status=503)

    job = run_jobs()
    sync_all()

    assert job.attempts == bulk.TRIES_MOST
    assert "usable answer" in job.error
    all_is_well(tenant, crowd)


def test_a_job_at_which_workers_die_is_given_up(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    job = assembled()
    for _ in range(bulk.TRIES_MOST):
        ImportJob.objects.filter(pk=job.pk).update(lease="dead")
        lease_of_job_runs_out(job)
        assert JobClaim.take(job.pk) is not None

    lease_of_job_runs_out(job)
    settle_all()

    assert ImportJob.objects.get().error == "Workers died at this job."
    all_is_well(tenant, crowd)


def test_a_worker_that_was_too_slow_writes_nothing_down(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomers(3)
    assembled()

    def is_taken_over() -> None:
        ImportJob.objects.update(lease="another's")

    right_after(monkeypatch, "import accounts", is_taken_over)

    assert bulk.follow_next()

    job = ImportJob.objects.get()
    assert (job.state, job.auth0_id, job.lease) == (State.SENDING, "", "another's")


def test_two_workers_never_have_one_job(tenant: RunningTenant) -> None:
    newcomers(3)
    job = assembled()
    assert JobClaim.take(job.pk) is not None

    assert JobClaim.take(job.pk) is None
    assert not bulk.follow_next()


def test_what_the_database_ended_is_begun_again(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = newcomers(3)
    assembled()
    real, left = read_facts, [gives_way()]

    def reads(*args: Any) -> Any:
        if left:
            raise left.pop()
        return real(*args)

    monkeypatch.setattr(bulk_members, "read_facts", reads)
    assert bulk.follow_next()
    settle_all()

    all_is_well(tenant, crowd)


@pytest.mark.parametrize("error", [OperationalError("disk full"), ZeroDivisionError()])
def test_a_fault_of_the_console_is_raised_and_the_job_tried_later(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    newcomers(3)
    assembled()

    def fails(*args: object) -> None:
        raise error

    monkeypatch.setattr(bulk_steps, "fit_to_send", fails)
    with pytest.raises(type(error)):
        bulk.follow_next()

    job = ImportJob.objects.get()
    assert (job.attempts, job.lease) == (1, "")
    assert job.next_at > job.made_at + timedelta(minutes=4)


def test_who_leaves_after_a_fault_that_hid_what_was_sent_is_shut(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, *_ = crowd = newcomers(3)
    assembled()

    def fails() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(switch, "remember_tenant", fails)
        with pytest.raises(ZeroDivisionError):
            bulk.follow_next()
    deactivate(ana.pk, boss(1))
    settle_all()

    assert (tenant.user_by_email(ana.email or "") or {})["blocked"] is True
    all_is_well(tenant, crowd)
