"""The databases that the bench makes for itself and drops again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from bench.errors import BenchFailed

USUAL_SERVER = "mysql://root@127.0.0.1:3306"
NAME = "test_identity_console_bench"
CONNECT_S = 5
LOCK_S = 20


@dataclass(frozen=True)
class Database:
    """One empty database. ``label`` is its name and version, as the report says it."""

    label: str
    url: str

    def empty_queue(self) -> None:
        """Throw away the tasks in the queue, as a worker would have taken them by now.

        A full queue takes no more tasks, and the save that adds none is a little quicker.
        """
        with closing(self._connect()) as connection:
            connection.cursor().execute("DELETE FROM django_q_ormq")
            connection.commit()

    def insert(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Insert many rows by plain SQL, in one transaction. statement: with %s for each value."""
        is_sqlite = urlsplit(self.url).scheme == "sqlite"
        with closing(self._connect()) as connection:
            cursor = connection.cursor()
            cursor.executemany(statement.replace("%s", "?") if is_sqlite else statement, rows)
            connection.commit()

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Keep a connection open, as the worker does when it runs.

        SQLite writes its log back into the file whenever the last connection is closed, so a web
        server that is alone with the file would be slower than it ever is beside a worker.
        """
        with closing(self._connect()) as connection:
            connection.cursor().execute("SELECT COUNT(*) FROM django_q_ormq")
            connection.rollback()
            yield

    def _connect(self) -> Any:
        parts = urlsplit(self.url)
        if parts.scheme == "sqlite":
            return sqlite3.connect(unquote(parts.path[1:]), timeout=LOCK_S)
        return connect(self.url, parts.path.removeprefix("/"))


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """A SQLite file in ``folder``, which its owner removes."""
    path = folder / "bench.sqlite3"
    yield Database(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{quote(str(path))}")


@contextmanager
def mariadb(server: str) -> Iterator[Database]:
    """A database of the bench's own on this server, dropped at the end.

    server: mysql://USER:PASSWORD@HOST:PORT; a database named in it is left alone.
    Raises: BenchFailed, when the server doesn't let us.
    """
    import MySQLdb  # type: ignore[import-untyped]

    name = f"{NAME}_{os.getpid()}"
    try:
        with closing(connect(server)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT VERSION()")
            version = str(cursor.fetchone()[0])
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    except MySQLdb.Error as error:
        raise BenchFailed(f"No database can be made there: {error.args[-1]}.") from None
    product = "MariaDB" if "MariaDB" in version else "MySQL"
    label = f"{product} {version.partition('-')[0]}"
    try:
        yield Database(label, urlsplit(server)._replace(path=f"/{name}").geturl())
    finally:
        with closing(connect(server)) as connection:
            connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


def answers(server: str) -> bool:
    """Whether a MariaDB or MySQL server is there and lets us in."""
    try:
        import MySQLdb
    except ImportError:
        return False
    with suppress(MySQLdb.Error):
        connect(server).close()
        return True
    return False


def connect(server: str, name: str = "") -> Any:
    """A connection to the server of this URL. Raises MySQLdb.Error."""
    import MySQLdb

    parts = urlsplit(server)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=name,
        connect_timeout=CONNECT_S,
    )
