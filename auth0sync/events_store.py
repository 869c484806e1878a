"""Keeping what Auth0 tells, each event once, and sorting it: whose account is to be looked at.

Storing is all that a request or the poller does. The sweep sorts: an event claims, and the one read
that it leads to (events_look) says what is so. Source: docs/architecture.md, "Events".
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync.events_models import AccountLook, TenantEvent
from auth0sync.events_parsing import Told
from auth0sync.events_types import Kind, counted_as, kind_of
from auth0sync.models import Account
from auth0sync.reconcile_people import holders
from auth0sync.rows import read_facts
from employees.contention import again_after_deadlock
from employees.counters import counted, record

State = TenantEvent.State
PAGE = 500  # rows in one transaction
QUIET_FOR = timedelta(minutes=10)
# Of the same entry, by both ways; one whose time can't be read has that of its coming.
SAME_TIME = timedelta(seconds=5)
TOLD = ("type", "at", "user_id", "others", "is_own", "is_of_roles")
SETS_OFF_LOOK = (Kind.LOOK, Kind.MAIL)


def store(events: Iterable[Told], *, is_read: bool = False) -> None:
    """Keep these events; those whose log id is known already change nothing.

    is_read: they were read in Auth0's own log, instead of told by whoever has the stream's token;
    then what was told under the same id counts only where it is the same.
    """
    now = timezone.now()
    once = {event.log_id: event for event in events}
    # In the order of their ids: two who store the same events wait for each other, and no deadlock.
    rows = [
        TenantEvent(
            log_id=event.log_id,
            type=event.type,
            at=min(event.at or now, now),
            user_id=event.user_ids[0] if event.user_ids else "",
            others=list(event.user_ids[1:]) or None,
            is_own=event.client_id != "" and event.client_id == settings.AUTH0_CLIENT_ID,
            is_of_roles=event.is_of_roles,
            is_read=is_read,
        )
        for _, event in sorted(once.items())
    ]
    for start in range(0, len(rows), PAGE):
        _store(rows[start : start + PAGE], is_read)


@again_after_deadlock
def _store(rows: Sequence[TenantEvent], is_read: bool) -> None:
    TenantEvent.objects.bulk_create(rows, ignore_conflicts=True)
    if is_read:
        _confirm(rows)


def _confirm(rows: Sequence[TenantEvent]) -> None:
    """What the stream has told before is known to be no invention now, where the log says the same.

    Else somebody has told another thing under an id of the log: what was read takes its place, and
    is sorted anew.
    """
    read = {row.log_id: row for row in rows}
    with transaction.atomic():
        found = TenantEvent.objects.filter(log_id__in=list(read), is_read=False)
        told = list(found.order_by("pk").select_for_update())
        pairs = [(each, read[each.log_id]) for each in told if each.log_id in read]
        ours = _employees_of([_as(each.pk, row) for each, row in pairs])
        for each, row in pairs:
            if not _is_same(each, row, ours[each.pk]):
                for name in TOLD:
                    setattr(each, name, getattr(row, name))
                each.state, each.employee_id = State.NEW, None
            each.is_read = True
        if pairs:
            columns = (*TOLD, "state", "employee_id", "is_read")
            TenantEvent.objects.bulk_update([each for each, _ in pairs], columns)


def _as(pk: int, row: TenantEvent) -> TenantEvent:
    return TenantEvent(pk=pk, user_id=row.user_id, others=row.others)


def _is_same(told: TenantEvent, read: TenantEvent, theirs: Sequence[int]) -> bool:
    """theirs: whose accounts the one that was read is about."""
    kinds = [(each.type, each.is_own, each.is_of_roles) for each in (told, read)]
    if kinds[0] != kinds[1] or abs(told.at - read.at) > SAME_TIME:
        return False
    if told.state == State.NEW:
        return (told.user_id, told.others) == (read.user_id, read.others)
    whose = theirs[0] if len(theirs) == 1 and not read.is_own else None
    return told.employee_id == whose


def sort_new(until: float) -> None:
    """Sort what has come since, by pages; until: ``time.monotonic()`` after which none is begun."""
    while (number := _sort_page()) and time.monotonic() < until:
        if number < PAGE:
            return


@again_after_deadlock
def _sort_page() -> int:
    """Sort a page, and count it. Returns how many events that were."""
    new = TenantEvent.objects.filter(state=State.NEW).order_by("pk")[:PAGE]
    if not new:
        return 0
    with transaction.atomic():
        # Under their locks, so that two who sort don't count one event twice.
        events = list(new.select_for_update())
        _sort(events)
    numbers = Counter((counted_as(event.type), str(event.is_own).lower()) for event in events)
    record(*(counted("auth0_events", n, type=name, own=own) for (name, own), n in numbers.items()))
    return len(events)


def _sort(events: Sequence[TenantEvent]) -> None:
    ours = _employees_of(events)
    groups: dict[tuple[State, int | None], list[int]] = defaultdict(list)
    looks: dict[bool, set[int]] = {False: set(), True: set()}
    known = _with_known_login({pk for theirs in ours.values() for pk in theirs})
    for event in events:
        theirs = [] if event.is_own else ours[event.pk]
        kind = kind_of(event.type)
        looking = [pk for pk in theirs if kind in SETS_OFF_LOOK or _is_news(kind, pk, known)]
        looks[event.is_of_roles] |= set(looking)
        whose = theirs[0] if len(theirs) == 1 else None
        state = State.LOOK if looking and whose else State.NOTED
        groups[state, whose].append(event.pk)
    for (state, whose), ids in groups.items():
        found = TenantEvent.objects.filter(pk__in=ids)
        # Of strangers, and of what the console does itself, no account is kept.
        more = {} if whose else {"user_id": ""}
        found.update(state=state, employee_id=whose, others=None, **more)
    for with_roles, employee_ids in looks.items():
        ask_for_looks(employee_ids, with_roles=with_roles)


def ask_for_looks(employee_ids: Iterable[int], *, with_roles: bool) -> None:
    """Have these accounts looked at; one look for however many wishes."""
    ids = sorted(employee_ids)
    if not ids:
        return
    AccountLook.objects.bulk_create([AccountLook(pk=pk) for pk in ids], ignore_conflicts=True)
    looks = AccountLook.objects.filter(pk__in=ids)
    # What was in vain long ago says nothing of now.
    looks.filter(wanted=False, next_at__lt=Now() - QUIET_FOR).update(in_vain=0)
    looks.update(wanted=True, asked=F("asked") + 1, tries=0)
    if with_roles:
        looks.update(with_roles=True)


def _employees_of(events: Sequence[TenantEvent]) -> Mapping[int, list[int]]:
    """Event → whose account it is about, for those of people here."""
    named = {event.pk: [event.user_id, *(event.others or [])] for event in events}
    wanted = {user_id for ids in named.values() for user_id in ids} - {""}
    found: dict[str, int] = {}
    for employee_id, user_id in holders(wanted).items() if wanted else ():
        found.setdefault(user_id, employee_id)
    return {pk: [found[each] for each in ids if each in found] for pk, ids in named.items()}


def _is_news(kind: Kind, employee_id: int, known: set[int]) -> bool:
    """Whether a log-in has to be looked at: the first one, or one by somebody who shouldn't."""
    return kind is Kind.LOGIN and employee_id not in known


def _with_known_login(employee_ids: set[int]) -> set[int]:
    """Of these, who may sign in and is known to have done so: their log-ins need no look."""
    if not employee_ids:
        return set()
    facts = read_facts(employee_ids)
    may = [pk for pk, each in facts.items() if each.asks_for_account]
    known = Account.objects.filter(pk__in=may, first_login_at__isnull=False)
    return set(known.values_list("pk", flat=True))
