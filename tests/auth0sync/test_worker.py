"""The worker as a real process: rows written by SQL become accounts, whatever is killed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.devtenant.running import RunningTenant
from tests.processes import (
    RunningConsole,
    family_of,
    outliving,
    running_console,
    still_runs,
    wait_for,
)
from tests.servers import Redis

pytestmark = pytest.mark.process

WHOLE = 7  # parent, cluster, guard, two workers, whoever takes the results, pusher
OURS = {
    "auth0_user_id",
    "auth_method",
    "auth0_account_created_at",
    "auth0_email_verified_at",
    "auth0_sync_status",
    "auth0_role",
}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RunningConsole]:
    """Migrated over the existing tables, with the worker running."""
    with running_console(tmp_path) as running:
        running.migrate()
        running.start_worker()
        yield running


def account(tenant: RunningTenant, email: str) -> dict[str, Any] | None:
    return tenant.user_by_email(email)


def complete(tenant: RunningTenant, email: str) -> bool:
    """Whether this person has account, role and mail."""
    found = account(tenant, email)
    return bool(found and found["roles"]) and any(m["to"] == [email] for m in tenant.outbox())


def test_rows_of_the_existing_tables_become_accounts_and_stay_as_their_sql_left_them(
    tmp_path: Path,
) -> None:
    with running_console(tmp_path) as console:
        console.make_shared_tables()
        for n in range(80):
            console.insert(
                name=f"Sample Person {n}",
                email=f"sample{n}@example.com",
                department="Heat Press",
                notes="O'Brien said “ok”",
                created_at="2024-05-06 07:08:09",
                updated_at="2024-05-06 07:08:09",
            )
        console.sql(
            "INSERT INTO employee_auth (employee_id, pin, login_token, token_expires) "
            "SELECT id, '$2b$10$abc', CONCAT('tok', id), '2030-01-01 00:00:00' FROM employees"
            if console.url.startswith("mysql")
            else "INSERT INTO employee_auth (employee_id, pin, login_token, token_expires) "
            "SELECT id, '$2b$10$abc', 'tok' || id, '2030-01-01 00:00:00' FROM employees"
        )
        before = console.sql("SELECT * FROM employees ORDER BY id")
        sessions = console.sql("SELECT * FROM employee_auth ORDER BY id")
        console.manage("migrate", "-v0")
        console.start_worker()

        ana = console.insert(
            name="Ana Ortiz", email="Ana@Example.com", auth_method="auth0", department="Picking"
        )
        wait_for(lambda: complete(console.tenant, "ana@example.com"), 60)
        console.sql("UPDATE employees SET department = 'Packing' WHERE id = %s", ana)
        wait_for(lambda: in_department(console.tenant, "Packing"), 60)
        console.sql("UPDATE employees SET is_active = 0 WHERE id IN (%s, %s)", ana, before[0]["id"])
        wait_for(lambda: (account(console.tenant, "ana@example.com") or {}).get("blocked"), 60)
        wait_for(lambda: token_of(console, before[0]["id"]) is None, 60)

        assert len(console.tenant.users()) == 1
        after = console.sql("SELECT * FROM employees WHERE id <> %s ORDER BY id", ana)
        first_before, first_after = before[0], after[0]
        assert [legacy(row) for row in after[1:]] == [legacy(row) for row in before[1:]]
        assert first_after["is_active"] == 0
        assert {row["auth0_sync_status"] for row in after} == {None}
        changed = {name for name in first_before if first_before[name] != first_after[name]}
        assert changed == {"is_active", "updated_at"}, "as that UPDATE statement left them"
        assert console.sql("SELECT * FROM employee_auth ORDER BY id")[1:] == sessions[1:]


def in_department(tenant: RunningTenant, department: str) -> bool:
    return any(user["user_metadata"].get("department") == department for user in tenant.users())


def token_of(console: RunningConsole, employee_id: int) -> object:
    rows = console.sql("SELECT login_token FROM employee_auth WHERE employee_id = %s", employee_id)
    return rows[0]["login_token"]


def legacy(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in OURS}


@pytest.mark.once
def test_who_arrives_with_an_account_and_the_pin_is_left_alone_in_auth0_too(
    console: RunningConsole,
) -> None:
    body = {
        "connection": "Username-Password-Authentication",
        "email": "ana@example.com",
        "password": "Kn0wn-to-somebody!",
        "email_verified": True,
    }
    user_id = console.tenant.api("POST", "/users", body).json()["user_id"]
    before = console.tenant.users()

    console.insert(name="Ana", email="ana@example.com", auth0_user_id=user_id)
    ben = console.insert(name="Ben", email="ben@example.com", auth_method="auth0")
    wait_for(lambda: complete(console.tenant, "ben@example.com"), 60)
    wait_for(lambda: console.employee(ben)["auth0_sync_status"] == "created", 60)

    assert account(console.tenant, "ana@example.com") == before[0]


@pytest.mark.once
def test_people_saved_while_the_tenant_is_away_get_their_accounts_without_a_hand(
    console: RunningConsole,
) -> None:
    console.tenant.stop()
    people = [f"p{n}@example.com" for n in range(5)]
    ids = [console.insert(name=mail, email=mail, auth_method="hybrid") for mail in people]
    wait_for(lambda: {console.employee(pk)["auth0_sync_status"] for pk in ids} == {"pending"}, 60)
    time.sleep(8)  # long enough for the console to notice that nobody answers

    console.tenant.start()

    for mail in people:
        wait_for(lambda mail=mail: complete(console.tenant, mail), 60)  # type: ignore[misc]
    assert len(console.tenant.users()) == 5


def test_twenty_workers_killed_after_the_call_leave_twenty_accounts_that_equal_their_rows(
    console: RunningConsole,
) -> None:
    tenant = console.tenant
    tenant.fault(
        match={"method": "POST", "path": "/api/v2/users"}, kind="slow", when="after", delay_s=2
    )
    people = [f"p{n}@example.com" for n in range(20)]
    for mail in people:
        pk = console.insert(name=mail, email=mail, auth_method="auth0", department="Packing")
        wait_for(lambda mail=mail: account(tenant, mail), 60)  # type: ignore[misc]
        worker = console.worker_on(pk)
        assert worker is not None
        worker.kill()
        assert console.employee(pk)["auth0_user_id"] is None, "killed before it was recorded"

    tenant.clear_faults()
    for mail in people:
        wait_for(lambda mail=mail: complete(tenant, mail), 90)  # type: ignore[misc]

    rows = {row["email"]: row for row in console.sql("SELECT * FROM employees")}
    users = tenant.users()
    assert sorted(user["email"] for user in users) == sorted(people)
    for user in users:
        row = rows[user["email"]]
        assert row["auth0_user_id"] == user["user_id"]
        assert user["app_metadata"]["employee_id"] == row["id"]
        assert user["user_metadata"]["department"] == "Packing"
        assert user["roles"] == ["production_associate"]


@pytest.mark.once
def test_idle_processes_that_are_killed_keep_the_cluster_neither_from_work_nor_from_its_end(
    console: RunningConsole,
) -> None:
    family = wait_for(lambda: at_least(WHOLE, console.worker), 60)
    wait_for(lambda: has_answered(console), 60)
    time.sleep(0.3)  # all wait for the next task, one worker holding the lock

    for idle in family[3:]:  # below parent, cluster and its guard: workers, monitor, pusher
        idle.kill()
        wait_for(lambda: at_least(WHOLE, console.worker), 20, "the guard starts another")
    console.insert(name="Ana", email="ana@example.com", auth_method="auth0")
    wait_for(lambda: complete(console.tenant, "ana@example.com"), 60)
    time.sleep(0.3)
    for idle in family_of(family[2].pid)[1:]:
        idle.kill()
        wait_for(lambda: at_least(WHOLE, console.worker), 20, "the guard starts another")

    assert console.stop_worker() < 30
    assert "no sign of life" not in console.log.read_text()


@pytest.mark.once
def test_a_cluster_that_hangs_is_replaced(console: RunningConsole) -> None:
    console.stop_worker()
    console.start_worker("-m", "tests.auth0sync.quick_watchdog")
    assert console.worker is not None
    family = wait_for(lambda: at_least(WHOLE, console.worker), 60)

    suspend(console, family[3:])
    console.insert(name="Ana", email="ana@example.com", auth_method="auth0")

    wait_for(lambda: complete(console.tenant, "ana@example.com"), 60)


@pytest.mark.once
def test_a_cluster_that_takes_no_results_any_more_is_replaced(console: RunningConsole) -> None:
    console.stop_worker()
    console.start_worker("-m", "tests.auth0sync.quick_watchdog")
    family = wait_for(lambda: at_least(WHOLE, console.worker), 60)
    wait_for(lambda: has_answered(console), 60)

    # Parent, cluster, guard, two workers, and then whoever takes the results.
    suspend(console, family[5:6])

    assert outliving(family[1:2], 120) == []
    wait_for(lambda: at_least(WHOLE, console.worker), 60)


@pytest.mark.once
def test_with_redis_it_waits_for_its_queue_and_for_what_hangs(tmp_path: Path) -> None:
    with Redis(tmp_path / "redis") as redis:
        redis.stop()
        settings = {"QUEUE_BROKER": "redis", "REDIS_URL": redis.url}
        with running_console(tmp_path, **settings) as console:
            console.migrate()
            console.start_worker("-m", "tests.auth0sync.quick_watchdog")
            ana = console.insert(name="Ana", email="ana@example.com", auth_method="auth0")
            wait_for(lambda: console.employee(ana)["auth0_sync_status"] == "pending", 60)

            redis.start()
            wait_for(lambda: complete(console.tenant, "ana@example.com"), 60)

            suspend(console, wait_for(lambda: at_least(WHOLE, console.worker), 20)[3:])
            redis.flush()
            console.insert(name="Ben", email="ben@example.com", auth_method="auth0")
            wait_for(lambda: complete(console.tenant, "ben@example.com"), 90)


@pytest.mark.once
def test_a_call_under_way_is_finished_and_recorded_after_a_sigterm(
    console: RunningConsole,
) -> None:
    console.tenant.fault(
        match={"method": "POST", "path": "/api/v2/users"}, kind="slow", when="after", delay_s=2
    )
    ana = console.insert(name="Ana", email="ana@example.com", auth_method="auth0")
    wait_for(lambda: account(console.tenant, "ana@example.com"), 60)
    assert console.employee(ana)["auth0_user_id"] is None, "not answered yet"

    console.stop_worker()

    assert console.employee(ana)["auth0_user_id"] is not None


def suspend(console: RunningConsole, processes: list[psutil.Process]) -> None:
    """Between two writes of theirs: whoever hangs within one holds SQLite's only lock."""
    console.sql("BEGIN IMMEDIATE")
    for process in processes:
        process.suspend()
    wait_for(lambda: {each.status() for each in processes} == {psutil.STATUS_STOPPED}, 10)
    console.sql("COMMIT")


