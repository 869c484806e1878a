"""What a look says of the events that led to it, and what else is to be concluded from it.

An event is confirmed when the account, as it was just read, shows what the event claims, or when
it was read in Auth0's own log.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from auth0sync import pauses
from auth0sync.arrivals import note_login
from auth0sync.errors import Gone, Misconfigured, Paused, Rejected
from auth0sync.events_models import TenantEvent
from auth0sync.events_parsing import read_item
from auth0sync.events_types import (
    DELETED,
    EDITED,
    EMAIL,
    LOGGED_IN,
    MAIL_FAILED,
    PASSWORD,
    VERIFIED,
)
from auth0sync.models import Account, Attention, InvitationState
from auth0sync.reconcile_judge import Found
from auth0sync.rows import read_facts
from auth0sync.tenant_logs import READ_ENTRY, TenantLogs
from employees.models import Invitation

State = TenantEvent.State
Profile = Mapping[str, Any]
TOLERANCE = timedelta(seconds=5)  # between the time of an event and that in the account
# An account says only when something happened last: whatever claims to be of long before isn't
# shown by it, or else a made-up event would only have to be old enough.
SHOWS = timedelta(hours=1)
# What the account says of when it last happened.
TIMES = {LOGGED_IN: "last_login", PASSWORD: "last_password_reset", EMAIL: "updated_at"}
NOT_SENT = "Auth0 couldn't deliver its mail."


def newest(employee_id: int) -> int:
    """Up to which of this person's events a look that begins now answers; 0 for none."""
    waiting = TenantEvent.objects.filter(employee_id=employee_id, state=State.LOOK)
    return waiting.order_by("-pk").values_list("pk", flat=True).first() or 0


def settle(
    employee_id: int, profile: Profile | None, found: Sequence[Found], upto: int, logs: TenantLogs
) -> None:
    """Say of this person's events what the account shows. upto: as :func:`newest` gave it.

    profile: None where Auth0 has no such account. found: how it differs from the row.
    """
    waiting = TenantEvent.objects.filter(employee_id=employee_id, state=State.LOOK, pk__lte=upto)
    if not upto:
        return
    _settle_mails(employee_id, waiting.filter(type=MAIL_FAILED), logs)
    is_so = waiting.filter(_shown(profile, found) | Q(is_read=True))
    log_ins = is_so.filter(type=LOGGED_IN).order_by("at").values_list("at", flat=True)
    if (first := log_ins.first()) is not None:
        note_login(employee_id, first)
    is_so.update(state=State.CONFIRMED)
    waiting.update(state=State.REFUTED)


def _shown(profile: Profile | None, found: Sequence[Found]) -> Q:
    """Which events the account bears out."""
    if profile is None:
        return Q(type__in=[DELETED, EDITED])
    shown = Q(pk=None)
    if profile.get("email_verified"):
        shown |= Q(type=VERIFIED)
    for name, field in TIMES.items():
        shown |= _until(profile, field, type=name)
    shown |= _until(profile, "updated_at", type=EDITED, is_of_roles=False)
    if any(each.kind == "role" for each in found):  # Auth0 doesn't note when roles were given
        shown |= Q(type=EDITED, is_of_roles=True)
    return shown


def _until(profile: Profile, field: str, **only: Any) -> Q:
    at = moment(profile.get(field))
    return Q(at__range=(at - SHOWS, at + TOLERANCE), **only) if at else Q(pk=None)


def moment(value: object) -> datetime | None:
    """A time of a profile, which the SDK gives as a text or read already."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value or ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _settle_mails(employee_id: int, events: QuerySet[TenantEvent], logs: TenantLogs) -> None:
    """Auth0 couldn't send a mail: it says so itself, or it stays a report."""
    # What was read is sure, and whoever makes others up neither hides it behind them nor has them
    # counted with it. Of those that were only told the newest is looked up: each is a call.
    sure = list(events.filter(is_read=True))
    if not sure:
        told = events.order_by("-pk").first()
        sure = [told] if told and _is_in_the_log(told, logs) else []
    events.filter(pk__in=[each.pk for each in sure]).update(state=State.CONFIRMED)
    events.update(state=State.NOTED)
    if not sure:
        return
    facts = read_facts([employee_id]).get(employee_id)
    if facts is None or facts.invitation != Invitation.AUTH0:
        return  # the console's own mails don't go through Auth0
    sent = Account.objects.filter(pk=employee_id, invitation=InvitationState.SENT, lease="")
    failed_at = max(each.at for each in sure)
    sent.filter(invitation_sent_at__lte=failed_at + TOLERANCE).update(
        invitation=InvitationState.FAILED, invitation_error=NOT_SENT
    )
    failed = Account.objects.filter(pk=employee_id, invitation=InvitationState.FAILED)
    failed.filter(attention=None, lease="").update(
        attention=Attention.MAIL, attention_at=Coalesce("attention_at", Now())
    )


def _is_in_the_log(event: TenantEvent, logs: TenantLogs) -> bool:
    """Whether Auth0's own log has this very event. Raises Transient, when it can't be asked now."""
    try:
        told = read_item(logs.read_entry(event.log_id))
    except (Gone, Rejected, Paused):
        return False
    except Misconfigured as error:
        pauses.begin(error, READ_ENTRY)
        return False
    if told is None or told.type != event.type or event.user_id not in told.user_ids:
        return False
    # An old failure mustn't be told as one of today: a later mail may have arrived.
    return told.at is None or abs(told.at - event.at) <= TOLERANCE
