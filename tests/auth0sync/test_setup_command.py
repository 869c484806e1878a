"""The tenant as code over HTTP: an empty tenant, an edit by hand, deletions, scopes, faults."""

from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from auth0sync import setup_tenant
from auth0sync.errors import Gone
from auth0sync.management.commands import auth0_setup
from auth0sync.management.commands.auth0_setup import DESCRIPTION
from auth0sync.models import Bucket, Pause, SyncLog, TenantState
from auth0sync.setup_apply import do
from auth0sync.setup_steps import BindAction, GivePermissions
from auth0sync.setup_tenant import connect
from devtenant.seed import SETUP_SCOPES
from tests.devtenant.builders import role_id
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.once

SHOP_FLOOR = "https://shop-floor.dev.example.com"
NOTHING = "Plan: 0 to add, 0 to change, 0 to remove, 0 to set by hand."


@pytest.fixture
def empty(tenant: RunningTenant, settings: Settings) -> RunningTenant:
    """A new tenant at Auth0, and a console that is told all but what auth0_setup makes."""
    tenant.reset(empty=True)
    tenant.unlimited()
    tenant.control(build_s=0)
    settings.ENVIRONMENT_NAME = "dev"
    settings.AUTH0_SETUP_CLIENT_ID = "console-setup"
    settings.AUTH0_SETUP_CLIENT_SECRET = "not-a-secret"
    settings.AUTH0_LOGIN_CLIENT_ID = "console-login"
    return tenant


@pytest.fixture
def made(empty: RunningTenant) -> RunningTenant:
    """A tenant that is as described."""
    said("--apply")
    return empty


def said(*options: str) -> str:
    out = StringIO()
    call_command("auth0_setup", *options, stdout=out)
    return out.getvalue()


