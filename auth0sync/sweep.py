"""The sweep: finds what is due and which rows have moved, whoever changed them.

One sweeper works for the whole installation, however many machines there are: it holds a lease in
the database, and works in slices short enough to let everybody else at the tables.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django_q.tasks import async_task, queue_size

from auth0sync import (
    alert_delivery,
    alerts,
    batches,
    bulk,
    events_look,
    events_poll,
    events_store,
    incidents,
    new_plan,
    reconcile_follow,
    switch,
    watch_queue,
)
from auth0sync.due import next_due, note
from auth0sync.models import Account, TenantState
from auth0sync.nightly import scrub_if_due
from auth0sync.pace import is_open
from auth0sync.pruning import prune, prune_ended, prune_events
from employees import planning, receipts
from employees.console_sessions import end_sessions_of_shut_out, forget_ended
from employees.counters import count
from employees.days import note_day
from employees.history import known_between, notice_changes
from employees.mass import changes as mass_changes
from employees.models import Employee
from employees.services import clear_tokens_of_refused

ACTOR = "sql"  # in the log: nobody whom the console knows
PAGE = 400  # rows
SLICE_S = 0.08  # and the page that was begun: 0.2 at most
ASSEMBLE_S = 1.0  # for a crowd of thousands, in transactions of some 50 ms
PLANS_AT_ONCE = 5  # carried out in one slice
LEASE_LEAST_S = 5
SMALL_TABLE = 2_000  # rows that are all looked at in every sweep
MOVED_WITHIN = timedelta(minutes=10)
SESSIONS_EVERY_S = 3_600
DAY_EVERY_S = 60  # how often the totals are written down for the charts
PING_EVERY_S = 60
# The watcher outside hears nothing while these are open: for it nothing runs.
AT_A_STANDSTILL = {"silent:workers", "standstill"}
NIGHT_EVERY_S = 60  # how often it is asked whether last night's scrub was done


class Sweeper:
    """Call :meth:`tick` about once a second, and :meth:`stop` at the end."""

    def __init__(self) -> None:
        self._lease = uuid4().hex
        self._pass: Iterator[None] | None = None
        self._pass_began = 0.0
        self._next_sweep = 0.0
        self._next_pass = 0.0
        self._next_clearing = 0.0
        self._next_day = 0.0
        self._next_ping = 0.0
        self._scrub: Iterator[None] | None = None
        self._next_scrub = 0.0
        self._followed = 0  # after whom decisions about differences are looked at next

    def tick(self) -> bool:
        """One slice of work; False when another process is the sweeper."""
        if not self._hold_lease():
            self._pass = self._scrub = None
            return False
        now = time.monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + settings.AUTH0_SWEEP_SECONDS
            self._begin_sweep(now)
        self._go_on_with_pass(until=now + SLICE_S)
        batches.carry_out()
        # Before anybody is told of them: whoever is in no job yet is made one by one meanwhile.
        bulk.assemble(until=time.monotonic() + ASSEMBLE_S)
        reconcile_follow.carry_out()
        self._followed = reconcile_follow.follow(self._followed)
        events_store.sort_new(until=time.monotonic() + SLICE_S)
        hand_out()
        # After these, so that a plan which the database refuses doesn't hold them up. Whoever has
        # moved wakes a worker by themselves.
        planning.carry_out_due(PLANS_AT_ONCE)
        receipts.work_off_due(until=time.monotonic() + SLICE_S)
        mass_changes.wake_stalled()
        if self._pass is None:  # which is what leavers wait for
            self._go_on_with_scrub(now)
        return True

    @property
    def is_under_way(self) -> bool:
        """Whether a pass over all rows, or the nightly scrub, has begun and isn't over."""
        return self._pass is not None or self._scrub is not None

    def stop(self) -> None:
        """Give the lease back, so that another process goes on within a second."""
        TenantState.objects.filter(pk=1, sweep_lease=self._lease).update(
            sweep_lease="", sweep_lease_until=None
        )

    def _hold_lease(self) -> bool:
        length = timedelta(seconds=max(LEASE_LEAST_S, settings.AUTH0_SWEEP_SECONDS))
        mine_or_free = (
            Q(sweep_lease__in=["", self._lease])
            | Q(sweep_lease_until__isnull=True)
            | Q(sweep_lease_until__lt=Now())
        )
        return bool(
            TenantState.objects.filter(mine_or_free, pk=1).update(
                sweep_lease=self._lease, sweep_lease_until=Now() + length
            )
        )

    def _begin_sweep(self, now: float) -> None:
        clear_tokens_of_refused()
        end_sessions_of_shut_out()
        batches.forget_empty()
        self._tell(now)
        prune(settings.LOG_RETENTION_DAYS)
        prune_ended(settings.LOG_RETENTION_DAYS)
        prune_events()
        mass_changes.prune()
        if now >= self._next_day:
            self._next_day = now + DAY_EVERY_S
            note_day()
        if now >= self._next_clearing:  # Django itself never removes sessions that ran out
            self._next_clearing = now + SESSIONS_EVERY_S
            SessionStore.clear_expired()
            forget_ended()
        small = not Employee.objects.order_by("pk")[SMALL_TABLE:].exists()
        if not small:
            note_moved()
        count("auth0_sweeps")
        if self._pass is None and (small or now >= self._next_pass):
            self._pass, self._pass_began = chain(new_plan.stage(), look_at_all()), now

    def _tell(self, now: float) -> None:
        """Look for incidents, and have sent what couldn't be sent before; nobody waits for it."""
        incidents.look()
        watch_queue.swept()
        alert_delivery.prune()
        alert_delivery.in_background()
        if settings.ALERT_HEARTBEAT_URL and now >= self._next_ping:
            self._next_ping = now + PING_EVERY_S
            if not alerts.open_keys() & AT_A_STANDSTILL:
                alert_delivery.ping_in_background()

    def _go_on_with_pass(self, until: float) -> None:
        """A page at least. until: ``time.monotonic()`` after which none is begun."""
        while self._pass is not None:
            try:
                is_over = next(self._pass, self) is self
            except DatabaseError:
                self._pass = None  # else the broken generator would look like a pass that is over
                raise
            if is_over:
                self._pass = None
                took = time.monotonic() - self._pass_began
                self._next_pass = self._pass_began + max(
                    settings.AUTH0_FULL_SWEEP_SECONDS, 5 * took
                )
            if time.monotonic() >= until:
                return

    def _go_on_with_scrub(self, now: float) -> None:
        """One step. Where the database is away it is begun again, a minute after it began."""
        if self._scrub is None and now >= self._next_scrub:
            self._next_scrub = now + NIGHT_EVERY_S
            self._scrub = scrub_if_due()
        scrub, self._scrub = self._scrub, None
        if scrub is not None and next(scrub, self) is not self:
            self._scrub = scrub


