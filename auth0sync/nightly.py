"""What is done once a night: plain PINs and passwords go, which other programs write by day.

The sweeper does it, a step between two of its slices: there is one sweeper for all machines, it
goes on where another one ended, and it notices by itself that a night was missed.
"""

import logging
from collections import Counter
from collections.abc import Iterator

from django.db.models.functions import Now

from auth0sync.models import TenantState
from employees.scrubbing import Counts, Plain, last_night, scrub

logger = logging.getLogger(__name__)


def scrub_if_due() -> Iterator[None]:
    """Scrub in steps of at most some 100 ms, unless it was done since the last 02:00.

    Only the end is noted: what was cut off begins again, and finds less to do.
    """
    state = TenantState.objects.annotate(now=Now()).get(pk=1)
    if state.scrubbed_at >= last_night(state.now):
        return
    done: Counts = Counter()
    for step in scrub():
        done += step
        yield
    TenantState.objects.filter(pk=1).update(scrubbed_at=Now())
    hashed = done[Plain.PIN] + done[Plain.ODD]
    logger.info(
        "The nightly scrub: %d plain PINs were hashed, %d plain copies and %d passwords emptied.",
        hashed,
        done[Plain.COPY],
        done[Plain.PASSWORD],
    )