def refused(*options: str) -> tuple[str, str, int]:
    """What was printed, the last sentence, and the exit status."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("auth0_setup", *options, stdout=out)
    return out.getvalue(), str(error.value), error.value.returncode


def plan(*options: str) -> list[str]:
    """The lines that add, change or remove."""
    return [line for line in said(*options).splitlines() if line[:2] in ("+ ", "~ ", "- ")]


def writes(tenant: RunningTenant) -> list[dict[str, Any]]:
    return [call for call in tenant.calls() if call["method"] != "GET" and "api/v2" in call["path"]]


def test_an_empty_tenant_is_set_up_and_the_second_run_changes_nothing(
    empty: RunningTenant,
) -> None:
    told = said("--apply")
    first = len(writes(empty))
    again = said("--apply")

    assert "+ API Shop Floor (https://shop-floor.dev.example.com)" in told
    assert "+ role manager: approve:timesheets at https://manager-functions.dev" in told
    assert NOTHING in again
    assert again.endswith("Nothing to do.\n")
    assert len(writes(empty)) == first
    state = empty.state()
    assert {api["name"] for api in state["resource_servers"]} == {
        "Productivity Tracker",
        "Shop Floor",
        "Manager Functions",
    }
    assert all(api["enforce_policies"] for api in state["resource_servers"])
    assert {role["name"]: len(role["permissions"]) for role in state["roles"]} == {
        "production_associate": 4,
        "team_lead": 8,
        "manager": 10,
        "admin": 10,
        "finance": 8,
    }
    assert state["connections"][0]["enabled_clients"] == ["console-login"]
    assert state["control"]["roles_claim"] == "https://identity-console.example.com/roles"


def test_a_dry_run_changes_nothing(empty: RunningTenant) -> None:
    told = said()

    assert told.endswith("Nothing was changed. --apply does it.\n")
    assert writes(empty) == []


def test_after_an_edit_by_hand_the_plan_shows_just_that(made: RunningTenant) -> None:
    path = f"/roles/{role_id(made, 'finance')}"
    made.api("PATCH", path, {"description": "Counts beans"})

    assert plan() == ["~ role finance: “Counts beans” → “Reads reports”"]
    said("--apply")
    assert plan() == []


def test_edits_of_every_kind_are_found_and_put_right(made: RunningTenant) -> None:
    state = made.state()
    [tracker] = [a for a in state["resource_servers"] if a["name"] == "Productivity Tracker"]
    scopes = [*tracker["scopes"][1:], {"value": "delete:everything"}]
    made.api("PATCH", f"/resource-servers/{tracker['id']}", {"scopes": scopes, "name": "X"})
    permission = {
        "resource_server_identifier": SHOP_FLOOR,
        "permission_name": "clock:in_out",
    }
    made.api(
        "DELETE", f"/roles/{role_id(made, 'admin')}/permissions", {"permissions": [permission]}
    )
    made.api("PATCH", "/clients/console-login", {"callbacks": [], "allowed_logout_urls": []})
    [action] = state["actions"]
    made.api("PATCH", f"/actions/actions/{action['id']}", {"code": "// mine"})
    made.api("PATCH", "/actions/triggers/post-login/bindings", {"bindings": []})

    edits = plan()
    said("--apply")

    assert "~ API Productivity Tracker: name “X” → “Productivity Tracker”" in edits
    assert "+ API Productivity Tracker: permission read:dashboard" in edits
    assert "+ role admin: clock:in_out at https://shop-floor.dev.example.com" in edits
    assert "+ log-in application: call-back http://127.0.0.1:8000/complete/auth0/" in edits
    assert "~ Action “Identity console: roles in tokens”: code" in edits
    assert "+ Action “Identity console: roles in tokens”: in the flow post-login" in edits
    assert plan() == [
        "- API Productivity Tracker: permission delete:everything"
        "   (left alone; --allow-delete removes it)"
    ]


def test_what_is_more_stays_until_it_may_be_deleted(made: RunningTenant) -> None:
    made.api("POST", "/roles", {"name": "intern", "description": "Makes coffee"})
    extra = {"resource_server_identifier": SHOP_FLOOR, "permission_name": "clock:in_out"}
    other = {"identifier": "https://other.example.com", "scopes": [{"value": "theirs"}]}
    made.api("POST", "/resource-servers", other)
    client = made.api("GET", "/clients/console-login").json()
    urls = [*client["callbacks"], "http://old.example.com/"]
    made.api("PATCH", "/clients/console-login", {"callbacks": urls})
    [tracker] = [a for a in made.state()["resource_servers"] if a["name"] == "Shop Floor"]
    scopes = [*tracker["scopes"], {"value": "close:shop"}]
    made.api("PATCH", f"/resource-servers/{tracker['id']}", {"scopes": scopes})
    closing = {**extra, "permission_name": "close:shop"}
    theirs = {"resource_server_identifier": other["identifier"], "permission_name": "theirs"}
    path = f"/roles/{role_id(made, 'finance')}/permissions"
    made.api("POST", path, {"permissions": [closing, theirs]})

    kept = said("--apply")
    gone = said("--apply", "--allow-delete")

    assert kept.count("--allow-delete removes it") == 4
    assert "4 left alone that --allow-delete removes" in kept
    assert kept.endswith("Nothing to do.\n")
    assert "done   delete role intern" in gone
    assert NOTHING in said()
    state = made.state()
    assert other["identifier"] in {api["identifier"] for api in state["resource_servers"]}
    held = made.api("GET", path).json()
    assert "theirs" in {each["permission_name"] for each in held}
    assert "close:shop" not in {each["permission_name"] for each in held}
    assert made.api("GET", "/clients/console-login").json()["callbacks"] == client["callbacks"]


def test_the_actions_of_others_keep_their_place_in_the_flow(empty: RunningTenant) -> None:
    body = {"name": "Theirs", "supported_triggers": [{"id": "post-login"}], "code": "// theirs"}
    key = empty.api("POST", "/actions/actions", body).json()["id"]
    empty.api("POST", f"/actions/actions/{key}/deploy")
    theirs = {"bindings": [{"ref": {"type": "action_id", "value": key}, "display_name": "First"}]}
    empty.api("PATCH", "/actions/triggers/post-login/bindings", theirs)

    told = said("--apply")

    assert "in the flow post-login, after First" in told
    flow = empty.api("GET", "/actions/triggers/post-login/bindings").json()["bindings"]
    assert [each["display_name"] for each in flow] == [
        "First",
        "Identity console: roles in tokens",
    ]


def test_an_action_is_waited_for_until_it_is_built(empty: RunningTenant) -> None:
    empty.control(build_s=0.6)

    assert "done   bind Action" in said("--apply")


def test_an_action_that_cant_be_built_stops_the_run(empty: RunningTenant) -> None:
    failed = {"id": "x", "name": "x", "status": "failed"}
    empty.fault(
        match={"path": "/api/v2/actions/actions/[^/]+", "method": "GET"},
        kind="wrong_body",
        body=failed,
    )

    told, last, _status = refused("--apply")

    assert "hasn't built the Action “Identity console: roles in tokens” (failed)" in told
    assert "left: deploy Action" in last


@pytest.mark.parametrize(
    ("missing", "options", "needed_for"),
    [("read:actions", (), "to look"), ("create:roles", ("--apply",), "for this plan")],
)
def test_a_missing_scope_is_named_before_anything_is_changed(
    empty: RunningTenant, missing: str, options: tuple[str, ...], needed_for: str
) -> None:
    grant(empty, without=missing)

    _told, last, _status = refused(*options)

    assert f"console-setup lacks {missing}" in last
    assert "Applications → APIs → Auth0 Management API" in last
    assert needed_for in last
    assert writes(empty) == []


def test_a_dry_run_says_which_scope_the_real_one_will_lack(empty: RunningTenant) -> None:
    grant(empty, without="create:roles")

    assert "--apply will refuse: console-setup lacks create:roles" in said()


def test_a_scope_that_is_gone_meanwhile_is_named(made: RunningTenant) -> None:
    body = {"statusCode": 403, "message": "Insufficient scope, expected any of: read:roles"}
    body["errorCode"] = "insufficient_scope"
    made.fault(match={"path": "/api/v2/roles"}, kind="status", status=403, body=body)

    _told, last, _status = refused()

    assert "grant the scope read:roles" in last
    assert "console-setup" in last


def test_what_is_only_looked_at_needs_no_scope(made: RunningTenant) -> None:
    grant(made, without="read:email_provider")

    told = said()

    assert "? Not looked at: the mail provider." in told
    assert "grant the scope read:email_provider" in told
    assert "There is no mail provider" not in told


def test_an_answer_that_nobody_foresaw_stops_the_look_with_its_status(
    made: RunningTenant,
) -> None:
    made.fault(match={"path": "/api/v2/roles"}, kind="status", status=418)

    _told, last, _status = refused()

    assert "unexpected error (418)" in last


@pytest.mark.parametrize("lands", [False, True])
def test_a_run_that_was_interrupted_is_run_again(empty: RunningTenant, lands: bool) -> None:
    path = "/api/v2/roles/[^/]+/permissions"
    empty.fault(
        match={"path": path, "method": "POST"},
        kind="status",
        status=500,
        times=1,
        when="after" if lands else "before",
    )

    told, last, status = refused("--apply")
    again = said("--apply")

    assert "FAILED give role production_associate permissions: Auth0 gave no clear answer" in told
    assert "done   make role production_associate" in told
    assert "4 of " in last
    assert "left: give role production_associate permissions; make role team_lead" in last
    assert status == 1
    assert ("done   give role production_associate permissions" in again) is not lands
    assert NOTHING in said()


def test_a_limit_is_waited_for_and_not_taken_for_a_fault(empty: RunningTenant) -> None:
    empty.fault(match={"path": "/api/v2/roles"}, kind="status", status=429, times=1)

    said("--apply")

    assert NOTHING in said()
    assert SyncLog.objects.filter(error_code="too_many_requests").count() == 1


def test_what_somebody_else_made_meanwhile_is_said_and_found_by_the_next_run(
    empty: RunningTenant,
) -> None:
    body = {"statusCode": 409, "error": "Conflict", "message": "The role already exists."}
    empty.fault(
        match={"path": "/api/v2/roles", "method": "POST"}, kind="status", status=409, body=body
    )

    told, _last, _status = refused("--apply")

    assert "Auth0 has such a one by now, or no room for more. The next run looks." in told


def test_a_database_that_goes_away_meanwhile_leaves_word_of_what_is_left(
    empty: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Mock(side_effect=OperationalError(2006, "planted-host has gone away"))
    monkeypatch.setattr(auth0_setup, "do", away)

    told, last, _status = refused("--apply")

    assert "FAILED make API Productivity Tracker: The database fails (OperationalError)" in told
    assert last.startswith("0 of ")
    assert "planted" not in told + last


def test_what_auth0_refuses_is_told_in_its_words(empty: RunningTenant) -> None:
    body = {"statusCode": 400, "message": "Payload validation error: 'Too long' on property name"}
    empty.fault(
        match={"path": "/api/v2/roles", "method": "POST"}, kind="status", status=400, body=body
    )

    told, _last, _status = refused("--apply")

    assert "Auth0 refuses it: Payload validation error: 'Too long' on property name" in told


def test_the_engine_learns_of_new_roles_and_is_neither_paused_nor_down(
    empty: RunningTenant,
) -> None:
    TenantState.objects.update(role_ids={"finance": "rol_of_before"})
    body = {"statusCode": 400, "message": "no"}
    path = "/api/v2/actions/actions"
    empty.fault(match={"path": path, "method": "POST"}, kind="status", status=400, body=body)

    refused("--apply")

    state = TenantState.objects.get()
    assert (state.role_ids, state.failures_in_row, state.down_since) == ({}, 0, None)
    assert not Pause.objects.exists()


def test_every_call_leaves_a_row_in_the_log(empty: RunningTenant) -> None:
    said("--apply")

    rows = SyncLog.objects.filter(actor="auth0_setup")
    assert rows.filter(action="make role", status="success").count() == 5
    assert not rows.exclude(employee_id=None).exists()


def test_it_works_with_the_kill_switch_off(empty: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_SYNC_ENABLED = False

    assert "done   make role finance" in said("--apply")


def test_for_ci_a_difference_has_an_exit_status_of_its_own(made: RunningTenant) -> None:
    assert NOTHING in said("--check")
    made.api("PATCH", f"/roles/{role_id(made, 'finance')}", {"description": "Counts beans"})

    _told, last, status = refused("--check")

    assert (last, status) == ("The tenant isn't as described.", 2)


def test_looking_and_applying_exclude_each_other(empty: RunningTenant) -> None:
    assert refused("--check", "--apply")[1].startswith("--check only looks")


def test_what_is_wrong_by_hand_counts_as_a_difference(made: RunningTenant) -> None:
    made.control(requires_username=True, scopes={"console-m2m": ["read:users"]})

    told, _last, status = refused("--check")

    assert status == 2
    assert "! Username-Password-Authentication: user names has to be off." in told
    assert "! console-m2m lacks the scopes create:role_members" in told


@pytest.mark.parametrize("client_id", ["", "nobody"])
def test_without_a_log_in_application_the_rest_is_set_up(
    empty: RunningTenant, settings: Settings, client_id: str
) -> None:
    settings.AUTH0_LOGIN_CLIENT_ID = client_id

    told = said("--apply")

    assert "AUTH0_LOGIN_CLIENT_ID" in told
    assert "Create Application → Regular Web Applications" in told
    assert plan() == []


def test_a_connection_that_isnt_there_is_made_by_hand(
    empty: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_CONNECTION = "Staff"

    assert "! There is no database connection Staff" in said("--apply")


def test_a_wrong_secret_is_said_without_a_call(empty: RunningTenant, settings: Settings) -> None:
    settings.AUTH0_SETUP_CLIENT_SECRET = "guess"

    last = refused()[1]

    assert "AUTH0_SETUP_CLIENT_ID and AUTH0_SETUP_CLIENT_SECRET" in last
    assert "guess" not in last


@pytest.mark.parametrize("name", ["AUTH0_DOMAIN", "AUTH0_SETUP_CLIENT_SECRET"])
def test_settings_that_are_missing_are_named(
    empty: RunningTenant, settings: Settings, name: str
) -> None:
    setattr(settings, name, "")

    assert f"{name} must be set" in refused()[1]


def test_a_description_for_another_tenant_is_refused(empty: RunningTenant) -> None:
    last = refused("--environment", "production")[1]

    assert last.startswith("production is for the tenant production-tenant.us.auth0.com")
    assert empty.calls() == []


def test_the_tenant_of_another_environment_is_refused(
    empty: RunningTenant, settings: Settings
) -> None:
    """What has no tenant of its own would be compared with, and done to, production's."""
    settings.AUTH0_DOMAIN = "production-tenant.us.auth0.com"

    last = refused("--environment", "dev", "--apply")[1]

    assert "the tenant of production, and this is to be dev: nothing was called." in last
    assert empty.calls() == []


