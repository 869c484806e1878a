"""The comparison as a program of its own, started by a real worker, and killed in the middle."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import RunningConsole, family_of, outliving, running_console, wait_for

pytestmark = pytest.mark.process


def comparing(console: RunningConsole) -> psutil.Process | None:
    """The program that compares, if the worker has started one."""
    assert console.worker is not None
    for process in family_of(console.worker.pid):
        if "auth0_reconcile" in process.cmdline():
            return process
    return None


def rows(console: RunningConsole, **columns: Any) -> list[dict[str, Any]]:
    """Comparisons with these values."""
    marks = " AND ".join(f"{name} = %s" for name in columns)
    return console.sql(f"SELECT * FROM auth0_comparisons WHERE {marks}", *columns.values())


@pytest.mark.once
def test_a_nightly_comparison_that_is_killed_is_made_all_the_same(tmp_path: Path) -> None:
    with running_console(tmp_path) as console:
        tenant = console.tenant
        console.migrate()
        console.start_worker()
        ana = console.insert(name="Ana Ortiz", email="ana@example.com", auth_method="auth0")
        clean = "SELECT 1 FROM auth0_accounts WHERE origin <> '' AND due_seq = done_seq"
        wait_for(lambda: console.sql(clean), 30, "an account")
        (user,) = tenant.users()
        tenant.api("PATCH", f"/users/{user['user_id']}", {"name": "Somebody Else"})
        tenant.control(export_s=600)

        console.sql("UPDATE auth0_tenant_state SET compared_at = '2026-01-01 00:00:00'")
        wait_for(lambda: rows(console, stage="export"), 40, "a comparison under way")
        program = comparing(console)
        assert program is not None
        program.kill()
        tenant.control(export_s=0)
        wait_for(lambda: rows(console, state="done"), 60, "a comparison that is done")

        (row,) = rows(console, asked_by="night")
        assert (row["attempts"], row["unexplained"], row["differing"]) == (2, 0, 1)
        (found,) = console.sql("SELECT * FROM auth0_differences")
        assert (found["kind"], found["field"], found["employee_id"]) == ("field", "name", ana)

        # Whatever is under way ends with the worker, and gives its lease back.
        tenant.control(export_s=600)
        console.sql("UPDATE auth0_tenant_state SET compared_at = '2026-01-01 00:00:00'")
        wait_for(lambda: rows(console, stage="export"), 40, "another comparison under way")
        program = comparing(console)
        assert program is not None
        console.stop_worker()
        assert outliving([program], 10) == []
        (state,) = console.sql("SELECT compare_lease FROM auth0_tenant_state")
        assert state["compare_lease"] == ""
