"""Adds the columns that the console needs to ``employees``, and takes them away without loss.

Other programs use the table meanwhile, so each change looks first whether it is needed, waits
only seconds for its lock, and is one statement. ``added_columns`` remembers what was added here:
what was there before is never dropped. ``kept_values`` holds the values of a dropped column until
it is added again. Values written between keeping and dropping are lost, so the console's own
processes must be stopped for a reverse; no other program writes these columns.
"""
# ruff: noqa: S608  (the names put into SQL are this module's own constants)

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from employees.ddl import change_table

TABLE = "employees"
UNIQUE_KEY = "uq_employees_auth0_user_id"
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Column:
    """A column of ``employees``: its type on each database, and which of its values to keep."""

    mysql: str
    sqlite: str
    default: str | None = None


COLUMNS = {
    "archived_at": Column("DATETIME NULL", "DATETIME NULL"),
    "notes": Column("TEXT NULL", "TEXT NULL"),
    "department": Column("VARCHAR(100) NULL", "VARCHAR(100) NULL"),
    "grace_period_end": Column("DATE NULL", "DATE NULL"),
    "auth0_user_id": Column(
        "VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL", "VARCHAR(255) NULL"
    ),
    "auth_method": Column(
        "ENUM('pin','auth0','hybrid') NOT NULL DEFAULT 'pin'",
        "VARCHAR(10) NOT NULL DEFAULT 'pin' CHECK (auth_method IN ('pin', 'auth0', 'hybrid'))",
        default="pin",
    ),
    # With microseconds, which Django writes: a value then compares equal to what was written.
    "auth0_account_created_at": Column("DATETIME(6) NULL", "DATETIME NULL"),
    "auth0_email_verified_at": Column("DATETIME(6) NULL", "DATETIME NULL"),
    "auth0_sync_status": Column(
        "ENUM('pending','created','verified','failed') NULL DEFAULT NULL",
        "VARCHAR(10) NULL DEFAULT NULL CHECK "
        "(auth0_sync_status IN ('pending', 'created', 'verified', 'failed'))",
    ),
    "auth0_role": Column(
        "VARCHAR(50) NOT NULL DEFAULT 'production_associate'",
        "VARCHAR(50) NOT NULL DEFAULT 'production_associate'",
        default="production_associate",
    ),
}

BOOKKEEPING = {
    "added_columns": (
        "CREATE TABLE added_columns (table_name VARCHAR(64) NOT NULL, "
        "column_name VARCHAR(64) NOT NULL, added_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, "
        "PRIMARY KEY (table_name, column_name))"
    ),
    "kept_values": (
        "CREATE TABLE kept_values (employee_id INTEGER NOT NULL, "
        "column_name VARCHAR(64) NOT NULL, value MEDIUMTEXT NOT NULL, "
        "PRIMARY KEY (column_name, employee_id))"
    ),
}

Step = Callable[[Any, BaseDatabaseSchemaEditor], None]


def adds(name: str) -> Step:
    """The forward step of a migration that adds the column ``name``."""
    return lambda apps, schema_editor: add_column(schema_editor.connection, name)


def drops(name: str) -> Step:
    """The reverse step of a migration that adds the column ``name``."""
    return lambda apps, schema_editor: drop_column(schema_editor.connection, name)


def create_bookkeeping(connection: BaseDatabaseWrapper) -> None:
    """Create ``added_columns`` and ``kept_values`` where absent; a reverse leaves them."""
    present = set(connection.introspection.table_names())
    suffix = " DEFAULT CHARSET=utf8mb4" if connection.vendor == "mysql" else ""
    with connection.cursor() as cursor:
        for table, statement in BOOKKEEPING.items():
            if table not in present:
                cursor.execute(statement + suffix)


def add_column(connection: BaseDatabaseWrapper, name: str) -> None:
    """Add a column of COLUMNS where it is missing, and put its kept values back."""
    if name not in column_names(connection):
        definition = getattr(COLUMNS[name], connection.vendor)
        change_table(
            connection, f"ALTER TABLE {TABLE} ADD COLUMN {name} {definition}", "ALGORITHM=INSTANT"
        )
        _remember(connection, name)
    _restore_values(connection, name)


def drop_column(connection: BaseDatabaseWrapper, name: str) -> None:
    """Drop a column that was added here, after keeping every value but the default."""
    if not _was_added(connection, name):
        return
    if name in column_names(connection):
        _keep_values(connection, name)
        change_table(connection, f"ALTER TABLE {TABLE} DROP COLUMN {name}", "ALGORITHM=INSTANT")
    _forget(connection, name)


