"""Planned joining and leaving without a worker: cron's way (``qcluster`` does it by itself)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from employees.models import PlannedMove
from employees.planning import carry_out_due

AT_ONCE = 500  # plans


class Command(BaseCommand):
    """Says what is due; does it with --apply."""

    help = (
        "Say which planned joinings and leavings are due; carry them out with --apply. The sweep "
        "of qcluster does that every second."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument("--apply", action="store_true", help="Carry them out now")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        """Count, or do it."""
        if apply:
            self.stdout.write(f"{carry_out_due(AT_ONCE)} carried out, or ended.")
            return
        due = PlannedMove.objects.filter(state=PlannedMove.State.OPEN, at__lte=timezone.now())
        self.stdout.write(f"{due.count()} due; --apply carries them out.")
