"""What every admin page says about Auth0 as a whole, below its header."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from auth0sync import switch, watch_web
from auth0sync.models import PLANNED, Account, InvitationState, Pause, StagedBatch, TenantState
from auth0sync.outage import MEANWHILE, auth0_is_down, is_paused, one_by_one, who_waits
from auth0sync.pauses import EVERYTHING, QUIET
from auth0sync.status import why_off
from auth0sync.tenant_jobs import IMPORTS
from employees.actors import actor_of


def auth0_notices(request: HttpRequest) -> dict[str, Any]:
    """``auth0_notices``: plain sentences for staff on admin pages; empty when all is well.

    Asked for lazily: a page that doesn't show them costs no query.
    """
    user = getattr(request, "user", None)
    if not request.path.startswith(reverse("admin:index")) or not (user and user.is_staff):
        return {}
    watch_web.look()
    return {"auth0_notices": SimpleLazyObject(lambda: notices(actor_of(request).is_admin))}


def notices(is_admin: bool = False) -> list[str]:
    """What stands in everybody's way, most fundamental first; at most two queries.

    is_admin: for somebody who can decide about what is held; at most one query more.
    """
    counts = _counts()
    now = timezone.now()  # good enough for saying what is today
    waiting = who_waits(counts["waiting"], counts["oldest"], now)
    found = [_standstill(waiting)]
    if is_admin:
        found.append(_held())
    if counts["paused"]:
        since, error = counts["paused_since"], counts["error"]
        of_it = waiting if counts["paused"] == EVERYTHING else who_waits(counts["of_it"], None, now)
        found.append(is_paused(counts["paused"], since, error, now, is_admin) + of_it)
    if counts["no_jobs"] and counts["made"] > settings.AUTH0_BULK_MIN:
        found.append(one_by_one(counts["made"], counts["no_jobs"], is_admin))
    if not settings.MAIL_CONFIGURED:
        found.append(_no_mail_server(counts["invitations"]))
    return [sentence for sentence in found if sentence]


def _counts() -> dict[str, Any]:
    """Of those who have something planned: by the index."""
    waits = ~Q(due_seq=F("done_seq"))
    pause = Pause.objects.exclude(pk__in=QUIET).order_by("since", "pk")
    no_jobs = Pause.objects.filter(pk=IMPORTS)
    return Account.objects.filter(PLANNED).aggregate(
        waiting=Count("pk", filter=waits),
        oldest=Min(Coalesce("waiting_since", "due_at"), filter=waits),
        invitations=Count(
            "pk", filter=Q(invitation__in=[InvitationState.WANTED, InvitationState.WAITING])
        ),
        of_it=Count("pk", filter=Q(waits_for=Subquery(pause.values("pk")[:1]))),
        paused=Min(Subquery(pause.values("pk")[:1])),
        paused_since=Min(Subquery(pause.values("since")[:1])),
        error=Min(Subquery(pause.values("error")[:1])),
        made=Count("pk", filter=waits & Q(origin="")),
        no_jobs=Min(Subquery(no_jobs.values("error")[:1])),
    )


def _standstill(waiting: str) -> str:
    if off := switch.by_settings():
        works = MEANWHILE if off.code == "switched_off" else ""
        return off.text + works + waiting
    state = TenantState.objects.filter(pk=1).annotate(now=Now()).first()
    if state is None:
        return ""
    now: datetime = state.now
    if off_now := why_off(state, now):
        return off_now + MEANWHILE + waiting
    return auth0_is_down(state.down_since, now) + waiting if state.down_since else ""


def _held() -> str:
    """For those who can decide, with the way to it."""
    open_batch = {"batch__isnull": False, "batch__state": StagedBatch.State.OPEN}
    held = Account.objects.filter(**open_batch).aggregate(
        number=Count("pk"), newest=Max("batch"), batches=Count("batch", distinct=True)
    )
    if not held["number"]:
        return ""
    who = "1 person is" if held["number"] == 1 else f"{held['number']} people are"
    if held["batches"] > 1:
        url = reverse("admin:auth0sync_stagedbatch_changelist")
        what = f"decide on {held['batches']} changes"
    else:
        url = reverse("admin:auth0sync_stagedbatch_change", args=[held["newest"]])
        what = "decide"
    return format_html('{} held by the safety brake: <a href="{}">{}</a>.', who, url, what)


def _no_mail_server(invitations: int) -> str:
    waiting = f": {invitations} waiting" if invitations else ""
    return f"No mail server is configured (EMAIL_URL), so no invitation is sent{waiting}."
