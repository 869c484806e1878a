"""Everything that is found about one person, or about an account of nobody's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from auth0sync.ownership import generation_of, marked_for, shown
from auth0sync.reconcile_judge import BLOCK, Found, Sides, judge
from auth0sync.reconcile_people import Person

Profile = Mapping[str, Any]
Roles = tuple[str, ...]


@dataclass(frozen=True)
class Finder:
    """Tells what differs; ``installation`` is the name of this one."""

    installation: str

    def about(
        self,
        person: Person,
        profile: Profile | None,
        roles: Roles | None,
        strays: Sequence[Profile],
    ) -> list[Found]:
        """All differences of one person.

        profile: of the account they have; None when Auth0 has none. roles: that it holds; None when
        nobody asked. strays: other accounts that carry this person's marker.
        """
        found = judge(
            person.employee_id,
            Sides(person.facts, person.known, profile, roles),
            installation=self.installation,
            assign_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        )
        return [*found, *(self._stray(person, each) for each in strays)]

    def nobodys(self, profile: Profile, suggested: Collection[int]) -> tuple[int | None, Found]:
        """Of an account that no person here has: whose it was by its marker, and the difference.

        suggested: people with the same e-mail.
        """
        marked = self.marked(profile)
        kind = "unknown" if marked is None else "no_row"
        risk = "" if marked is None or profile.get("blocked") else BLOCK
        about = self._shown(profile, marked or 0) | {"suggested": sorted(suggested)}
        return marked, Found(kind, str(profile["user_id"]), risk=risk, about=about)

    def marked(self, profile: Profile) -> int | None:
        """Whose the account is by its marker; None for nobody of ours."""
        return marked_for(profile, self.installation)

    def generation(self, person: Person, strays: Sequence[Profile]) -> int:
        """The highest generation that this person's accounts are of; more than the console knows
        where its database is an older copy."""
        ids = (str(profile["user_id"]) for profile in strays)
        generations = (generation_of(pk, self.installation, person.employee_id) for pk in ids)
        return max([person.generation, *generations])

    def _stray(self, person: Person, profile: Profile) -> Found:
        return Found(
            "double",
            str(profile["user_id"]),
            risk="" if profile.get("blocked") else BLOCK,
            about=self._shown(profile, person.employee_id) | {"has": person.known.user_id},
        )

    def _shown(self, profile: Profile, employee_id: int) -> dict[str, Any]:
        return shown(
            profile,
            employee_id=employee_id,
            installation=self.installation,
            connection=settings.AUTH0_CONNECTION,
        )
