"""Remove old rows of the sync log; without --apply only say how many."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync.pruning import older_than, prune


class Command(BaseCommand):
    help = "Say how many rows of the sync log are older than LOG_RETENTION_DAYS, or remove them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="Remove them.")
        parser.add_argument(
            "--days", type=int, metavar="N", help="Instead of LOG_RETENTION_DAYS; at least 1."
        )

    def handle(self, *args: Any, apply: bool, days: int | None, **options: Any) -> None:
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        days = settings.LOG_RETENTION_DAYS if days is None else days
        if not days:
            self.stdout.write("LOG_RETENTION_DAYS is 0: every row is kept. --days N removes some.")
            return
        if not apply:
            old = older_than(days).count()
            self.stdout.write(f"{old} rows are older than {days} days. --apply removes them.")
            return
        removed = 0
        while page := prune(days):
            removed += page
        self.stdout.write(f"{removed} rows older than {days} days were removed.")
