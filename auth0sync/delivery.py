"""How many mails arrive, as far as it can be known (requirement T3: above 95 %).

The mail server's answer is known, and what Auth0 says of its own mails. A mail that comes back
later, to its sender, nobody here can see: a person says so (:func:`note_return`). The figures are
counted from the rows of the sync log, and so reach no further back than it is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from auth0sync.events_shown import State
from auth0sync.events_types import MAIL_FAILED
from auth0sync.invitations import ACTIONS
from auth0sync.models import Account, Attention, InvitationState, MailKind, SyncLog, TenantEvent
from employees.authority import Actor
from employees.counting import kept
from employees.models import Invitation, InvitationChoice

TARGET = 95.0  # per cent
DAYS = 30
CAME_BACK = "mail_came_back"
REFUSED = "mail_refused"
INVITED, PASSWORD = ACTIONS[MailKind.INVITATION], ACTIONS[MailKind.PASSWORD]
BY_AUTH0, NOTICE = "send verification mail", "tell old address"
KINDS = {
    INVITED: "Invitations",
    BY_AUTH0: "Invitations that Auth0 mails itself",
    PASSWORD: "New passwords",
    NOTICE: "Notices to an old address",
}
RETURNED = "The mail came back: check the address for a typing error."


@dataclass(frozen=True)
class Delivery:
    """The mails of one kind.

    accepted: by the mail server (250), or by Auth0. refused: for good, for this address. returned:
    accepted, and came back as far as known. later: tries after which the mail had to wait.
    """

    kind: str
    accepted: int = 0
    refused: int = 0
    returned: int = 0
    later: int = 0

    @property
    def tried(self) -> int:
        """Mails of which it is known what became of them at the server."""
        return self.accepted + self.refused

    @property
    def delivered(self) -> int:
        """Those of them that haven't come back."""
        return max(self.accepted - self.returned, 0)

    @property
    def rate(self) -> float | None:
        """Per cent of the mails that were tried; None where there were none."""
        return 100 * self.delivered / self.tried if self.tried else None

    @property
    def is_good(self) -> bool:
        """Whether that is above TARGET."""
        return self.rate is None or self.rate > TARGET


def days_counted() -> int:
    """How many days the figures are of; fewer than DAYS where the log isn't kept so long."""
    return min(DAYS, settings.LOG_RETENTION_DAYS or DAYS)


def deliveries() -> list[Delivery]:
    """The mails of the last :func:`days_counted` days, by kind; nothing for a kind without any."""
    return kept(("deliveries",), _count)


def together(kinds: list[Delivery]) -> Delivery:
    """All of them as one."""
    names = ("accepted", "refused", "returned", "later")
    return Delivery("All", **{name: sum(getattr(each, name) for each in kinds) for name in names})


def rate() -> float | None:
    """Per cent of all mails that arrived, as far as known; None where none were sent."""
    return together(deliveries()).rate


@transaction.atomic
def note_return(employee_id: int, actor: Actor) -> bool:
    """Write down that the last mail to this person came back; False when none is out, or is moving.

    The invitation has failed then, and they need attention until it is sent again.
    """
    out = Account.objects.filter(pk=employee_id, invitation=InvitationState.SENT, lease="")
    account = out.first()
    marked = out.update(
        invitation=InvitationState.FAILED,
        invitation_error=RETURNED,
        attention=Coalesce("attention", Value(Attention.MAIL)),
        attention_at=Coalesce("attention_at", Now()),
    )
    if account is None or not marked:
        return False
    kind = MailKind(account.mail_kind)
    choice = InvitationChoice.objects.filter(pk=employee_id, kind=Invitation.AUTH0)
    is_auth0s = kind == MailKind.INVITATION and choice.exists()
    SyncLog.objects.create(
        employee_id=employee_id,
        auth0_user_id=account.user_id,
        action=BY_AUTH0 if is_auth0s else ACTIONS[kind],
        status=SyncLog.Status.FAILED,
        error_code=CAME_BACK,
        actor=actor.name[:100],
    )
    return True


def _count() -> tuple[list[Delivery], int]:
    since = timezone.now() - timedelta(days=days_counted())
    rows = SyncLog.objects.filter(action__in=list(KINDS), created_at__gte=since).order_by()
    groups = rows.values_list("action", "status", "error_code").annotate(number=Count("pk"))
    numbers: dict[str, dict[str, int]] = {action: {} for action in KINDS}
    total = 0
    for action, status, code, number in groups:
        name = _outcome(status, code)
        numbers[action][name] = numbers[action].get(name, 0) + number
        total += number
    # Each of Auth0's own has two rows: the console's, and that of the call.
    for name, number in numbers[BY_AUTH0].items():
        if name != "returned":
            numbers[INVITED][name] = max(numbers[INVITED].get(name, 0) - number, 0)
    if numbers[BY_AUTH0]:
        failed = _failed_at_auth0(since)
        numbers[BY_AUTH0]["returned"] = numbers[BY_AUTH0].get("returned", 0) + failed
    found = [Delivery(KINDS[action], **_known(each)) for action, each in numbers.items()]
    return [each for each in found if each.tried or each.later or each.returned], total


def _outcome(status: str, code: str) -> str:
    if status == SyncLog.Status.SUCCESS:
        return "accepted"
    if code == CAME_BACK:
        return "returned"
    if status == SyncLog.Status.FAILED:
        return "refused" if code == REFUSED else "unsent"
    return "later"


def _known(numbers: dict[str, int]) -> dict[str, Any]:
    return {name: number for name, number in numbers.items() if name != "unsent"}


def _failed_at_auth0(since: datetime) -> int:
    """Auth0's mails to people here that it couldn't deliver, as far as that is sure."""
    told = TenantEvent.objects.filter(type=MAIL_FAILED, at__gte=since, employee_id__gt=0)
    return told.filter(Q(is_read=True) | Q(state=State.CONFIRMED)).count()
