"""What is right, what isn't, and how to mend it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import switch
from auth0sync.doctor import findings


class Command(BaseCommand):
    help = "Look at all that accounts depend on and say how to mend what is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--adopt-tenant",
            action="store_true",
            help="AUTH0_DOMAIN is right: from now on the accounts are in that tenant.",
        )

    def handle(self, *args: Any, adopt_tenant: bool, **options: Any) -> None:
        if adopt_tenant:
            if off := switch.by_settings():
                raise CommandError(off.text)
            switch.adopt_tenant("auth0_doctor")
            self.stdout.write("The tenant is adopted; every account is read before it is changed.")
        faults = 0
        for finding in findings():
            self.stdout.write(str(finding))
            faults += bool(finding.mend)
        if faults:
            raise CommandError(f"{faults} to mend.")
