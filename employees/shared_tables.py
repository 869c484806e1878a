"""Creates the shared tables where the console runs without the Flask application.

Anywhere else they must be there already: an empty table in the wrong database would look like a
company without people.
"""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

SHARED_TABLES = (
    "role_configs",
    "employees",
    "employee_auth",
    "employee_podfactory_mapping_v2",
)
SQL = Path(__file__).parent / "sql"


def create_where_absent(connection: BaseDatabaseWrapper) -> None:
    """Create the shared tables that are missing, if that is allowed here.

    Allowed on SQLite, in a test database and with CREATE_SHARED_TABLES.
    Raises: CommandError elsewhere, when one is missing; it names the database and the way out.
    """
    missing = missing_tables(connection)
    if not missing:
        return
    name = str(connection.settings_dict["NAME"])
    allowed = connection.vendor == "sqlite" or name.startswith("test_")
    if not (allowed or settings.CREATE_SHARED_TABLES):
        raise CommandError(
            f"The database {name!r} has no table {', '.join(missing)}: point DATABASE_URL to the "
            "Productivity Tracker's database, or set CREATE_SHARED_TABLES=true to start with "
            "empty tables here."
        )
    with connection.cursor() as cursor:
        for table, statement in statements(connection.vendor):
            if table in missing:
                cursor.execute(statement)


def missing_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Those of the shared tables that aren't in this database."""
    present = set(connection.introspection.table_names())
    return [table for table in SHARED_TABLES if table not in present]


def statements(vendor: str) -> list[tuple[str, str]]:
    """Every statement of the schema for ``sqlite`` or ``mysql``, with the table it belongs to."""
    text = (SQL / f"schema.{vendor}.sql").read_text(encoding="utf-8")
    bare = "\n".join(re.sub(r"\s*--.*$", "", line) for line in text.splitlines())
    found = []
    for statement in filter(None, (part.strip() for part in bare.split("\n\n"))):
        table = re.search(r"(?:TABLE|\bON) (\w+)", statement)
        if table is None:
            continue
        if vendor == "mysql":
            statement = statement.rstrip(";") + " DEFAULT CHARSET=utf8mb4"
        found.append((table[1], statement))
    return found
