"""A worker that is killed in the middle of an import job, as a real process."""

from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.auth0sync.crowd import JOBS
from tests.processes import running_console, wait_for

pytestmark = [pytest.mark.process, pytest.mark.once]

PEOPLE = 12
SENDING = "SELECT lease FROM auth0_import_jobs WHERE state = 'sending' AND lease <> ''"
LEFT = "SELECT employee_id FROM auth0_accounts WHERE due_seq <> done_seq OR job_id IS NOT NULL"


def test_a_worker_killed_after_the_file_has_landed_loses_and_doubles_nobody(tmp_path: Path) -> None:
    with running_console(tmp_path, AUTH0_BULK_MIN="5", AUTH0_SAFETY_THRESHOLD="0") as console:
        console.migrate()
        ids = [
            console.insert(
                name=f"Sample Person {n}", email=f"p{n}@example.com", auth_method="hybrid"
            )
            for n in range(PEOPLE)
        ]
        post = {"method": "POST", "path": JOBS}
        console.tenant.fault(match=post, kind="slow", when="after", delay_s=2.5, times=1)
        console.start_worker()
        (job,) = wait_for(lambda: console.sql(SENDING), 60, "the file is being sent")
        wait_for(lambda: len(console.tenant.users()) > 0, 20, "it has landed")

        psutil.Process(int(job["lease"].split(":")[1])).kill()
        wait_for(lambda: not console.sql(LEFT), 120, "everybody is done")

        made = console.tenant.users()
        owners = Counter(user["app_metadata"]["employee_id"] for user in made)
        assert owners == Counter(ids)
        assert all(user["roles"] == ["production_associate"] for user in made)
        assert {user["user_id"] for user in made} == {
            row["auth0_user_id"] for row in console.sql("SELECT auth0_user_id FROM employees")
        }
        (told,) = console.sql("SELECT doubtful FROM auth0_import_jobs")
        assert told["doubtful"], "the answer never came"
