"""Whether Auth0 has what PodFactory looks up there: a person's name and e-mail."""

from collections.abc import Mapping, Sequence

from auth0sync.account import Seen
from auth0sync.models import Account
from employees.admin_podfactory import PodFactoryPages
from employees.emails import normalise_email
from employees.podfactory_standing import Standing


class PodFactoryInAuth0(PodFactoryPages):
    """Adds what was last seen in Auth0 to the page and the card; one query."""

    def in_auth0(self, found: Sequence[Standing]) -> Mapping[int, str]:
        """For each person a sentence."""
        accounts = Account.objects.in_bulk([standing.employee_id for standing in found])
        return {
            standing.employee_id: _sentence(standing, accounts.get(standing.employee_id))
            for standing in found
        }


def _sentence(standing: Standing, account: Account | None) -> str:
    if account is None or not account.seen:
        return "No account."
    seen = Seen.from_json(account.seen)
    differing = []
    if seen.name != standing.name:
        differing.append(f"the name “{seen.name or ''}”")
    if seen.email != normalise_email(standing.email):
        differing.append(f"the e-mail {seen.email}")
    said = f"It has {' and '.join(differing)}." if differing else "It has this name and e-mail."
    earlier = seen.app_metadata.get("previous_names") or []
    return f"{said} Earlier names: {', '.join(map(str, earlier))}." if earlier else said
