"""The tenant as code: compare it with tenant.yaml, and make it like that with --apply."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

import auth0sync
from auth0sync.errors import Conflict, SyncError, Unknown
from auth0sync.models import Bucket
from auth0sync.setup_apply import do
from auth0sync.setup_by_hand import GRANT_OF, ByHand, by_hand
from auth0sync.setup_file import BadDescription, Surroundings, described
from auth0sync.setup_plan import steps
from auth0sync.setup_read import NEEDED, look
from auth0sync.setup_steps import Step
from auth0sync.setup_tenant import SetupTenant, connect, lacking
from auth0sync.setup_wanted import Wanted, roles_action_code
from auth0sync.setup_words import hand_lines, plan_lines, summary

DESCRIPTION = Path(auth0sync.__file__).with_name("tenant.yaml")
DIFFERS = 2  # the exit status of --check


class Command(BaseCommand):
    help = (
        "Compare the Auth0 tenant with its description (auth0sync/tenant.yaml) and print what "
        "differs, like a diff; a dry run without --apply. Uses AUTH0_SETUP_CLIENT_ID and "
        "AUTH0_SETUP_CLIENT_SECRET, which nothing else needs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which description, and what is done with it."""
        parser.add_argument(
            "--environment",
            metavar="NAME",
            help="Which environment of the description (default: ENVIRONMENT_NAME)",
        )
        parser.add_argument(
            "--file", type=Path, default=DESCRIPTION, help="Another description than the checked-in"
        )
        parser.add_argument("--apply", action="store_true", help="Do it; else only say what")
        parser.add_argument(
            "--allow-delete",
            action="store_true",
            help="Remove, too, what the description's lists don't hold",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help=f"A dry run whose exit status is {DIFFERS} where anything differs, for CI",
        )
        parser.add_argument(
            "--print-action", action="store_true", help="Only print the Action, to paste it"
        )

    def handle(
        self,
        *args: Any,
        environment: str | None,
        file: Path,
        apply: bool,
        allow_delete: bool,
        check: bool,
        print_action: bool,
        **options: Any,
    ) -> None:
        """Read, compare, say, and do it where that was asked for."""
        if print_action:
            self.stdout.write(roles_action_code(settings.AUTH0_ROLES_CLAIM), ending="")
            return
        if apply and check:
            raise CommandError("--check only looks: leave out --apply.")
        wanted = _description(
            file, settings.ENVIRONMENT_NAME if environment is None else environment
        )
        _refuse_without_settings(wanted)
        try:
            tenant = connect()
            _refuse_without(tenant, NEEDED, "to look")
            seen = look(tenant, wanted)
        except SyncError as error:
            raise CommandError(_said(error)) from error
        plan, hand = steps(wanted, seen), by_hand(wanted, seen)
        self.stdout.write(f"Tenant {settings.AUTH0_DOMAIN}, environment {wanted.environment}")
        self._say(plan, hand, allow_delete=allow_delete)
        todo = [step for step in plan if allow_delete or not step.deletes]
        if apply:
            self._apply(tenant, todo)
        elif todo:
            self.stdout.write("Nothing was changed. --apply does it.")
            needed = [scope for step in todo for scope in step.scopes]
            if short := lacking(tenant, needed):
                self.stdout.write(f"--apply will refuse: {_lacks(short)}")
        if check and (plan or any(item.differs for item in hand)):
            raise CommandError("The tenant isn't as described.", returncode=DIFFERS)

    def _say(self, plan: Sequence[Step], hand: Sequence[ByHand], *, allow_delete: bool) -> None:
        for line in (*plan_lines(plan, allow_delete=allow_delete), *hand_lines(hand)):
            self.stdout.write(line)
        self.stdout.write(f"Plan: {summary(plan, hand, allow_delete=allow_delete)}")

    def _apply(self, tenant: SetupTenant, todo: Sequence[Step]) -> None:
        """Every step, until one fails. Nothing is begun that a scope is missing for."""
        _refuse_without(tenant, (scope for step in todo for scope in step.scopes), "for this plan")
        for number, step in enumerate(todo):
            try:
                do(tenant, step.do)
            except (SyncError, DatabaseError) as error:
                self.stdout.write(f"FAILED {step.does}: {_said(error)}")
                left = [each.does for each in todo[number:]]
                raise CommandError(
                    f"{number} of {len(todo)} done; left: {'; '.join(left)}. Run it again when "
                    "that is mended: it looks anew and does what is left."
                ) from error
            self.stdout.write(f"done   {step.does}")
        self.stdout.write(f"{len(todo)} done." if todo else "Nothing to do.")


