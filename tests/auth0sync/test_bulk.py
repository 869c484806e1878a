"""A crowd of newcomers gets its accounts by import jobs, each person exactly one."""

import re
import time
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db.models import F
from django.db.models.functions import Now
from django_q.tasks import queue_size
from pytest_django import Settings

from auth0sync import bulk, bulk_members, switch
from auth0sync.bulk_claim import JobClaim
from auth0sync.bulk_file import BYTES_MOST, packed
from auth0sync.bulk_steps import Work, step
from auth0sync.due import mark_due, note
from auth0sync.engine import sync
from auth0sync.models import Account, ImportJob, Origin, Pause, Priority, StagedBatch, SyncLog
from auth0sync.sweep import Sweeper
from auth0sync.tasks import sync_due
from employees.models import Employee
from employees.services import deactivate
from tests.auth0sync.crowd import (
    JOBS,
    assembled,
    follow,
    follow_until,
    members,
    newcomers,
    run_jobs,
    sync_all,
)
from tests.auth0sync.people import account_of, add, row_of
from tests.builders import boss
from tests.devtenant.running import RunningTenant

State = ImportJob.State


@pytest.fixture(autouse=True)
def _a_crowd_is_three(settings: Settings) -> None:
    settings.AUTH0_BULK_MIN = 2


def test_a_crowd_is_complete_after_one_job(tenant: RunningTenant) -> None:
    crowd = newcomers(4, auth0_role="team_lead")

    job = run_jobs()

    assert (job.people, job.inserted, job.refused, job.error) == (4, 4, 0, "")
    for person in crowd:
        account = tenant.user_by_email(person.email or "")
        assert account is not None
        assert account["roles"] == ["team_lead"]
        assert account["name"] == person.name
        assert account["app_metadata"]["employee_id"] == person.pk
        row, known = row_of(person), account_of(person)
        assert row.auth0_user_id == account["user_id"]
        assert row.auth0_sync_status == "created"
        assert row.auth0_account_created_at is not None
        assert (known.is_clean, known.due_at, known.job) == (True, None, None)
        assert known.origin == Origin.CREATED


def test_a_job_keeps_a_name_that_was_changed_in_the_statement_that_asked_for_the_account(
    tenant: RunningTenant,
) -> None:
    crowd = [add(name=f"Ana {n}", email=f"ana{n}@example.com", auth_method="pin") for n in range(3)]
    ids = [person.pk for person in crowd]
    Employee.objects.filter(pk__in=ids).update(name="Ana Quill", auth_method="hybrid")
    note(ids, actor="sql")

    run_jobs()

    accounts = [tenant.user_by_email(person.email or "") or {} for person in crowd]
    kept = [account["app_metadata"]["previous_names"] for account in accounts]
    assert kept == [["Ana 0"], ["Ana 1"], ["Ana 2"]]


def test_what_a_job_made_is_as_if_the_engine_had_made_it(tenant: RunningTenant) -> None:
    alone = newcomers(1, name="Ana O'Brien Ortiz", department="Heat Press", workspace="TX")[0]
    sync(alone.pk)
    crowd = newcomers(3, name="Ana O'Brien Ortiz", department="Heat Press", workspace="TX")

    run_jobs()

    own = {"user_id", "email", "identities", "picture", "nickname", "created_at", "updated_at"}
    told = {"employee_id", "internal_id", "provisioned_at"}

    def shown(email: str | None) -> dict[str, Any]:
        user = tenant.user_by_email(email or "") or {}
        groups = {
            group: {k: v for k, v in user[group].items() if k not in told}
            for group in ("user_metadata", "app_metadata")
        }
        return {key: user[key] for key in user.keys() - own} | groups

    assert shown(crowd[0].email) == shown(alone.email)
    before = account_of(alone).seen or {}
    after = account_of(crowd[0]).seen or {}
    assert before.keys() == after.keys()
    assert after["roles"] == before["roles"]
    sync(crowd[0].pk)
    assert not tenant.calls("PATCH")


