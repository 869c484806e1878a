"""An import whose worker is killed in the middle: nobody is lost, nobody is there twice."""

from pathlib import Path

import pytest

from tests.processes import running_console, wait_for

pytestmark = pytest.mark.process

PEOPLE = 60
BEGIN = f"""
import time
from django.contrib.auth import get_user_model
from employees.authority import Actor
from employees.mass import changes
from employees.mass.models import MassChange
from employees.mass.working import work
user = get_user_model().objects.create_superuser("boss")
actor = Actor(f"admin:{{user.pk}}", "admin")
people = "".join(f"Person {{n}},p{{n}}@example.com\\n" for n in range({PEOPLE}))
change = changes.begin("import", "p.csv", actor, {{}}, b"Name,Mail\\n" + people.encode())
work(change.pk, until=time.monotonic() + 60)
change = MassChange.objects.get()
assert changes.confirm(change.pk, change.version, actor)
"""
WORK = """
import time
from employees.mass.models import MassChange
from employees.mass.working import work
work(MassChange.objects.get().pk, until=time.monotonic() + 60)
"""
SHELL = ("shell", "--no-imports", "-c")


def test_a_worker_that_is_killed_loses_and_doubles_nobody(tmp_path: Path) -> None:
    with running_console(tmp_path) as console:
        console.migrate()
        console.manage(*SHELL, BEGIN)

        def added() -> int:
            (row,) = console.sql("SELECT COUNT(*) AS number FROM employees")
            return int(row["number"])

        console.start_worker("manage.py", *SHELL, WORK)
        wait_for(lambda: added() >= 5, 60, "some are added")
        assert console.worker is not None
        console.worker.kill()
        console.worker.wait()
        assert added() < PEOPLE, "it was over before it was killed"

        console.sql("UPDATE employee_mass_changes SET lease_until = NULL")  # as half a minute does
        console.manage(*SHELL, WORK)

        assert added() == PEOPLE
        (row,) = console.sql(
            "SELECT COUNT(DISTINCT e.email) AS people FROM employees e "
            "JOIN employee_mass_rows r ON r.employee_id = e.id AND r.state = 'done'"
        )
        assert row["people"] == PEOPLE
        assert console.sql("SELECT state FROM employee_mass_changes") == [{"state": "done"}]
