"""The doctor as a whole: every line, an exit status for cron, JSON, and what it does without
database or tenant. Its single lines are tried in ``test_doctor_lines``.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from auth0sync import doctor_visit, switch, token
from auth0sync.doctor import LINES, Finding, Line, findings
from auth0sync.doctor_database import database
from auth0sync.doctor_visit import Visit
from auth0sync.engine import sync
from auth0sync.models import SyncLog, TenantState
from auth0sync.scopes import SCOPES
from tests.auth0sync.people import account_of, add
from tests.devtenant.running import RunningTenant
from tests.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def examined(*arguments: str) -> str:
    out = StringIO()
    try:
        call_command("auth0_doctor", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def by_name() -> dict[str, Finding]:
    return {finding.what: finding for finding in findings()}


@contextmanager
def no_database(*reason: int | str) -> Iterator[None]:
    told = reason or (2002, "Can't connect to server at db.internal as console:pa55word")

    def refuse(*arguments: Any) -> None:
        raise OperationalError(*told)

    with connection.execute_wrapper(refuse):
        yield


def test_when_all_is_well_it_says_so_line_by_line(well: RunningTenant) -> None:
    said = examined()

    assert "ok    Token: Auth0 gives one" in said
    assert "FAULT" not in said
    names = [line.partition(":")[0][6:] for line in said.splitlines()]
    assert names[:2] == ["Database", "Columns"]
    assert {line.what for line in LINES} - {"Scopes"} <= set(names)


def test_it_reads_a_handful_of_things_in_auth0_and_writes_none(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_LOGIN_CLIENT_ID = "console-login"
    before = len(well.calls())

    examined()

    calls = [call for call in well.calls()[before:] if call["path"] != "/oauth/token"]
    assert 3 < len(calls) < 8
    assert {call["method"] for call in calls} == {"GET"}
    assert set(SyncLog.objects.values_list("actor", flat=True)) == {"auth0_doctor"}


def test_each_fault_is_printed_with_its_mending_step_and_the_status_is_not_zero(
    well: RunningTenant,
) -> None:
    switch.pause("auth0_pause", "Moving.")

    said = examined()

    assert (
        "FAULT Switch: Auth0 was switched off by hand: Moving. By the command auth0_pause," in said
    )
    assert "      → Run “auth0_resume”.\n" in said
    assert said.endswith("1 to mend.")
    assert "ok    Connection" in said  # looked at all the same


def test_other_programs_get_it_as_json(well: RunningTenant) -> None:
    found = json.loads(examined("--json"))
    assert found["state"] == "ok"
    assert {tuple(each) for each in found["findings"]} == {("what", "state", "text", "mend")}
    states = {each["what"]: each["state"] for each in found["findings"]}
    assert (states["Database"], states["Roles claim"]) == ("ok", "unknown")

    switch.pause("auth0_pause", "Moving.")

    text, _, _ = examined("--json").rpartition("1 to mend.")
    assert json.loads(text)["state"] == "fault"


def test_without_a_database_that_is_the_fault_and_the_rest_is_not_guessed(
    well: RunningTenant,
) -> None:
    with no_database():
        said = examined()

    assert said.count("FAULT") == 1
    assert "can't be reached (2002: no server answers)" in said
    assert "?     Waiting: Not looked at: the database can't be asked." in said
    assert "ok    Tenant" in said
    assert "pa55word" not in said


def test_a_table_that_is_refused_leaves_the_other_lines_standing(well: RunningTenant) -> None:
    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if "auth0_heartbeats" in sql:
            raise OperationalError("no such table")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        found = by_name()

    assert found["Worker"].state == "unknown"
    assert "the database refuses (OperationalError)" in found["Worker"].text
    assert found["Plain text"].state == "ok"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ((1045, "Access denied for 'console'@'10.0.0.7'"), "1045: user or password is wrong"),
        ((1, "of another kind"), "1: OperationalError"),
        (("unable to open the file",), "OperationalError"),
    ],
)
def test_why_the_database_refuses_is_said_by_number(reason: Any, words: str) -> None:
    with no_database(*reason):
        found = database(doctor_visit.Visit())

    assert found.text.endswith(f"can't be reached ({words}).")


def test_a_tenant_that_is_not_there_is_one_fault_and_nothing_more_is_asked(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_BASE_URL = f"http://127.0.0.1:{free_port()}"
    token._held = None

    found = by_name()

    assert [each.what for each in found.values() if each.mend] == ["Tenant"]
    assert "can't be reached (ConnectError)" in found["Tenant"].text
    for what in ("Token", "Scopes", "Connection", "Roles", "Issuer and keys"):
        assert found[what].state == "unknown"


@pytest.mark.parametrize("body", [[1, 2], 7, "<html>Sign in to the hotel's network</html>"])
def test_what_answers_for_the_tenant_may_be_anything(well: RunningTenant, body: Any) -> None:
    here = {"path": "/.well-known/openid-configuration"}
    well.fault(match=here, kind="status", status=200, body=body)

    found = by_name()

    assert "answers with something that isn't Auth0's" in found["Tenant"].text
    assert found["Plain text"].state == "ok"


def test_a_look_that_fails_for_an_unforeseen_reason_leaves_the_others_standing() -> None:
    def fail(visit: Visit) -> Finding:
        raise KeyError("pa55word")

    first, second = findings([Line("Odd", fail), next(e for e in LINES if e.what == "Cache")])

    assert first.state == "unknown"
    assert "a fault of the console's: KeyError at test_doctor.py:" in first.text
    assert "pa55word" not in first.text
    assert second.state == "ok"


def test_a_tenant_that_hangs_holds_nobody_up_for_long(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_TIMEOUT = 1
    well.fault(match={"path": "/api/v2/.*"}, kind="hang", delay_s=4)

    found = by_name()

    assert found["Connection"].text == "Not looked at: Auth0 gave no usable answer."
    assert found["Roles"].text == found["Connection"].text
    assert SyncLog.objects.filter(actor="auth0_doctor").count() == 1
    assert found["Waiting"].state == "ok"


def test_when_its_time_is_used_up_it_asks_nobody_any_more(
    well: RunningTenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHOP_FLOOR_URL = well.base_url
    monkeypatch.setattr(doctor_visit, "WITHIN_S", -60.0)

    found = by_name()

    assert found["Connection"].text.startswith("Not looked at:")
    assert found["Issuer and keys"].text.startswith("Not looked at:")
    assert "no time left to try" in found["Shop floor"].text


def test_a_rate_limit_is_waited_for_by_others(well: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_RATE_LIMIT = 0.1

    found = by_name()

    assert found["Roles"].text == "Not looked at: Waiting for Auth0's limit."


def test_a_token_that_auth0_refuses_is_said_once(well: RunningTenant) -> None:
    well.fault(match={"path": "/api/v2/.*"}, kind="status", status=401)

    found = by_name()

    assert found["Connection"].text == found["Roles"].text
    assert found["Roles"].text == "Not looked at: Auth0 refuses the token."


def test_what_auth0_doesnt_let_it_read_is_said_with_the_scope(well: RunningTenant) -> None:
    names = [scope.name for scope in SCOPES if scope.name != "read:connections"]
    well.control(scopes={"console-m2m": names})

    assert "the scope read:connections" in by_name()["Connection"].text


def test_without_a_tenant_in_the_settings_that_is_the_fault(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = ""

    found = by_name()

    assert [each.what for each in found.values() if each.mend] == ["Switch"]
    assert found["Scopes"].text == "Not looked at: AUTH0_DOMAIN isn't set."


def test_it_prints_no_secret_and_no_token(well: RunningTenant, settings: Settings) -> None:
    good = examined("--json")
    assert token._held is not None
    assert token._held.token not in good

    settings.AUTH0_CLIENT_SECRET = "wr0ng-s3cret-of-ours"
    assert "wr0ng-s3cret" not in examined()


def test_adopting_the_tenant_lets_calls_go_out_again(well: RunningTenant) -> None:
    TenantState.objects.update(domain="acme.eu.auth0.com")
    ana = add()

    assert "adopted" in examined("--adopt-tenant")
    sync(ana.pk)

    assert account_of(ana).origin == "created"
    assert "adopted" not in examined("--adopt-tenant", "--json")


def test_there_is_nothing_to_adopt_without_a_domain(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = ""

    assert "AUTH0_DOMAIN" in examined("--adopt-tenant")
    assert TenantState.objects.get().domain == ""


def test_unknown_options_are_refused(well: RunningTenant) -> None:
    with pytest.raises(CommandError, match="unrecognized"):
        call_command("auth0_doctor", "--nonsense")
