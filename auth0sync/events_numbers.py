"""How many events of a kind have come lately, for whoever watches over the console."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Max, Q

from auth0sync.events_models import TenantEvent

State = TenantEvent.State
NEWEST = 20_000  # rows, of every type, which are looked at: thirty a second for ten minutes


def numbers_since(
    since: datetime, types: Collection[str], *, is_sure: bool = False
) -> dict[str, int]:
    """Type → how many events of it have come since, for those of these types of which any has.

    since: some minutes ago. Ids rise with the time, and no index holds the time.
    is_sure: only what was read in Auth0's own log, or confirmed by a look: whoever has the stream's
    token can make up the others.
    """
    newest = TenantEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    lately = TenantEvent.objects.filter(pk__gt=newest - NEWEST, received_at__gte=since)
    found = lately.filter(type__in=types, is_own=False)
    if is_sure:
        found = found.filter(Q(is_read=True) | Q(state=State.CONFIRMED))
    return dict(found.order_by().values("type").annotate(n=Count("pk")).values_list("type", "n"))