def test_an_api_of_auth0s_own_is_never_touched(made: RunningTenant) -> None:
    """Such as the Management API, whose identifier a slip may put into the description."""
    rows = made.api("GET", "/resource-servers").json()
    [own] = [row for row in rows if row["identifier"] == SHOP_FLOOR]
    own |= {"is_system": True, "scopes": []}
    page = {"resource_servers": rows, "start": 0, "limit": 50, "total": len(rows)}
    made.fault(match={"path": "/api/v2/resource-servers"}, kind="status", status=200, body=page)
    before = len(writes(made))

    last = refused("--apply")[1]

    assert last == f"{SHOP_FLOOR} is an API of Auth0's own: the description has to name another."
    assert len(writes(made)) == before


def test_the_action_is_printed_to_paste_without_a_call(empty: RunningTenant) -> None:
    text = said("--print-action")

    assert 'api.idToken.setCustomClaim("https://identity-console.example.com/roles", ' in text
    assert empty.calls() == []


def test_no_secret_is_printed_or_kept(empty: RunningTenant) -> None:
    told = said("--apply") + said()

    kept = "".join(str(row) for row in SyncLog.objects.values())
    assert "not-a-secret" not in told + kept
    assert "eyJ" not in told + kept


ENDPOINT = "https://console.example.com/webhooks/auth0"


