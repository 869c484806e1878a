"""The support bundle: it says much, and none of what was planted everywhere is in it."""

import json
import stat
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.models import OrmQ, Schedule
from pytest_django import Settings

from auth0sync import switch
from auth0sync.bundle import GONE, SHOWN, bundle, clean
from auth0sync.doctor import Finding
from auth0sync.models import (
    Account,
    Bucket,
    Comparison,
    Heartbeat,
    ImportJob,
    Incident,
    Pause,
    StagedBatch,
    SyncLog,
    TenantState,
)
from tests.auth0sync.people import add
from tests.builders import boss, make_auth, make_mapping
from tests.devtenant.running import RunningTenant

pytestmark = [pytest.mark.django_db, pytest.mark.once]
JWT = "eyJhbGciOiJSUzI1NiJ9.planted-token-body.signature"


def written_in(content: bytes) -> dict[str, Any]:
    with ZipFile(BytesIO(content)) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist()}


def plant_settings(settings: Settings) -> None:
    for name in (
        "SECRET_KEY",
        "AUTH0_LOGIN_CLIENT_SECRET",
        "AUTH0_LOGIN_CLIENT_ID",
        "AUTH0_CLIENT_ID",
    ):
        setattr(settings, name, f"planted-{name}" + "x" * 50)
    settings.EMAIL_URL = "smtp+tls://planted-user:planted-password@mail.example.com:587"
    settings.EMAIL_HOST_PASSWORD = settings.EMAIL_HOST_USER = "planted-password"
    settings.REDIS_URL = "redis://:planted-redis@127.0.0.1:1/0"
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/planted-key"
    settings.AUTH0_WEBHOOK_TOKEN = ["planted-webhook-token-" + "x" * 40]
    settings.ALERT_EMAILS = ["planted.alert@example.com"]
    settings.AUTH0_CLIENT_SECRET = "planted-wrong-machine-secret"


def plant_rows() -> None:
    """Every kind of thing that people or programs write, in each table that the bundle reads."""
    ana = add(
        name="Planted Person",
        email="planted.person@example.com",
        personal_email="planted.home@example.com",
        phone_number="555-planted",
        notes="planted note",
    )
    make_auth(ana, pin="9137", pin_plain="9137", login_token="planted-login-token")
    make_mapping(ana, podfactory_name="Planted Mapping")
    Account.objects.filter(pk=ana.pk).update(
        user_id="auth0|planted-user",
        error="planted error about planted.person@example.com",
        error_code="not_kept",
        error_at=Now(),
        seen={"name": "Planted Person"},
        found=[{"email": "planted.found@example.com"}],
        due_by="admin:planted-actor",
    )
    switch.pause(boss(1).name, "planted reason of Planted Person")
    TenantState.objects.update(
        token="planted-sealed-token", token_lease="planted-lease", paused_by="admin:planted-pauser"
    )
    SyncLog.objects.create(
        action="create account",
        status="success",
        auth0_user_id="auth0|planted-user",
        actor="admin:planted-actor",
        response_data={"http_status": 201, "fields": ["name"], "extra": "planted-extra"},
    )
    Incident.objects.create(key="emergency:planted-name", subject="planted subject")
    Pause.objects.create(
        pk="update",
        code="x",
        error="planted refusal",
        missing="update:users planted-thing",
        probe_at=Now(),
    )
    Heartbeat.objects.create(name="planted-host:1", beaten_at=Now())
    OrmQ.objects.create(key="k", payload="planted-payload")
    Schedule.objects.create(func="planted.function", name="planted-schedule")
    Bucket.objects.filter(pk="management").update(limits={"planted": "planted-limit"})
    Comparison.objects.create(error="planted comparison", notes=["planted note"])
    ImportJob.objects.create(error="planted job", auth0_id="job_planted")
    StagedBatch.objects.create(kind="changes", reason="planted batch", causes=["admin:planted"])
    User.objects.create_user("planted-login", "planted.user@example.com", "planted-password")


