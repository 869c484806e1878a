"""Each line of the doctor is made red on purpose, names its mending step, and is green again."""

from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import Settings
from redis import ConnectionError as RedisAway

from auth0sync import doctor_console, doctor_database, doctor_login, doctor_tenant, switch, token
from auth0sync.doctor import LINES, Finding, findings
from auth0sync.doctor_visit import Visit
from auth0sync.models import (
    Account,
    Comparison,
    Heartbeat,
    ImportJob,
    LogCheckpoint,
    Pause,
    TenantEvent,
    TenantState,
)
from auth0sync.scopes import SCOPES, Need, Scope
from employees.models import EmployeeAuth
from tests.auth0sync.people import add
from tests.builders import make_auth, make_employee
from tests.devtenant.running import RunningTenant

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NAMES = [scope.name for scope in SCOPES]
LOGIN = "console-login"
LONG_AGO = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def looked_at(line: str, what: str = "") -> Finding:
    """This line alone, after those that it needs; what: where a line says several things."""
    needs = {"Scopes": ("Token",), "Clocks": ("Tenant",), "Issuer and keys": ("Tenant",)}
    names = {*needs.get(line, ()), line}
    found = {each.what: each for each in findings([e for e in LINES if e.what in names])}
    return found[what or line]


class Broken(NamedTuple):
    """How a line is made red, and what mends it. said: words of its text or its mending step."""

    line: str
    breaks: Callable[["World"], object]
    mends: Callable[["World"], object]
    said: str
    red: str = ""  # what the red line is called, where that isn't the line's own name
    green: str = ""


class World(NamedTuple):
    """What can be broken."""

    tenant: RunningTenant
    settings: Settings
    monkeypatch: pytest.MonkeyPatch


def sets(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world.settings, name, value)


def state(**columns: Any) -> Callable[[World], int]:
    return lambda world: TenantState.objects.update(**columns)


def grants(*missing: str, more: tuple[str, ...] = ()) -> Callable[[World], object]:
    def grant(world: World) -> None:
        granted = [name for name in NAMES if name not in missing]
        world.tenant.control(scopes={"console-m2m": [*granted, *more]})
        # As half a minute later: until then no other token is fetched for a scope.
        TenantState.objects.update(token_at=None)

    return grant


def granted_later(*more: str) -> Callable[[World], object]:
    """Beyond what is needed: only the next token has it, and not for a scope's sake."""

    def grant(world: World) -> None:
        grants(more=more)(world)
        TenantState.objects.update(token="", token_expires_at=None)
        token._held = None

    return grant


def clients_of_connection(is_on: bool) -> Callable[[World], object]:
    def switch_login(world: World) -> None:
        found = world.tenant.api("GET", "/connections").json()[0]["id"]
        sent = [{"client_id": LOGIN, "status": is_on}]
        assert world.tenant.api("PATCH", f"/connections/{found}/clients", sent).is_success
        world.settings.AUTH0_LOGIN_CLIENT_ID = LOGIN

    return switch_login


def login_application(**columns: Any) -> Callable[[World], object]:
    def change(world: World) -> None:
        world.settings.AUTH0_LOGIN_CLIENT_ID = LOGIN
        world.settings.ALLOWED_HOSTS = ["console.example.com", "localhost"]
        good = {
            "callbacks": ["https://console.example.com/complete/auth0/"],
            "allowed_logout_urls": ["https://console.example.com/login/"],
            "grant_types": ["authorization_code"],
        }
        sent = {**good, **columns}
        assert world.tenant.api("PATCH", f"/clients/{LOGIN}", sent).is_success

    return change


def streams(*found: dict[str, Any]) -> Callable[[World], object]:
    def say(world: World) -> None:
        world.settings.AUTH0_WEBHOOK_TOKEN = ["not-a-secret-" * 4]
        world.tenant.clear_faults()
        match = {"path": "/api/v2/log-streams"}
        world.tenant.fault(match=match, kind="wrong_body", when="before", status=200, body=found)

    return say


def stream(**over: Any) -> dict[str, Any]:
    address = "https://console.example.com/webhooks/auth0"
    sink = {"httpEndpoint": address, "httpAuthorization": "Bearer t0ken-of-the-stream"}
    return {"id": "lst_1", "type": "http", "status": "active", "sink": sink, **over}


