"""Databases of their own, in each form in which the shared tables were met in the field."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from employees.shared_tables import statements

ALIAS = "variant"
LATE = ("archived_at", "notes", "department", "grace_period_end")
VARIANTS = ("complete", "lacking columns", "earlier integration", "two auth rows")
PEOPLE = """
INSERT INTO employees (id, name, email, is_active, connecteam_user_id, updated_at) VALUES
(1, 'Ada O''Quill', 'ada@example.com', 1, NULL, '2020-01-01 00:00:00'),
(2, 'Nguyễn Thị 李', NULL, 0, '77', '2020-01-02 00:00:00'),
(3, 'Ben  Ash ', '', 1, NULL, NULL)
"""
LEGACY = (
    "SELECT id, name, email, personal_email, phone_number, role_id, workspace, "
    "connecteam_user_id, is_active, is_new_employee, is_contractor, hire_date, current_streak, "
    "achievement_points, welcome_sent_at, created_at, updated_at FROM employees ORDER BY id",
    "SELECT * FROM employee_auth ORDER BY id",
)
OURS = (
    "UPDATE employees SET auth0_user_id = 'auth0|emp-x-1-1', auth_method = 'hybrid', "
    "auth0_account_created_at = '2025-01-01 10:00:00.123456', auth0_sync_status = 'verified', "
    "auth0_email_verified_at = '2025-01-02 10:00:00', auth0_role = 'team_lead', "
    "notes = 'Ünder review', department = 'Picking', archived_at = '2024-01-01 00:00:00', "
    "grace_period_end = '2024-02-01', updated_at = updated_at WHERE id = 1",
    "UPDATE employees SET auth0_sync_status = 'pending', auth_method = 'auth0', "
    "updated_at = updated_at WHERE id = 2",
    "INSERT INTO employee_invitation (employee_id, kind) VALUES (2, 'personal')",
)
ALL_OF_OURS = (
    "SELECT id, auth0_user_id, auth_method, auth0_account_created_at, auth0_email_verified_at, "
    "auth0_sync_status, auth0_role, notes, department, archived_at, grace_period_end "
    "FROM employees ORDER BY id",
    "SELECT employee_id, kind FROM employee_invitation ORDER BY employee_id",
)


@contextmanager
def variant(kind: str, folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """A private database with the shared tables in one of VARIANTS, as ``connections[ALIAS]``."""
    mysql = connection.vendor == "mysql"
    name = f"test_identity_console_variant_{secrets.token_hex(6)}"
    settings = {**connections.databases["default"], "NAME": name if mysql else folder / "v.sqlite3"}
    if mysql:
        server(f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}`")
    connections.databases[ALIAS] = settings
    try:
        build(connections[ALIAS], kind)
        yield connections[ALIAS]
    finally:
        connections[ALIAS].close()
        del connections[ALIAS], connections.databases[ALIAS]
        if mysql:
            server(f"DROP DATABASE `{name}`")


def server(*sql: str) -> None:
    """Run statements on the server without choosing a database."""
    with connection._nodb_cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)


def build(database: BaseDatabaseWrapper, kind: str) -> None:
    """Create the tables as another program left them, with people in them."""
    for _, statement in statements(database.vendor):
        if kind == "two auth rows":
            statement = statement.replace("UNIQUE REFERENCES", "REFERENCES").replace(
                "UNIQUE KEY uq_employee_auth_employee", "KEY idx_employee_auth_employee"
            )
        run(database, statement)
    if kind == "lacking columns":
        if database.vendor == "sqlite":
            run(database, "DROP TRIGGER employees_updated_at")
        run(database, *(f"ALTER TABLE employees DROP COLUMN {column}" for column in LATE))
    if kind == "earlier integration":
        run(
            database,
            "ALTER TABLE employees ADD COLUMN auth0_user_id VARCHAR(128) NULL",
            "ALTER TABLE employees ADD COLUMN auth0_password VARCHAR(64) NULL",
            "CREATE UNIQUE INDEX auth0_user_id ON employees (auth0_user_id)",
        )
    run(database, PEOPLE)
    run(database, "INSERT INTO employee_auth (employee_id, pin) VALUES (1, '$2b$10$abc')")
    if kind == "two auth rows":
        run(database, "INSERT INTO employee_auth (employee_id, pin) VALUES (1, '1234')")
    if kind == "earlier integration":
        run(
            database,
            "UPDATE employees SET auth0_user_id = 'auth0|old', auth0_password = 'pw', "
            "updated_at = updated_at WHERE id = 2",
        )


def run(database: BaseDatabaseWrapper, *sql: str) -> None:
    """Execute statements as they are."""
    with database.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)


def rows(database: BaseDatabaseWrapper, *queries: str) -> list[Any]:
    """All rows of each query."""
    found = []
    with database.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            found.append(list(cursor.fetchall()))
    return found


def migrate(*target: str) -> None:
    """Run this app's migrations in the variant's database."""
    call_command("migrate", "employees", *target, database=ALIAS, verbosity=0)
