"""Old rows of the sync log go, by the sweep and by a command; everything else keeps them."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from auth0sync import pruning
from auth0sync.models import ImportJob, SyncLog
from auth0sync.sweep import Sweeper

pytestmark = pytest.mark.usefixtures("state")


def log(*days_ago: float) -> None:
    """One row of each of these ages, written in the order of time."""
    for days in sorted(days_ago, reverse=True):
        SyncLog.objects.create(
            action="update",
            status=SyncLog.Status.SUCCESS,
            created_at=timezone.now() - timedelta(days=days),
        )


def ages() -> list[int]:
    now = timezone.now()
    return [round((now - row.created_at).days) for row in SyncLog.objects.order_by("pk")]


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("auth0_prune", *arguments, stdout=out)
    return out.getvalue()


def test_the_sweep_removes_what_is_older_than_the_setting(settings: Settings) -> None:
    settings.LOG_RETENTION_DAYS = 30
    log(31, 30.1, 29, 0)

    Sweeper().tick()

    assert ages() == [29, 0]


def test_the_sweep_removes_a_page_at_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAGE", 2)
    settings.LOG_RETENTION_DAYS, settings.AUTH0_SWEEP_SECONDS = 30, 0
    log(90, 80, 70, 60, 1)
    sweeper = Sweeper()

    sweeper.tick()
    after_one = ages()
    sweeper.tick()

    assert after_one == [70, 60, 1]
    assert ages() == [1]


def test_every_row_is_kept_where_the_setting_is_0(settings: Settings) -> None:
    settings.LOG_RETENTION_DAYS = 0
    log(9_000)

    Sweeper().tick()

    assert ages() == [9_000]
    assert "every row is kept" in said("--apply")
    assert ages() == [9_000]


def test_import_jobs_go_once_they_were_over_that_long_ago(settings: Settings) -> None:
    settings.LOG_RETENTION_DAYS = 30
    now = timezone.now()
    ImportJob.objects.create(over_at=now - timedelta(days=31))
    lately = ImportJob.objects.create(over_at=now - timedelta(days=29))
    under_way = ImportJob.objects.create(made_at=now - timedelta(days=31))

    Sweeper().tick()

    assert set(ImportJob.objects.all()) == {lately, under_way}


def test_the_command_only_counts(settings: Settings) -> None:
    settings.LOG_RETENTION_DAYS = 30
    log(31, 40, 1)

    assert said() == "2 rows are older than 30 days. --apply removes them.\n"
    assert ages() == [40, 31, 1]


def test_the_command_removes_all_of_them_when_told_to(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAGE", 2)
    settings.LOG_RETENTION_DAYS = 30
    log(31, 40, 50, 1)

    assert said("--apply") == "3 rows older than 30 days were removed.\n"
    assert ages() == [1]


def test_the_command_takes_another_age(settings: Settings) -> None:
    settings.LOG_RETENTION_DAYS = 0
    log(31, 1)

    said("--days", "7", "--apply")

    assert ages() == [1]


@pytest.mark.parametrize("days", ["0", "-3"])
def test_the_command_refuses_an_age_that_would_take_everything(days: str) -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("auth0_prune", "--days", days, "--apply")


def test_nothing_else_can_remove_a_row() -> None:
    log(500)

    with pytest.raises(TypeError, match="append-only"):
        SyncLog.objects.all().delete()
