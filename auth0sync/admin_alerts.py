"""The page "Alerts": what is wrong now, who is told of it, and a button that tries that out."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from auth0sync import alert_delivery, alerts
from auth0sync.models import Incident, Telling
from auth0sync.quiet_hours import in_words
from employees.actors import actor_of, names_of

ENDED = 20  # incidents on the page

NOBODY = "Nobody is told: neither ALERT_EMAILS nor ALERT_WEBHOOK_URL is set."


@dataclass(frozen=True)
class Way:
    """One channel: whom it reaches, without an address that could be used, and how it last went.

    is_given_up: ``last`` wasn't sent, and is tried no more.
    """

    title: str
    to: str
    setting: str
    last: Telling | None
    waiting: int
    is_given_up: bool


def alerts_page(request: HttpRequest) -> HttpResponse:
    """Incidents, channels and the test button; for administrators."""
    actor = actor_of(request)
    if not actor.is_admin:
        raise PermissionDenied
    if request.method == "POST":
        return _try_out(request, names_of([actor.name]).get(actor.name, "An administrator"))
    context = {
        **admin.site.each_context(request),
        "title": "Alerts",
        "open": Incident.objects.filter(ended_at__isnull=True).order_by("began_at"),
        "ended": Incident.objects.filter(ended_at__isnull=False).order_by("-ended_at")[:ENDED],
        "ways": list(ways()),
        "nobody": NOBODY,
        "quiet": in_words(settings.ALERT_QUIET_HOURS),
        "watcher": host_of(settings.ALERT_HEARTBEAT_URL),
    }
    return TemplateResponse(request, "admin/auth0sync/alerts.html", context)


def ways() -> list[Way]:
    """The channels that are set."""
    found = []
    if settings.ALERT_EMAILS:
        to = ", ".join(map(masked, settings.ALERT_EMAILS))
        found.append(_way(Telling.Channel.MAIL, to, "ALERT_EMAILS"))
    if settings.ALERT_WEBHOOK_URL:
        to = host_of(settings.ALERT_WEBHOOK_URL)
        found.append(_way(Telling.Channel.WEBHOOK, to, "ALERT_WEBHOOK_URL"))
    return found


def masked(address: str) -> str:
    """``j…@example.com`` for ``jo@example.com``."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def host_of(url: str) -> str:
    """The host alone: the rest of the address may be a key."""
    return urlsplit(url).hostname or ""


def outcome(told: list[Telling]) -> list[tuple[bool, str]]:
    """Whether each went out, with a sentence."""
    return [
        (True, f"The test went out by {row.get_channel_display()}.")
        if row.sent_at
        else (
            False,
            f"The test didn't go out by {row.get_channel_display()}: "
            f"{row.error or 'it waits for its turn, or another process is sending it.'}",
        )
        for row in told
    ]


def _way(channel: Telling.Channel, to: str, setting: str) -> Way:
    rows = Telling.objects.filter(channel=channel)
    tried = rows.exclude(sent_at=None, error="")
    last = tried.order_by("-pk").first()
    waiting = alert_delivery.unsent(channel)
    is_given_up = last is not None and not (last.sent_at or waiting.filter(pk=last.pk).exists())
    return Way(channel.label, to, setting, last, waiting.count(), is_given_up)


def _try_out(request: HttpRequest, by: str) -> HttpResponse:
    told = outcome(alerts.try_out(by))
    for went_out, said in told:
        messages.add_message(request, messages.SUCCESS if went_out else messages.ERROR, said)
    if not told:
        messages.error(request, NOBODY)
    return redirect("auth0_alerts")
