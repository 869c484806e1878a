"""What imports say of accounts: what the safety brake would hold, and how soon they come."""

from auth0sync import brake
from auth0sync.moving import silence
from auth0sync.status import Weather
from employees.admin_importing import ImportPages
from employees.mass import changes
from employees.mass.models import MassChange


class MassChangePages(ImportPages):
    """The pages of mass changes, with the accounts behind the people."""

    def notices(self, change: MassChange) -> list[str]:
        """What confirming would have to wait for."""
        return _notices(changes.crowd(change), change.summary.get("accounts", 0))

    def holdups(self) -> list[str]:
        """That no worker is there to do it."""
        return silence(Weather.today())

    def undo_notices(self, change: MassChange) -> list[str]:
        """What taking it back would have to wait for."""
        return _notices(changes.undo_crowd(change), 0)


def _notices(crowd: list[int], accounts: int) -> list[str]:
    said = []
    held = brake.would_hold(crowd) if crowd else 0
    if held:
        who = "1 account" if held == 1 else f"{held:,} accounts"
        said.append(
            f"The safety brake holds {who} until a second person agrees: that is more at once than "
            "usual."
        )
    standstill = Weather.today().standstill() if crowd or accounts else ""
    if standstill:
        said.append(f"{standstill} The accounts follow when that is over; nothing is lost.")
    return said
