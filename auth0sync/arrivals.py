"""When somebody first signed in with their account: the last station of a joiner (requirement M3).

Told by the console's own log-in, and by what Auth0 says of log-ins to other programs. Nothing is
called, and nobody becomes due.
"""

from datetime import datetime

from django.db.models import Q

from auth0sync.models import Account


def note_login(employee_id: int, at: datetime) -> bool:
    """Keep that this person had signed in with Auth0 by then; True when nothing earlier was known.

    One UPDATE, in whatever order log-ins are told of: the earliest stays.
    at: when it was, in UTC. Only what is sure may be told, such as a log-in that just took place,
    or an event that the account bears out.
    """
    later = Q(first_login_at=None) | Q(first_login_at__gt=at)
    return bool(Account.objects.filter(later, pk=employee_id).update(first_login_at=at))
