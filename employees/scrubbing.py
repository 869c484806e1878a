"""Takes plain text out of the shared tables: old plain PINs, ``pin_plain`` and ``auth0_password``.

By ``manage.py scrub_plaintext`` and every night. A PIN stays the same: what stood in ``pin`` in
plain text stands there as a hash, which the Flask application checks as well. ``pin_plain`` and
``auth0_password`` are only ever written there (docs/legacy-contract.md), so they are emptied.

Other programs write these columns meanwhile. Each row is a transaction of its own, after its hash
was made, and only what still stands as it was read is replaced; so a scrub may be ended at any
moment, and be begun again. It belongs to the operator and asks nobody's leave: who may sign in,
and with what, stays as it is.
"""
# ruff: noqa: S608  (what is put into SQL are numbers and this module's own words)

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from employees.columns import column_names
from employees.models import EmployeeAuth
from employees.pins import LONGEST, hash_plain, is_hashed, is_pin
from employees.zones import zone_of

PAGE = 400  # rows
NIGHT_HOUR = 2  # o'clock at the company; where clocks leave that hour out, the next one
PASSWORDS = "FROM employees WHERE auth0_password <> ''"
HAS_PASSWORDS = "auth0_password"


class Plain(StrEnum):
    """A kind of plain text, as it is printed."""

    PIN = "plain PINs (employee_auth.pin)"
    ODD = "plain text there that hasn't the form of a PIN"
    COPY = "plain copies of PINs (employee_auth.pin_plain)"
    PASSWORD = "plain passwords (employees.auth0_password)"  # noqa: S105
    TOO_LONG = "too long to be hashed (employee_auth.pin)"


Counts = Counter[Plain]


def count() -> Counts:
    """How much plain text there is, of each kind; reads all plain PINs once, in pages."""
    found: Counts = Counter(dict.fromkeys(Plain, 0))
    for page in _plain_pins():
        found.update(_kind(stored) for _pk, stored in page)
    found[Plain.COPY] = EmployeeAuth.objects.exclude(pin_plain=None).exclude(pin_plain="").count()
    found[Plain.PASSWORD] = count_passwords(connection)
    return found


def count_passwords(database: BaseDatabaseWrapper) -> int:
    """How many people have a password in plain text; 0 where the table hasn't that column."""
    if HAS_PASSWORDS not in column_names(database):
        return 0
    with database.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) {PASSWORDS}")
        return int(cursor.fetchone()[0])


def too_long() -> list[int]:
    """The numbers of those whose plain text can't be hashed: they need another PIN."""
    rows = [pk for page in _plain_pins() for pk, stored in page if _kind(stored) is Plain.TOO_LONG]
    people = EmployeeAuth.objects.filter(pk__in=rows).values_list("employee_id", flat=True)
    return sorted(people.distinct())


def scrub() -> Iterator[Counts]:
    """Do it in small steps, a page to empty or one hash (some 60 ms); yields what each has done.

    First what is quick. Once through the tables: what is written meanwhile waits for the next time.
    """
    yield from _empty_copies()
    yield from _empty_passwords()
    for page in _plain_pins():
        for pk, stored in page:
            kind = _kind(stored)
            if kind is not Plain.TOO_LONG:
                yield Counter({kind: int(_hash(pk, stored))})


def last_night(now: datetime) -> datetime:
    """When the present or last night's scrub was to begin: at 02:00 at the company.

    now: an aware time.
    """
    here = now.astimezone(zone_of(None))
    begins = here.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return begins if begins <= here else begins - timedelta(days=1)


def _empty_copies() -> Iterator[Counts]:
    rows = EmployeeAuth.objects.exclude(pin_plain=None).exclude(pin_plain="").order_by("pk")
    last = 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:PAGE]):
        yield Counter({Plain.COPY: EmployeeAuth.objects.filter(pk__in=ids).update(pin_plain=None)})
        last = ids[-1]


def _empty_passwords() -> Iterator[Counts]:
    """By SQL, since only some installations have the column; ``updated_at`` doesn't move."""
    if HAS_PASSWORDS not in column_names(connection):
        return
    empty = "NULL" if _may_be_null() else "''"
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id {PASSWORDS} AND id > {last} ORDER BY id LIMIT {PAGE}")
            ids = [int(pk) for (pk,) in cursor.fetchall()]
            if not ids:
                return
            cursor.execute(
                f"UPDATE employees SET auth0_password = {empty}, updated_at = updated_at "
                f"WHERE id IN ({', '.join(map(str, ids))})"
            )
            yield Counter({Plain.PASSWORD: cursor.rowcount})
        last = ids[-1]


def _may_be_null() -> bool:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "employees")
    return any(column.null_ok for column in columns if column.name == HAS_PASSWORDS)


def _plain_pins() -> Iterator[list[tuple[int, str]]]:
    """Key and plain text of every auth row that holds some, in pages."""
    rows = EmployeeAuth.objects.exclude(pin=None).exclude(pin="").exclude(pin__startswith="$2")
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "pin")[:PAGE]):
        yield [(pk, stored) for pk, stored in page if stored and not is_hashed(stored)]
        last = page[-1][0]


def _kind(stored: str) -> Plain:
    if is_pin(stored):
        return Plain.PIN
    return Plain.TOO_LONG if len(stored.encode()) > LONGEST else Plain.ODD


def _hash(pk: int, stored: str) -> bool:
    """Replace the plain text by its hash; False where something else stands there by now.

    Compared here and not by the database, which takes ``abcd`` for ``ABCD``.
    """
    hashed = hash_plain(stored)
    with transaction.atomic():
        row = EmployeeAuth.objects.select_for_update().filter(pk=pk).first()
        if row is None or row.pin != stored:
            return False
        EmployeeAuth.objects.filter(pk=pk).update(pin=hashed)
    return True
