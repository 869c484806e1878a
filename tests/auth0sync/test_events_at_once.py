"""Two receivers and the poller at the same moment, while two sort: each event counts once."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest import mock

from django.db import connections

from auth0sync import events_store
from auth0sync.events_models import AccountLook, TenantEvent
from auth0sync.events_parsing import read_item
from auth0sync.events_store import sort_new, store
from auth0sync.models import Account
from employees.counters import totals
from employees.models import Counter
from tests.auth0sync.events import an_event
from tests.builders import CommittedTestCase, make_employee

EVENTS = 250
PIECE = 25


class AtTheSameMomentTests(CommittedTestCase):
    def test_each_event_counts_once_and_each_account_is_looked_at_once(self) -> None:
        Counter.objects.all().delete()
        people = [make_employee(auth0_user_id=f"auth0|{n}") for n in range(5)]
        Account.objects.bulk_create(Account(pk=each.pk) for each in people)
        told = [an_event(("sv", "fp")[n % 2], f"auth0|{n % 5}") for n in range(EVENTS)]
        repeated = told + told[: EVENTS // 5]

        with mock.patch.object(events_store, "PAGE", 40):  # as of a crowd
            at_once(
                *(partial(receive, repeated, seed, is_read=seed == 2) for seed in range(3)),
                *[partial(sort_for, 60.0)] * 2,
            )

        rows = TenantEvent.objects.all()
        self.assertEqual(rows.count(), EVENTS)
        self.assertEqual(rows.filter(is_read=True).count(), EVENTS)
        self.assertFalse(rows.filter(state=TenantEvent.State.NEW).exists())
        counted = {labels["type"]: number for labels, number in totals()["auth0_events"]}
        self.assertEqual(counted, {"sv": EVENTS / 2, "fp": EVENTS / 2})
        looks = AccountLook.objects.filter(wanted=True).values_list("pk", flat=True)
        self.assertCountEqual(looks, [each.pk for each in people])


def receive(events: list[dict[str, Any]], seed: int, *, is_read: bool) -> None:
    """All of them, in an order of one's own."""
    mine = events.copy()
    random.Random(seed).shuffle(mine)
    for start in range(0, len(mine), PIECE):
        store(filter(None, map(read_item, mine[start : start + PIECE])), is_read=is_read)


def sort_for(seconds: float) -> None:
    """As the sweep does it, until nothing more comes."""
    ends = time.monotonic() + seconds
    done = TenantEvent.objects.exclude(state=TenantEvent.State.NEW)
    while done.count() < EVENTS and time.monotonic() < ends:
        sort_new(ends)
        time.sleep(0.01)


def at_once(*jobs: Any) -> None:
    """Each on a connection of its own; the first error is raised."""

    def run(job: Any) -> None:
        try:
            job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(run, job) for job in jobs]:
            future.result()
