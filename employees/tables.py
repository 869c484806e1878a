"""Compares the shared tables with what the console needs, and says in words what differs.

Used by ``check_tables`` and by the system check. Nothing is changed here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from employees.columns import COLUMNS, column_names, has_unique_key
from employees.emails import normalise_email
from employees.models import (
    AuthMethod,
    Employee,
    EmployeeAuth,
    PodFactoryMapping,
    RoleConfig,
    SyncStatus,
)
from employees.scrubbing import count_passwords
from employees.shared_tables import missing_tables

SHORTEST_USER_ID = 128  # characters; what an earlier integration made, and enough for derived ids
SHOWN = 5  # examples in a sentence
MISSING_TABLE = (
    "Run `manage.py migrate`, or point DATABASE_URL to the Productivity Tracker's database."
)
MIGRATE_AGAIN = (
    "Run `manage.py migrate employees zero --skip-checks`, then "
    "`manage.py migrate --skip-checks`: nothing is lost by it."
)


@dataclass(frozen=True)
class Finding:
    """Something about a table, in words, and what to do about it."""

    table: str
    code: str  # E: the console can't work right; W: the data must be mended; N: worth knowing
    text: str
    mend: str = ""

    @property
    def must_be_mended(self) -> bool:
        """Whether somebody has to do something."""
        return not self.code.startswith("N")

    def __str__(self) -> str:
        return f"{self.table}: {self.text} {self.mend}".strip()


def findings(connection: BaseDatabaseWrapper) -> list[Finding]:
    """Everything that differs; an empty list is a healthy database."""
    return _compared(connection, CHECKS)


def structure(connection: BaseDatabaseWrapper) -> list[Finding]:
    """The same of tables, columns and types alone: a few looks, however many rows there are."""
    of_columns = (_types, _unique_user_id)
    return _compared(
        connection,
        {model: [each for each in looks if each in of_columns] for model, looks in CHECKS.items()},
    )


def _compared(
    connection: BaseDatabaseWrapper, checks: "dict[type[models.Model], list[Look]]"
) -> list[Finding]:
    missing = missing_tables(connection)
    found = [Finding(table, "E001", "the table is missing.", MISSING_TABLE) for table in missing]
    for model, looks in checks.items():
        table = model._meta.db_table
        if table in missing:
            continue
        present = column_names(connection, table)
        absent = [str(field.column) for field in model._meta.fields if field.column not in present]
        if absent:
            columns = ", ".join(absent)
            text = f"the column {columns} is missing."
            found.append(Finding(table, "E002", text, mend_of_missing(absent)))
            continue
        for look in looks:
            found.extend(look(connection))
    return found


def mend_of_missing(columns: list[str]) -> str:
    """What to do about missing columns: only some of them are the console's to add."""
    if all(column in COLUMNS for column in columns):
        return f"Run `manage.py migrate`; if it says there is nothing to do: {MIGRATE_AGAIN}"
    return "This isn't the Productivity Tracker's table as the console knows it."


def _types(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """The columns of ours, where somebody may have added them by hand."""
    if connection.vendor != "mysql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, column_type, character_maximum_length FROM "
            "information_schema.columns WHERE table_schema = DATABASE() "
            "AND table_name = 'employees'"
        )
        types = {name.lower(): (str(kind).lower(), size) for name, kind, size in cursor.fetchall()}
    kind, size = types["auth0_user_id"]
    if not kind.startswith("varchar") or size < SHORTEST_USER_ID:
        yield Finding(
            "employees",
            "E003",
            f"auth0_user_id is {kind}.",
            f"It must be VARCHAR of at least {SHORTEST_USER_ID} characters.",
        )
    for column, choices in (("auth_method", AuthMethod), ("auth0_sync_status", SyncStatus)):
        kind = types[column][0]
        if not kind.startswith("enum") or any(f"'{word}'" not in kind for word in choices.values):
            words = ", ".join(choices.values)
            yield Finding("employees", "E004", f"{column} is {kind}.", f"It must be ENUM: {words}.")
    for column in ("auth0_account_created_at", "auth0_email_verified_at"):
        kind = types[column][0]
        if not kind.startswith("datetime"):
            yield Finding("employees", "E005", f"{column} is {kind}.", "It must be DATETIME.")


def _unique_user_id(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    if not has_unique_key(connection, "employees", "auth0_user_id"):
        yield Finding(
            "employees", "E006", "auth0_user_id has no unique key of its own.", MIGRATE_AGAIN
        )


def _shared_emails(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """E-mails that are one to Auth0, though the database tells them apart."""
    holders: dict[str, list[int]] = {}
    rows = Employee.objects.using(connection.alias).exclude(email=None).exclude(email="")
    for pk, email in rows.order_by("pk").values_list("pk", "email"):
        holders.setdefault(normalise_email(email), []).append(pk)
    doubles = [people for email, people in holders.items() if email and len(people) > 1]
    if doubles:
        shown = "; ".join(" and ".join(map(str, people)) for people in doubles[:SHOWN])
        yield Finding(
            "employees",
            "W002",
            f"{len(doubles)} e-mails belong to more than one employee (space and case apart): "
            f"{shown}{'; …' if len(doubles) > SHOWN else ''}.",
            "Correct all but one of each.",
        )


def _plain_passwords(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    count = count_passwords(connection)
    if count:
        yield Finding(
            "employees",
            "W001",
            f"auth0_password holds {count} passwords in plain text.",
            "Run `manage.py scrub_plaintext --apply` and have those people choose a new password.",
        )


def _double_auth_rows(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    rows = EmployeeAuth.objects.using(connection.alias).values("employee_id")
    doubles = rows.annotate(rows=models.Count("pk")).filter(rows__gt=1).order_by("employee_id")
    count = doubles.count()
    if count:
        shown = ", ".join(str(row["employee_id"]) for row in doubles[:SHOWN])
        yield Finding(
            "employee_auth",
            "N001",
            f"{count} employees have more than one row ({shown}{', …' if count > SHOWN else ''}): "
            "the newest pin_set_at counts.",
        )


Look = Callable[[BaseDatabaseWrapper], Iterator[Finding]]
CHECKS: dict[type[models.Model], list[Look]] = {
    RoleConfig: [],
    Employee: [_types, _unique_user_id, _shared_emails, _plain_passwords],
    EmployeeAuth: [_double_auth_rows],
    PodFactoryMapping: [],
}


def migrations_pending(connection: BaseDatabaseWrapper) -> bool:
    """Whether ``migrate`` still has steps of this app to take here."""
    loader = MigrationLoader(connection)
    steps = {key for key in loader.disk_migrations or () if key[0] == "employees"}
    return bool(steps - set(loader.applied_migrations or ()))