def test_a_job_costs_no_call_of_any_one_person(tenant: RunningTenant) -> None:
    newcomers(60)

    run_jobs()

    paths = [call["path"] for call in tenant.calls(path_regex="/api/v2/.*")]
    once = [path for path in paths if not re.fullmatch("/api/v2/jobs/job_[^/]*", path)]
    role = r"/api/v2/roles/rol_\w+/users"
    assert [re.sub(role, "role", path) for path in once] == [
        "/api/v2/connections",
        JOBS,
        once[2],
        "/api/v2/roles",
        "role",
        "role",
    ]
    assert once[2].endswith("/errors")


def test_few_go_one_by_one(tenant: RunningTenant) -> None:
    newcomers(2)

    bulk.assemble(until=time.monotonic() + 5)
    sync_all()

    assert not ImportJob.objects.exists()
    assert len(tenant.calls("POST", "/api/v2/users")) == 2


def test_the_owners_of_the_tenant_get_no_mail_of_it(tenant: RunningTenant) -> None:
    newcomers(3)

    run_jobs()

    assert tenant.outbox() == []


def test_an_invitation_that_calls_the_address_verified_makes_it_so(tenant: RunningTenant) -> None:
    ana, *_ = newcomers(3, invitation="verified")

    run_jobs()

    assert (tenant.user_by_email(ana.email or "") or {})["email_verified"] is True
    assert row_of(ana).auth0_sync_status == "verified"
    assert row_of(ana).auth0_email_verified_at is not None


def test_everybody_is_invited_once_the_job_is_over(
    tenant: RunningTenant, mailoutbox: list[EmailMessage]
) -> None:
    crowd = newcomers(3, invitation="work")

    run_jobs()
    sync_all()

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(p.email or "" for p in crowd)
    assert all(account_of(person).is_clean for person in crowd)


def test_the_sync_log_has_a_row_for_every_account_that_a_job_made(tenant: RunningTenant) -> None:
    ana, *_ = newcomers(3)

    job = run_jobs()

    row = SyncLog.objects.get(employee_id=ana.pk)
    assert (row.action, row.status, row.actor) == ("create account", "success", "import")
    assert row.response_data["job"] == job.auth0_id
    assert "email" in row.response_data["fields"]
    assert SyncLog.objects.filter(actor=str(job), action="import accounts").count() == 1


def test_nobody_is_in_a_job_and_with_a_worker_at_once(tenant: RunningTenant) -> None:
    ana, *_ = newcomers(3)
    assembled()

    assert not sync(ana.pk)

    assert not tenant.calls("POST")


def test_who_is_added_alone_isnt_put_with_a_crowd(tenant: RunningTenant) -> None:
    newcomers(3)
    ben = add()

    job = assembled()

    assert ben.pk not in members(job)
    assert sync(ben.pk)
    assert account_of(ben).is_clean


