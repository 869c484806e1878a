"""The doctor's lines about the console's own programs: switch, workers, queue, mails, alerts."""

from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import queue_size
from redis import RedisError

from auth0sync import mail_pace, switch
from auth0sync.budget import budget
from auth0sync.bulk import why_one_by_one
from auth0sync.bulk_words import jobs, progress
from auth0sync.doctor_visit import Visit
from auth0sync.doctor_words import Finding, NotLooked, unknown
from auth0sync.models import Account, Comparison, Heartbeat, ImportJob, Pause, TenantState
from auth0sync.moving import drain_of, why_nothing_moves
from auth0sync.pauses import QUIET
from auth0sync.status import Weather, clock, why_off

JOB_WITHIN = timedelta(hours=3)
BEAT_WITHIN = timedelta(minutes=2)
SWEPT_WITHIN = timedelta(seconds=30)  # a slice may take longer than the lease lasts
TASK_WITHIN = timedelta(minutes=5)
NIGHT_WITHIN = timedelta(hours=36)  # a night that was missed, and some hours
OVERDUE = timedelta(hours=1)
SOON = timedelta(minutes=10)
MAIL_TIMEOUT_S = 5
SCHEDULES_NAMED = 5
QCLUSTER = "Start “manage.py qcluster”, or start it again; its log says what is wrong."


def worker(visit: Visit) -> Finding:
    """Whether a cluster shows signs of life, however many there are."""
    alive = Heartbeat.objects.filter(beaten_at__gt=Now() - BEAT_WITHIN).count()
    if alive:
        text = "At least one is at work." if alive == 1 else f"{alive} clusters are at work."
        return Finding("Worker", text)
    return Finding("Worker", "None gives a sign of life.", "Start “manage.py qcluster”.")


def queue(visit: Visit) -> Finding:
    """How much stands in the queue, and for how long; with Redis the queue doesn't say."""
    try:
        size = queue_size()
    except RedisError as error:
        text = f"Redis can't be reached ({type(error).__name__})."
        return Finding("Queue", text, "Check REDIS_URL and that Redis runs; nothing is lost.")
    waiting = OrmQ.objects.filter(lock__lte=timezone.now()).order_by("lock")
    oldest = waiting.first() if settings.QUEUE_BROKER == "orm" else None
    waits = "1 task waits" if size == 1 else f"{size:,} tasks wait"
    said = waits if size else "It is empty"
    if oldest is None or oldest.lock is None:
        return Finding("Queue", f"{said}.")
    text = f"{said}, the first since {clock(oldest.lock, timezone.now())}."
    is_old = oldest.lock < timezone.now() - TASK_WITHIN
    return Finding("Queue", text, QCLUSTER if is_old else "")


def sweep(visit: Visit) -> Finding:
    """Whether somebody looks for what is due: the console's own clockwork."""
    until = Now() - SWEPT_WITHIN
    held = TenantState.objects.filter(pk=1, sweep_lease_until__gt=until).exclude(sweep_lease="")
    if held.exists():
        return Finding("Sweep", f"It runs, every {settings.AUTH0_SWEEP_SECONDS} s.")
    text = "Nobody looks for what is due, or what other programs have changed."
    return Finding("Sweep", text, QCLUSTER)


def night(visit: Visit) -> Finding:
    """What is done every night: plain text goes, and all accounts are compared."""
    state = TenantState.objects.annotate(now=Now()).filter(pk=1).first()
    if state is None:
        raise NotLooked("The console's own row is missing: run “manage.py migrate”.")
    now = state.now
    missed = []
    if state.scrubbed_at < now - NIGHT_WITHIN:
        missed.append(f"plain PINs weren't looked for since {clock(state.scrubbed_at, now)}")
    if state.compared_at < now - NIGHT_WITHIN and not switch.why_off() and _can_compare():
        missed.append(f"accounts weren't compared since {clock(state.compared_at, now)}")
    if missed:
        text = "; ".join(missed)
        mend = "The worker does both after 02:00: see its log, and the balance sheet. " + QCLUSTER
        return Finding("Night", f"{text[0].upper()}{text[1:]}.", mend)
    if not _can_compare():
        return Finding("Night", "Plain PINs are looked for. The plan has no exports to compare by.")
    return Finding("Night", "Plain PINs are looked for, and accounts compared.")


