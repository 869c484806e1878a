"""The re-implementation behind a real server, on the database of the running test."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Any

import httpx
from django.db import connection
from werkzeug.serving import make_server

from tests.flask_checks.app import make_app


@contextmanager
def running_flask() -> Iterator[httpx.Client]:
    """A client of the Flask side, which has a connection of its own to the test's database."""
    is_mysql = connection.vendor == "mysql"
    lock = Lock()
    with closing(_connect(is_mysql)) as database:

        def query(statement: str, *params: Any) -> list[tuple[Any, ...]]:
            with lock, closing(database.cursor()) as cursor:
                cursor.execute(statement if is_mysql else statement.replace("%s", "?"), params)
                return list(cursor.fetchall()) if cursor.description else []

        app = make_app(query, "NOW()" if is_mysql else "datetime('now')", _host_time)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            root = f"http://127.0.0.1:{server.server_port}/api/employee/"
            with httpx.Client(base_url=root, timeout=30, trust_env=False) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _host_time() -> datetime:
    """The clock of a host that runs in UTC, as the hosted database does."""
    return datetime.now(UTC).replace(tzinfo=None)


def _connect(is_mysql: bool) -> Any:
    settings = connection.settings_dict
    if not is_mysql:
        return sqlite3.connect(
            settings["NAME"], isolation_level=None, timeout=20, check_same_thread=False
        )
    import MySQLdb  # type: ignore[import-untyped]

    return MySQLdb.connect(
        host=settings["HOST"] or "127.0.0.1",
        port=int(settings["PORT"] or 3306),
        user=settings["USER"],
        password=settings["PASSWORD"],
        database=settings["NAME"],
        charset="utf8mb4",
        autocommit=True,
        init_command="SET time_zone='+00:00'",
    )
