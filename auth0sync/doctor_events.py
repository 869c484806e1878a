"""The doctor's line about how the console hears of what happens in Auth0."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from auth0sync import switch
from auth0sync.doctor_login import leads_here
from auth0sync.doctor_visit import NoAnswer, NotGranted, Visit
from auth0sync.doctor_words import Finding, unknown
from auth0sync.models import LogCheckpoint, Pause, TenantEvent, TenantState
from auth0sync.status import clock
from auth0sync.tenant_logs import LOGS

HOOK = "/webhooks/auth0"
READ_WITHIN = timedelta(minutes=10)  # or five times AUTH0_LOG_POLL_SECONDS
STREAMS = "In Auth0: Monitoring → Streams"
MAKE = "Run “auth0_setup --apply”, or Monitoring → Streams"
WHAT = "Events"


def events(visit: Visit) -> Finding:
    """Whether a log stream leads here, or the log is read; either is enough, neither is needed."""
    said, wrong = [], []
    for told, problem in (_stream(visit), _log(visit)):
        said += [told] if told else []
        wrong += [problem] if problem else []
    if wrong:
        return Finding(
            WHAT, " ".join(text for text, _ in wrong), " ".join(step for _, step in wrong)
        )
    if said:
        return Finding(WHAT, " ".join([*said, _last()]))
    text = (
        "Nothing tells the console what happens in Auth0 before the next night. Set "
        "AUTH0_WEBHOOK_TOKEN and make a log stream, or grant read:logs (docs/deployment.md)."
    )
    return unknown(WHAT, text)


def _stream(visit: Visit) -> tuple[str, tuple[str, str] | None]:
    """What is to be said of the log stream, and what is wrong with it, with the mending step."""
    if not settings.AUTH0_WEBHOOK_TOKEN:
        return "", None
    if visit.scopes is not None and "read:log_streams" not in visit.scopes:
        return "A log stream may lead here (seen only with the scope read:log_streams).", None
    try:
        streams = visit.ask(lambda tenant: tenant.log_streams())
    except (NoAnswer, NotGranted):
        return "A log stream may lead here; Auth0 couldn't be asked.", None
    here = [stream for stream in streams if leads_here([_address(stream)], HOOK)]
    if not here:
        text = "AUTH0_WEBHOOK_TOKEN is set, but no log stream leads here."
        return "", (text, f"{MAKE} → Custom Webhook: https://HOST{HOOK}.")
    states = sorted({str(stream.get("status") or "active") for stream in here})
    if "active" not in states:
        text = f"The log stream that leads here is {', '.join(states)}."
        return "", (text, f"{STREAMS}: see its Health, mend what it says, and start it again.")
    return "A log stream leads here.", None


def _address(stream: Mapping[str, Any]) -> str:
    sink = stream.get("sink")
    return str(sink.get("httpEndpoint", "")) if isinstance(sink, Mapping) else ""


def _log(visit: Visit) -> tuple[str, tuple[str, str] | None]:
    """The same of reading the log from where it was read last."""
    every_s = settings.AUTH0_LOG_POLL_SECONDS
    is_granted = visit.scopes is None or "read:logs" in visit.scopes
    if not every_s or not is_granted or Pause.objects.filter(pk=LOGS).exists():
        return "", None
    row = LogCheckpoint.objects.filter(pk=1).annotate(now=Now()).first()
    if row is None or row.read_at is None:
        return "", None
    within = max(READ_WITHIN, timedelta(seconds=5 * every_s))
    since = clock(row.read_at, row.now)
    if row.read_at < row.now - within and not switch.why_off() and not _is_down():
        text = f"Auth0's log wasn't read since {since}."
        return "", (text, "See the worker's log: it reads it where “qcluster” runs.")
    return f"Auth0's log is read every {every_s} s, last {since}.", None


def _is_down() -> bool:
    return TenantState.objects.filter(pk=1, down_since__isnull=False).exists()


def _last() -> str:
    last = TenantEvent.objects.annotate(now=Now()).order_by("-id").first()
    if last is None:
        return "No event has come yet."
    return f"The last event came {clock(last.received_at, last.now)}."
