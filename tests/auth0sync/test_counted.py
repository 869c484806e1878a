"""What the engine does is counted where it happens, each thing once."""

from collections.abc import Callable
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from auth0sync import token
from auth0sync.due import note
from auth0sync.engine import sync
from auth0sync.errors import SyncError
from auth0sync.models import TenantState
from auth0sync.sweep import Sweeper
from auth0sync.token import have_token
from employees.counters import totals
from employees.models import Employee
from tests.auth0sync.conftest import time_passes
from tests.auth0sync.crowd import newcomers, run_jobs
from tests.auth0sync.people import account_of, add
from tests.auth0sync.visiting import Visitor
from tests.devtenant.builders import PASSWORD
from tests.devtenant.running import RunningTenant

USERS = "/api/v2/users"

Commit = Callable[[Callable[[], object]], None]


@pytest.fixture
def commit(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Commit:
    """Does something as if it were committed, which the test's own transaction never is."""

    def done(something: Callable[[], object]) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            something()

    return done


def total(name: str, **labels: str) -> float:
    """What was counted with these labels, whatever the others."""
    rows = totals().get(name, [])
    return sum(number for found, number in rows if labels.items() <= found.items())


def creations() -> tuple[float, float, float]:
    """Attempts, successes, failures."""
    names = ("attempts", "success", "failed")
    attempts, success, failed = (total(f"auth0_user_creation_{name}") for name in names)
    return attempts, success, failed


def existing(tenant: RunningTenant, **over: Any) -> None:
    body = {
        "connection": "Username-Password-Authentication",
        "email": "ana@example.com",
        "password": "Correct-Horse-9",
        **over,
    }
    assert tenant.api("POST", USERS, body).status_code == 201


def test_an_account_that_is_made_is_one_attempt_and_one_success(
    tenant: RunningTenant, commit: Commit
) -> None:
    ana = add()

    commit(lambda: sync(ana.pk))
    commit(lambda: sync(ana.pk))

    assert creations() == (1, 1, 0)
    assert total("auth0_api_calls", action="create_account", status="2xx") == 1
    assert total("auth0_syncs", outcome="done") == 2


def test_an_answer_that_was_lost_is_a_success_once_the_account_is_found(
    tenant: RunningTenant, commit: Commit
) -> None:
    tenant.fault(
        match={"method": "POST", "path": USERS}, kind="status", status=500, when="after", times=1
    )
    ana = add()

    commit(lambda: sync(ana.pk))

    assert creations() == (1, 1, 0)
    assert total("auth0_api_calls", action="create_account", status="5xx") == 1


def test_a_creation_that_is_refused_is_a_failure_and_a_later_refusal_another(
    tenant: RunningTenant, commit: Commit
) -> None:
    tenant.fault(match={"method": "POST", "path": USERS}, kind="status", status=400)
    ana = add()

    commit(lambda: sync(ana.pk))

    assert creations() == (1, 0, 1)
    assert total("auth0_syncs", outcome="failed") == 1


def test_an_account_that_exists_is_linked_which_is_no_creation(
    tenant: RunningTenant, commit: Commit
) -> None:
    existing(tenant, email_verified=True)
    ana = add()

    commit(lambda: sync(ana.pk))

    assert creations() == (1, 0, 0)
    assert total("auth0_accounts_linked") == 1


def test_each_account_of_an_import_job_is_one_attempt_and_one_success(
    tenant: RunningTenant, settings: Settings, commit: Commit
) -> None:
    settings.AUTH0_BULK_MIN = 2
    newcomers(3)

    commit(run_jobs)

    assert creations() == (3, 3, 0)


def test_a_limit_that_is_reached_is_a_hit_and_no_failure(
    tenant: RunningTenant, commit: Commit
) -> None:
    tenant.fault(
        match={"method": "POST", "path": USERS},
        kind="status",
        status=429,
        retry_after=1,
        times=1,
    )
    ana = add()

    commit(lambda: sync(ana.pk))
    time_passes(ana.pk)

    assert creations() == (1, 0, 0)
    assert total("auth0_rate_limit_hits", capability="create") == 1
    assert total("auth0_api_calls", status="429") == 1
    assert total("auth0_syncs", outcome="waiting") == 1


def test_every_call_falls_into_one_bucket_of_the_histogram(
    tenant: RunningTenant, commit: Commit
) -> None:
    ana = add()

    commit(lambda: sync(ana.pk))

    rows = totals()["auth0_api_response_time"]
    calls = [row for row in rows if row[0]["capability"] != "token"]
    fell = sum(number for labels, number in calls if "le" in labels)
    assert fell == total("auth0_api_calls") == len(tenant.calls(path_regex="/api/v2/.*"))
    assert sum(number for labels, number in rows if "sum" in labels) > 0


def test_a_token_that_is_fetched_and_one_that_is_refused(
    tenant: RunningTenant, settings: Settings, commit: Commit
) -> None:
    commit(have_token)
    TenantState.objects.update(token="", token_renew_at=None, token_expires_at=None)
    token._held = None
    settings.AUTH0_CLIENT_SECRET = "wrong"
    commit(lambda: pytest.raises(SyncError, have_token))

    assert total("auth0_token_refresh_count") == 1
    assert total("auth0_token_refresh_failed", reason="refused") == 1


def test_mails_by_kind_and_by_what_the_server_said(
    tenant: RunningTenant, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bea = add(), add(name="Bea Lund", email="bea@example.com")
    commit(lambda: sync(ana.pk))

    def refuse(mail: EmailMessage, **kwargs: object) -> int:
        raise SMTPRecipientsRefused({mail.to[0]: (550, b"no such user")})

    monkeypatch.setattr(EmailMessage, "send", refuse)
    commit(lambda: sync(bea.pk))

    assert total("console_mails", kind="invitation", outcome="accepted") == 1
    assert total("console_mails", kind="invitation", outcome="refused") == 1


def test_whom_the_brake_holds(tenant: RunningTenant, settings: Settings, commit: Commit) -> None:
    people = [add("none", name=f"Ana {i}", email=f"ana{i}@example.com") for i in range(3)]
    for person in people:
        sync(person.pk)
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)

    numbers = [person.pk for person in people]
    Employee.objects.filter(pk__in=numbers).update(is_active=False)
    commit(lambda: note(numbers, actor="sql"))

    held = sum(account_of(person).batch_id is not None for person in people)
    assert held > 0
    assert total("auth0_brake_holds", kind="changes") == held


def test_log_ins_to_the_console_and_refusals(
    visitor: Visitor, tenant: RunningTenant, commit: Commit
) -> None:
    add()
    existing(tenant, email_verified=True, password=PASSWORD)
    wrong = {"username": "eve", "password": "guess"}

    commit(visitor.sign_in)
    commit(lambda: visitor.console.post("/logout/"))
    commit(lambda: visitor.console.post("/login/local/", wrong))
    commit(lambda: visitor.console.get("/complete/auth0/", {"error": "x", "state": "nobody's"}))

    assert total("console_logins", door="auth0") == 1
    assert total("console_login_refusals", door="auth0") == 1
    assert total("console_login_refusals", door="emergency", reason="wrong_password") == 1


def test_a_sweep_that_is_begun(tenant: RunningTenant, commit: Commit) -> None:
    sweeper = Sweeper()

    commit(sweeper.tick)
    commit(sweeper.tick)

    assert total("auth0_sweeps") == 1
