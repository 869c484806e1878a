"""``manage.py podfactory_report``: whom PodFactory would find, and whom it wouldn't."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from employees.importing.results import neutral
from employees.models import Employee
from employees.podfactory_standing import (
    Outcome,
    all_standings,
    known_to_podfactory,
    notice_everybody,
)
from employees.podfactory_words import reasons

COLUMNS = ("number", "name", "outcome", "found by", "why")


class Command(BaseCommand):
    """Looks at everybody, a page at a time; fails when somebody active wouldn't be found."""

    help = (
        "Say whom PodFactory would find by its rules, by what, and whom it wouldn't. Changes "
        "nobody; what SQL has changed is written into the history first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where everybody is to be written to."""
        parser.add_argument("--csv", type=Path, metavar="FILE", help="Write a line for everybody")

    def handle(self, *args: Any, csv: Path | None, **options: Any) -> None:
        """Look, print and count."""
        notice_everybody()
        if csv is None:
            counts = self._look(lambda *cells: None)
        else:
            try:
                counts = self._write(csv)
            except OSError as error:
                raise CommandError(f"{csv} can't be written: {error.strerror}.") from None
        active = sum(counts[name] for name in Outcome if name != Outcome.LEFT)
        missed = active - counts[Outcome.FOUND]
        self.stdout.write(f"PodFactory would find {active - missed} of {active} active people.")
        for how, count in sorted(counts.items()):
            if how not in Outcome.values:
                self.stdout.write(f"   by {how}: {count}")
        if counts[Outcome.LEFT]:
            self.stdout.write(f"Left, but in PodFactory's table: {counts[Outcome.LEFT]}")
        if missed:
            raise CommandError(f"Not found, or not told apart: {missed} of {active}.")

    def _write(self, path: Path) -> Counter[str]:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            return self._look(lambda *cells: lines.writerow([neutral(str(each)) for each in cells]))

    def _look(self, write: Callable[..., Any]) -> Counter[str]:
        """Outcome, and by what somebody is found → how many people."""
        counts: Counter[str] = Counter()
        for standing in all_standings(known_to_podfactory(Employee.objects.all())):
            outcome = standing.outcome
            counts[outcome] += 1
            why = " ".join(reasons(standing))
            if outcome == Outcome.FOUND:
                counts[standing.how] += 1
            elif outcome != Outcome.LEFT:
                self.stdout.write(_printable(f"{standing.employee_id} {standing.name}: {why}"))
            write(standing.employee_id, standing.name, outcome.label, standing.how, why)
        return counts


def _printable(text: str) -> str:
    """A name that SQL wrote may hold what moves a terminal's cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)