@pytest.fixture
def https(made: RunningTenant, settings: Settings, tmp_path: Path) -> tuple[str, ...]:
    """The options for a description whose console has https, with a token for its log stream."""
    text = DESCRIPTION.read_text().replace("http://localhost:8000", "https://console.example.com")
    (tmp_path / "tenant.yaml").write_text(text)
    options = ("--file", str(tmp_path / "tenant.yaml"))
    said("--apply", "--allow-delete", *options)
    settings.AUTH0_WEBHOOK_TOKEN = ["n3w-token", "0ld"]
    return options


def answered(tenant: RunningTenant, body: Any, status: int = 200, method: str = "GET") -> None:
    """What a call of log streams answers, from here on."""
    match = {"path": "/api/v2/log-streams", "method": method}
    tenant.fault(match=match, kind="status", status=status, body=body)


def test_a_log_stream_is_made_with_the_consoles_token(
    made: RunningTenant, https: tuple[str, ...]
) -> None:
    told = said("--apply", *https)

    assert f"+ log stream to {ENDPOINT}" in told
    assert "n3w" not in told
    [stream] = made.api("GET", "/log-streams").json()
    assert stream["sink"]["httpAuthorization"] == "Bearer n3w-token"
    assert stream["sink"]["httpEndpoint"] == ENDPOINT
    assert NOTHING in said(*https)


