"""Telling the operators: by mail to ALERT_EMAILS and by POST to ALERT_WEBHOOK_URL.

Once when something begins and once when it is over, however many processes notice it: an incident
is a row, and what is to be told is one too (alert_delivery.py sends it). What is told holds no
secret and nobody's data: ids, names of settings, and sentences.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync import alert_channels, alert_delivery
from auth0sync.alert_digest import titled
from auth0sync.alert_kinds import kind_of
from auth0sync.models import Incident, SyncLog, Telling
from auth0sync.quiet_hours import is_quiet
from employees.contention import again_after_deadlock

logger = logging.getLogger(__name__)

BEGUN, OVER = Telling.State.BEGUN, Telling.State.OVER
CALLS_MOST = 50_000  # that are counted when something is over


def alert(key: str, subject: str, text: str) -> bool:
    """Tell the operators of an incident, unless it was told and isn't over; True when it was new.

    key: which incident this is, at most 100 characters, such as ``token``. subject: a few words.
    text: what to do about it. Call it outside a transaction. Nobody waits for a mail or POST.
    """
    if not _begin_and_write(key, subject, text):
        return False
    logger.error("Alert: %s (%s)", subject, key)
    alert_delivery.in_background()
    return True


def gone(key: str) -> bool:
    """Note that the incident isn't there now; True when it is over, and was told so.

    Over it is when it hasn't come back for a while (``Kind.hold_s``).
    """
    row = Incident.objects.filter(pk=key, ended_at__isnull=True)
    hold_s = kind_of(key).hold_s
    row.filter(gone_at__isnull=True).update(gone_at=Now())
    if hold_s and not row.filter(gone_at__lte=Now() - timedelta(seconds=hold_s)).exists():
        return False
    return over(key)


def back(key: str) -> None:
    """Note that an incident that isn't over yet is there again; nobody is told once more."""
    row = Incident.objects.filter(pk=key, ended_at__isnull=True, gone_at__isnull=False)
    row.update(gone_at=None, returns=F("returns") + 1)


def over(key: str, text: str = "") -> bool:
    """Tell the operators that the incident is over; False when none of this key was open."""
    row = Incident.objects.filter(pk=key, ended_at__isnull=True)
    incident = row.first()
    if incident is None:
        return False
    said = f"{text or 'Nothing is left to do.'}\n\n{how_it_went(incident)}"
    if not _end_and_write(incident, said):
        return False
    logger.warning("Over: %s (%s)", incident.subject, key)
    alert_delivery.in_background()
    return True


def how_it_went(incident: Incident) -> str:
    """How long it was there, how often it came back, and how calls to Auth0 fared meanwhile."""
    until = incident.gone_at or timezone.now()
    minutes = round((until - incident.began_at).total_seconds() / 60)
    lasted = f"{minutes} minutes" if minutes != 1 else "1 minute"
    if minutes > 120:
        lasted = f"{minutes // 60} hours and {minutes % 60} minutes"
    found = [f"It lasted {lasted}." if minutes else "It lasted less than a minute."]
    if incident.returns:
        found.append(f"It went and came back {incident.returns} times.")
    first = SyncLog.objects.filter(pk__gt=incident.log_from).order_by("pk")[:CALLS_MOST]
    calls = first.aggregate(
        done=Count("pk", filter=Q(status=SyncLog.Status.SUCCESS)), every=Count("pk")
    )
    if not calls["every"]:
        found.append("No call was made to Auth0 meanwhile.")
    else:
        more = "more than " if calls["every"] == CALLS_MOST else ""
        failed = calls["every"] - calls["done"]
        found.append(f"Meanwhile: {more}{calls['done']} calls to Auth0 went well, {failed} didn't.")
    return " ".join(found)


def open_incidents() -> dict[str, datetime | None]:
    """The incidents that were told and aren't over, with since when they aren't there."""
    open_ones = Incident.objects.filter(ended_at__isnull=True)
    return dict(open_ones.values_list("key", "gone_at"))


def open_keys() -> set[str]:
    """The incidents that were told and aren't over."""
    return set(open_incidents())


def tell(subject: str, text: str, *, key: str = "") -> None:
    """Say something to the operators, whether it was said before or not.

    In quiet hours what isn't urgent waits for their end, and so does that something is over.
    """
    _write(subject, text, key, BEGUN)
    alert_delivery.in_background()


def try_out(by: str) -> list[Telling]:
    """Send a test by every channel, and wait for it, some seconds each; return how it went.

    by: who asks, as people call them.
    """
    text = f"{by} asked for this test. Nothing has to be done."
    written = _write("a test of the alerts", text, "test", BEGUN)
    alert_delivery.deliver()
    return list(Telling.objects.filter(pk__in=written).order_by("pk"))


@again_after_deadlock
@transaction.atomic
def _begin_and_write(key: str, subject: str, text: str) -> bool:
    """False when it was open. Both or neither: what is open was told, or will be."""
    if not _begin(key, subject, text):
        return False
    _write(subject, text, key, BEGUN)
    return True


@again_after_deadlock
@transaction.atomic
def _end_and_write(incident: Incident, said: str) -> bool:
    """False when another process has ended it. Both or neither, too."""
    row = Incident.objects.filter(pk=incident.pk, ended_at__isnull=True)
    if not row.update(ended_at=Now()):
        return False
    _write(f"Over: {incident.subject}", said, incident.pk, OVER)
    return True


@transaction.atomic
def _write(subject: str, text: str, key: str, state: Telling.State) -> list[int]:
    can_wait = state == OVER or not kind_of(key).urgent
    held = can_wait and is_quiet(settings.ALERT_QUIET_HOURS, timezone.now())
    title = titled(subject)[:300]
    told = {"key": key[:100], "state": state, "subject": title, "text": text, "held": held}
    return [
        Telling.objects.create(channel=channel, **told).pk
        for channel in alert_channels.configured()
    ]


def _begin(key: str, subject: str, text: str) -> bool:
    columns = {
        "subject": subject[:200],
        "text": text,
        "log_from": SyncLog.objects.aggregate(newest=Max("pk"))["newest"] or 0,
    }
    ended = Incident.objects.filter(pk=key, ended_at__isnull=False)
    if ended.update(began_at=Now(), ended_at=None, gone_at=None, returns=0, **columns):
        return True
    if Incident.objects.filter(pk=key).exists():
        return False
    try:
        with transaction.atomic():
            Incident.objects.create(pk=key, **columns)
    except IntegrityError:  # another process was first
        return False
    return True
