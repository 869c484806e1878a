"""An index on ``employee_auth.login_token``, by which every request of a kiosk finds its person.

Added beside what is there, without making other programs wait; ``added_columns`` remembers that it
is ours, so that only ours is dropped again.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from employees.ddl import change_table

TABLE = "employee_auth"
COLUMN = "login_token"
NAME = "idx_employee_auth_login_token"
CLAUSE = "ALGORITHM=INPLACE, LOCK=NONE"


def add_index(connection: BaseDatabaseWrapper) -> None:
    """Add the index where no index begins with the column yet."""
    if any(key["index"] and key["columns"][:1] == [COLUMN] for key in _keys(connection).values()):
        return
    statement = {
        "mysql": f"ALTER TABLE {TABLE} ADD INDEX {NAME} ({COLUMN})",
        "sqlite": f"CREATE INDEX {NAME} ON {TABLE} ({COLUMN})",
    }[connection.vendor]
    change_table(connection, statement, CLAUSE)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO added_columns (table_name, column_name) VALUES (%s, %s)", [TABLE, NAME]
        )


def drop_index(connection: BaseDatabaseWrapper) -> None:
    """Drop the index, if it was added here."""
    ours = "FROM added_columns WHERE table_name = %s AND column_name = %s"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 {ours}", [TABLE, NAME])
        if cursor.fetchone() is None:
            return
    if NAME in _keys(connection):
        statement = {
            "mysql": f"ALTER TABLE {TABLE} DROP INDEX {NAME}",
            "sqlite": f"DROP INDEX {NAME}",
        }[connection.vendor]
        change_table(connection, statement, CLAUSE)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE {ours}", [TABLE, NAME])


def _keys(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, TABLE)
