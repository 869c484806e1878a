"""What the queue and the accounts say: who failed, whether anything moves, whether workers live."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from auth0sync import switch
from auth0sync.due import next_due
from auth0sync.models import Account, Attention, SyncLog, TenantState
from auth0sync.pace import is_open

FAILURES_MOST = 5  # people in an hour
WITHIN = timedelta(hours=1)
NAMED = 10  # people, by their numbers
STILL_FOR = timedelta(minutes=10)
SILENT_FOR = timedelta(minutes=4)  # a cluster is replaced after 75 s, which is no news

Found = dict[str, tuple[str, str]]

FAILED = (Attention.LEAVER, Attention.FAILED, Attention.MAIL)


def failures() -> Found:
    """People whose account, or mail, failed within the hour so that somebody has to do something.

    Not every refused call: what is tried again by itself, and what is mended meanwhile, needs
    nobody. What fails for everybody is a pause or an outage, and an alert of its own.
    """
    lately = Account.objects.filter(attention__in=FAILED, attention_at__gt=Now() - WITHIN)
    number = lately.count()
    if number <= FAILURES_MOST:
        return {}
    first = lately.order_by("attention", "attention_at").values_list("pk", flat=True)[:NAMED]
    text = (
        f"{number} people within the last hour; the first: employees {', '.join(map(str, first))}. "
        "In the admin, Needs attention says for each what is wrong and offers the step."
    )
    return {"failures": (f"more than {FAILURES_MOST} accounts failed within an hour", text)}


def renewal() -> Found:
    """The machine token should be renewed and couldn't be; refused altogether it is a pause."""
    due = Q(token_renew_at__isnull=True) | Q(token_renew_at__lte=Now())
    row = TenantState.objects.filter(due, pk=1, token_wait_until__isnull=False, down_since=None)
    if not row.exists():
        return {}
    text = (
        "Auth0 gave no new machine token when it was asked for one. The old one is used until it "
        "ends, and it is tried again twice a minute. After that nothing can be called."
    )
    return {"renewal": ("the token for Auth0 couldn't be renewed", text)}


def standstill() -> Found:
    """Somebody could be worked on for ten minutes, and nobody was: nothing has synced.

    Not while it is switched off, down or paused, which is no fault and told by itself.
    """
    if not (switch.is_on() and is_open()):
        return {}
    # The most urgent may be new; one free and due for so long is enough.
    late = Account.objects.filter(pk__in=next_due(NAMED, fair=True), due_at__lt=Now() - STILL_FOR)
    numbers = list(late.order_by("due_at").values_list("pk", flat=True))
    newest = SyncLog.objects.order_by("-pk").values_list("pk", flat=True)[:1]
    moves = SyncLog.objects.filter(pk__in=list(newest), created_at__gt=Now() - STILL_FOR)
    if not numbers or moves.exists():
        return {}
    text = (
        "People are due, nothing stands in their way, and for ten minutes nothing was done for "
        f"anybody; the first: employees {', '.join(map(str, numbers))}. Look at the log of "
        "“manage.py qcluster” and restart it; auth0_doctor says what else is wrong."
    )
    return {"standstill": ("nothing has synced although it should have", text)}


def silent_workers() -> Found:
    """The sweep runs, but no worker answers."""
    silent = TenantState.objects.filter(pk=1, answered_at__lt=Now() - SILENT_FOR)
    if not silent.exists():
        return {}
    text = (
        "The workers of the queue haven't answered for more than four minutes, though they are "
        "started again and again. Accounts, imports and mails wait. Look at the log of “manage.py "
        "qcluster”, and whether the queue (QUEUE_BROKER) can be reached."
    )
    return {"silent:workers": ("no worker answers", text)}


def swept() -> None:
    """Note that the sweep has just looked; the web servers watch for this (watch_web.py)."""
    TenantState.objects.filter(pk=1).update(looked_at=Now())


def has_answered() -> None:
    """Note that a worker of some machine has just answered."""
    TenantState.objects.filter(pk=1).update(answered_at=Now())
