"""Sync employees now, in this terminal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import switch
from auth0sync.due import mark_due, next_due
from auth0sync.engine import sync
from auth0sync.models import Account


class Command(BaseCommand):
    help = "Sync these employees, or all that are due, and say how it went."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--employee", type=int, nargs="+", default=[], metavar="ID")
        parser.add_argument("--due", action="store_true", help="All that are due, once each.")

    def handle(self, *args: Any, employee: list[int], due: bool, **options: Any) -> None:
        if not employee and not due:
            raise CommandError("Say whom: --employee ID …, or --due.")
        if off := switch.why_off():
            raise CommandError(off.text)
        mark_due(employee, actor="auth0_sync", look=True)
        for pk in dict.fromkeys([*employee, *(next_due(10_000) if due else [])]):
            taken = sync(pk)
            account = Account.objects.get(pk=pk)
            said = account.error or ("in step" if account.is_clean else "waiting")
            self.stdout.write(f"{pk}: {said if taken else 'another worker has it'}")
