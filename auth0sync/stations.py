"""How far somebody is on the way to their first log-in, as one line: saved → account → … (M3).

Whoever signs in with the PIN alone needs no account, and the other way round: a line has only the
stations that the person needs. Times are by the clock of the workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db.models import Max

from auth0sync.expiry import has_expired
from auth0sync.models import Account, InvitationState, MailKind
from employees.models import AuthMethod, Employee, EmployeeAuth, Invitation, SyncStatus
from employees.zones import clock_of, zone_of

NOT_YET = "–"
Tone = Literal["done", "open", "wrong"]


@dataclass(frozen=True)
class Station:
    """One of them. said: when, or why not; "–" for not yet."""

    name: str
    said: str
    tone: Tone


@dataclass(frozen=True)
class Known:
    """What is known of one person beside the row."""

    account: Account | None = None
    invitation: str = Invitation.WORK
    has_pin: bool = False
    pin_set_at: datetime | None = None
    kiosk_at: datetime | None = None


def known_of(people: Sequence[Any], accounts: Mapping[int, Account]) -> dict[int, Known]:
    """What :func:`line` needs of each, by number; one query for all.

    people: from ``joiners``. accounts: theirs.
    """
    ids = [person.pk for person in people]
    rows = EmployeeAuth.objects.filter(employee__in=ids).order_by()
    pins = {
        owner: (set_at, used_at, pin)
        for owner, set_at, used_at, pin in rows.values("employee")
        .annotate(set_at=Max("pin_set_at"), used_at=Max("last_login"), best=Max("pin"))
        .values_list("employee", "set_at", "used_at", "best")
    }
    found = {}
    for person in people:
        set_at, used_at, pin = pins.get(person.pk, (None, None, None))
        account = accounts.get(person.pk)
        found[person.pk] = Known(account, person.invited_as, bool(pin), set_at, used_at)
    return found


def line(person: Employee, known: Known, saved_at: datetime | None, now: datetime) -> list[Station]:
    """The stations of one person, in their order.

    saved_at: when they were added, brought back, or planned to be. now: the database's clock.
    """
    stamp = _Stamp(zone_of(person.workspace), now)
    stations = [Station("saved", stamp(saved_at), "done")]
    if person.auth_method in (AuthMethod.AUTH0, AuthMethod.HYBRID):
        stations += _of_account(person, known, stamp, now)
    if person.auth_method in (AuthMethod.PIN, AuthMethod.HYBRID):
        stations += _of_pin(known, stamp)
    return stations


def _of_account(
    person: Employee, known: Known, stamp: "_Stamp", now: datetime
) -> Sequence[Station]:
    account, status = known.account, person.auth0_sync_status
    if status in (SyncStatus.CREATED, SyncStatus.VERIFIED):
        made = Station("account", stamp(person.auth0_account_created_at), "done")
    elif status == SyncStatus.FAILED:
        made = Station("account", "failed", "wrong")
    else:
        made = Station("account", NOT_YET, "open")
    mail = _mail(person, known, stamp, now)
    if status == SyncStatus.VERIFIED:
        verified = Station("verified", stamp(person.auth0_email_verified_at), "done")
    else:
        verified = Station("verified", NOT_YET, "open")
    first = account.first_login_at if account else None
    return made, mail, verified, _reached("first log-in", first, stamp)


def _mail(person: Employee, known: Known, stamp: "_Stamp", now: datetime) -> Station:
    name, account = "mail accepted", known.account
    is_invitation = account is not None and account.mail_kind == MailKind.INVITATION
    if account is not None and is_invitation and account.invitation == InvitationState.FAILED:
        return Station(name, "failed", "wrong")
    # Rows of before this was kept have only the last time, of a mail that still counts.
    is_out = account is not None and is_invitation and account.invitation == InvitationState.SENT
    first = account and (account.first_mail_at or (account.invitation_sent_at if is_out else None))
    if first:
        if has_expired(person, account, now):
            return Station(name, f"{stamp(first)}, link expired", "wrong")
        return Station(name, stamp(first), "done")
    if known.invitation == Invitation.VERIFIED:
        return Station(name, "not needed", "done")
    if known.invitation == Invitation.NONE:
        return Station(name, "not asked for", "open")
    return Station(name, NOT_YET, "open")


def _of_pin(known: Known, stamp: "_Stamp") -> Sequence[Station]:
    if known.has_pin:
        pin = Station("PIN", stamp(known.pin_set_at) if known.pin_set_at else "set", "done")
    else:
        pin = Station("PIN", NOT_YET, "open")
    # The shared table holds only the last one.
    return pin, _reached("at the kiosk, last", known.kiosk_at, stamp)


def _reached(name: str, at: datetime | None, stamp: "_Stamp") -> Station:
    return Station(name, stamp(at), "done" if at else "open")


class _Stamp:
    """Writes times one after another, each with its day only where that is another one.

    It has to be called in the order in which they are read.
    """

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self._zone, self._year = zone, now.astimezone(zone).year
        self._last: tuple[object, str] | None = None

    def __call__(self, at: datetime | None) -> str:
        """Such as "28 Nov 09:02 CST", and "09:05" where day and clock are those of before."""
        if at is None:
            return NOT_YET
        local = at.astimezone(self._zone)
        said, before = f"{local:%H:%M}", self._last
        self._last = local.date(), clock_of(at, self._zone)
        if before == self._last:
            return said
        year = f" {local.year}" if local.year != self._year else ""
        return f"{local.day} {local:%b}{year} {said} {self._last[1]}"
