"""What the other programs do with the shared tables, as docs/legacy-contract.md says it.

Plain SQL, written from the contract alone. Each check leaves what it wrote: it runs on a copy.
"""

import secrets
from collections.abc import Callable
from typing import Any

import bcrypt
from django.db.backends.base.base import BaseDatabaseWrapper

PIN = "4826"
COST = 4  # of the PIN's hash: only that the programs' own check takes it is the point


class Broken(Exception):
    """Another program wouldn't work any more; the message says which, and at what."""


class OtherPrograms:
    """The Flask application, Connecteam, PodFactory and plain SQL, one after the other."""

    def __init__(self, database: BaseDatabaseWrapper) -> None:
        self.database = database
        self.newcomer = 0  # employees.id of whom Connecteam adds

    def checks(self) -> dict[str, Callable[[], None]]:
        """What is tried, in this order, by name. Each raises Broken, or the database's error."""
        return {
            "Connecteam adds a person": self.connecteam_adds,
            "Connecteam changes a person": self.connecteam_changes,
            "PodFactory adds a person": self.podfactory_adds,
            "PodFactory finds people by name": self.podfactory_finds,
            "Flask gives a PIN": self.flask_gives_a_pin,
            "Flask signs in, verifies and signs out": self.flask_signs_in,
            "Flask deactivates": self.flask_deactivates,
            "SQL counts streaks and points": self.sql_counts,
        }

    def connecteam_adds(self) -> None:
        """The nightly INSERT, which names none of the console's columns."""
        number = secrets.token_hex(6)
        self._run(
            "INSERT INTO employees (email, name, hire_date, connecteam_user_id, is_active, "
            "created_at, updated_at) VALUES (%s, %s, '2026-01-05', %s, 1, CURRENT_TIMESTAMP, "
            "CURRENT_TIMESTAMP)",
            f"{number}@company.com",
            "Roll-back Drill",
            number,
        )
        found = self._run("SELECT id FROM employees WHERE connecteam_user_id = %s", number)
        if len(found) != 1:
            raise Broken("The person whom Connecteam adds isn't there.")
        self.newcomer = int(found[0][0])

    def connecteam_changes(self) -> None:
        """The nightly UPDATE."""
        self._run(
            "UPDATE employees SET name = %s, is_active = 1 WHERE id = %s",
            "Roll-back O’Drill",
            self.newcomer,
        )
        self._must_hold("name", "Roll-back O’Drill")

    def podfactory_adds(self) -> None:
        """Somebody whom PodFactory can't match, with a mapping."""
        email = f"drill-{secrets.token_hex(6)}@example.com"
        self._run(
            "INSERT INTO employees (name, email, is_active, hire_date) "
            "VALUES (%s, %s, 1, '2026-01-05')",
            "Podfactory Drill",
            email,
        )
        self._run(
            "INSERT INTO employee_podfactory_mapping_v2 (employee_id, podfactory_email, "
            "podfactory_name, similarity_score, confidence_level) "
            "SELECT id, email, name, 0.9, 'HIGH' FROM employees WHERE email = %s",
            email,
        )
        joined = (
            "SELECT e.id FROM employees e JOIN employee_podfactory_mapping_v2 m "
            "ON m.employee_id = e.id WHERE m.podfactory_email = %s"
        )
        if not self._run(joined, email):
            raise Broken("The person whom PodFactory adds has no mapping.")

    def podfactory_finds(self) -> None:
        """LOWER(TRIM(name)) of every active employee."""
        found = self._run(
            "SELECT id FROM employees WHERE is_active = 1 AND LOWER(TRIM(name)) = %s",
            "podfactory drill",
        )
        if not found:
            raise Broken("PodFactory doesn't find by name whom it has just added.")

    def flask_gives_a_pin(self) -> None:
        """A new PIN is written as bcrypt and in clear."""
        hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(COST)).decode()
        self._run(
            "INSERT INTO employee_auth (employee_id, pin, pin_plain, pin_set_at) "
            "VALUES (%s, %s, %s, CURRENT_TIMESTAMP)",
            self.newcomer,
            hashed,
            PIN,
        )

    def flask_signs_in(self) -> None:
        """The log-in's query and token, verify's comparison, and the log-out."""
        found = self._run(
            "SELECT e.id, e.name, ea.pin FROM employees e JOIN employee_auth ea "
            "ON e.id = ea.employee_id WHERE e.id = %s AND e.is_active = 1",
            self.newcomer,
        )
        if len(found) != 1 or not bcrypt.checkpw(PIN.encode(), found[0][2].encode()):
            raise Broken("Flask can't sign in somebody with the right PIN.")
        token = secrets.token_urlsafe(32)
        self._run(
            "UPDATE employee_auth SET login_token = %s, token_expires = '2099-01-01 00:00:00', "
            "last_login = CURRENT_TIMESTAMP WHERE employee_id = %s",
            token,
            self.newcomer,
        )
        verify = (
            "SELECT e.id FROM employees e JOIN employee_auth ea ON e.id = ea.employee_id WHERE "
            "ea.login_token = %s AND ea.token_expires > CURRENT_TIMESTAMP AND e.is_active = 1"
        )
        if not self._run(verify, token):
            raise Broken("Flask doesn't take the token that it has just given.")
        self._run(
            "UPDATE employee_auth SET login_token = NULL, token_expires = NULL "
            "WHERE login_token = %s",
            token,
        )
        if self._run(verify, token):
            raise Broken("Flask still takes a token after the log-out.")

    def flask_deactivates(self) -> None:
        """is_active goes to 0, and the log-in finds nobody."""
        self._run("UPDATE employees SET is_active = 0 WHERE id = %s", self.newcomer)
        self._must_hold("is_active", 0)

    def sql_counts(self) -> None:
        """The bulk updates of the tracker."""
        self._run(
            "UPDATE employees SET current_streak = current_streak + 1, "
            "achievement_points = achievement_points + 10, welcome_sent_at = CURRENT_TIMESTAMP "
            "WHERE id = %s",
            self.newcomer,
        )
        self._must_hold("achievement_points", 10)

    def _must_hold(self, column: str, value: object) -> None:
        statement = f"SELECT {column} FROM employees WHERE id = %s"  # noqa: S608  (our own name)
        found = self._run(statement, self.newcomer)
        if [row[0] for row in found] != [value]:
            raise Broken(f"employees.{column} isn't what another program has just written.")

    def _run(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self.database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
