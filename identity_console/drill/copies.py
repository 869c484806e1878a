"""A copy of the console's database that a drill may break; the original is only read.

MariaDB and MySQL: another database on the same server, so its account needs to be allowed to make
and drop it. SQLite: a file beside the original. Triggers and views aren't copied.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

ENDING = "_drill"
NAME_MOST = 64  # characters, as MariaDB and MySQL allow


class CopyRefused(Exception):
    """No copy can be made; the message says why and what mends it."""


@contextmanager
def on_a_copy(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Have ``connection`` lead to a copy with all rows, which is dropped at the end; its name.

    The connection itself, and not another one beside it: whatever is done meanwhile by any part of
    the console is done to the copy.
    Raises: CopyRefused, when there is one already or the server doesn't allow it.
    """
    make = _mysql if connection.vendor == "mysql" else _sqlite
    with make(connection) as name, pointed_to(connection, name):
        yield name


@contextmanager
def pointed_to(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Have ``connection`` lead to another database (a file on SQLite) on the same server."""
    original = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original


@contextmanager
def _sqlite(source: BaseDatabaseWrapper) -> Iterator[str]:
    original = Path(str(source.settings_dict["NAME"]))
    path = original.with_name(original.name + ENDING)
    if path.exists():
        raise CopyRefused(f"{path.name} is there already: remove it, then try again.")
    try:
        # Whoever may not read the original may not read the copy either.
        path.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(original)) as rows, closing(sqlite3.connect(path)) as into:
            rows.backup(into)
        yield str(path)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


@contextmanager
def _mysql(source: BaseDatabaseWrapper) -> Iterator[str]:
    original = str(source.settings_dict["NAME"])
    name = f"{original[: NAME_MOST - len(ENDING)]}{ENDING}"
    with source.cursor() as cursor:
        cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", [name])
        if cursor.fetchone():
            raise CopyRefused(f"The database {name} is there already: drop it, then try again.")
        cursor.execute(
            "SELECT default_character_set_name, default_collation_name "
            "FROM information_schema.schemata WHERE schema_name = %s",
            [original],
        )
        character_set, collation = cursor.fetchone()
        try:
            cursor.execute(
                f"CREATE DATABASE {_quoted(name)} CHARACTER SET {character_set} COLLATE {collation}"
            )
        except DatabaseError:
            raise CopyRefused(
                f"The database {name} can't be made. Let the console's account do so for the "
                f"drill: GRANT ALL ON {_quoted(name)}.* TO that account."
            ) from None
    try:
        with source.cursor() as cursor:
            _fill(cursor, original, name)
        yield name
    finally:
        source.close()  # it may have been interrupted in the middle of an answer
        with source.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {_quoted(name)}")


def _fill(cursor: Any, original: str, name: str) -> None:
    cursor.execute(f"SHOW FULL TABLES FROM {_quoted(original)} WHERE Table_type = 'BASE TABLE'")
    tables = [str(row[0]) for row in cursor.fetchall()]
    # Tables may name others that aren't there yet; the session's own setting is put back.
    cursor.execute("SET @drill_checks = @@foreign_key_checks, foreign_key_checks = 0")
    try:
        for table in tables:
            cursor.execute(f"SHOW CREATE TABLE {_quoted(original)}.{_quoted(table)}")
            statement = str(cursor.fetchone()[1])
            cursor.execute(
                re.sub(r"^CREATE TABLE ", f"CREATE TABLE {_quoted(name)}.", statement, count=1)
            )
            _copy_rows(cursor, original, name, table)
    finally:
        cursor.execute("SET foreign_key_checks = @drill_checks")


def _copy_rows(cursor: Any, original: str, name: str, table: str) -> None:
    """READ COMMITTED, which every session of the console has, locks no row of the original."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND "
        "table_name = %s AND generation_expression IS NULL OR table_schema = %s AND "
        "table_name = %s AND generation_expression = ''",
        [original, table, original, table],
    )
    columns = ", ".join(_quoted(str(row[0])) for row in cursor.fetchall())
    cursor.execute(
        f"INSERT INTO {_quoted(name)}.{_quoted(table)} ({columns}) "  # noqa: S608
        f"SELECT {columns} FROM {_quoted(original)}.{_quoted(table)}"
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
