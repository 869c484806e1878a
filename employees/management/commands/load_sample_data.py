"""``manage.py load_sample_data``: people to try the console out with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from employees.models import Auth0Role, AuthMethod, Employee
from employees.sample import MARK
from employees.sample_legacy import LEGACY_PEOPLE
from employees.sample_loading import load_legacy, load_people

PIN_COST = 10  # as the Flask application hashes
FAST_PIN_COST = 4


class Command(BaseCommand):
    """Adds who is missing; a second run adds nobody."""

    help = (
        "Add invented people, always the same ones, with PINs that follow from their number. "
        "Not for a database with real people: their kiosk would take these PINs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How many, and whether real people may be there."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--people", type=int, default=80, help="How many there are to be")
        which.add_argument(
            "--legacy",
            action="store_true",
            help=f"Instead: a company of {LEGACY_PEOPLE} as it was before the console, PINs alone",
        )
        parser.add_argument(
            "--fast-pins", action="store_true", help="Hash PINs weakly, for tests (bcrypt cost 4)"
        )
        parser.add_argument(
            "--force", action="store_true", help="Even beside people that were not made by this"
        )

    def handle(
        self,
        *args: Any,
        people: int,
        legacy: bool,
        fast_pins: bool,
        force: bool,
        **options: Any,
    ) -> None:
        """Refuse or load, and say how many."""
        if people < 1:
            raise CommandError("--people must be at least 1.")
        others = Employee.objects.exclude(connecteam_user_id__startswith=MARK)
        if not force and (count := others.count()):
            raise CommandError(
                f"This database holds {count} people that are no sample data: nothing was added. "
                "With --force the sample people are added beside them."
            )
        cost = FAST_PIN_COST if fast_pins else PIN_COST
        asked = LEGACY_PEOPLE if legacy else people
        added = load_legacy(cost) if legacy else load_people(people, cost)
        self.stdout.write(f"{len(added)} sample people added, {asked - len(added)} were there.")
        for employee_id, pin in added[:3]:
            self.stdout.write(f"  at the kiosk: number {employee_id}, PIN {pin}")
        leads = Employee.objects.filter(auth0_role=Auth0Role.TEAM_LEAD, is_active=True)
        with_pins = leads.exclude(auth_method=AuthMethod.AUTH0).values_list("pk", flat=True)
        for employee_id in [pk for pk in with_pins.order_by("pk") if pk in dict(added)][:1]:
            pin = dict(added)[employee_id]
            self.stdout.write(f"  a team lead, who helps there: number {employee_id}, PIN {pin}")
