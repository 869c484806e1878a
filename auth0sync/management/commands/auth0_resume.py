"""Switch the link to Auth0 on again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import incidents, switch


class Command(BaseCommand):
    help = "Go on calling Auth0 after auth0_pause; whoever is due is done now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reason", nargs="?", default="", metavar="REASON")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        resumed = switch.resume("auth0_resume", reason)
        incidents.look()
        if off := switch.why_off():
            raise CommandError(f"Auth0 still isn't called. {off.text}")
        self.stdout.write("Auth0 is switched on." if resumed else "Auth0 was on already.")
