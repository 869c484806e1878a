"""What is right, what isn't, and how to mend it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth0sync import switch
from auth0sync.bundle import write_bundle
from auth0sync.doctor import Finding, as_json, findings


class Command(BaseCommand):
    help = "Look at all that accounts depend on and say how to mend what is wrong."
    requires_system_checks = ()  # what they find is a line here, and none may keep it from speaking

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--adopt-tenant",
            action="store_true",
            help="AUTH0_DOMAIN is right: from now on the accounts are in that tenant.",
        )
        parser.add_argument("--json", action="store_true", help="The findings as JSON.")

        parser.add_argument(
            "--bundle",
            type=Path,
            metavar="FILE.zip",
            help="Write what somebody who helps needs into a new file, without any secret or name.",
        )

    def handle(self, *args: Any, adopt_tenant: bool, bundle: Path | None, **options: Any) -> None:
        if adopt_tenant:
            self._adopt_tenant(is_said=not options["json"])
        found = []
        for finding in findings():  # each as soon as it is known: one of them may take seconds
            found.append(finding)
            if not options["json"]:
                self.stdout.write(str(finding))
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found), indent=1, ensure_ascii=False))
        if bundle is not None:
            self._write(bundle, found)
        faults = sum(1 for finding in found if finding.mend)
        if faults:
            raise CommandError(f"{faults} to mend.")

    def _write(self, path: Path, found: list[Finding]) -> None:
        try:
            write_bundle(path, found)
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}.") from None
        self.stderr.write(f"The bundle is in {path}, for its owner alone to read.")

    def _adopt_tenant(self, *, is_said: bool) -> None:
        if off := switch.by_settings():
            raise CommandError(off.text)
        switch.adopt_tenant("auth0_doctor")
        if is_said:
            self.stdout.write("The tenant is adopted; every account is read before it is changed.")
