"""Compare the whole tenant with the table of employees; changes nothing without --fix."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import reconcile_follow, reconcile_runs, switch
from auth0sync.cluster import end_with
from auth0sync.errors import LeaseLost
from auth0sync.models import Comparison, Difference
from auth0sync.reconcile import COMMAND, compare
from auth0sync.reconcile_runs import Lease
from auth0sync.reconcile_words import as_json, lines


class Command(BaseCommand):
    help = (
        "Compare all accounts in Auth0 with the people here, and write down what differs; a dry "
        "run without --fix."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Bring Auth0 in line with the people here, as far as that needs nobody's word.",
        )
        parser.add_argument("--json", action="store_true", help="The balance sheet as JSON.")
        parser.add_argument(
            "--child-of",
            type=int,
            metavar="PID",
            help="What is wanted, or the night's, for this worker; the worker starts it so.",
        )

    def handle(
        self, *args: Any, fix: bool, json: bool, child_of: int | None, **options: Any
    ) -> None:
        lease = Lease()
        signal.signal(signal.SIGTERM, lambda signum, frame: setattr(lease, "is_ending", True))
        if child_of is not None:
            end_with(child_of)
        elif off := reconcile_runs.why_off():
            raise CommandError(off.text)
        is_restored = switch.why_off() is not None  # by a copy: people decide what differs then
        if fix and is_restored:
            raise CommandError("Paused until reconciled: compare without --fix first.")
        if not lease.take():
            raise CommandError("A comparison is under way already; auth0_reconcile waits for none.")
        is_child = child_of is not None
        try:
            row = compare(lease, reconcile_runs.NIGHT if is_child else COMMAND)
            is_good = row.state == Comparison.State.DONE
            if is_good and (fix or (is_child and not is_restored)):
                reconcile_follow.decide_by_rule(row.pk, fix=fix)
                while reconcile_follow.carry_out():
                    lease.renew()
        except LeaseLost:
            why = "It was told to end." if lease.is_ending else "Another program compares by now."
            raise CommandError(why) from None
        finally:
            lease.give_back()
        if not is_child:
            self._say(row, fix=fix, in_json=json)

    def _say(self, row: Comparison, *, fix: bool, in_json: bool) -> None:
        if row.state == Comparison.State.FAILED:
            raise CommandError(row.error)
        found = Difference.objects.filter(comparison_id=row.pk).order_by("rank", "pk")
        if in_json:
            for piece in as_json(row, found):
                self.stdout.write(piece, ending="")
        else:
            for line in lines(row, found):
                self.stdout.write(line)
        left = found.filter(state=Difference.State.OPEN).count() + row.unexplained
        if left:
            hint = "" if fix else "; --fix brings in line what needs nobody's word"
            raise CommandError(f"{left} differences are to be decided{hint}.")
