"""Reading accounts by name before a difference is believed: Auth0's list is of some time ago.

The first READ_AGAIN_MOST accounts of a comparison that differ in a way which wasn't known yet are
read again; of more, only the list is believed, since who reads a thousand accounts to doubt them
might as well mend them. Where most of what is read isn't as the list told, the list is no good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from auth0sync import reconcile_record
from auth0sync.download import unusable
from auth0sync.errors import Gone
from auth0sync.models import TenantState
from auth0sync.reconcile_findings import Finder, Profile, Roles
from auth0sync.reconcile_judge import Found
from auth0sync.reconcile_list import Source
from auth0sync.reconcile_people import Person, people
from auth0sync.reconcile_picture import Picture
from auth0sync.reconcile_record import Sighting

READ_AGAIN_MOST = 100  # accounts in one comparison
REFUTED_MOST = 10
# What the console knows by itself needs no look at Auth0.
NOT_READ = {"no_account", "stuck", "not_ours"}


@dataclass
class Reader:
    """Turns what the list tells into what is so. since, read_at: as of the comparison's sheet."""

    source: Source
    picture: Picture
    finder: Finder
    since: datetime
    read_at: datetime
    has_roles: bool
    read: int = 0
    refuted: int = 0

    def sure(self, person: Person, told: list[Found]) -> list[Sighting] | None:
        """What of this is so; None when the person is moving by now. Raises Transient."""
        as_told = [Sighting(person.employee_id, each, self.read_at) for each in told]
        if not self._is_to_be_read(as_told):
            return as_told
        self.read += 1
        profile = self._profile(person.known.user_id)
        roles = self._roles(profile, told)
        strays = [self._profile(each.user_id) for each in told if each.kind == "double"]
        now = people([person.employee_id], self.since)[0]
        if now.is_moving or now.known.user_id != person.known.user_id:
            return None
        theirs = [each for each in strays if each and self.finder.marked(each) == now.employee_id]
        found = self.finder.about(now, profile, roles, theirs)
        self._believe(told, found)
        return [Sighting(person.employee_id, each, _now(), True) for each in found]

    def sure_of_nobodys(self, told: Sighting) -> Sighting | None:
        """The same for an account of nobody's; None when it is gone, or has another marker now."""
        if not self._is_to_be_read([told]):
            return told
        self.read += 1
        profile = self._profile(told.found.user_id)
        if profile is None:
            self._believe([told.found], [])
            return None
        employee_id, found = self.finder.nobodys(profile, told.found.about["suggested"])
        if employee_id != told.employee_id:
            return None
        return Sighting(employee_id, found, _now(), True)

    def _is_to_be_read(self, told: Sequence[Sighting]) -> bool:
        asked = [each for each in told if each.found.kind not in NOT_READ]
        if not asked or self.read >= READ_AGAIN_MOST:
            return False
        rows = reconcile_record.known(asked)
        return any(not reconcile_record.is_as_noted(each, rows.get(each.key)) for each in asked)

    def _profile(self, user_id: str) -> Profile | None:
        if not user_id:
            return None
        try:
            return self.source.ask(lambda: self.source.tenant.read_user(user_id))
        except Gone:
            return None

    def _roles(self, profile: Profile | None, told: list[Found]) -> Roles | None:
        if profile is None or not self.has_roles:
            return None
        user_id = str(profile["user_id"])
        if any(each.kind == "role" for each in told):
            return self.source.ask(lambda: self.source.tenant.roles_of(user_id))
        return self.picture.roles([user_id]).get(user_id, ())

    def _believe(self, told: list[Found], found: list[Found]) -> None:
        so = {(each.kind, each.field) for each in found}
        self.refuted += so.isdisjoint((each.kind, each.field) for each in told)
        if self.refuted > REFUTED_MOST and 2 * self.refuted > self.read:
            raise unusable(
                "it isn't what the accounts are when they are read one by one", "list_unreliable"
            )


def _now() -> datetime:
    """The database's clock."""
    moment = TenantState.objects.filter(pk=1).annotate(now=Now()).values_list("now", flat=True)
    return moment[0]