def test_a_crowd_that_was_clicked_together_goes_by_job_too(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    Account.objects.update(priority=Priority.INTERACTIVE)

    assert members(assembled()) == [person.pk for person in crowd]


def test_newcomers_fill_up_the_job_that_waits_to_be_sent(tenant: RunningTenant) -> None:
    newcomers(3)
    job = assembled()
    newcomers(3)

    assert assembled() == job

    assert len(members(job)) == 6


def test_two_jobs_are_under_way_at_most(tenant: RunningTenant) -> None:
    ImportJob.objects.create(state=State.SENT, next_at=Now())
    ImportJob.objects.create(state=State.SENDING, next_at=Now())
    newcomers(3)
    bulk.assemble(until=time.monotonic() + 5)
    third = ImportJob.objects.get(state=State.ASSEMBLED)

    assert third not in bulk.due_jobs()
    ImportJob.objects.exclude(pk=third.pk).update(lease="another", next_at=Now())
    claim = JobClaim.take(third.pk)
    assert claim is not None
    step(Work(claim, None))

    third.refresh_from_db()
    assert (third.state, third.lease) == (State.ASSEMBLED, "")
    assert not tenant.calls("POST", JOBS)


def test_the_sweeper_puts_all_into_jobs_before_it_wakes_a_worker(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_members, "PEOPLE_MOST", 3)
    monkeypatch.setattr(bulk, "PEOPLE_MOST", 3)
    newcomers(9)

    Sweeper().tick()

    assert ImportJob.objects.count() == 3
    assert Account.objects.filter(job=None).count() == 0
    assert queue_size() == 2


def test_a_worker_follows_jobs_beside_what_else_is_due(tenant: RunningTenant) -> None:
    newcomers(3)
    job = assembled()
    ben = add()

    sync_due()

    job.refresh_from_db()
    assert job.state == State.SENT
    assert account_of(ben).is_clean


def test_without_role_assignment_none_is_given(tenant: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_ENABLE_ROLE_ASSIGNMENT = False
    crowd = newcomers(3)

    run_jobs()

    assert [user["roles"] for user in tenant.users()] == [[], [], []]
    assert all(account_of(person).is_clean for person in crowd)


def test_jobs_arent_used_where_auth0_shall_mail_at_creation(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SEND_VERIFICATION_EMAIL = True
    newcomers(3)

    bulk.assemble(until=time.monotonic() + 5)

    assert not ImportJob.objects.exists()
    assert "verification" in bulk.why_one_by_one()


def test_nothing_is_assembled_while_the_switch_is_off(tenant: RunningTenant) -> None:
    switch.pause("admin:1", "trying")
    newcomers(3)

    bulk.assemble(until=time.monotonic() + 5)

    assert not ImportJob.objects.exists()


def test_a_job_waits_while_the_switch_is_off(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    assembled()
    switch.pause("admin:1", "trying")
    calls = len(tenant.calls())

    job = follow()
    assert (job.state, job.attempts, len(tenant.calls())) == (State.SENDING, 0, calls)
    switch.resume("admin:1")
    follow_until(State.OVER)

    assert all(account_of(person).is_clean for person in crowd)


def test_a_crowd_that_nobody_confirmed_is_held_as_a_whole(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)  # ten new accounts
    crowd = newcomers(12)
    Account.objects.update(let_through="")

    job = run_jobs()

    batch = StagedBatch.objects.get()
    assert Account.objects.filter(batch=batch, job=None, due_at=None).count() == len(crowd)
    assert (job.people, tenant.users()) == (0, [])


def test_of_a_crowd_below_the_brakes_limit_nobody_is_held(
    tenant: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    crowd = newcomers(4)
    Account.objects.update(let_through="")

    run_jobs()

    assert all(account_of(person).is_clean for person in crowd)


def test_who_cant_be_in_a_file_goes_one_by_one(tenant: RunningTenant) -> None:
    crowd = newcomers(3)
    without = newcomers(1, email="no address")[0]
    unknown_role = newcomers(1, auth0_role="owner")[0]

    run_jobs()
    sync_all()

    assert len(tenant.users()) == 3
    assert all(account_of(person).is_clean for person in crowd)
    assert account_of(unknown_role).error_code == "unknown_role"
    assert row_of(without).auth0_sync_status is None


def test_who_is_asked_to_be_looked_at_leaves_a_job_that_isnt_sent(tenant: RunningTenant) -> None:
    ana, *others = newcomers(3)
    job = assembled()
    mark_due([ana.pk], actor="admin:1", look=True)

    follow()

    assert members(job) == [person.pk for person in others]


def test_a_file_holds_as_many_as_fit_into_it() -> None:
    big = {"email": "ana@example.com", "user_metadata": {"note": "x" * (BYTES_MOST // 2)}}

    file, number = packed([big, big, big])

    assert number == 1
    assert len(file) <= BYTES_MOST


def test_who_doesnt_fit_into_the_file_is_in_another(
    tenant: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth0sync.bulk_file.PEOPLE_MOST", 4)
    newcomers(6)

    first = run_jobs()
    assert first.people == 4
    assert Account.objects.filter(job=None).exclude(due_seq=F("done_seq")).count() == 2
    assert Account.objects.filter(attempts=0).count() == 6


def test_a_leaver_in_an_unsent_job_is_never_made(tenant: RunningTenant) -> None:
    ana, *_ = newcomers(4)
    assembled()
    deactivate(ana.pk, boss(1))

    follow_until(State.OVER)
    sync_all()

    assert tenant.user_by_email(ana.email or "") is None
    assert account_of(ana).is_clean
    assert not Pause.objects.exists()