def add_unique_key(connection: BaseDatabaseWrapper) -> None:
    """Make ``auth0_user_id`` unique, where it isn't yet.

    Raises: CommandError, when two rows hold the same one; it names them.
    """
    if has_unique_key(connection, TABLE, "auth0_user_id"):
        return
    _refuse_doubles(connection)
    statement = {
        "mysql": f"ALTER TABLE {TABLE} ADD UNIQUE INDEX {UNIQUE_KEY} (auth0_user_id)",
        "sqlite": f"CREATE UNIQUE INDEX {UNIQUE_KEY} ON {TABLE} (auth0_user_id)",
    }[connection.vendor]
    change_table(connection, statement, "ALGORITHM=INPLACE, LOCK=NONE")
    _remember(connection, UNIQUE_KEY)


def drop_unique_key(connection: BaseDatabaseWrapper) -> None:
    """Drop the unique key, if it was added here."""
    if not _was_added(connection, UNIQUE_KEY):
        return
    with connection.cursor() as cursor:
        present = UNIQUE_KEY in connection.introspection.get_constraints(cursor, TABLE)
    if present:
        statement = {
            "mysql": f"ALTER TABLE {TABLE} DROP INDEX {UNIQUE_KEY}",
            "sqlite": f"DROP INDEX {UNIQUE_KEY}",
        }[connection.vendor]
        change_table(connection, statement, "ALGORITHM=INPLACE, LOCK=NONE")
    _forget(connection, UNIQUE_KEY)


def keep_invitations(connection: BaseDatabaseWrapper) -> None:
    """Keep how people are invited, before ``employee_invitation`` is dropped."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("DELETE FROM kept_values WHERE column_name = 'invitation'")
        cursor.execute(
            "INSERT INTO kept_values (employee_id, column_name, value) "
            "SELECT employee_id, 'invitation', kind FROM employee_invitation"
        )


def restore_invitations(connection: BaseDatabaseWrapper) -> None:
    """Put back what :func:`keep_invitations` kept."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO employee_invitation (employee_id, kind) "
            "SELECT employee_id, value FROM kept_values WHERE column_name = 'invitation'"
        )
        cursor.execute("DELETE FROM kept_values WHERE column_name = 'invitation'")


def column_names(connection: BaseDatabaseWrapper, table: str = TABLE) -> set[str]:
    """The columns that a table has now."""
    with connection.cursor() as cursor:
        description = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in description}


def has_unique_key(connection: BaseDatabaseWrapper, table: str, column: str) -> bool:
    """Whether the table has a unique key on this column alone."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return any(key["unique"] and key["columns"] == [column] for key in constraints.values())


def _keep_values(connection: BaseDatabaseWrapper, name: str) -> None:
    kept = f"{name} IS NOT NULL"
    params: list[str] = []
    if COLUMNS[name].default is not None:
        kept += f" AND {name} <> %s"
        params.append(str(COLUMNS[name].default))
    as_text = f"CAST({name} AS {'CHAR' if connection.vendor == 'mysql' else 'TEXT'})"
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("DELETE FROM kept_values WHERE column_name = %s", [name])
        cursor.execute(
            "INSERT INTO kept_values (employee_id, column_name, value) "
            f"SELECT id, '{name}', {as_text} FROM {TABLE} WHERE {kept}",
            params or None,
        )


def _restore_values(connection: BaseDatabaseWrapper, name: str) -> None:
    """Write kept values back, ROWS_AT_ONCE a transaction; ``updated_at`` doesn't move."""
    while True:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT employee_id FROM kept_values WHERE column_name = %s "
                f"ORDER BY employee_id LIMIT {ROWS_AT_ONCE}",
                [name],
            )
            ids = ", ".join(str(int(row[0])) for row in cursor.fetchall())
            if not ids:
                return
            cursor.execute(
                f"UPDATE {TABLE} SET {name} = (SELECT value FROM kept_values WHERE "
                f"kept_values.employee_id = {TABLE}.id AND column_name = %s), "
                f"updated_at = updated_at WHERE id IN ({ids})",
                [name],
            )
            cursor.execute(
                f"DELETE FROM kept_values WHERE column_name = %s AND employee_id IN ({ids})",
                [name],
            )


def _refuse_doubles(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT MIN(id), MAX(id) FROM {TABLE} WHERE auth0_user_id IS NOT NULL "
            "GROUP BY auth0_user_id HAVING COUNT(*) > 1 LIMIT 5"
        )
        pairs = [f"{first} and {last}" for first, last in cursor.fetchall()]
    if pairs:
        raise CommandError(
            "employees.auth0_user_id must be unique, but these employees share one: "
            f"{'; '.join(pairs)}. Correct it, or set it to NULL where it is empty; then run "
            "migrate again."
        )


def _remember(connection: BaseDatabaseWrapper, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM added_columns WHERE column_name = %s", [name])
        cursor.execute(
            "INSERT INTO added_columns (table_name, column_name) VALUES (%s, %s)", [TABLE, name]
        )


def _forget(connection: BaseDatabaseWrapper, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM added_columns WHERE column_name = %s", [name])


def _was_added(connection: BaseDatabaseWrapper, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM added_columns WHERE column_name = %s", [name])
        return cursor.fetchone() is not None
