"""Enrolment as a mass change: whom it is about is looked at by the queue, page by page.

What it amounts to is counted in ``MassChange.recognised`` beside the rows, in one transaction, so
that a page which is begun again after a crash counts once. Confirming, carrying out and undoing
are those of every mass change (``employees.mass``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from auth0sync.enrolment import Choice, Outlook, outlooks, without_account, working
from auth0sync.events_shown import has_logged_in_since
from auth0sync.models import Account
from employees.actors import actor_named, visible_to
from employees.authority import Actor
from employees.mass import changes
from employees.mass.kinds import Kind
from employees.mass.models import MassChange, MassRow
from employees.models import AuthMethod, Employee

PAGE = 250  # people; they and their counts are written in one transaction
IDS_MOST = 10_000  # chosen by hand; for more there are the filters

Outcome = MassRow.Outcome


@dataclass(frozen=True)
class Whom:
    """The people an enrolment is about.

    ids: those who were ticked or named, however they sign in; empty for all who sign in with the
    PIN alone, of this department and workspace where one is given. also_away: with those who are
    deactivated or archived; they get none, and it is said why.
    """

    ids: tuple[int, ...] = ()
    department: str = ""
    workspace: str = ""
    also_away: bool = False

    def people(self, actor: Actor) -> QuerySet[Employee]:
        """All of them who aren't named by their numbers."""
        people = without_account(actor, self.department, self.workspace)
        return people if self.also_away else working(people)

    def pages(self, actor: Actor, after: int = 0) -> Iterator[list[Employee]]:
        """Those in ``actor``'s sight, by number, a page at a time. after: only above this one."""
        while page := self._page(actor, after):
            yield page
            after = page[-1].pk

    def _page(self, actor: Actor, after: int) -> list[Employee]:
        if not self.ids:
            return list(self.people(actor).filter(pk__gt=after).order_by("pk")[:PAGE])
        # By the keys of one page, since ten thousand in one statement are too many for SQLite.
        left = sorted(number for number in self.ids if number > after)
        for start in range(0, len(left), PAGE):
            named = visible_to(actor).filter(pk__in=left[start : start + PAGE])
            if page := list(named.order_by("pk")):
                return page
        return []


@dataclass
class Tally:
    """What an enrolment amounts to, in numbers of people.

    places: workspace → those who get an account there. without: ``WhyNot`` → those who get none.
    mails: invitations that go out by themselves. no_pin: who can't use the kiosk afterwards.
    reopened: whose account of before is opened again. risky: in whose account the safety brake
    would count a change. last: the highest number looked at.
    """

    people: int = 0
    places: dict[str, int] = field(default_factory=dict)
    without: dict[str, int] = field(default_factory=dict)
    mails: int = 0
    no_pin: int = 0
    reopened: int = 0
    risky: int = 0
    last: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Tally":
        """What ``MassChange.recognised`` holds of it; zeros for nothing."""
        return cls(**data.get("tally", {}))

    @property
    def accounts(self) -> int:
        """Who gets an account, or gets one back."""
        return sum(self.places.values())

    def add(self, found: Iterable[Outlook]) -> None:
        """Count these as well."""
        for each in found:
            self.people += 1
            self.last = max(self.last, each.person.pk)
            if each.why_not:
                self.without[each.why_not] = self.without.get(each.why_not, 0) + 1
                continue
            place = each.person.workspace or ""
            self.places[place] = self.places.get(place, 0) + 1
            self.mails += each.is_mailed
            self.no_pin += each.method == AuthMethod.AUTH0
            self.reopened += each.is_reopened
            self.risky += each.is_risky


def begin(whom: Whom, choice: Choice, actor: Actor, title: str) -> MassChange:
    """Have the queue look at these people; nothing is written to anybody before it is confirmed."""
    options = {"whom": asdict(whom), "choice": asdict(choice)}
    return changes.begin(MassChange.Kind.ENROLMENT, title, actor, options)


def looked_at(whom: Whom, choice: Choice, actor: Actor) -> Iterator[list[Outlook]]:
    """What it would do for each of them, a page at a time, for who waits for it: a command."""
    for page in whom.pages(actor):
        yield outlooks(page, choice, actor)


def prepare(change: MassChange, go_on: Callable[[], bool]) -> bool:
    """Stage a row for each person; see ``kinds.Kind``."""
    whom = Whom(**{**change.options["whom"], "ids": tuple(change.options["whom"]["ids"])})
    actor, tally = actor_named(change.begun_by), Tally.of(change.recognised)
    line = changes.last_line(change)
    for page in whom.pages(actor, after=tally.last):
        if not go_on():
            return False
        found = outlooks(page, _choice(change), actor)
        tally.add(found)
        tally.last = page[-1].pk
        rows = [_row(change, n, each) for n, each in enumerate(found, line + 1)]
        with transaction.atomic():
            changes.add_rows(change, rows)
            changes.note(change, tally=asdict(tally))
        line += len(rows)
    return True


def summarise(change: MassChange) -> dict[str, Any]:
    """The counts of the preview; no row of an enrolment asks, so they stay as they were staged."""
    return asdict(Tally.of(change.recognised))


def look_again(row: MassRow, change: MassChange, actor: Actor) -> str:
    """Why this person gets none after all: their row, or another one, has moved since the preview.

    Somebody who is out of ``actor``'s sight by now is left to the services, which refuse it.
    """
    people = list(visible_to(actor).filter(pk=row.employee_id or 0))
    return next((each.reason for each in outlooks(people, _choice(change), actor)), "")


KIND = Kind(prepare, summarise, look_again)


def _choice(change: MassChange) -> Choice:
    return Choice(**change.options["choice"])


def _row(change: MassChange, line: int, found: Outlook) -> MassRow:
    """One person; ``key`` says why somebody gets none, so that an index finds those with it."""
    row = MassRow(
        change=change,
        line=line,
        employee_id=found.person.pk,
        cells=[found.person.name, found.person.email or ""],
        key=found.why_not,
        reason=found.reason,
        outcome=Outcome.PROBLEM if found.why_not else Outcome.CHANGE,
        is_risky=found.is_risky,
    )
    if not found.why_not:
        row.values = {"auth_method": found.method}
        row.before = {"auth_method": AuthMethod.PIN}
        if change.options["choice"]["invitation"]:
            row.values["invitation"] = found.invitation
    return row


def signed_in_since(employee_id: int, at: datetime) -> str:
    """How this person has come to use their account since, in a sentence; "" for not at all.

    Whoever follows the link of the invitation proves the e-mail with it and chooses a password.
    Nothing is said of an e-mail that was proven before, or without an invitation.
    """
    second = at.replace(microsecond=0)  # the row's times have no more
    proven = Employee.objects.filter(pk=employee_id, auth0_email_verified_at__gte=second)
    invited = Account.objects.filter(pk=employee_id, invitation_sent_at__gte=at)
    if proven.exists() and invited.exists():
        return "They have followed the link in their invitation since."
    if has_logged_in_since(employee_id, second):
        return "They have signed in with Auth0 since."
    return ""