def a_stream_is(status: str) -> Callable[[World], object]:
    """A stream of the stand-in's own, to an address where nobody listens."""

    def make(world: World) -> None:
        world.settings.AUTH0_WEBHOOK_TOKEN = ["not-a-secret-" * 4]
        found = world.tenant.api("GET", "/log-streams").json()
        if not found:
            sink = {"httpEndpoint": "https://127.0.0.1:1/webhooks/auth0"}
            found = [
                world.tenant.api("POST", "/log-streams", {"type": "http", "sink": sink}).json()
            ]
        changed = world.tenant.api("PATCH", f"/log-streams/{found[0]['id']}", {"status": status})
        assert changed.is_success

    return make


def log_was_read(ago: timedelta) -> Callable[[World], object]:
    def read(world: World) -> None:
        world.settings.AUTH0_LOG_POLL_SECONDS = 60
        LogCheckpoint.objects.update_or_create(pk=1, defaults={"read_at": Now() - ago})

    return read


def a_role_is_missing(world: World) -> None:
    found = world.tenant.api("GET", "/roles").json()
    finance = next(role["id"] for role in found if role["name"] == "finance")
    assert world.tenant.api("DELETE", f"/roles/{finance}").is_success


def the_role_is_there(world: World) -> None:
    assert world.tenant.api("POST", "/roles", {"name": "finance"}).is_success


def clock_is_ahead(world: World) -> None:
    now, by = timezone.now, timedelta(seconds=120)
    world.monkeypatch.setattr("django.utils.timezone.now", lambda: now() + by)


def undone(world: World) -> None:
    world.monkeypatch.undo()


def mail_refuses(world: World) -> None:
    def refuse(self: EmailBackend) -> None:
        raise ConnectionRefusedError

    world.monkeypatch.setattr(EmailBackend, "open", refuse)


def redis_is_away(world: World) -> None:
    def refuse() -> int:
        raise RedisAway

    world.monkeypatch.setattr(doctor_console, "queue_size", refuse)


def disk_is_full(world: World) -> None:
    usage = namedtuple("usage", "total used free")
    world.monkeypatch.setattr("shutil.disk_usage", lambda path: usage(2**40, 2**40 - 2**20, 2**20))


def no_file_finds_room(world: World) -> None:
    """As tempfile says it when each folder that it tries is full, or isn't there."""
    error = FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    world.monkeypatch.setattr("tempfile.gettempdir", Mock(side_effect=error))


def somebody_is_left_waiting(world: World) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(due_at=Now() - timedelta(hours=2))


def everybody_is_done(world: World) -> None:
    Account.objects.update(due_at=None)


def a_task_stands_still(world: World) -> None:
    OrmQ.objects.create(key="identity-console", payload="x", lock=LONG_AGO)


def schedule(world: World) -> None:
    Schedule.objects.create(func="os.system", schedule_type=Schedule.ONCE)


def a_job_hangs(world: World) -> None:
    ImportJob.objects.create(made_at=LONG_AGO)


def scopes_are_missing(world: World) -> None:
    Pause.objects.create(
        pk="create", code="x", error="Not allowed.", missing="create:users", probe_at=Now()
    )


def plain_pins(world: World) -> None:
    make_auth(make_employee(), pin="7391", pin_plain="7391")


def migrations(world: World) -> None:
    MigrationRecorder.Migration.objects.filter(app="auth0sync").delete()


def migrated(world: World) -> None:
    for app, name in MigrationLoader(None).disk_migrations or ():
        if app == "auth0sync":
            MigrationRecorder.Migration.objects.create(app=app, name=name)