def test_a_log_stream_with_another_token_gets_the_first_of_the_consoles(
    made: RunningTenant, https: tuple[str, ...]
) -> None:
    sink = {
        "httpEndpoint": ENDPOINT,
        "httpAuthorization": "Bearer 0ld",
        "httpContentFormat": "JSONLINES",
        "httpCustomHeaders": [{"header": "x-theirs", "value": "1"}],
    }
    key = made.api("POST", "/log-streams", {"type": "http", "name": "x", "sink": sink}).json()["id"]
    made.api("PATCH", f"/log-streams/{key}", {"status": "paused"})

    told = said("--apply", *https)

    assert "authorization (not shown) as in AUTH0_WEBHOOK_TOKEN" in told
    assert "“paused” → “active”" in told
    assert "n3w" not in told
    assert "0ld" not in told
    [stream] = made.api("GET", "/log-streams").json()
    assert stream["sink"] == {**sink, "httpAuthorization": "Bearer n3w-token"}
    assert stream["status"] == "active"


def test_a_plan_without_log_streams_keeps_nothing_else_from_being_done(
    made: RunningTenant, https: tuple[str, ...]
) -> None:
    refusal = {"message": "Please upgrade.", "errorCode": "insufficient_entitlement"}
    answered(made, refusal, status=403)

    told = said("--apply", *https)

    assert "? Not looked at: the log streams. Auth0 doesn't allow this in the tenant's plan" in told
    assert told.endswith("Nothing to do.\n")


