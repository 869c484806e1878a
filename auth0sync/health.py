"""The doctor's look by the queue, for the page: no request waits for Auth0, mail or a full disk.

One row holds what was asked and what was found. A look that no worker has ended within two minutes
is given up by whoever asks next.
"""

from dataclasses import dataclass
from datetime import timedelta
from socket import gethostname

from django.db.models import F, Q
from django.db.models.functions import Now
from django_q.tasks import async_task
from redis import RedisError

from auth0sync.doctor import findings
from auth0sync.models import Look
from employees.authority import Actor
from employees.errors import NotAllowed

TASK = "auth0sync.health.look"
GIVEN_UP_AFTER = timedelta(minutes=2)  # the queue ends a task after 55 s


@dataclass(frozen=True)
class Health:
    """The row as it is now. is_under_way: somebody has asked, and the answer may still come.

    was_lost: somebody has asked, and no answer came.
    """

    row: Look | None
    is_under_way: bool
    was_lost: bool


def health() -> Health:
    """What was found last, and whether more is to come; one query."""
    row = Look.objects.filter(pk=1).annotate(now=Now()).first()
    if row is None or row.asked_at is None:
        return Health(row, is_under_way=False, was_lost=False)
    is_open = row.finished_at is None or row.finished_at < row.asked_at
    is_new = row.asked_at > row.now - GIVEN_UP_AFTER
    return Health(row, is_under_way=is_open and is_new, was_lost=is_open and not is_new)


def want(actor: Actor) -> bool:
    """Have a worker look; False when one is about to already.

    Raises: NotAllowed with a sentence, also when the queue can't be reached.
    """
    if not actor.is_admin:
        raise NotAllowed("Only administrators can have the doctor look.")
    Look.objects.get_or_create(pk=1)
    over = Q(asked_at=None) | Q(finished_at__gte=F("asked_at"))
    free = over | Q(asked_at__lt=Now() - GIVEN_UP_AFTER)
    # A double click asks once.
    asked = Look.objects.filter(free, pk=1).update(asked_at=Now(), asked_by=actor.name[:100])
    if not asked:
        return False
    try:
        async_task(TASK)
    except RedisError:
        Look.objects.filter(pk=1).update(asked_at=None)
        raise NotAllowed("The queue can't be reached: run “manage.py auth0_doctor”.") from None
    return True


def look() -> None:
    """The task: look, and write down what was found. Once for each time that it was asked."""
    new = Q(began_at=None) | Q(began_at__lt=F("asked_at"))
    if not Look.objects.filter(new, pk=1).exclude(asked_at=None).update(began_at=Now()):
        return
    found = [finding.as_json() for finding in findings()]
    Look.objects.filter(pk=1).update(finished_at=Now(), machine=gethostname()[:100], findings=found)
