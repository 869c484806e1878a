"""Why nothing is moving, in one line; or how one employee's account stands. Changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from auth0sync.explain import Explanation, explain
from auth0sync.moving import drain, in_one_line
from auth0sync.status import Weather


class Command(BaseCommand):
    help = (
        "Say in one line why nothing is moving, and when what waits will be finished; with ID "
        "explain that employee's Auth0 account in five steps, and what holds it up. A dry run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("employee", type=int, metavar="ID", nargs="?")
        parser.add_argument("--all", action="store_true", help="Of everybody, as without ID.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._explain(**options)
        except DatabaseError as error:
            text = f"The database can't be asked ({type(error).__name__}): see auth0_doctor."
            raise CommandError(text) from error

    def _explain(self, *, employee: int | None, all: bool, **options: Any) -> None:
        if employee is None:
            weather = Weather.today()
            self.stdout.write(in_one_line(weather))
            self.stdout.write(drain(weather))
            return
        if all:
            raise CommandError("Name either one employee or --all.")
        found = explain(employee)
        if found is None:
            raise CommandError(f"There is no employee {employee}, and there never was an account.")
        for line in lines(found):
            self.stdout.write(line)


def lines(found: Explanation) -> list[str]:
    """The explanation as plain text."""
    read = f", {found.read_at:%Y-%m-%d %H:%M:%S} UTC" if found.read_at else ""
    read += f" by {found.read_by}" if found.read_by else ""
    equal = len(found.fields) - len(found.differences)
    return [
        f"Employee {found.employee_id}, account {found.user_id or 'none'}",
        *_part("1. The row", [f"{label}: {value or '-'}" for label, value in found.row]),
        *_part(
            "2. Wanted", [found.decision, *(f"{f.name}: {f.wanted or '-'}" for f in found.fields)]
        ),
        *_part(
            f"3. In Auth0, as last seen{read}",
            [f"{f.name}: {f.seen or '-'}" for f in found.fields],
        ),
        *_part(
            f"4. Differences ({equal} fields are equal)",
            [f"{f.name}: {f.seen or '-'} -> {f.wanted or '-'}" for f in found.differences],
        ),
        *_part("5. Calls that would go out", [f"{c.does}: {c.request}" for c in found.calls]),
        *_part("What holds it up", found.holdups),
    ]


def _part(title: str, items: list[str]) -> list[str]:
    return ["", title, *(f"   {item}" for item in items or ["none"])]