def _description(file: Path, environment: str) -> Wanted:
    """The description for this environment. Raises: CommandError."""
    around = Surroundings(
        login_client_id=settings.AUTH0_LOGIN_CLIENT_ID,
        machine_client_id=settings.AUTH0_CLIENT_ID,
        connection=settings.AUTH0_CONNECTION,
        roles_claim=settings.AUTH0_ROLES_CLAIM,
        gives_roles=settings.AUTH0_ENABLE_ROLE_ASSIGNMENT,
        webhook_token=next(iter(settings.AUTH0_WEBHOOK_TOKEN), ""),
    )
    try:
        return described(file.read_text(encoding="utf-8"), environment, around)
    except BadDescription as error:
        raise CommandError(f"{file.name}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read ({type(error).__name__}).") from error


def _refuse_without_settings(wanted: Wanted) -> None:
    """Raises CommandError where it isn't clear which tenant, or with which application."""
    names = ("AUTH0_DOMAIN", "AUTH0_SETUP_CLIENT_ID", "AUTH0_SETUP_CLIENT_SECRET")
    if missing := [name for name in names if not getattr(settings, name)]:
        raise CommandError(f"{' and '.join(missing)} must be set (docs/tenant-setup.md).")
    if wanted.domain and wanted.domain != settings.AUTH0_DOMAIN:
        raise CommandError(
            f"{wanted.environment} is for the tenant {wanted.domain}, but AUTH0_DOMAIN is "
            f"{settings.AUTH0_DOMAIN}: nothing was called."
        )
    if other := wanted.tenants_of_others.get(settings.AUTH0_DOMAIN):
        raise CommandError(
            f"AUTH0_DOMAIN is {settings.AUTH0_DOMAIN}, the tenant of {other}, and this is to be "
            f"{wanted.environment}: nothing was called."
        )
    why = ""
    try:
        ready = Bucket.objects.exists()
    except DatabaseError as error:
        ready, why = False, f", which can't be asked ({type(error).__name__}): see auth0_doctor"
    if not ready:
        raise CommandError(
            f"The pace of calls is kept in the database{why}. Where its tables are missing, run "
            "“manage.py migrate” first."
        )


def _refuse_without(tenant: SetupTenant, needed: Any, what: str) -> None:
    """Raises CommandError where the set-up application lacks a scope."""
    if short := lacking(tenant, needed):
        raise CommandError(f"{_lacks(short)} Needed {what}; nothing was changed.")


def _lacks(scopes: Sequence[str]) -> str:
    client_id = settings.AUTH0_SETUP_CLIENT_ID
    return f"{client_id} lacks {', '.join(scopes)}: grant it under {GRANT_OF} → {client_id}."


def _said(error: SyncError | DatabaseError) -> str:
    """What went wrong, and where to mend it."""
    if isinstance(error, DatabaseError):  # after the call, perhaps: each is written down
        name = type(error).__name__
        return f"The database fails ({name}); it may have happened or not. The next run looks."
    if error.code == "insufficient_scope":
        return f"{error} {GRANT_OF} → {settings.AUTH0_SETUP_CLIENT_ID}."
    if isinstance(error, Unknown):
        return "Auth0 gave no clear answer; it may have happened or not. The next run looks."
    if isinstance(error, Conflict):
        return f"{error} The next run looks."
    text = str(error)
    for token in settings.AUTH0_WEBHOOK_TOKEN:  # should Auth0 say what it doesn't like
        text = text.replace(token, "…")
    return text
