"""The one thing to start beside the web server. It takes the place of the queue's own command."""

from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connection

from auth0sync.cluster import run_cluster
from auth0sync.models import Heartbeat
from auth0sync.worker import Worker


class Command(BaseCommand):
    help = "Run the workers, the sweep and the watchdog, until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster-of",
            type=int,
            metavar="PID",
            help="Only the cluster, for this parent; the parent starts it so.",
        )

    def handle(self, *args: Any, cluster_of: int | None, **options: Any) -> None:
        if cluster_of is not None:
            run_cluster(cluster_of)
            return
        with suppress(DatabaseError):  # a server that is away comes back: the worker waits for it
            if Heartbeat._meta.db_table not in connection.introspection.table_names():
                raise CommandError("The database has no tables of the console: run migrate first.")
        Worker().run()
