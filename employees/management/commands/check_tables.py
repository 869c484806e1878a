"""``manage.py check_tables``: whether the shared tables are as the console needs them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from employees.shared_tables import SHARED_TABLES
from employees.tables import findings


class Command(BaseCommand):
    """Prints one line a finding or healthy table; fails when something has to be mended."""

    help = "Compare the shared tables with what the console needs; changes nothing."
    requires_system_checks = ()  # the findings are the point

    def add_arguments(self, parser: CommandParser) -> None:
        """Which database."""
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Alias in the settings")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        """Compare and print."""
        found = findings(connections[database])
        for table in SHARED_TABLES:
            own = [finding for finding in found if finding.table == table]
            for finding in own:
                self.stdout.write(str(finding))
            if not own:
                self.stdout.write(f"{table}: as expected")
        to_mend = sum(finding.must_be_mended for finding in found)
        if to_mend:
            raise CommandError(f"To be mended: {to_mend}.")
