"""The steps of the drill, in the runbook's order, each with its time."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now

from auth0sync.models import TenantState
from employees.columns import column_names
from employees.shared_tables import SHARED_TABLES, missing_tables
from identity_console.drill.copies import on_a_copy
from identity_console.drill.legacy import Broken, OtherPrograms

PAGE = 5_000  # rows that are read at once
OURS = ("auth0sync", "employees")  # the way back, in this order; forward the other way round
INVITED = "employee_invitation"


class DrillFailed(Exception):
    """Something isn't as it has to be; the message says what."""


class Watch:
    """Says how long each step took, and all together."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.lines: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        began = time.monotonic()
        yield
        self.lines.append(f"{name:52} {time.monotonic() - began:7.1f} s")


def drill(database: BaseDatabaseWrapper) -> Iterator[str]:
    """Do all steps on a copy, and tell of each when it is over.

    database: the default connection, since migrations and models use that one; it leads to the
    copy meanwhile.

    Raises: CopyRefused; DrillFailed, when the tables or their rows aren't as they were, or another
    program's statement doesn't work.
    """
    if missing := missing_tables(database):
        raise DrillFailed(f"There is no table {', '.join(missing)}: migrate first.")
    watch = Watch()
    yield f"Roll-back drill on a copy of {database.settings_dict['NAME']}, which is only read."
    with ExitStack() as stack:
        with watch.step("Copy all tables"):
            stack.enter_context(on_a_copy(database))
        yield watch.lines[-1]
        yield from _there_and_back(database, watch)
    yield "All is as it was. The copy is dropped."


def _there_and_back(copy: BaseDatabaseWrapper, watch: Watch) -> Iterator[str]:
    with watch.step("Note every row of the shared tables"):
        added = _added(copy)
        theirs = {table: column_names(copy, table) for table in SHARED_TABLES}
        ours, theirs["employees"] = theirs["employees"], theirs["employees"] - added
        before = {table: fingerprint(copy, table, names) for table, names in theirs.items()}
        whole = {
            "employees": fingerprint(copy, "employees", ours),
            INVITED: fingerprint(copy, INVITED, {"employee_id", "kind"}, key="employee_id"),
        }
        last = _last(copy)
    yield watch.lines[-1]

    with watch.step("Switch the link to Auth0 off"):
        TenantState.objects.filter(pk=1).update(paused_at=Now(), paused_by="drill")
    yield watch.lines[-1]
    for app in OURS:
        with watch.step(f"migrate {app} zero"):
            call_command("migrate", app, "zero", verbosity=0)
        yield watch.lines[-1]
    back_s = time.monotonic() - watch.began

    with watch.step("Compare every row with before"):
        for table, names in theirs.items():
            if column_names(copy, table) != names:
                raise DrillFailed(f"{table} hasn't the columns that it had before the console.")
            if fingerprint(copy, table, names) != before[table]:
                raise DrillFailed(f"{table} hasn't the rows that it had.")
    yield watch.lines[-1]
    with watch.step("Let the other programs work"):
        for name, check in OtherPrograms(copy).checks().items():
            try:
                check()
            except (Broken, DatabaseError) as failure:
                raise DrillFailed(f"{name}: {failure}") from None
    yield watch.lines[-1]

    for app in reversed(OURS):
        with watch.step(f"migrate {app}, forward again"):
            call_command("migrate", app, verbosity=0)
        yield watch.lines[-1]
    with watch.step("Compare every row again, with our columns"):
        if fingerprint(copy, "employees", ours, last) != whole["employees"]:
            raise DrillFailed("The console's columns didn't get their values back.")
        found = fingerprint(copy, INVITED, {"employee_id", "kind"}, last, key="employee_id")
        if found != whole[INVITED]:
            raise DrillFailed("How people are invited wasn't put back.")
    yield watch.lines[-1]
    yield f"{'Until the other programs have their tables back':52} {back_s:7.1f} s"
    yield f"{'All together':52} {time.monotonic() - watch.began:7.1f} s"


def fingerprint(
    database: BaseDatabaseWrapper,
    table: str,
    columns: set[str],
    until: int | None = None,
    key: str = "id",
) -> tuple[int, str]:
    """How many rows, and a hash of these columns of all of them in the order of ``key``.

    until: the last key that counts; None for all.
    """
    names = ", ".join(database.ops.quote_name(name) for name in sorted(columns))
    digest, number, last = hashlib.sha256(), 0, -1
    bound = "" if until is None else f" AND {key} <= {int(until)}"
    with database.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {key}, {names} FROM {table} WHERE {key} > %s{bound} "  # noqa: S608
                f"ORDER BY {key} LIMIT {PAGE}",
                [last],
            )
            page = cursor.fetchall()
            if not page:
                return number, digest.hexdigest()
            for row in page:
                digest.update(repr(row).encode())
            number, last = number + len(page), page[-1][0]


def _added(database: BaseDatabaseWrapper) -> set[str]:
    """The columns that the console has added, less those that were there before it."""
    with database.cursor() as cursor:
        cursor.execute("SELECT column_name FROM added_columns WHERE table_name = 'employees'")
        return {str(row[0]) for row in cursor.fetchall()}


def _last(database: BaseDatabaseWrapper) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM employees")
        return int(cursor.fetchone()[0])
