"""What pages, and the undo of an addition, read of Auth0's events. It writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from auth0sync.events_models import TenantEvent
from auth0sync.events_types import LOGGED_IN, words_of
from auth0sync.models import Account
from employees.zones import moment

State = TenantEvent.State
LATELY = 10  # on a person's page
STATE_WORDS = {
    State.NEW: "just told",
    State.NOTED: "reported by Auth0, not confirmed",
    State.LOOK: "being looked at",
    State.CONFIRMED: "confirmed",
    State.REFUTED: "the account doesn’t show it",
}


@dataclass(frozen=True)
class Shown:
    """One event as a person's page has it, in words."""

    time: str
    what: str
    standing: str


def lately(employee_id: int) -> list[Shown]:
    """What has happened to this person's account in Auth0, the newest first; one query."""
    rows = TenantEvent.objects.filter(employee_id=employee_id).order_by("-pk")[:LATELY]
    newest = sorted(rows, key=lambda row: (row.at, row.pk), reverse=True)
    return [Shown(moment(row.at), words_of(row.type), standing_of(row)) for row in newest]


def standing_of(event: TenantEvent) -> str:
    """Whether it is so, as far as the console knows."""
    state = State(event.state)
    if event.is_own:
        return "this console itself"
    if event.is_read and state in (State.NEW, State.NOTED):
        return "read in Auth0’s log"
    return STATE_WORDS[state]


def has_logged_in_since(employee_id: int, at: datetime) -> bool:
    """Whether this person has signed in with Auth0 since, as far as that was confirmed."""
    logins = TenantEvent.objects.filter(employee_id=employee_id, type=LOGGED_IN, at__gte=at)
    if logins.filter(Q(is_read=True) | Q(state=State.CONFIRMED)).exists():
        return True
    return Account.objects.filter(pk=employee_id, first_login_at__gte=at).exists()