def test_nothing_that_was_planted_anywhere_is_in_it(
    well: RunningTenant, settings: Settings, tmp_path: Path
) -> None:
    plant_settings(settings)
    plant_rows()
    file = tmp_path / "bundle.zip"
    out = StringIO()

    with pytest.raises(CommandError, match="to mend"):
        call_command("auth0_doctor", "--bundle", str(file), stdout=out)

    with ZipFile(file) as written:
        for name in written.namelist():
            text = written.read(name).decode()
            assert "planted" not in text.lower(), name
            assert "9137" not in text, name
    assert "planted-password" not in out.getvalue()


def test_it_says_what_somebody_far_away_needs(well: RunningTenant, tmp_path: Path) -> None:
    plant_rows()
    file = tmp_path / "bundle.zip"

    with pytest.raises(CommandError):
        call_command("auth0_doctor", "--bundle", str(file), stdout=StringIO())

    found = written_in(file.read_bytes())
    states = {each["what"]: each["state"] for each in found["doctor.json"]["findings"]}
    assert states["Switch"] == "fault"
    assert found["versions.json"]["packages"]["Django"]
    assert found["settings.json"]["values"]["AUTH0_BULK_MIN"] == 100
    assert "SECRET_KEY" in found["settings.json"]["set"]
    assert "ALERT_WEBHOOK_URL" in found["settings.json"]["not set"]
    assert found["counts.json"]["employees"] == 1
    assert found["state.json"]["off"] == "paused"
    assert found["state.json"]["error codes of accounts"] == ["not_kept"]
    actions = {each["action"]: each for each in found["sync-log.json"]}
    assert actions["create account"]["http_status"] == 201
    assert actions["create account"]["fields"] == ["name"]
    assert found["incidents.json"][0]["key"] == "emergency"
    assert found["pauses.json"][0]["missing"] == ["update:users"]
    assert len(found["heartbeats.json"]) == 2
    assert found["buckets.json"][0]["name"] == "management"
    assert "auth0sync.0001_initial" in found["migrations.json"]


def test_only_its_owner_may_read_it_and_nothing_is_written_over(
    well: RunningTenant, tmp_path: Path
) -> None:
    file = tmp_path / "bundle.zip"

    call_command("auth0_doctor", "--bundle", str(file), stdout=StringIO())

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(CommandError, match="File exists"):
        call_command("auth0_doctor", "--bundle", str(file), stdout=StringIO())
    assert file.read_bytes() == before


def test_without_a_database_the_other_parts_are_there(state: TenantState) -> None:
    def refuse(*arguments: Any) -> None:
        raise OperationalError(2002, "planted-host refuses")

    with connection.execute_wrapper(refuse):
        found = written_in(bundle([Finding("Database", "Away.", "Start it.")]))

    assert found["counts.json"] == {"not read": "OperationalError"}
    assert found["doctor.json"]["state"] == "fault"
    assert found["settings.json"]["values"]


def test_the_folder_of_an_sqlite_database_isnt_in_it(
    state: TenantState, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "/home/planted.person/console/db.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", name)

    found = written_in(bundle([Finding("Database", f"{name} is up to date.")]))

    [line] = found["doctor.json"]["findings"]
    assert line["text"] == f"{GONE}/db.sqlite3 is up to date."


def test_whatever_slips_in_is_taken_out_at_the_end() -> None:
    text = f"by ana@example.com with {JWT} and s3cret-value"

    assert clean(text, ["s3cret-value"]) == f"by {GONE} with {GONE} and {GONE}"


def test_no_setting_that_is_shown_can_hold_a_secret() -> None:
    # An address of the tenant or of the shop floor may hold no password: settings refuse it.
    assert not [
        name for name in SHOWN if any(word in name for word in ("SECRET", "PASSWORD", "KEY"))
    ]
