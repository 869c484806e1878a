"""Write-through storage: memory only, or a SQLite file that a killed process leaves complete."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records"
    " (kind TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, id))"
)


class Store:
    """One table of JSON records, keyed by kind and id. Callers hold the tenant's lock."""

    def __init__(self, path: Path | None) -> None:
        """path: the SQLite file; None keeps everything in memory alone.

        Raises: sqlite3.Error when the file cannot be opened or is no database.
        """
        self.connection: sqlite3.Connection | None = None
        if path is not None:
            self.connection = sqlite3.connect(path, check_same_thread=False)
            # A commit reaches the operating system at once, so kill -9 loses nothing.
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.execute(SCHEMA)
            self.connection.commit()

    def load(self) -> Iterator[tuple[str, str, Any]]:
        """Every record as (kind, id, data), in the order in which the ids were first written."""
        if self.connection is not None:
            query = "SELECT kind, id, data FROM records ORDER BY rowid"
            for kind, key, data in self.connection.execute(query):
                yield kind, key, json.loads(data)

    def put(self, kind: str, key: str, data: Any) -> None:
        """Insert or replace one record; it is kept once ``commit`` returns."""
        if self.connection is not None:
            # An upsert keeps the rowid, and with it the order of creation.
            self.connection.execute(
                "INSERT INTO records (kind, id, data) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET data = excluded.data",
                (kind, key, json.dumps(data)),
            )

    def remove(self, kind: str, key: str) -> None:
        """Delete one record; nothing happens when it is not there."""
        if self.connection is not None:
            self.connection.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, key))

    def clear(self) -> None:
        """Delete every record."""
        if self.connection is not None:
            self.connection.execute("DELETE FROM records")

    def commit(self) -> None:
        """Make what was written since the last commit survive the process."""
        if self.connection is not None and self.connection.in_transaction:
            self.connection.commit()

    def close(self) -> None:
        """Close the file, complete; what is put later is in memory alone."""
        if self.connection is not None:
            self.commit()
            self.connection.close()
            self.connection = None