def _can_compare() -> bool:
    """False where the last comparison failed since the tenant's plan has no exports."""
    last = Comparison.objects.exclude(finished_at=None).order_by("-finished_at").first()
    return last is None or last.error_code != "insufficient_entitlement"


def schedules(visit: Visit) -> Finding:
    """The queue's own schedules: the console has none, and each can run any function."""
    left = list(Schedule.objects.order_by("pk").values_list("func", flat=True)[:SCHEDULES_NAMED])
    if not left:
        return Finding("Schedules", "The queue has none of its own; the sweep does it all.")
    mend = "Find out who made them, then delete them from the table django_q_schedule."
    return Finding("Schedules", f"Not the console's: {', '.join(left)}.", mend)


def link(visit: Visit) -> Finding:
    """Whether Auth0 may be called."""
    state = TenantState.objects.filter(pk=1).annotate(now=Now()).first()
    off = switch.why_off()
    if off is None:
        return Finding("Switch", "It is on.")
    mend = {
        "not_configured": "Set AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET.",
        "switched_off": "Set AUTH0_SYNC_ENABLED=true and start the programs again.",
        "foreign_tenant": "Set AUTH0_DOMAIN back, or run “auth0_doctor --adopt-tenant”.",
    }
    now = state.now if state else timezone.now()
    return Finding("Switch", why_off(state, now), mend.get(off.code, "Run “auth0_resume”."))


def pauses(visit: Visit) -> Iterator[Finding]:
    """What Auth0 refuses at the moment."""
    found = list(Pause.objects.order_by("pk"))
    if not found:
        yield Finding("Refusals", "Auth0 refuses nothing.")
    for pause in found:
        if pause.pk in QUIET:  # a scope that is missing is red in its own line
            text = f"{pause.error} Nobody waits for it: there is another way."
            yield unknown(f"Auth0 refuses “{pause.capability}”", text)
            continue
        grant = f"Grant or make: {pause.missing}. " if pause.missing else ""
        mend = f"{grant}It is tried once a minute; nothing has to be started again."
        yield Finding(f"Auth0 refuses “{pause.capability}”", pause.error, mend)


def outage(visit: Visit) -> Finding:
    """Whether calls have failed one after the other."""
    down = TenantState.objects.filter(pk=1, down_since__isnull=False).annotate(now=Now()).first()
    if down is None or down.down_since is None:
        return Finding("Outage", "None is noted.")
    text = f"Auth0 hasn't answered since {clock(down.down_since, down.now)}."
    return Finding("Outage", text, "Wait: it is tried once a minute and goes on by itself.")


def import_jobs(visit: Visit) -> Finding:
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


def waiting(visit: Visit) -> Finding:
    """Who is due and when that is done; a fault where nobody takes them though nothing hinders."""
    due = Account.objects.filter(due_at__isnull=False).exclude(done_seq=F("due_seq"))
    # Not since due_at, which moves with every failed try.
    since = Coalesce("waiting_since", "due_at")
    longest = due.annotate(now=Now(), since=since).order_by("since").first()
    if longest is None:
        return Finding("Waiting", "Nobody waits.")
    weather, figures = Weather.today(), budget()
    is_held = bool(why_nothing_moves(weather))
    estimate = drain_of(figures, weather, is_held=is_held)
    text = f"{due.count()}; the first since {clock(longest.since, longest.now)}. {estimate}"
    soon = figures.finished_at is not None and figures.finished_at < figures.now + SOON
    left = due.filter(due_at__lt=Now() - OVERDUE, lease="", batch=None, job=None, waits_for="")
    if is_held or not soon or not left.exists():
        return Finding("Waiting", text)
    number = left.values_list("pk", flat=True).first()
    mend = f"Run “auth0_explain {number}”; if a worker runs, its log says why it takes nobody."
    return Finding("Waiting", text, mend)


def mail(visit: Visit) -> Finding:
    """Whether the mail server lets the console in."""
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


def alerts(visit: Visit) -> Finding:
    """Whether anybody is told when something is in the way."""
    if settings.ALERT_EMAILS or settings.ALERT_WEBHOOK_URL:
        return Finding("Alerts", "Somebody is told.")
    return Finding("Alerts", "Nobody is told.", "Set ALERT_EMAILS or ALERT_WEBHOOK_URL.")