CASES = [
    Broken("Database", migrations, migrated, "migrate"),
    Broken(
        "Secrets",
        sets("SECRET_KEY", "short"),
        sets("SECRET_KEY", "x" * 60),
        "SECRET_KEY has less than 50 characters",
    ),
    Broken("Disk", disk_is_full, undone, "Make room: less than 1.0 GiB"),
    Broken("Disk", no_file_finds_room, undone, "No usable temporary directory found"),
    Broken(
        "Cache",
        sets("CACHES", {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}),
        sets("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}),
        "can't be read again",
    ),
    Broken(
        "Worker",
        lambda world: Heartbeat.objects.update(beaten_at=LONG_AGO),
        lambda world: Heartbeat.objects.update(beaten_at=Now()),
        "qcluster",
    ),
    Broken("Queue", a_task_stands_still, lambda world: OrmQ.objects.all().delete(), "qcluster"),
    Broken("Queue", redis_is_away, undone, "REDIS_URL"),
    Broken(
        "Sweep",
        state(sweep_lease_until=LONG_AGO),
        state(sweep_lease_until=Now() + timedelta(minutes=1)),
        "qcluster",
    ),
    Broken(
        "Night",
        state(scrubbed_at=LONG_AGO, compared_at=LONG_AGO),
        state(scrubbed_at=Now(), compared_at=Now()),
        "Plain PINs weren't looked for since 2 March, 09:00 UTC; accounts weren't compared since",
    ),
    Broken("Schedules", schedule, lambda world: Schedule.objects.all().delete(), "os.system"),
    Broken("Switch", state(domain="a.auth0.com"), state(domain=""), "--adopt-tenant"),
    Broken(
        "Switch",
        lambda world: switch.pause_until_reconciled("older"),
        lambda world: switch.resume("auth0_resume"),
        "auth0_resume",
    ),
    Broken(
        "Switch",
        sets("AUTH0_SYNC_ENABLED", False),
        sets("AUTH0_SYNC_ENABLED", True),
        "AUTH0_SYNC_ENABLED=true",
    ),
    Broken(
        "Tenant",
        lambda world: world.tenant.fault(
            match={"path": "/.well-known/.*"}, kind="status", status=503
        ),
        lambda world: world.tenant.clear_faults(),
        "answers 503. Check AUTH0_DOMAIN",
    ),
    Broken(
        "Tenant",
        lambda world: world.tenant.fault(
            match={"path": "/.well-known/.*"}, kind="wrong_body", body="<html>"
        ),
        lambda world: world.tenant.clear_faults(),
        "something that isn't Auth0's",
    ),
    Broken("Clocks", clock_is_ahead, undone, "120 s ahead of the database's"),
    Broken(
        "Token",
        sets("AUTH0_CLIENT_SECRET", "wr0ng"),
        sets("AUTH0_CLIENT_SECRET", "not-a-secret"),
        "AUTH0_CLIENT_SECRET with the machine-to-machine",
    ),
    *(
        Broken("Scopes", grants(name), grants(), f"tick {name}", f"Scope {name}", f"Scope {name}")
        for name in ("read:users", "create:role_members")
    ),
    Broken(
        "Scopes",
        granted_later("update:clients", "read:stats"),
        granted_later("read:stats"),
        "Whoever gets hold of the machine secret could do far more: update:clients.",
        "Scopes beyond need",
        "Scopes beyond need",
    ),
    Broken(
        "Connection",
        sets("AUTH0_CONNECTION", "Nowhere"),
        sets("AUTH0_CONNECTION", "Username-Password-Authentication"),
        "Nowhere doesn't exist in Auth0. Make it",
    ),
    Broken(
        "Connection",
        lambda world: world.tenant.control(requires_username=True),
        lambda world: world.tenant.control(requires_username=False),
        "switch “Requires Username” off",
    ),
    Broken(
        "Connection",
        clients_of_connection(False),
        clients_of_connection(True),
        "Applications: switch console-login on",
    ),
    Broken("Roles", a_role_is_missing, the_role_is_there, "Missing in Auth0: finance."),
    Broken(
        "Issuer and keys",
        lambda world: world.tenant.fault(
            match={"path": "/.well-known/jwks.json"}, kind="status", status=500
        ),
        lambda world: world.tenant.clear_faults(),
        "doesn't give them (HTTPStatusError)",
    ),
    Broken(
        "Log-in application",
        login_application(callbacks=["https://other.example.com/complete/auth0/"]),
        login_application(),
        "Allowed Callback URLs: https://console.example.com/complete/auth0/",
    ),
    Broken(
        "Log-in application",
        login_application(allowed_logout_urls=[], grant_types=["implicit"]),
        login_application(),
        "Allowed Logout URLs: https://console.example.com/login/; Advanced → Grant Types",
    ),
    Broken(
        "Log-in application",
        lambda world: (login_application()(world), sets("AUTH0_LOGIN_CLIENT_ID", "gone")(world)),
        login_application(),
        "gone doesn't exist in Auth0",
    ),
    Broken(
        "Events",
        streams(stream(sink={"awsRegion": "x"}), stream(sink=None)),
        streams(stream()),
        "no log stream leads here. Run “auth0_setup --apply”, or Monitoring → Streams",
    ),
    Broken("Events", a_stream_is("paused"), a_stream_is("active"), "leads here is paused."),
    Broken(
        "Events",
        log_was_read(timedelta(hours=2)),
        log_was_read(timedelta()),
        "Auth0's log wasn't read since",
    ),
    Broken(
        "Outage",
        state(down_since=Now() - timedelta(minutes=3)),
        state(down_since=None),
        "goes on by itself",
    ),
    Broken(
        "Refusals",
        scopes_are_missing,
        lambda world: Pause.objects.all().delete(),
        "create:users",
        "Auth0 refuses “create”",
    ),
    Broken(
        "Import jobs", a_job_hangs, lambda world: ImportJob.objects.all().delete(), "worker's log"
    ),
    Broken("Waiting", somebody_is_left_waiting, everybody_is_done, "Run “auth0_explain"),
    Broken("Mail", sets("MAIL_CONFIGURED", False), sets("MAIL_CONFIGURED", True), "EMAIL_URL"),
    Broken("Mail", mail_refuses, undone, "Check EMAIL_URL"),
    Broken(
        "Alerts", sets("ALERT_EMAILS", []), sets("ALERT_EMAILS", ["a@example.com"]), "ALERT_EMAILS"
    ),
    Broken("Alerts", sets("ALERT_EMAILS", []), sets("ALERT_WEBHOOK_URL", "https://a"), "Nobody"),
    Broken(
        "Plain text",
        plain_pins,
        lambda world: EmployeeAuth.objects.all().delete(),
        "There are 1 plain PINs (employee_auth.pin), 1 plain copies",
    ),
]
# Tried elsewhere: columns in test_doctor_columns, the shop floor in test_doctor_door.
# These can't be red: nothing is wrong without access tokens, and nobody can look at the claim.
ELSEWHERE = {"Columns", "Shop floor"}
NEVER_RED = {"Access tokens", "Roles claim"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.line}: {case.said[:30]}")
def test_what_is_wrong_is_red_with_its_mending_step_and_then_green_again(
    well: RunningTenant, settings: Settings, monkeypatch: pytest.MonkeyPatch, case: Broken
) -> None:
    world = World(well, settings, monkeypatch)

    case.breaks(world)
    red = looked_at(case.line, case.red)
    case.mends(world)
    green = looked_at(case.line, case.green)

    assert red.state == "fault", red
    assert case.said in f"{red.text} {red.mend}"
    assert green.state == "ok", green


def test_no_line_was_forgotten() -> None:
    assert {each.what for each in LINES} == {case.line for case in CASES} | ELSEWHERE | NEVER_RED


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_each_scope_has_a_line_of_its_own_that_says_what_it_is_for(scope: Scope) -> None:
    def line(granted: frozenset[str]) -> Finding:
        visit = Visit(scopes=granted)
        return next(e for e in doctor_tenant.scopes(visit) if e.what == f"Scope {scope.name}")

    there, gone = line(frozenset(NAMES)), line(frozenset(NAMES) - {scope.name})

    assert (there.state, scope.why in there.text) == ("ok", True)
    if scope.need == Need.OPTIONAL:
        assert (gone.state, scope.without in gone.text) == ("ok", True)
    else:
        assert (gone.state, scope.name in gone.mend) == ("fault", True)


def test_without_roles_to_be_given_their_scopes_and_names_are_nothing_to_mend(
    settings: Settings,
) -> None:
    settings.AUTH0_ENABLE_ROLE_ASSIGNMENT = False
    visit = Visit(scopes=frozenset(NAMES) - {"create:role_members"})

    lines = {each.what: each for each in doctor_tenant.scopes(visit)}

    assert lines["Scope create:role_members"].state == "ok"
    assert lines["Scopes beyond need"].text == "None."
    assert doctor_tenant.roles(visit, ("finance",)).state == "ok"


def test_a_token_that_cant_be_read_says_nothing_of_its_scopes(
    well: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_tenant, "have_token", lambda: "opaque")

    found = {
        each.what: each for each in findings([e for e in LINES if e.what in ("Token", "Scopes")])
    }

    assert (found["Token"].state, found["Scopes"].state) == ("ok", "unknown")
    assert found["Scopes"].text == "The token doesn't say which scopes it has."


def test_a_cache_that_fails_is_a_fault_and_a_shared_one_is_said_to_be(
    settings: Settings, tmp_path: Path
) -> None:
    backends = "django.core.cache.backends"
    settings.CACHES = {"default": {"BACKEND": f"{backends}.db.DatabaseCache", "LOCATION": "none"}}
    assert looked_at("Cache").state == "fault"

    folder = str(tmp_path)
    settings.CACHES = {
        "default": {"BACKEND": f"{backends}.filebased.FileBasedCache", "LOCATION": folder}
    }
    assert looked_at("Cache").text == "It keeps (FileBasedCache)."


@pytest.mark.parametrize(
    ("debug", "key", "base_url", "secret", "said"),
    [
        (False, "django-insecure-" + "x" * 50, "", "", "SECRET_KEY is one that everybody knows"),
        (
            True,
            "django-insecure",
            "https://acme.eu.auth0.com",
            "",
            "DEBUG is on, with a real tenant",
        ),
        (
            False,
            "x" * 60,
            "https://acme.eu.auth0.com",
            "not-a-secret",
            "AUTH0_CLIENT_SECRET is a sample",
        ),
        (True, "django-insecure", "http://127.0.0.1:1", "not-a-secret", ""),
    ],
)
def test_what_nobody_should_run_with_is_named_and_never_shown(
    settings: Settings, debug: bool, key: str, base_url: str, secret: str, said: str
) -> None:
    settings.DEBUG, settings.SECRET_KEY = debug, key
    settings.AUTH0_BASE_URL, settings.AUTH0_CLIENT_SECRET = base_url, secret

    found = doctor_database.secrets_and_debug(Visit())

    assert (found.state == "fault") == bool(said)
    assert said in found.text
    assert key not in f"{found.text} {found.mend}"


def test_the_secret_of_the_set_up_is_nothing_for_web_server_and_worker(settings: Settings) -> None:
    settings.AUTH0_BASE_URL, settings.AUTH0_SETUP_CLIENT_SECRET = "https://a.auth0.com", "s3t-up!"
    red = doctor_database.secrets_and_debug(Visit())
    settings.AUTH0_SETUP_CLIENT_SECRET = ""

    assert (red.state, "AUTH0_SETUP_CLIENT_SECRET is set" in red.text) == ("fault", True)
    assert doctor_database.secrets_and_debug(Visit()).state == "ok"


def test_a_night_that_cant_be_compared_in_this_plan_is_no_fault(well: RunningTenant) -> None:
    TenantState.objects.update(compared_at=LONG_AGO)
    Comparison.objects.create(
        state=Comparison.State.FAILED, error_code="insufficient_entitlement", finished_at=Now()
    )

    found = looked_at("Night")

    assert (found.state, "no exports" in found.text) == ("ok", True)


@pytest.mark.parametrize("line", ["Night", "Clocks"])
def test_without_the_consoles_own_row_it_says_what_makes_it(well: RunningTenant, line: str) -> None:
    TenantState.objects.all().delete()

    assert (looked_at(line).state, "migrate" in looked_at(line).text) == ("unknown", True)


def test_the_queue_says_how_many_wait_and_several_clusters_are_fine(well: RunningTenant) -> None:
    OrmQ.objects.create(key="identity-console", payload="x", lock=timezone.now())
    Heartbeat.objects.create(name="v", beaten_at=Now())

    assert looked_at("Queue").text.startswith("1 task waits, the first since ")
    assert looked_at("Queue").state == "ok"
    assert looked_at("Worker").text == "2 clusters are at work."


def test_who_waits_is_counted_with_an_estimate(well: RunningTenant) -> None:
    switch.pause("auth0_pause")
    add()

    found = looked_at("Waiting")

    assert found.text.startswith("1; the first since ")
    assert "1 person waits for 3 calls; it takes about" in found.text


def test_who_waits_is_said_to_wait_since_it_began_not_since_the_last_try(
    well: RunningTenant,
) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(waiting_since=LONG_AGO, due_at=Now(), attempts=7)

    assert "the first since 2 March, 09:00 UTC" in looked_at("Waiting").text


@pytest.mark.parametrize(
    ("audience", "text"),
    [
        ("", "None is taken, since AUTH0_API_AUDIENCE isn't set."),
        ("https://a.example.com/", "/api/employee/verify takes those for https://a."),
    ],
)
def test_it_says_which_access_tokens_are_taken(
    settings: Settings, audience: str, text: str
) -> None:
    settings.AUTH0_API_AUDIENCE = audience

    assert looked_at("Access tokens").text.startswith(text)


def test_without_read_clients_it_says_what_to_look_at_by_hand(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_LOGIN_CLIENT_ID = LOGIN
    settings.ALLOWED_HOSTS = ["console.example.com"]
    well.control(scopes={"console-m2m": [name for name in NAMES if name != "read:clients"]})
    of_the_token = [each for each in LINES if each.what in ("Token", "Log-in application")]

    for lines in (of_the_token, of_the_token[1:]):  # known beforehand, and told by the refusal
        found = list(findings(lines))[-1]
        assert found.state == "unknown"
        assert "https://console.example.com/complete/auth0/" in found.text


@pytest.mark.parametrize(
    ("hosts", "address", "leads_here"),
    [
        (["localhost"], "http://127.0.0.1:8000/complete/auth0/", True),
        ([".example.com"], "https://console.example.com/complete/auth0/", True),
        ([".example.com"], "https://example.com/complete/auth0/", True),
        ([".example.com"], "https://badexample.com/complete/auth0/", False),
        (["*"], "https://a.example.com/complete/auth0", False),
    ],
)
def test_a_call_back_has_to_lead_to_one_of_the_consoles_hosts(
    settings: Settings, hosts: list[str], address: str, leads_here: bool
) -> None:
    settings.ALLOWED_HOSTS = hosts

    wrong = [problem for problem, _ in doctor_login._wrong_with({"callbacks": [address]})]

    assert ("no call-back leads here" in wrong) is not leads_here


def test_id_tokens_have_to_be_signed_with_rs256(settings: Settings) -> None:
    found = dict(doctor_login._wrong_with({"jwt_configuration": {"alg": "HS256"}}))

    assert found["id tokens are signed with HS256"] == "Advanced → OAuth: RS256"


def test_another_issuer_than_the_tenant_is_a_fault(well: RunningTenant) -> None:
    body = {"issuer": "https://other.example.com/"}
    well.fault(match={"path": "/.well-known/openid-.*"}, kind="wrong_body", body=body)

    found = looked_at("Issuer and keys")

    assert (found.state, found.text.partition(" calls ")[0]) == ("fault", well.base_url)
    assert "calls itself https://other.example.com/" in found.text


@pytest.mark.parametrize(
    ("date", "ahead_s"), [("Thu, 01 Jan 1970 00:00:10 GMT", 9.5), ("", None), ("soon", None)]
)
def test_auth0s_clock_is_read_from_the_date_of_its_answer(date: str, ahead_s: float | None) -> None:
    assert doctor_tenant.ahead_by_s(20.0, date) == ahead_s


def test_a_custom_domain_is_asked_itself(
    well: RunningTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"http://localhost:{well.port}"
    monkeypatch.setattr(doctor_tenant, "tenant_root", lambda: other)

    assert looked_at("Issuer and keys").text == f"{other}/ gives its keys (1)."


def test_without_stream_and_log_it_says_what_to_set(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_LOG_POLL_SECONDS = 60
    assert looked_at("Events").state == "unknown"
    log_was_read(timedelta())(World(well, settings, pytest.MonkeyPatch()))
    TenantEvent.objects.create(log_id="1", type="s", at=LONG_AGO)
    assert "The last event came" in looked_at("Events").text

    settings.AUTH0_LOG_POLL_SECONDS = 0

    assert "Set AUTH0_WEBHOOK_TOKEN and make a log stream" in looked_at("Events").text


def test_a_stream_that_cant_be_seen_is_said_to_be_possible(
    well: RunningTenant, settings: Settings
) -> None:
    settings.AUTH0_WEBHOOK_TOKEN = ["not-a-secret-" * 4]
    line = next(each for each in LINES if each.what == "Events")
    token_line = next(each for each in LINES if each.what == "Token")

    well.control(scopes={"console-m2m": [name for name in NAMES if name != "read:log_streams"]})

    assert "scope read:log_streams" in list(findings([token_line, line]))[-1].text
    well.fault(match={"path": "/api/v2/log-streams"}, kind="status", status=403)
    assert "Auth0 couldn't be asked" in looked_at("Events").text


def test_what_nobody_waits_for_is_no_fault(well: RunningTenant) -> None:
    Pause.objects.create(pk="exports", code="x", error="Not in the plan.", probe_at=Now())

    found = looked_at("Refusals", "Auth0 refuses “exports”")

    assert (found.state, "there is another way" in found.text) == ("unknown", True)


def test_an_enterprise_connection_and_open_sign_ups_are_said(well: RunningTenant) -> None:
    found = well.api("GET", "/connections").json()[0]
    options = {**found["options"], "disable_signup": False}
    well.api("PATCH", f"/connections/{found['id']}", {"options": options})

    assert "Sign-ups are open" in looked_at("Connection").text
    wrong, _ = doctor_tenant._wrong_with({"name": "x", "strategy": "samlp"})
    assert wrong == ["it is no database connection (samlp)"]