def test_a_stream_of_a_kind_that_the_sdk_doesnt_know_keeps_nothing_else_from_being_done(
    made: RunningTenant, https: tuple[str, ...]
) -> None:
    answered(
        made, [{"id": "lst_2", "name": "x", "type": "datadog", "status": "active", "sink": {}}]
    )

    told = said("--apply", *https)

    assert "? Not looked at: the log streams. Auth0 gave no usable answer." in told


def test_a_token_that_auth0_repeats_in_a_refusal_isnt_printed(
    made: RunningTenant, https: tuple[str, ...]
) -> None:
    answered(made, {"message": "'Bearer n3w-token' is too short"}, 400, "POST")

    told, last, _status = refused("--apply", *https)

    assert "FAILED make log stream to https://console.example.com/webhooks/auth0" in told
    assert "n3w" not in told + last
    assert "'Bearer …' is too short" in told


def grant(tenant: RunningTenant, *, without: str) -> None:
    scopes = [scope for scope in SETUP_SCOPES if scope != without]
    tenant.control(scopes={"console-setup": scopes})


def test_an_api_that_was_renamed_is_called_as_described_again(made: RunningTenant) -> None:
    [api] = [api for api in made.state()["resource_servers"] if api["name"] == "Shop Floor"]
    made.api("PATCH", f"/resource-servers/{api['id']}", {"name": "Floor"})

    assert plan("--apply") == ["~ API Shop Floor: name “Floor” → “Shop Floor”"]
    assert plan() == []


@pytest.mark.parametrize(
    ("step", "said_to_be_gone"),
    [
        (GivePermissions("nobody", ((SHOP_FLOOR, "x"),)), "nobody"),
        (BindAction("Nothing"), "Nothing"),
    ],
)
def test_what_went_between_two_steps_stops_the_run(
    empty: RunningTenant, step: GivePermissions | BindAction, said_to_be_gone: str
) -> None:
    with pytest.raises(Gone, match=said_to_be_gone):
        do(connect(), step)


def test_lists_of_more_than_a_page_are_read_to_their_end(
    made: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Roles come by numbered pages, a connection's applications each by the page before."""
    monkeypatch.setattr(setup_tenant, "PAGE", 2)
    connection = made.state()["connections"][0]["id"]
    enabled = {"enabled_clients": ["a", "b", "c", "d", "console-login"]}
    made.api("PATCH", f"/connections/{connection}", enabled)

    assert plan() == []


def test_a_limit_that_lasts_is_not_waited_for_for_ever(
    empty: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_tenant, "PATIENCE_S", 0.5)
    empty.fault(match={"path": "/api/v2/roles"}, kind="status", status=429)

    assert refused()[1] == "Auth0's limit is reached."


def test_a_refused_token_is_no_missing_scope(made: RunningTenant) -> None:
    made.fault(match={"path": "/api/v2/emails/provider"}, kind="status", status=401)

    assert refused()[1] == "Auth0 refuses the token."


def test_a_mail_provider_that_is_switched_off_is_none(made: RunningTenant) -> None:
    here = {"path": "/api/v2/emails/provider"}
    on, off = ({"name": "ses", "enabled": is_on} for is_on in (True, False))
    made.fault(match=here, kind="status", status=200, times=1, body=on)
    made.fault(match=here, kind="status", status=200, times=1, body=off)

    assert "no mail provider" not in said()
    assert "no mail provider" in said()


@pytest.mark.parametrize("is_made", [True, False])
def test_without_its_tables_it_says_what_to_run_first(
    empty: RunningTenant, monkeypatch: pytest.MonkeyPatch, is_made: bool
) -> None:
    Bucket.objects.all().delete()
    if not is_made:
        monkeypatch.setattr(Bucket._meta, "db_table", "not_made_yet")

    last = refused()[1]
    assert last.endswith("run “manage.py migrate” first.")
    assert ("can't be asked (OperationalError)" in last) is not is_made
