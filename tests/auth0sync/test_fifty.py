"""Fifty people saved at the same moment, against a tenant that takes ten calls a second."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.devtenant.running import RunningTenant
from tests.processes import ROOT, RunningConsole, wait_for

# Once: it waits for the tenant's limit for half a minute, whatever the database.
pytestmark = [pytest.mark.process, pytest.mark.once]

PROCESSES = [13, 13, 12, 12]  # how many people each saves
STARTED_S = 5.0  # from now, when all of them are ready to save


def test_fifty_people_saved_at_once_by_four_processes_get_one_account_each_and_no_429(
    tmp_path: Path,
) -> None:
    with (
        RunningTenant("demo", tmp_path / "tenant.sqlite3", smtp_port=None) as tenant,
        RunningConsole(tmp_path, tenant, AUTH0_RATE_LIMIT="10") as console,
    ):
        console.migrate()
        console.start_worker()
        at = str(time.time() + STARTED_S)
        saving = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.auth0sync.saving", str(number), str(people), at],
                cwd=ROOT,
                env=console.environment,
            )
            for number, people in enumerate(PROCESSES)
        ]
        assert [process.wait(60) for process in saving] == [0, 0, 0, 0]

        wait_for(lambda: len({mail["to"][0] for mail in tenant.outbox()}) == 50, 120)

        emails = Counter(user["email"] for user in tenant.users())
        assert len(emails) == 50
        assert set(emails.values()) == {1}
        assert not [call for call in tenant.calls() if call["status"] == 429]
