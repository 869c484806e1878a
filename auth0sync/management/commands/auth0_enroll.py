"""Give people who exist an Auth0 account; without --apply only say who would get one."""

import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync.enrolling import IDS_MOST, Tally, Whom, begin, looked_at
from auth0sync.enrolment import METHODS, Choice
from auth0sync.enrolment_words import forecast, headline, reasons, title_of
from employees.authority import program
from employees.mass import changes
from employees.mass.models import MassChange, MassRow
from employees.mass.working import work
from employees.models import Employee, Invitation, Workspace
from employees.selectors import departments

ACTOR = program("auth0_enroll")
PROPOSED = "proposed"
SLICE_S = 20.0
LOOK_AGAIN_S = 0.5  # while a worker has it
PAGE = 500  # rows


class Command(BaseCommand):
    """Prints who gets one and why another doesn't; a second run finds nobody left to do."""

    help = (
        "Say who would get an Auth0 account, and why another wouldn't; --apply gives it to them. "
        "The accounts themselves are made by qcluster. The exit status is 1 when somebody who was "
        "to get one was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, how, and whether it is done."""
        parser.add_argument("--all", action="store_true", help="All who sign in with the PIN alone")
        parser.add_argument("--department", help="Those of them in this department")
        parser.add_argument("--workspace", choices=Workspace.values, help="Those of them there")
        parser.add_argument(
            "--employee", type=int, nargs="+", metavar="ID", help="These people, by their numbers"
        )
        parser.add_argument(
            "--method",
            choices=[PROPOSED, *METHODS],
            default=PROPOSED,
            help="How they sign in; proposed: hybrid for the shop floor, else auth0",
        )
        parser.add_argument(
            "--invitation", choices=Invitation.values, help="Instead of what stands for each"
        )
        parser.add_argument("--apply", action="store_true", help="Do it; else only say who")

    def handle(
        self, *args: Any, method: str, invitation: str | None, apply: bool, **options: Any
    ) -> None:
        """Look, and do it where that was asked for."""
        whom = _whom(options)
        choice = Choice("" if method == PROPOSED else method, invitation or "")
        if apply:
            self._apply(whom, choice, options["verbosity"])
            return
        tally = Tally()
        for page in looked_at(whom, choice, ACTOR):
            tally.add(page)
            if options["verbosity"]:
                for each in page:
                    said = each.reason or f"{each.method}, invitation {each.invitation}"
                    self._say(each.person.pk, each.person.name, not each.why_not, said)
        self._sum_up(tally)
        if tally.accounts:
            self.stdout.write("Nothing was changed. --apply does it.")

    def _apply(self, whom: Whom, choice: Choice, verbosity: int) -> None:
        change = _worked_off(begin(whom, choice, ACTOR, title_of(whom)))
        self._sum_up(Tally.of(change.recognised))
        if not changes.confirm(change.pk, change.version, ACTOR):
            raise CommandError("Somebody has discarded it in the console: nothing was changed.")
        change = _worked_off(change)
        refused = 0
        for row in _rows(change):
            is_done = row.state == MassRow.State.DONE
            refused += row.state == MassRow.State.REFUSED
            if verbosity:
                said = row.reason or row.values["auth_method"]
                self._say(row.employee_id or 0, row.cells[0], is_done, said)
        rows = changes.counts(change.pk).get(MassRow.Outcome.CHANGE, {})
        if done := rows.get(MassRow.State.DONE, 0):
            self.stdout.write(
                f"{done:,} done. qcluster makes the accounts; “Give accounts” in the console shows "
                f"how far they are, and undoes it (enrolment {change.pk})."
            )
        if refused:
            raise CommandError(f"{refused} refused: see above. Run it again when that is mended.")

    def _sum_up(self, tally: Tally) -> None:
        self.stdout.write(headline(tally))
        for sentence in forecast(tally):
            self.stdout.write(f"  {sentence}")
        for _why, words, number in reasons(tally):
            self.stdout.write(f"  No account: {number:,} {words}.")

    def _say(self, number: int, name: str, is_good: bool, said: str) -> None:
        self.stdout.write(f"{'+' if is_good else '-'} {number:>6} {name}: {said}")


def _whom(options: dict[str, Any]) -> Whom:
    """The people who were asked for. Raises: CommandError."""
    ids, department, workspace = (options[name] for name in ("employee", "department", "workspace"))
    if ids and (options["all"] or department or workspace):
        raise CommandError("--employee names people: leave out --all, --department, --workspace.")
    if options["all"] and (department or workspace):
        raise CommandError("--all is everybody: leave out --department and --workspace.")
    if not (ids or options["all"] or department or workspace):
        raise CommandError("Say whom: --all, --department, --workspace or --employee ID ….")
    if department and department not in departments():
        raise CommandError(f"There is no department “{department}”: {', '.join(departments())}.")
    if ids and len(ids) > IDS_MOST:
        raise CommandError(f"--employee takes {IDS_MOST:,} numbers at most.")
    if ids:
        there = set(Employee.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if missing := sorted(set(ids) - there):
            raise CommandError(f"There is no employee {', '.join(map(str, missing))}.")
    return Whom(tuple(ids or ()), department or "", workspace or "")


def _worked_off(change: MassChange) -> MassChange:
    """What is to be done with it, done here; or waited for, where a worker has taken it.

    Raises: CommandError.
    """
    while True:
        change = MassChange.objects.get(pk=change.pk)
        if change.state == MassChange.State.FAILED:
            raise CommandError(change.failure)
        if change.state not in changes.BUSY:
            return change
        before = change.lease_until
        work(change.pk, until=time.monotonic() + SLICE_S)
        if before is not None:
            time.sleep(LOOK_AGAIN_S)


def _rows(change: MassChange) -> Iterator[MassRow]:
    """All of them, a page at a time."""
    last = 0
    while page := list(change.rows.filter(line__gt=last).order_by("line")[:PAGE]):
        yield from page
        last = page[-1].line
