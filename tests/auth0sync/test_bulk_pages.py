"""What is said of import jobs: on their page, of one person, by the doctor and the budget."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from auth0sync import bulk, doctor, mail_pace
from auth0sync.budget import budget, duration
from auth0sync.bulk_words import progress
from auth0sync.context import notices
from auth0sync.engine import sync
from auth0sync.explain import explain
from auth0sync.models import Account, ImportJob, Pause
from auth0sync.status import Weather, why_waiting
from tests.auth0sync.crowd import assembled, newcomers, run_jobs
from tests.auth0sync.people import account_of
from tests.signed_in import team_lead

pytestmark = [pytest.mark.usefixtures("tenant"), pytest.mark.once]

State = ImportJob.State
LIST = reverse("admin:auth0sync_importjob_changelist")
HOME = reverse("admin:index")


@pytest.fixture(autouse=True)
def _a_crowd_is_three(settings: Settings) -> None:
    settings.AUTH0_BULK_MIN = 2


def jobs_are_refused() -> None:
    Pause.objects.create(
        pk="imports",
        code="insufficient_entitlement",
        error="Not in the plan.",
        probe_at=Now() + timedelta(seconds=60),
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "put together"),
        ({"state": State.SENDING}, "being sent"),
        ({"state": State.SENT}, "Auth0 is working at it"),
        ({"state": State.SETTLING}, "the result is being written down"),
        ({"state": State.ROLES}, "the roles are being given"),
        ({"state": State.OVER}, "over"),
        ({"state": State.OVER, "error": "It failed."}, "It failed."),
        ({"state": State.SENDING, "error": "It failed."}, "It failed; it is tried again in 30 s"),
    ],
)
def test_how_far_a_job_is_is_said_in_words(columns: dict[str, str], said: str) -> None:
    now = timezone.now()
    job = ImportJob(pk=1, made_at=now, next_at=now + timedelta(seconds=30), **columns)

    assert said in progress(job, now)


def test_a_try_that_is_due_is_said_with_its_time() -> None:
    now = timezone.now()
    job = ImportJob(state=State.SENDING, made_at=now, next_at=now, error="It failed.")

    assert "UTC" in progress(job, now)


def test_of_one_person_it_says_in_which_job_they_are_and_how_far_that_is() -> None:
    ana, *_ = newcomers(3)
    job = assembled()

    found = explain(ana.pk)

    assert found is not None
    assert found.holdups[0].startswith(f"In import job {job.pk} with 2 others: put together")
    assert not any("queue" in sentence for sentence in found.holdups)
    assert f"import job {job.pk}" in why_waiting(account_of(ana), Weather.today())


def test_of_one_person_it_says_why_it_goes_one_by_one() -> None:
    ana, *_ = newcomers(3)
    jobs_are_refused()

    found = explain(ana.pk)

    assert found is not None
    assert found.holdups[0].endswith("one by one, however many they are. Not in the plan.")


def test_of_one_person_it_says_that_the_mail_waits_for_its_turn() -> None:
    (ana,) = newcomers(1, invitation="work")
    mail_pace.refused(mail_pace.Lane.SERVER, had_enough=False)
    sync(ana.pk)

    found = explain(ana.pk)

    assert found is not None
    assert found.holdups[-1].startswith("The mail waits for its turn. The mail server takes no")


def test_the_calls_of_a_job_stand_in_the_sync_log(admin_client: Client) -> None:
    newcomers(3)

    job = run_jobs()

    page = admin_client.get(reverse("admin:auth0sync_synclog_changelist")).content.decode()
    assert "Import accounts" in page
    assert str(job) in page


def test_the_list_says_of_each_job_how_far_it_is(admin_client: Client) -> None:
    newcomers(3)
    job = assembled()
    ImportJob.objects.create(
        state=State.OVER,
        people=500,
        inserted=498,
        refused=2,
        sent_at=timezone.now(),
        over_at=timezone.now(),
    )

    page = admin_client.get(LIST).content.decode()

    assert f"Import job {job.pk}" in page
    assert "Put together" in page
    assert "498" in page
    of_one = reverse("admin:auth0sync_importjob_change", args=[job.pk])
    assert "Put together" in admin_client.get(of_one).content.decode()


def test_only_administrators_see_the_list() -> None:
    browser, _ = team_lead()

    assert browser.get(LIST).status_code == 403


def test_the_doctor_says_what_is_under_way(settings: Settings) -> None:
    def line() -> str:
        return next(str(each) for each in doctor.findings() if each.what == "Import jobs")

    assert "None is under way." in line()
    newcomers(3)
    assembled()
    assert "1 under way for 3 people; import job" in line()
    ImportJob.objects.update(made_at=Now() - timedelta(hours=4))
    assert line().startswith("FAULT")
    settings.AUTH0_SEND_VERIFICATION_EMAIL = True
    assert "AUTH0_SEND_VERIFICATION_EMAIL" in line()


def test_a_band_says_that_a_crowd_goes_one_by_one_and_nobody_else_is_bothered() -> None:
    jobs_are_refused()
    assert notices(is_admin=True) == []

    newcomers(3)

    assert "3 new accounts are made one by one" in notices()[-1]
    assert "Not in the plan." not in notices()[-1]
    assert "Not in the plan." in notices(is_admin=True)[-1]


def test_many_in_a_job_cost_a_few_calls_and_alone_two_each(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = False
    newcomers(60)

    found = budget()
    assert (found.people, found.calls, found.by_job) == (60, 12, 60)
    assembled()
    assert budget().calls == 12

    Account.objects.update(job=None)
    jobs_are_refused()
    assert (budget().calls, budget().by_job) == (120, 0)


def test_a_crowd_to_come_is_forecast_by_job(settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 10.0

    assert duration(made=500, mailed=0).total_seconds() == pytest.approx(20 / 10, abs=1)


def test_it_is_finished_when_auth0_has_worked_the_jobs_off() -> None:
    sent_at = timezone.now()
    ImportJob.objects.create(
        state=State.OVER,
        people=10,
        sent_at=sent_at,
        ended_at=sent_at + timedelta(seconds=100),
    )
    newcomers(60)

    found = budget()

    assert found.finished_at is not None
    assert (found.finished_at - found.now).total_seconds() == pytest.approx(300)


def test_the_start_page_says_how_many_go_together(admin_client: Client) -> None:
    newcomers(3)
    bulk.assemble(until=time.monotonic() + 5)

    assert "3 get the account with many others at once" in admin_client.get(HOME).content.decode()


def test_the_doctor_says_that_mails_wait_for_the_mail_server(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail_pace.refused(mail_pace.Lane.SERVER, had_enough=False)

    line = next(str(each) for each in doctor.findings() if each.what == "Mail")

    assert "took no mail a moment ago" in line
