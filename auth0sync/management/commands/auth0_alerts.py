"""What is wrong now, and whether anybody would hear of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import alerts
from auth0sync.admin_alerts import NOBODY, outcome
from auth0sync.models import Incident


class Command(BaseCommand):
    help = "List the open alerts; with --test, send a test by every channel and say how it went."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--test", action="store_true", help="Send a test, also with no worker")

    def handle(self, *args: Any, test: bool, **options: Any) -> None:
        if test:
            self._try_out()
            return
        found = Incident.objects.filter(ended_at__isnull=True).order_by("began_at")
        for incident in found:
            self.stdout.write(f"{incident.began_at:%Y-%m-%d %H:%M} UTC  {incident.subject}")
        if not found:
            self.stdout.write("Nothing is wrong that anybody would be told of.")

    def _try_out(self) -> None:
        told = outcome(alerts.try_out("The command auth0_alerts"))
        for _, said in told:
            self.stdout.write(said)
        if not told:
            raise CommandError(NOBODY)
        if not all(went_out for went_out, _ in told):
            raise CommandError("Not every channel works.")
