"""Invitations whose link has run out, unused (requirement M3): nobody renews one by accident.

The link itself is stored nowhere; when it ends is (``Account.ticket_until``). A new one goes out
when somebody asks for it (``due.invite_again``), never by itself.
"""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from auth0sync.models import Account, InvitationState, MailKind
from employees.models import AuthMethod, Employee, SyncStatus

AUTH0S_MAIL_HOURS = 120  # that of Auth0's own verification mail, unless the tenant says otherwise
_SENT = {
    "mail_kind": MailKind.INVITATION,
    "invitation": InvitationState.SENT,
    "first_login_at": None,
}


def hours_of_link(*, is_sent_by_auth0: bool) -> int:
    """How long the link in a mail works."""
    hours: int = settings.AUTH0_INVITE_HOURS
    return AUTH0S_MAIL_HOURS if is_sent_by_auth0 else hours


def has_expired(employee: Employee, account: Account | None, now: datetime) -> bool:
    """Whether this person was invited, and can't use the link any more without having used it."""
    return (
        account is not None
        and employee.auth0_sync_status == SyncStatus.CREATED
        and all(getattr(account, name) == value for name, value in _SENT.items())
        and account.ticket_until is not None
        and account.ticket_until <= now
    )


# The same in SQL, of those whose row asks for an account; the tests hold the two together.
EXPIRED = Q(
    Exists(Account.objects.filter(pk=OuterRef("pk"), ticket_until__lte=Now(), **_SENT)),
    is_active=True,
    archived_at__isnull=True,
    auth_method__in=(AuthMethod.AUTH0, AuthMethod.HYBRID),
    auth0_sync_status=SyncStatus.CREATED,
)
