"""Looking at an account of which an event tells: one read, then what is so.

What is found is judged and written down as the comparison does it for everybody at night, and the
same rules say what mends itself; so the balance sheet shows at once what it would have shown
tomorrow. Nothing is overwritten by a look. Source: docs/architecture.md, "Events".
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from auth0sync import events_told, pauses, reconcile_follow, reconcile_record
from auth0sync.brake import installation
from auth0sync.claim import after
from auth0sync.errors import Gone, LeaseLost, Misconfigured, Transient, Unknown
from auth0sync.events_models import AccountLook
from auth0sync.gate import Gate
from auth0sync.models import Comparison, Difference, TenantState
from auth0sync.reconcile_findings import Finder, Profile, Roles
from auth0sync.reconcile_judge import Found
from auth0sync.reconcile_people import people
from auth0sync.reconcile_record import Sighting
from auth0sync.tenant import Tenant
from auth0sync.tenant_logs import TenantLogs
from employees.contention import again_after_deadlock, gave_way
from employees.counters import count

logger = logging.getLogger(__name__)

ACTOR = "auth0_events"
OTHERS_MOST = 20  # workers that may pick at the same moment, on all machines
WAIT_MOST_S = 300  # between two looks at one account that find nothing, and two tries
TRIES_MOST = 5  # to carry a decision out; then it is the next comparison's
AFTER_A_BUG_S = 3600
Kind, State = Difference.Kind, Difference.State
# What a look can tell; whether somebody has two accounts only the comparison can.
JUDGED = (
    *(Kind.OPEN, Kind.MISSING, Kind.SHUT, Kind.FOREIGN, Kind.FIELD),
    *(Kind.NO_ACCOUNT, Kind.STUCK, Kind.NOT_OURS, Kind.VERIFIED),
)


@dataclass
class Look:
    """A look under its lease, as gate.Holder."""

    row: AccountLook
    user_id: str = ""

    @property
    def employee_id(self) -> int:
        """Whose account it is."""
        return self.row.employee_id

    def renew(self) -> None:
        """Keep the lease for its whole length again. Raises LeaseLost."""
        self._write(lease_until=after(settings.AUTH0_LEASE_SECONDS))

    def logged_as(self) -> dict[str, Any]:
        """As gate.Holder: whose account is read."""
        return {
            "employee_id": self.employee_id,
            "auth0_user_id": self.user_id,
            "actor": ACTOR,
            "attempt": self.row.tries + 1,
        }

    def put_off(self, seconds: float | None = None) -> None:
        """Look later; seconds: None for twice as long as the last time."""
        wait_s = _doubled(self.row.tries) if seconds is None else seconds
        self._write(lease="", lease_until=None, next_at=after(wait_s), tries=F("tries") + 1)

    def end(self, *, in_vain: bool) -> None:
        """It is done, unless somebody has asked again meanwhile. in_vain: nothing new was found."""
        number = self.row.in_vain + 1 if in_vain else 0
        wait_s = _doubled(number) if in_vain else 1.0
        count("auth0_event_looks", found="nothing" if in_vain else "news")
        self._write(
            lease="", lease_until=None, tries=0, in_vain=min(number, 20), next_at=after(wait_s)
        )
        same = AccountLook.objects.filter(pk=self.employee_id, asked=self.row.asked)
        same.update(wanted=False, with_roles=False)

    @again_after_deadlock
    def _write(self, **columns: Any) -> None:
        mine = AccountLook.objects.filter(pk=self.employee_id, lease=self.row.lease)
        if not mine.update(**columns):
            raise LeaseLost


def due_looks() -> QuerySet[AccountLook]:
    """The accounts that are to be looked at now, and that nobody looks at yet."""
    free = Q(lease="") | Q(lease_until__lte=Now())
    return AccountLook.objects.filter(free, wanted=True, next_at__lte=Now())


def look_next(until: float) -> bool:
    """Look at the account that has waited longest; False when none is to be looked at.

    until: ``time.monotonic()`` by which the last call has to be over. What fails is tried again;
    only a bug is raised.
    """
    look = _take()
    if look is None:
        return False
    try:
        _look_or_put_off(look, Gate(look, until))
    except LeaseLost:
        logger.warning("The look at employee %d was taken over.", look.employee_id)
    return True


def _look_or_put_off(look: Look, gate: Gate) -> None:
    try:
        _look(look, gate)
    except Misconfigured as error:
        logger.error("An account can't be looked at: %s", error)
        look.put_off(pauses.begin(error, gate.outgoing.action).retry_after_s)
    except Transient as error:
        look.put_off(error.retry_after_s)
    except Unknown:
        look.put_off()
    except LeaseLost:
        raise
    except Exception as error:
        if gave_way(error):
            look.put_off()
            return
        look.put_off(AFTER_A_BUG_S)
        raise


@again_after_deadlock
def _take() -> Look | None:
    lease = uuid4().hex
    for employee_id in due_looks().order_by("next_at").values_list("pk", flat=True)[:OTHERS_MOST]:
        free = due_looks().filter(pk=employee_id)
        if free.update(lease=lease, lease_until=after(settings.AUTH0_LEASE_SECONDS)):
            return Look(AccountLook.objects.get(pk=employee_id))
    return None


def _look(look: Look, gate: Gate) -> None:
    began = _now()
    person = people([look.employee_id], began)[0]
    if person.is_moving:  # what the console reads or writes just now is newer than the event
        look.put_off()
        return
    upto = events_told.newest(look.employee_id)
    profile, roles = _read(look, gate, person.known.user_id)
    person = people([look.employee_id], began)[0]
    if person.is_moving or person.known.user_id != look.user_id:
        look.put_off()
        return
    look.renew()
    found = Finder(installation()).about(person, profile, roles, [])
    is_news = _write_down(look.employee_id, found, has_roles=roles is not None)
    is_undone = reconcile_follow.decide_at_once(look.employee_id, ACTOR)
    logs = TenantLogs(gate.before_call, gate.after_call)
    events_told.settle(look.employee_id, profile, found, upto, logs)
    if is_undone and look.row.tries < TRIES_MOST:
        look.put_off()
    else:
        look.end(in_vain=not is_news)


def _read(look: Look, gate: Gate, user_id: str) -> tuple[Profile | None, Roles | None]:
    """The account and, where they were asked for, its roles; None for what isn't there."""
    look.user_id = user_id
    tenant = Tenant(gate.before_call, gate.after_call)
    try:
        profile = tenant.read_user(user_id) if user_id else None
    except Gone:
        profile = None
    if profile is None or not (look.row.with_roles and settings.AUTH0_ENABLE_ROLE_ASSIGNMENT):
        return profile, None
    return profile, tenant.roles_of(user_id)


def _write_down(employee_id: int, found: Sequence[Found], *, has_roles: bool) -> bool:
    """Record what differs, and close what doesn't any more. Returns whether either is news."""
    # One that is under way may have read the list before: it mustn't take this for over.
    newest = Comparison.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    sightings = [Sighting(employee_id, each, _now(), True) for each in found]
    known = reconcile_record.known(sightings)
    is_news = any(not reconcile_record.is_as_noted(each, known.get(each.key)) for each in sightings)
    reconcile_record.record(sightings, newest)
    judged = (*JUDGED, Kind.ROLE) if has_roles else JUDGED
    stands = Difference.objects.filter(
        employee_id=employee_id, kind__in=judged, state__in=[State.OPEN, State.IGNORED]
    )
    over = stands.exclude(open_key__in=[each.key for each in sightings])
    ids = list(over.values_list("pk", flat=True))
    if ids:
        reconcile_record.close(ids, "not there any more")
    return is_news or bool(ids)


def _doubled(number: int) -> float:
    return float(min(2 ** min(number, 10), WAIT_MOST_S))


def _now() -> datetime:
    """The database's clock."""
    return TenantState.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=1)
