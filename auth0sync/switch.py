"""The switch: why nothing may be called at the moment, whoever asks.

Asked before every call (gate), before a task is queued (due, sweep) and between two employees
(tasks), so that off means off within the time of one call. What is due meanwhile gathers in the
database and is done afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from auth0sync.models import Account, Pause, SyncLog, TenantState
from employees.actors import names_of

ENGINE = "engine"  # who paused, when the console did it itself
PAUSES = ("paused", "restored")  # the codes that somebody asked for, at a time and with a reason
PAGE = 500  # rows in one transaction
HELD_FOR_S = 30  # an employee that was turned away looks again then, or when it is switched on

NOT_CONFIGURED = "Auth0 isn't configured (AUTH0_DOMAIN), so no accounts are made."
SWITCHED_OFF = "The link to Auth0 is switched off (AUTH0_SYNC_ENABLED)."


@dataclass(frozen=True)
class Off:
    """Why nothing is called.

    code: not_configured, switched_off, foreign_tenant, restored or paused. text: a sentence that
    says who and why, for people; the time is ``TenantState.paused_at``.
    """

    code: str
    text: str


def is_on() -> bool:
    """Whether Auth0 may be called at all; one query, none where the settings say no."""
    return why_off() is None


def why_off() -> Off | None:
    """Why Auth0 may not be called; None when it may. One query, none where the settings say no."""
    return by_settings() or by_state(TenantState.objects.filter(pk=1).first())


def by_settings() -> Off | None:
    """The part that needs no query."""
    if not settings.AUTH0_DOMAIN:
        return Off("not_configured", NOT_CONFIGURED)
    if not settings.AUTH0_SYNC_ENABLED:
        return Off("switched_off", SWITCHED_OFF)
    return None


def by_state(state: TenantState | None) -> Off | None:
    """The part that is in the database."""
    if state is None:
        return None
    if state.domain and state.domain != settings.AUTH0_DOMAIN:
        return Off(
            "foreign_tenant",
            f"The accounts were made in {state.domain}, but the settings name "
            f"{settings.AUTH0_DOMAIN} (AUTH0_DOMAIN), so nothing is called. Mend the setting, or "
            "run “auth0_doctor --adopt-tenant” if the tenant really has changed.",
        )
    if state.paused_at is None:
        return None
    reason = f": {state.paused_reason.rstrip('.')}" if state.paused_reason else ""
    if state.until_reconciled:
        return Off(
            "restored",
            f"Paused until the accounts are compared with Auth0{reason}. “Compare now” on the "
            "balance sheet does that, and ends it. An administrator can switch it on without: "
            "every account is read first then.",
        )
    return Off("paused", f"Auth0 was switched off by hand{reason}.")


def paused_by(state: TenantState) -> str:
    """Who paused it, as people call them."""
    if state.paused_by == ENGINE:
        return "the console itself"
    return names_of([state.paused_by]).get(state.paused_by, f"the command {state.paused_by}")


def pause(actor: str, reason: str = "", *, until_reconciled: bool = False) -> bool:
    """Call nothing from now on; False when it was paused before, which then stays as it is.

    actor: as in the history (``Actor.name``). until_reconciled: after a restore, when what the
    console knows of the accounts may be older than the accounts. A pause by hand becomes one.
    """
    with transaction.atomic():
        state = TenantState.objects.filter(pk=1)
        told = {"paused_by": actor[:100], "paused_reason": reason[:300]}
        begun = state.filter(paused_at__isnull=True).update(
            paused_at=Now(), until_reconciled=until_reconciled, **told
        )
        if not begun and until_reconciled:
            until = {"until_reconciled": True, "paused_at": Now()}
            begun = state.filter(until_reconciled=False).update(**until, **told)
        if begun:
            _log("paused", actor, reason)
    return bool(begun)


def pause_until_reconciled(why: str) -> bool:
    """What the engine does when it meets a sign that this database is an older copy.

    why: what it met, in plain words, without a personal detail.
    """
    return pause(ENGINE, why, until_reconciled=True)


def resume(actor: str, reason: str = "") -> bool:
    """Go on; False when nothing was paused. Everybody who was turned away is due at once.

    After a pause until reconciled every account is read before anything is changed in it.
    """
    state = TenantState.objects.filter(pk=1, paused_at__isnull=False).first()
    if state is None:
        return False
    if state.until_reconciled:
        doubt_everything(actor)
    with transaction.atomic():
        same = TenantState.objects.filter(pk=1, until_reconciled=state.until_reconciled)
        ended = same.filter(paused_at__isnull=False).update(
            paused_at=None, paused_by="", paused_reason="", until_reconciled=False
        )
        if ended:
            _log("resumed", actor, reason)
    _wake_who_waits()
    return bool(ended)


def reconciled(actor: str, since: datetime) -> bool:
    """All accounts were compared, so a pause until then is over; False when there is none.

    What differs stands in the balance sheet and is left to people. Whatever this database wanted
    to do when it was copied is done only after the account was read.
    since: when the comparison began: a pause that is younger was for another reason.
    """
    with transaction.atomic():
        ended = TenantState.objects.filter(pk=1, until_reconciled=True, paused_at__lt=since).update(
            paused_at=None, paused_by="", paused_reason="", until_reconciled=False
        )
        if ended:
            # With it, and not after it: a worker goes on as soon as the pause is over.
            Account.objects.exclude(done_seq=F("due_seq")).update(look_at=Now())
            _log("resumed", actor, "all accounts were compared")
    if ended:
        _wake_who_waits()
    return bool(ended)


def remember_tenant() -> None:
    """The accounts are made in the tenant of the settings: from now on it has to stay this one."""
    unknown = TenantState.objects.filter(pk=1, domain="")
    if unknown.exists():
        unknown.update(domain=settings.AUTH0_DOMAIN)


def adopt_tenant(actor: str) -> None:
    """The tenant in the settings is the right one: forget what was known of the one before.

    Every account is read before anything is concluded.
    """
    doubt_everything(actor)
    with transaction.atomic():
        TenantState.objects.filter(pk=1).update(
            domain=settings.AUTH0_DOMAIN,
            role_ids={},
            token="",
            token_renew_at=None,
            token_expires_at=None,
            token_wait_until=None,
            failures_in_row=0,
            down_since=None,
            probe_at=None,
        )
        Pause.objects.all().delete()
        _log("tenant adopted", actor, settings.AUTH0_DOMAIN)
    _wake_who_waits()


def doubt_everything(actor: str) -> None:
    """Have every account read in Auth0 before the next step: what was seen may be out of date."""
    last = 0
    while True:
        mine = Account.objects.filter(pk__gt=last).exclude(origin="", look_at=None)
        ids = list(mine.order_by("pk").values_list("pk", flat=True)[:PAGE])
        if not ids:
            return
        Account.objects.filter(pk__in=ids).update(
            due_seq=F("due_seq") + 1,
            due_at=Now(),
            due_by=actor[:100],
            look_at=Now(),
            attempts=0,
        )
        last = ids[-1]


def _wake_who_waits() -> None:
    """Those who were turned away look again now, not when their wait is over."""
    waiting = Account.objects.filter(due_at__gt=Now(), lease="", attempts=0)
    waiting.exclude(done_seq=F("due_seq")).update(due_at=Now())


def _log(action: str, actor: str, reason: str) -> None:
    data: dict[str, Any] = {"reason": reason[:300]} if reason else {}
    SyncLog.objects.create(
        action=action, actor=actor[:100], status=SyncLog.Status.SUCCESS, response_data=data
    )
