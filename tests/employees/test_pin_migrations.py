"""The index on login_token comes and goes without touching what others have made."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from employees.token_index import NAME, TABLE, add_index, drop_index
from tests.employees.variants import migrate, rows, run

Make = Callable[[str], BaseDatabaseWrapper]


def indexes_of(database: Any) -> set[str]:
    """The names of the indexes that begin with login_token."""
    with database.cursor() as cursor:
        keys = database.introspection.get_constraints(cursor, TABLE)
    return {name for name, key in keys.items() if key["columns"][:1] == ["login_token"]}


@pytest.mark.django_db
def test_a_new_database_has_it() -> None:
    assert indexes_of(connection) == {NAME}


def test_migrating_adds_it_and_reversing_drops_it(database_variant: Make) -> None:
    database = database_variant("two auth rows")

    migrate()
    assert indexes_of(database) == {NAME}
    assert rows(database, "SELECT table_name FROM added_columns WHERE column_name = '" + NAME + "'")

    migrate("zero")
    assert indexes_of(database) == set()


def test_an_index_that_somebody_else_made_is_used_and_left(database_variant: Make) -> None:
    database = database_variant("complete")
    run(database, "CREATE INDEX theirs ON employee_auth (login_token)")

    migrate()
    assert indexes_of(database) == {"theirs"}

    migrate("zero")
    assert indexes_of(database) == {"theirs"}


def test_both_steps_can_be_repeated(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()

    add_index(database)
    drop_index(database)
    drop_index(database)
    assert indexes_of(database) == set()
    add_index(database)
    assert indexes_of(database) == {NAME}


def test_an_index_of_ours_that_is_gone_is_no_obstacle(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()
    run(database, f"DROP INDEX {NAME}" + (f" ON {TABLE}" if database.vendor == "mysql" else ""))

    migrate("0018")

    assert indexes_of(database) == set()
