"""The balance sheet while it is being filled: everybody, then what is left over, then the sum."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import F

from auth0sync import reconcile_record, reconcile_runs
from auth0sync.models import Account, Comparison
from auth0sync.reconcile_again import Reader
from auth0sync.reconcile_findings import Finder, Profile
from auth0sync.reconcile_judge import Found, place_of
from auth0sync.reconcile_list import Source
from auth0sync.reconcile_people import Person, holders, pages
from auth0sync.reconcile_picture import Picture
from auth0sync.reconcile_record import Sighting
from auth0sync.rows import active_holders
from employees.models import Employee

EMAILS_AT_ONCE = 100
NAMED_MOST = 20  # in a note


@dataclass
class Sheet:
    """Both sides, put beside each other.

    since: from when on the console's own changes may be missing in the picture. read_at: of when
    the picture is. twice: accounts that two people have.
    """

    row: Comparison
    source: Source
    picture: Picture
    finder: Finder
    has_roles: bool
    since: datetime
    read_at: datetime
    numbers: Counter[str] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = Reader(
            self.source, self.picture, self.finder, self.since, self.read_at, self.has_roles
        )

    def fill(self) -> dict[str, Any]:
        """Compare everything and write it down; returns the columns of the comparison."""
        for _ in reconcile_record.come_back():
            self._go_on()
        for page in pages(self.since):
            self._people(page)
            self.numbers["looked_at"] += len(page)
            self._go_on()
        for profiles in self.picture.left_over():
            self._leftover(profiles)
            self._go_on()
        shared = self.picture.shared_emails()
        while some := list(islice(shared, EMAILS_AT_ONCE)):
            self._shared_emails(some)
            self._go_on()
        for _ in reconcile_record.close_others(self.row.pk):
            self._go_on()
        return self._sum()

    def _go_on(self) -> None:
        self.source.lease.renew()
        reconcile_runs.note(self.row, looked_at=self.numbers["looked_at"])

    def _people(self, page: Sequence[Person]) -> None:
        ids = [person.known.user_id for person in page if person.known.user_id]
        profiles, roles = self.picture.accounts(ids), self.picture.roles(ids)
        self.twice += self.picture.pair(ids)
        strays = self._strays(page)
        moving, sightings = [], []
        for person in page:
            user_id = person.known.user_id
            profile, extra = profiles.get(user_id), strays.get(person.employee_id, [])
            place = place_of(person.facts, person.known)
            self.numbers[f"rows_{place}"] += 1
            self.numbers["alone"] += place != "" and profile is None
            sure: list[Sighting] | None = None
            if not person.is_moving:
                held = roles.get(user_id, ()) if self.has_roles else None
                sure = self.reader.sure(person, self.finder.about(person, profile, held, extra))
            if sure is None:
                moving.append(person.employee_id)
            sightings += sure or []
            self.numbers["moving"] += place != "" and sure is None
            self.numbers["differing"] += bool(sure)
            self.numbers["equal"] += place != "" and sure == []
        reconcile_record.keep(moving, self.row.pk)
        reconcile_record.record(sightings, self.row.pk)

    def _strays(self, page: Sequence[Person]) -> dict[int, list[Profile]]:
        """The accounts marked for these people that they don't have, and nobody else has."""
        found: dict[int, list[Profile]] = {}
        marked = self.picture.marked_for([each.employee_id for each in page])
        # Whose turn is still to come: their account is found there, with its wrong marker.
        ids = [str(profile["user_id"]) for _, profile in marked]
        taken = {held for pk, held in holders(ids).items() if pk > page[-1].employee_id}
        for employee_id, profile in marked:
            if profile["user_id"] not in taken:
                found.setdefault(employee_id, []).append(profile)
                self.numbers["leftover"] += 1
        for person in page:
            generation = self.finder.generation(person, found.get(person.employee_id, []))
            if generation > person.generation:  # so that no account is made that exists
                older = Account.objects.filter(pk=person.employee_id, generation__lt=generation)
                older.update(generation=generation)
        return found

    def _leftover(self, profiles: Sequence[Profile]) -> None:
        self.numbers["leftover"] += len(profiles)
        emails = {str(profile["email"]) for profile in profiles} - {""}
        holders = active_holders(emails)
        told = [
            Sighting(*self.finder.nobodys(each, holders.get(str(each["email"]), [])), self.read_at)
            for each in profiles
        ]
        somebodys = self._somebodys_by_now(told)
        still = [each for each in told if each.found.user_id not in somebodys]
        sure = [self.reader.sure_of_nobodys(each) for each in still]
        self.numbers["moving"] += len(somebodys)
        reconcile_record.record([each for each in sure if each], self.row.pk)

    def _somebodys_by_now(self, told: Sequence[Sighting]) -> set[str]:
        """Accounts whose person was added, or who were linked, since the people were looked at."""
        taken = Account.objects.filter(user_id__in=[each.found.user_id for each in told])
        added = Employee.objects.filter(pk__in=[each.employee_id or 0 for each in told])
        ids, numbers = (
            set(taken.values_list("user_id", flat=True)),
            set(added.values_list("pk", flat=True)),
        )
        return {
            each.found.user_id
            for each in told
            if each.found.user_id in ids or each.employee_id in numbers
        }

    def _shared_emails(self, shared: Iterable[tuple[str, list[str]]]) -> None:
        """Several accounts with one e-mail, in different connections: one person, two accounts."""
        by_id = {user_id: (email, ids) for email, ids in shared for user_id in ids}
        ours = Account.objects.filter(user_id__in=list(by_id), done_seq=F("due_seq"))
        sightings = []
        for employee_id, user_id in ours.exclude(origin="").values_list("pk", "user_id"):
            email, ids = by_id[user_id]
            others = [each for each in ids if each != user_id]
            found = Found("email_double", user_id, "email", auth0=others, about={"email": email})
            sightings.append(Sighting(employee_id, found, self.read_at))
        reconcile_record.record(sightings, self.row.pk)

    def _sum(self) -> dict[str, Any]:
        kinds, ignored = reconcile_record.numbers(self.row.pk)
        numbers = self.numbers
        picture = self.picture
        rows = numbers["rows_wanted"] + numbers["rows_shut"] + numbers["rows_untouched"]
        here, paired, foreign = picture.here, picture.paired, picture.foreign
        unexplained = abs(rows - paired - numbers["alone"]) + abs(
            here - paired - foreign - numbers["leftover"]
        )
        return {
            **{name: numbers[name] for name in _COUNTED},
            "accounts": here,
            "paired": paired,
            "foreign": foreign,
            "elsewhere": picture.elsewhere,
            "kinds": kinds,
            "ignored": ignored,
            "unexplained": unexplained,
            "notes": [*self.source.notes, *self._notes()],
        }

    def _notes(self) -> Iterator[str]:
        for user_id in self.twice[:NAMED_MOST]:
            yield f"The account {user_id} is that of two people here."


_COUNTED = (
    "rows_wanted",
    "rows_shut",
    "rows_untouched",
    "alone",
    "leftover",
    "equal",
    "moving",
    "differing",
    "looked_at",
)
