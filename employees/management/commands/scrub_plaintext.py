"""``manage.py scrub_plaintext``: how much plain text there is, and with --apply away with it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from employees.scrubbing import Counts, Plain, count, scrub, too_long

SHOWN = 20  # employee numbers in a sentence
PER_HOUR = 50_000  # hashes, on one core


class Command(BaseCommand):
    """Prints counts, never a value; can be ended at any moment and run again."""

    help = "Count PINs and passwords in plain text; --apply hashes the PINs and empties the rest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether anything is changed."""
        parser.add_argument("--apply", action="store_true", help="Do it; else only count")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        """Count, scrub, count."""
        before = count()
        if not apply:
            self._say("now", before)
            hours = (before[Plain.PIN] + before[Plain.ODD]) / PER_HOUR
            self.stdout.write(f"Nothing was changed. --apply does it ({_duration(hours)}).")
            return
        self._say("before", before)
        try:
            for _step in scrub():
                pass
        except DatabaseError as error:
            raise CommandError(
                f"The database refused ({error}). What is done is done: run it again."
            ) from error
        after = count()
        self._say("after", after)
        if after[Plain.TOO_LONG]:
            numbers = too_long()
            listed = ", ".join(map(str, numbers[:SHOWN])) + (", …" if numbers[SHOWN:] else "")
            raise CommandError(f"Give these employees another PIN: {listed}.")

    def _say(self, when: str, counts: Counts) -> None:
        for kind in Plain:
            self.stdout.write(f"{when:>6}: {counts[kind]:>7,} {kind}")


def _duration(hours: float) -> str:
    minutes = round(60 * hours)
    return f"some {minutes} minutes" if minutes else "less than a minute"
