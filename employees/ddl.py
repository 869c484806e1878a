"""Changes a table that other programs are using, without making them wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from employees.contention import LOCK_WAIT_TIMEOUT

LOCK_WAIT_S = 3
LOCK_TRIES = 5
LOCK_PAUSE_S = 1.0

CLAUSE_REFUSED = frozenset({1800, 1801, 1845, 1846})  # ALGORITHM or LOCK not supported here


def change_table(connection: BaseDatabaseWrapper, statement: str, clause: str) -> None:
    """Run one ALTER TABLE (any DDL on SQLite) without making other programs wait.

    clause: MariaDB's and MySQL's promise not to copy or lock the table; left out where the
    server can't give it. The lock is waited for LOCK_WAIT_S seconds, LOCK_TRIES times.
    Raises: CommandError, when the lock isn't to be had.
    """
    if connection.vendor != "mysql":
        with connection.cursor() as cursor:
            cursor.execute(statement)
        return
    with _short_lock_wait(connection):
        if not _try(connection, f"{statement}, {clause}"):
            _try(connection, statement)


def _try(connection: BaseDatabaseWrapper, statement: str) -> bool:
    """Run the statement; False when the server refuses its ALGORITHM or LOCK clause."""
    for attempt in range(LOCK_TRIES):
        if attempt:
            time.sleep(LOCK_PAUSE_S)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except DatabaseError as error:
            code = error.args[0] if error.args else None
            if code in CLAUSE_REFUSED:
                return False
            if code != LOCK_WAIT_TIMEOUT:
                raise
        else:
            return True
    raise CommandError(
        "The table is in use by a long transaction: nothing was changed by this step. "
        "End that transaction (SHOW PROCESSLIST) and run migrate again."
    )


@contextmanager
def _short_lock_wait(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.lock_wait_timeout")
        before = cursor.fetchone()[0]
        cursor.execute("SET SESSION lock_wait_timeout = %s", [LOCK_WAIT_S])
        try:
            yield
        finally:
            cursor.execute("SET SESSION lock_wait_timeout = %s", [before])
