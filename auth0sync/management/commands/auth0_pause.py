"""Switch the link to Auth0 off."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from auth0sync import incidents, switch


class Command(BaseCommand):
    help = "Call Auth0 no more, within seconds. Who is due waits; everything else works."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reason", nargs="?", default="", metavar="REASON")
        parser.add_argument(
            "--until-reconciled",
            action="store_true",
            help="After a restore, before the first start: going on reads every account first.",
        )

    def handle(self, *args: Any, reason: str, until_reconciled: bool, **options: Any) -> None:
        begun = switch.pause("auth0_pause", reason, until_reconciled=until_reconciled)
        incidents.look()
        how = "off" if begun else "off already; who and why stay as they were"
        self.stdout.write(f"Auth0 is switched {how}. auth0_resume switches it on again.")
