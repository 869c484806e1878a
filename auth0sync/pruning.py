"""The one place where rows of the sync log go: once they are older than they are kept.

By a command, and by the sweep a page at a time. Nothing else removes or changes one. Old
comparisons and import jobs, and events in Auth0, go here too.
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from auth0sync.models import AccountLook, Comparison, Difference, ImportJob, SyncLog, TenantEvent

PAGE = 500  # rows in one transaction
# Longer than Auth0 keeps its log on any plan (facts, "Log codes"): an event that is delivered, or
# read, once more is known until then.
EVENT_DAYS = 45


def older_than(days: int) -> QuerySet[SyncLog]:
    """The rows written more than so many days ago, by the database's clock."""
    # Not `objects`, which refuses to delete.
    return SyncLog._base_manager.filter(created_at__lt=Now() - timedelta(days=days))


def prune(days: int) -> int:
    """Remove the oldest page of what is older than so many days; return how many rows.

    Rows are written in the order of time, so only the first page has to be looked at.
    days: 0 keeps all.
    """
    if not days:
        return 0
    oldest = list(SyncLog.objects.order_by("pk").values_list("pk", flat=True)[:PAGE])
    removed, _ = older_than(days).filter(pk__in=oldest).delete()
    return removed


def prune_ended(days: int) -> None:
    """Remove a page each of comparisons, differences and import jobs that were over so long ago.

    The last good comparison is the balance sheet, however old. days: 0 keeps all.
    """
    if not days:
        return
    before = Now() - timedelta(days=days)
    done = Comparison.objects.filter(state=Comparison.State.DONE)
    last = done.order_by("-finished_at", "-pk").values_list("pk", flat=True).first()
    old = Comparison.objects.filter(finished_at__lt=before).exclude(pk=last or 0)
    over = Difference.objects.filter(closed_at__lt=before)
    jobs = ImportJob.objects.filter(over_at__lt=before)
    for rows in (old, over, jobs):
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:PAGE])
        rows.model._default_manager.filter(pk__in=ids).delete()


def prune_events() -> None:
    """Remove the oldest page of events that Auth0 itself keeps no more, and of looks of then.

    Rows are written in the order of time, as those of the log.
    """
    before = Now() - timedelta(days=EVENT_DAYS)
    oldest = list(TenantEvent.objects.order_by("pk").values_list("pk", flat=True)[:PAGE])
    TenantEvent.objects.filter(pk__in=oldest, received_at__lt=before).delete()
    over = AccountLook.objects.filter(wanted=False, next_at__lt=before)
    AccountLook.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:PAGE])).delete()