def has_answered(console: RunningConsole) -> bool:
    """Whether the worker's cluster has shown a sign of life."""
    assert console.worker is not None
    name = f"%:{console.worker.pid}:%"
    query = "SELECT name FROM auth0_heartbeats WHERE beaten_at IS NOT NULL AND name LIKE %s"
    return bool(console.sql(query, name))


def at_least(count: int, worker: Any) -> list[psutil.Process]:
    """All processes of the worker that still run, once there are so many."""
    family = [process for process in family_of(worker.pid) if still_runs(process)]
    return family if len(family) >= count else []


@pytest.mark.once
def test_sigterm_ends_the_worker_and_everything_below_it(console: RunningConsole) -> None:
    assert console.worker is not None
    wait_for(lambda: len(family_of(console.worker.pid)) > 4, 60)  # type: ignore[union-attr]
    family = family_of(console.worker.pid)

    took = console.stop_worker()

    assert took < 60
    assert outliving(family, 5) == []


@pytest.mark.once
def test_nothing_outlives_a_parent_that_was_killed(console: RunningConsole) -> None:
    assert console.worker is not None
    wait_for(lambda: len(family_of(console.worker.pid)) > 4, 60)  # type: ignore[union-attr]
    family = family_of(console.worker.pid)

    console.worker.kill()
    console.worker.wait()

    assert outliving(family, 20) == []


@pytest.mark.once
def test_sigterm_to_the_whole_group_ends_it_quickly_too(console: RunningConsole) -> None:
    assert console.worker is not None
    family = wait_for(lambda: at_least(6, console.worker), 60)

    for process in family:
        process.terminate()

    assert outliving(family, 20) == []
