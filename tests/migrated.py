"""Databases with all tables in them: migrated once for a whole run, then copied.

To migrate takes three seconds of processor time, and each worker of pytest and each console of real
processes needs a database of its own. On SQLite the copy is one of a file, on MariaDB the same
tables are made again from what the server says of them.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("TEST_DATABASE_URL", "")
MIGRATE_S = 120.0
# Columns of auth0_tenant_state that say since when something wasn't done.
SINCE = ("scrubbed_at", "compared_at", "looked_at", "answered_at", "watched_at")
TEMPLATE = f"test_{urlsplit(SERVER).path.strip('/')}_migrated"
COMPLETE = "complete"


def connect_to_server(database: str = "") -> Any:
    """A connection of the driver's own to the server under test, in UTC, committing at once."""
    import MySQLdb  # type: ignore[import-untyped]

    parts = urlsplit(SERVER)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database or "information_schema",
        charset="utf8mb4",
        autocommit=True,
        init_command="SET time_zone='+00:00'",
    )


@contextlib.contextmanager
def new_database(name: str) -> Iterator[Any]:
    """An empty database in the place of one of this name, dropped at the end.

    name: path of a file, or with TEST_DATABASE_URL of a database on that server.
    Yields a connection of the driver's own.
    """
    if SERVER:
        with contextlib.closing(connect_to_server()) as server:
            cursor = server.cursor()
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            cursor.execute(f"USE {name}")
            try:
                yield server
            finally:
                cursor.execute(f"DROP DATABASE {name}")
        return
    file = Path(name)
    _remove(file)
    try:
        opened = sqlite3.connect(file, isolation_level=None, timeout=20)
        with contextlib.closing(opened) as database:
            yield database
    finally:
        _remove(file)


def _remove(file: Path) -> None:
    """With the files that SQLite writes beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def fill(database: Any) -> None:
    """Make all tables in an empty database.

    database: a connection of the driver's own, to SQLite or, with TEST_DATABASE_URL, to that
    server.
    """
    cursor = database.cursor()
    if SERVER:
        _fill_from_server(cursor)
    else:
        with contextlib.closing(sqlite3.connect(_migrated_file())) as made:
            made.backup(database)
    # What each installation has for itself: its name, and when it was made.
    now = ", ".join(f"{column} = CURRENT_TIMESTAMP" for column in SINCE)
    name = secrets.token_hex(5)
    cursor.execute(f"UPDATE auth0_tenant_state SET installation = '{name}', {now}")


def _fill_from_server(cursor: Any) -> None:
    """The tables as the server describes those that were migrated, and the rows in them."""
    _have_template(cursor)
    cursor.execute("SET foreign_key_checks = 0")
    cursor.execute(f"SHOW TABLES FROM {TEMPLATE} WHERE Tables_in_{TEMPLATE} <> %s", (COMPLETE,))
    for (table,) in cursor.fetchall():
        cursor.execute(f"SHOW CREATE TABLE {TEMPLATE}.{table}")
        cursor.execute(cursor.fetchone()[1])
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {TEMPLATE}.{table}")
    cursor.execute("SET foreign_key_checks = 1")


def forget() -> None:
    """Drop what was migrated on the server under test, at the end of a run."""
    with contextlib.closing(connect_to_server()) as server:
        server.cursor().execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")


def _code() -> str:
    """Changes whenever a migration does."""
    code = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()[:16]


@contextlib.contextmanager
def _alone(name: str) -> Iterator[Path]:
    """One at a time, since the workers of pytest are processes. Yields where files are kept."""
    folder = Path(tempfile.gettempdir())
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _migrated_file() -> Path:
    """The file that was migrated, by whoever needed it first."""
    name = f"migrated-{_code()}"
    with _alone(name) as folder:
        made = folder / f"{name}.sqlite3"
        if not made.exists():
            being_made = made.with_suffix(".new")
            being_made.unlink(missing_ok=True)
            _migrate(f"sqlite:///{being_made}")
            with contextlib.closing(sqlite3.connect(being_made)) as written:
                written.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            being_made.rename(made)
    return made


def _have_template(cursor: Any) -> None:
    """Have the database that was migrated; its last table says that it is whole, and how old."""
    with _alone(TEMPLATE):
        cursor.execute(
            "SELECT table_comment FROM information_schema.tables "
            "WHERE table_schema = %s AND table_name = %s",
            (TEMPLATE, COMPLETE),
        )
        if cursor.fetchall() == ((_code(),),):
            return
        cursor.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        cursor.execute(f"CREATE DATABASE {TEMPLATE} CHARACTER SET utf8mb4")
        _migrate(f"{SERVER.rpartition('/')[0]}/{TEMPLATE}")
        cursor.execute(f"CREATE TABLE {TEMPLATE}.{COMPLETE} (id INT) COMMENT %s", (_code(),))


def _migrate(url: str) -> None:
    """``manage.py migrate``. Raises: AssertionError, with what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith(("AUTH0_", "TEST_"))}
        | {
            "DJANGO_SETTINGS_MODULE": "identity_console.settings",
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789-0123456789",
            "DEBUG": "true",
            "DATABASE_URL": url,
            "CREATE_SHARED_TABLES": "true",
        },
        capture_output=True,
        text=True,
        timeout=MIGRATE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
