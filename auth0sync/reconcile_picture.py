"""Auth0's side as its list of accounts shows it, kept where it can be asked page by page.

A database of SQLite's own that has no name: it lies in a temporary file which is gone with the
process, however that ends, so nothing personal is left behind, and memory stays flat however many
accounts there are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from auth0sync.ownership import in_connection, marked_for

PAGE = 500  # accounts
_TABLES = """
CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY, employee_id INTEGER, is_foreign INTEGER, is_here INTEGER,
    email TEXT, paired INTEGER DEFAULT 0, profile TEXT
) WITHOUT ROWID;
CREATE TABLE roles (user_id TEXT, role TEXT, PRIMARY KEY (user_id, role)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS by_marker ON accounts (employee_id);
CREATE INDEX IF NOT EXISTS by_email ON accounts (email);
"""

Profile = Mapping[str, Any]


class Picture:
    """The accounts of the whole tenant; ``installation`` tells whose are foreign."""

    def __init__(self, installation: str, connection: str) -> None:
        self._installation = installation
        self._connection = connection
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES
        )

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def take(self, accounts: Iterable[Profile]) -> int:
        """Take all accounts of a list, in the place of an earlier one; returns how many.

        One that comes twice counts once. What the list raises is raised; then take another.
        """
        self._database.execute("DELETE FROM accounts")
        rows = iter(accounts)
        while page := [self._row(profile) for profile in islice(rows, PAGE)]:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR REPLACE INTO accounts "
                "(user_id, employee_id, is_foreign, is_here, email, profile) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                page,
            )
            self._database.execute("COMMIT")
        self._database.executescript(_INDEXES)
        return self._number("1")

    def take_role(self, role: str, user_ids: Sequence[str]) -> None:
        """Note that these accounts hold a role."""
        self._database.executemany(
            "INSERT OR IGNORE INTO roles VALUES (?, ?)", [(user_id, role) for user_id in user_ids]
        )

    def accounts(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        """The profiles of these accounts; what Auth0 hasn't got is left out."""
        found = self._among("SELECT user_id, profile FROM accounts WHERE", user_ids)
        return {user_id: json.loads(profile) for user_id, profile in found}

    def roles(self, user_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Which roles these accounts hold; one without any is left out."""
        found: dict[str, tuple[str, ...]] = {}
        for user_id, role in self._among("SELECT user_id, role FROM roles WHERE", user_ids):
            found[user_id] = (*found.get(user_id, ()), role)
        return found

    def pair(self, user_ids: Iterable[str]) -> list[str]:
        """Note that these accounts are somebody's; returns those that were another's already."""
        ids = sorted(user_ids)
        found = self._among("SELECT user_id FROM accounts WHERE paired = 1 AND", ids)
        twice = [one for one, next_one in pairwise(ids) if one == next_one]
        self._among("UPDATE accounts SET paired = 1 WHERE", ids)
        return [*(user_id for (user_id,) in found), *twice]

    def marked_for(self, employee_ids: Sequence[int]) -> list[tuple[int, Profile]]:
        """The accounts of our connection that are marked for these people and are nobody's.

        Ask when those of the same people are paired. Each is given out once.
        """
        marks = ", ".join("?" * len(employee_ids))
        where = f"paired = 0 AND is_here AND employee_id IN ({marks})"
        found = self._database.execute(
            f"SELECT employee_id, profile FROM accounts WHERE {where}",  # noqa: S608 (marks)
            employee_ids,
        ).fetchall()
        self._database.execute(
            f"UPDATE accounts SET paired = 2 WHERE {where}",  # noqa: S608 (marks)
            employee_ids,
        )
        return [(employee_id, json.loads(profile)) for employee_id, profile in found]

    def left_over(self) -> Iterator[list[Profile]]:
        """The accounts of our connection that are nobody's and not foreign, a page a step."""
        last = ""
        while True:
            rows = self._database.execute(
                "SELECT user_id, profile FROM accounts WHERE user_id > ? AND paired = 0 "
                "AND is_here AND NOT is_foreign ORDER BY user_id LIMIT ?",
                (last, PAGE),
            ).fetchall()
            if not rows:
                return
            yield [json.loads(profile) for _, profile in rows]
            last = rows[-1][0]

    def shared_emails(self) -> Iterator[tuple[str, list[str]]]:
        """Each e-mail that several accounts have, one of them somebody's here; with their ids."""
        rows = self._database.execute(
            "SELECT email, json_group_array(user_id) FROM accounts WHERE email <> '' "
            "GROUP BY email HAVING COUNT(*) > 1 AND MAX(paired = 1)"
        )
        for email, user_ids in rows:
            yield email, sorted(json.loads(user_ids))

    @property
    def here(self) -> int:
        """How many accounts our connection has, with those elsewhere that are somebody's all the
        same."""
        return self._number("is_here OR paired = 1")

    @property
    def elsewhere(self) -> int:
        """How many others there are in other connections."""
        return self._number("NOT is_here AND paired = 0")

    @property
    def paired(self) -> int:
        """How many are some person's."""
        return self._number("paired = 1")

    @property
    def foreign(self) -> int:
        """How many carry another installation's marker, and are nobody's here."""
        return self._number("is_here AND is_foreign AND paired = 0")

    def _number(self, condition: str) -> int:
        query = f"SELECT COUNT(*) FROM accounts WHERE {condition}"  # noqa: S608 (one of the above)
        return int(self._database.execute(query).fetchone()[0])

    def _row(self, profile: Profile) -> tuple[Any, ...]:
        metadata = profile.get("app_metadata")
        marks = metadata if isinstance(metadata, Mapping) else {}
        is_foreign = marks.get("installation") not in (None, "", self._installation)
        return (
            profile["user_id"],
            marked_for(profile, self._installation),
            is_foreign,
            in_connection(profile, self._connection),
            profile["email"],
            json.dumps(profile),
        )

    def _among(self, query: str, user_ids: Iterable[str]) -> list[tuple[Any, ...]]:
        ids = list(user_ids)
        marks = ", ".join("?" * len(ids))
        return self._database.execute(f"{query} user_id IN ({marks})", ids).fetchall()
