"""The one thing to start beside the web server. It takes the place of the queue's own command."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from auth0sync.models import Heartbeat
from auth0sync.worker import Worker, run_cluster


class Command(BaseCommand):
    help = "Run the workers, the sweep and the watchdog, until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster-only",
            action="store_true",
            help="The cluster without its parent; the parent starts it so.",
        )

    def handle(self, *args: Any, cluster_only: bool, **options: Any) -> None:
        if cluster_only:
            run_cluster()
            return
        try:
            Heartbeat.objects.exists()
        except DatabaseError as error:
            raise CommandError(f"The database isn't ready ({error}): run migrate first.") from None
        Worker().run()
