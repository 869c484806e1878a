"""The doctor: one finding for each thing that has to be right, and how to mend it when it isn't.

It asks Auth0 for no more than its public keys' address and a token, whatever the switch says, and
changes nothing there. Of the shop floor's address it asks which program answers (`knock`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import httpx
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from auth0sync import mail_pace, switch
from auth0sync.bulk import why_one_by_one
from auth0sync.bulk_words import jobs, progress
from auth0sync.errors import SyncError
from auth0sync.models import Account, Heartbeat, ImportJob, Pause, TenantState
from auth0sync.status import clock, why_off
from auth0sync.token import have_token
from employees import scrubbing
from employees.kiosk.knock import KNOCK_HEADER, PROOF_HEADER, is_proof, new_knock

JOB_WITHIN = timedelta(hours=3)
BEAT_WITHIN = timedelta(minutes=2)
MAIL_TIMEOUT_S = 5
DOOR_TIMEOUT_S = 5
DOORS = ("login", "verify", "logout", "change-pin")  # below /api/employee/
ROUTE = (
    "Have the proxy there send /api/employee/ to the console (docs/security.md, “What doesn't "
    "protect them”). A 400 may be the console's: add that host to ALLOWED_HOSTS."
)


@dataclass(frozen=True)
class Finding:
    """What was looked at and how it is; ``mend`` is the step that mends it, '' when it is well.

    is_known: False where it couldn't be looked at, and ``text`` says what that takes.
    """

    what: str
    text: str
    mend: str = ""
    is_known: bool = True

    def __str__(self) -> str:
        well = "ok" if self.is_known else "?"
        line = f"{'FAULT' if self.mend else well:6}{self.what}: {self.text}"
        return f"{line}\n      → {self.mend}" if self.mend else line


def findings() -> Iterator[Finding]:
    """Everything that has to be right for accounts to follow the people, one after the other."""
    yield _database()
    if settings.AUTH0_DOMAIN:
        yield _tenant()
        yield _token()
    yield _access_tokens()
    yield _switch()
    yield from _pauses()
    yield _outage()
    yield _import_jobs()
    yield _worker()
    yield _mail()
    yield _alerts()
    yield _waiting()
    yield _shop_floor()
    yield _plain_text()


def _database() -> Finding:
    executor = MigrationExecutor(connection)
    open_ones = executor.migration_plan(executor.loader.graph.leaf_nodes())
    name = str(connection.settings_dict["NAME"])
    if open_ones:
        text = f"{name} lacks {len(open_ones)} migrations."
        return Finding("Database", text, "Run “manage.py migrate”.")
    return Finding("Database", f"{name} is up to date.")


def _tenant() -> Finding:
    address = f"{settings.AUTH0_BASE_URL}/.well-known/openid-configuration"
    try:
        answer = httpx.get(address, timeout=settings.AUTH0_TIMEOUT)
        problem = "" if answer.is_success else f"answers {answer.status_code}"
    except httpx.RequestError as failure:
        problem = f"can't be reached ({type(failure).__name__})"
    if problem:
        mend = "Check AUTH0_DOMAIN, the network and https://status.auth0.com."
        return Finding("Tenant", f"{settings.AUTH0_DOMAIN} {problem}.", mend)
    return Finding("Tenant", f"{settings.AUTH0_DOMAIN} answers.")


def _token() -> Finding:
    try:
        have_token()
    except SyncError as error:
        return Finding(
            "Token",
            str(error),
            "Compare AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET with the machine-to-machine "
            "application in Auth0 (runbook: “Rotate the machine secret”).",
        )
    return Finding("Token", "Auth0 gives one, or one is still good.")


def _access_tokens() -> Finding:
    if settings.AUTH0_API_AUDIENCE:
        text = f"/api/employee/verify takes those for {settings.AUTH0_API_AUDIENCE}."
        return Finding("Access tokens", text)
    return Finding("Access tokens", "None is taken, since AUTH0_API_AUDIENCE isn't set.")


def _switch() -> Finding:
    state = TenantState.objects.filter(pk=1).annotate(now=Now()).first()
    off = switch.why_off()
    if off is None or state is None:
        return Finding("Switch", "It is on.")
    mend = {
        "not_configured": "Set AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET.",
        "switched_off": "Set AUTH0_SYNC_ENABLED=true and start the programs again.",
        "foreign_tenant": "Set AUTH0_DOMAIN back, or run “auth0_doctor --adopt-tenant”.",
    }
    return Finding("Switch", why_off(state, state.now), mend.get(off.code, "Run “auth0_resume”."))


def _pauses() -> Iterator[Finding]:
    for pause in Pause.objects.order_by("pk"):
        grant = f"Grant or make: {pause.missing}. " if pause.missing else ""
        mend = f"{grant}It is tried once a minute; nothing has to be started again."
        yield Finding(f"Auth0 refuses “{pause.capability}”", pause.error, mend)


def _outage() -> Finding:
    down = TenantState.objects.filter(pk=1, down_since__isnull=False).annotate(now=Now()).first()
    if down is None or down.down_since is None:
        return Finding("Outage", "None is noted.")
    text = f"Auth0 hasn't answered since {clock(down.down_since, down.now)}."
    return Finding("Outage", text, "Wait: it is tried once a minute and goes on by itself.")


def _import_jobs() -> Finding:
    """Those under way, or why none ever is."""
    what = "Import jobs"
    if why := why_one_by_one():
        return Finding(what, f"New accounts are made one by one, however many they are. {why}")
    under_way = jobs().exclude(state=ImportJob.State.OVER)
    oldest = under_way.annotate(now=Now()).order_by("pk").first()
    if oldest is None:
        return Finding(what, "None is under way.")
    number = Account.objects.filter(job__in=under_way).count()
    how_far = progress(oldest, oldest.now)
    text = f"{under_way.count()} under way for {number} people; {oldest}: {how_far}."
    if oldest.made_at > oldest.now - JOB_WITHIN:
        return Finding(what, text)
    return Finding(what, text, "See the worker's log; after two hours the engine makes them.")


def _worker() -> Finding:
    if Heartbeat.objects.filter(beaten_at__gt=Now() - BEAT_WITHIN).exists():
        return Finding("Worker", "At least one is at work.")
    return Finding("Worker", "None has been seen for two minutes.", "Start “manage.py qcluster”.")


def _mail() -> Finding:
    if not settings.MAIL_CONFIGURED:
        return Finding("Mail", "No mail server is configured.", "Set EMAIL_URL.")
    try:
        server = get_connection(timeout=MAIL_TIMEOUT_S)
        server.open()
        server.close()
    except (SMTPException, OSError) as failure:
        problem = f"The mail server refuses, or isn't there ({type(failure).__name__})."
        return Finding("Mail", problem, "Check EMAIL_URL.")
    took_none = mail_pace.Lane.SERVER in mail_pace.held()
    held = " It took no mail a moment ago, so the others wait for a while." if took_none else ""
    return Finding("Mail", f"The mail server answers.{held}")


def _alerts() -> Finding:
    if settings.ALERT_EMAILS or settings.ALERT_WEBHOOK_URL:
        return Finding("Alerts", "Somebody is told.")
    return Finding("Alerts", "Nobody is told.", "Set ALERT_EMAILS or ALERT_WEBHOOK_URL.")


def _waiting() -> Finding:
    waiting = Account.objects.filter(due_at__isnull=False).exclude(done_seq=F("due_seq"))
    # Not since due_at, which moves with every failed try.
    since = Coalesce("waiting_since", "due_at")
    longest = waiting.annotate(now=Now(), since=since).order_by("since").first()
    if longest is None:
        return Finding("Waiting", "Nobody.")
    return Finding(
        "Waiting", f"{waiting.count()}; the first since {clock(longest.since, longest.now)}."
    )


def _shop_floor() -> Finding:
    """Whether the four calls with PINs and their tokens arrive here; GET costs nobody a try."""
    root: str = settings.SHOP_FLOOR_URL
    if not root:
        text = (
            "Whether /api/employee/login leads here can't be tried. Set SHOP_FLOOR_URL to the "
            "address that the shop floor's programs call, such as https://tracker.example.com."
        )
        return Finding("Shop floor", text, is_known=False)
    with httpx.Client(base_url=f"{root}/api/employee/", timeout=DOOR_TIMEOUT_S) as client:
        astray = {call: why for call in DOORS if (why := _why_astray(client, call))}
    if astray:
        calls = "; ".join(f"{call} ({why})" for call, why in astray.items())
        return Finding("Shop floor", f"Of {root}, not answered by this console: {calls}.", ROUTE)
    return Finding("Shop floor", f"{root}: this console answers {', '.join(DOORS)}.")


def _why_astray(client: httpx.Client, call: str) -> str:
    """What answers instead of this console, in a word; '' when it is this console."""
    knock = new_knock()
    try:
        answer = client.get(call, headers={KNOCK_HEADER: knock})
    except httpx.RequestError as failure:
        return type(failure).__name__
    if is_proof(answer.headers.get(PROOF_HEADER, ""), knock):
        return ""
    return f"somebody else's {answer.status_code}"


def _plain_text() -> Finding:
    left = scrubbing.count()
    kinds = [f"{left[kind]:,} {kind}" for kind in scrubbing.Plain if left[kind]]
    if not kinds:
        return Finding("Plain text", "No PIN and no password is left in it.")
    mend = "Run “manage.py scrub_plaintext --apply”; the worker does it every night at 02:00."
    return Finding("Plain text", f"There are {', '.join(kinds)}.", mend)
