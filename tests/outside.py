"""Rows as other programs write them: the columns that they name, and no other."""

from typing import Any

from django.db import connection

from tests.builders import a_number


def connecteam_inserts(name: str, **over: Any) -> int:
    """What Connecteam's nightly sync does with somebody it doesn't find; the new number.

    Source: docs/legacy-contract.md, "Rows that appear or change without Django".
    """
    connecteam = str(over.pop("connecteam_user_id", 7_000_000 + a_number()))
    values = {
        "email": f"{connecteam}@company.com",
        "name": name,
        "hire_date": "2026-11-02",
        "connecteam_user_id": connecteam,
        "is_active": 1,
        "created_at": "2026-11-26 07:00:00",
        "updated_at": "2026-11-26 07:00:00",
        **over,
    }
    return _insert("employees", values)


def podfactory_inserts(name: str, email: str, *, mapping: bool = True, **over: Any) -> int:
    """What PodFactory's sync does with somebody it can't match; the new number.

    mapping: False, when the row of its mapping comes later (:func:`podfactory_maps`).
    """
    values = {"name": name, "email": email, "is_active": 1, "hire_date": "2026-11-02", **over}
    number = _insert("employees", values)
    if mapping:
        podfactory_maps(number, name, email)
    return number


def podfactory_maps(employee_id: int, name: str, email: str) -> int:
    """The row of PodFactory's mapping; its number."""
    values = {
        "employee_id": employee_id,
        "podfactory_email": email,
        "podfactory_name": name,
        "similarity_score": "0.000",
        "confidence_level": "provisional",
    }
    return _insert("employee_podfactory_mapping_v2", values)


def connecteam_updates(employee_id: int, **columns: Any) -> None:
    """What its nightly sync writes of somebody it finds: id, name, is_active."""
    update("employees", employee_id, **columns)


def update(table: str, row: int, **columns: Any) -> None:
    """Any SQL, such as a person's at a prompt."""
    sets = ", ".join(f"{column} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {sets} WHERE id = %s", [*columns.values(), row])


def _insert(table: str, values: dict[str, Any]) -> int:
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",
            list(values.values()),
        )
        return int(cursor.lastrowid)