def look_at_all() -> Iterator[None]:
    """Compare every row with its fingerprint, a page a step; also rows that were deleted."""
    last = 0
    while True:
        ids = list(
            Employee.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]
        )
        is_end = len(ids) < PAGE
        known = Account.objects.filter(pk__gt=last).exclude(fingerprint="")
        known = known if is_end else known.filter(pk__lte=ids[-1])
        note({*ids, *known.values_list("pk", flat=True)}, actor=ACTOR)
        notice_changes({*ids, *known_between(last + 1, None if is_end else ids[-1])})
        yield
        if is_end:
            return
        last = ids[-1]


def note_moved() -> None:
    """Compare the rows that say they were changed within ten minutes.

    Only quicker than the pass over all: on SQLite, and where an UPDATE names ``updated_at``
    itself, the column doesn't tell.
    """
    if connection.vendor == "mysql":
        moved = Employee.objects.filter(updated_at__gt=Now() - MOVED_WITHIN)
        note(moved.order_by("-updated_at").values_list("pk", flat=True)[:PAGE], actor=ACTOR)


def hand_out() -> None:
    """Queue tasks for what is due (employees, import jobs, looks at accounts, Auth0's log), as many
    as the workers can begin with."""
    if not (switch.is_on() and is_open()):
        return
    due = len(next_due(settings.QUEUE_WORKERS)) + bulk.due_jobs().count()
    due += events_look.due_looks()[: settings.QUEUE_WORKERS].count() + events_poll.is_due()
    for _ in range(min(due, settings.QUEUE_WORKERS - queue_size())):
        async_task("auth0sync.tasks.sync_due")
