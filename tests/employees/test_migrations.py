from collections.abc import Callable
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from employees import columns, ddl
from employees.shared_tables import create_where_absent, missing_tables
from employees.tables import findings
from tests.employees.variants import (
    ALIAS,
    ALL_OF_OURS,
    LATE,
    LEGACY,
    OURS,
    VARIANTS,
    migrate,
    rows,
    run,
)

Make = Callable[[str], BaseDatabaseWrapper]


@pytest.mark.parametrize("kind", VARIANTS)
def test_nothing_is_lost_by_migrating_reversing_and_migrating_again(
    database_variant: Make, kind: str
) -> None:
    database = database_variant(kind)
    legacy = rows(database, *LEGACY)
    before = columns.column_names(database)

    migrate()
    assert rows(database, *LEGACY) == legacy
    assert [found for found in findings(database) if found.code.startswith("E")] == []

    run(database, *OURS)
    legacy = rows(database, *LEGACY)  # SQLite's trigger counts notes and the like as a change
    ours = rows(database, *ALL_OF_OURS)
    migrate("zero")
    assert columns.column_names(database) == before
    assert rows(database, *LEGACY) == legacy

    migrate()
    assert rows(database, *LEGACY) == legacy
    assert rows(database, *ALL_OF_OURS) == ours
    assert rows(database, "SELECT * FROM kept_values") == [[]]


def test_reversing_keeps_what_another_program_had_added(database_variant: Make) -> None:
    database = database_variant("earlier integration")
    theirs = "SELECT id, auth0_user_id, auth0_password, updated_at FROM employees ORDER BY id"
    before = rows(database, theirs)

    migrate()
    migrate("zero")

    assert rows(database, theirs) == before
    assert columns.has_unique_key(database, "employees", "auth0_user_id")


def test_an_interrupted_reverse_can_be_repeated(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()
    run(database, *OURS)
    ours = rows(database, *ALL_OF_OURS)

    with (
        mock.patch("employees.columns.change_table", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        columns.drop_column(database, "auth0_role")
    columns.drop_column(database, "auth0_role")
    columns.drop_column(database, "auth0_role")
    columns.add_column(database, "auth0_role")
    columns.add_column(database, "auth0_role")

    assert rows(database, *ALL_OF_OURS) == ours


def test_many_kept_values_come_back_in_several_transactions(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()
    run(database, "UPDATE employees SET auth_method = 'auth0', updated_at = updated_at")
    legacy = rows(database, *LEGACY)

    columns.drop_column(database, "auth_method")
    with mock.patch("employees.columns.ROWS_AT_ONCE", 2):
        columns.add_column(database, "auth_method")

    assert rows(database, "SELECT auth_method FROM employees") == [[("auth0",)] * 3]
    assert rows(database, *LEGACY) == legacy


def test_a_shared_auth0_user_id_is_named_instead_of_failing_with_a_number(
    database_variant: Make,
) -> None:
    database = database_variant("complete")
    run(
        database,
        "ALTER TABLE employees ADD COLUMN auth0_user_id VARCHAR(128) NULL",
        "UPDATE employees SET auth0_user_id = 'auth0|one' WHERE id < 3",
    )

    with pytest.raises(CommandError, match="share one: 1 and 2"):
        migrate()


def test_columns_of_ours_do_not_bother_the_inserts_of_others(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()

    run(database, "INSERT INTO employees (name, email, is_active) VALUES ('New', 'n@x.example', 1)")

    row = "SELECT auth_method, auth0_role, auth0_sync_status FROM employees WHERE name = 'New'"
    assert rows(database, row) == [[("pin", "production_associate", None)]]


def test_a_missing_late_column_is_added(database_variant: Make) -> None:
    database = database_variant("lacking columns")
    migrate()
    assert set(LATE) <= columns.column_names(database)


def test_a_column_in_use_is_waited_for_and_then_explained(database_variant: Make) -> None:
    database = database_variant("complete")
    if database.vendor != "mysql":
        pytest.skip("metadata locks are MariaDB's and MySQL's")
    migrate("0003")
    reader = connections.create_connection(ALIAS)
    try:
        run(reader, "START TRANSACTION", "SELECT * FROM employees")
        with (
            mock.patch.multiple(ddl, LOCK_WAIT_S=1, LOCK_TRIES=2, LOCK_PAUSE_S=0),
            pytest.raises(CommandError, match="in use by a long transaction"),
        ):
            columns.add_column(database, "auth0_role")
    finally:
        reader.close()
    columns.add_column(database, "auth0_role")
    assert "auth0_role" in columns.column_names(database)
    assert rows(database, "SELECT @@SESSION.lock_wait_timeout > 3") == [[(1,)]]


def test_a_server_that_refuses_the_clause_still_changes_the_table(database_variant: Make) -> None:
    database = database_variant("complete")
    if database.vendor != "mysql":
        pytest.skip("the clauses are MariaDB's and MySQL's")

    ddl.change_table(
        database,
        "ALTER TABLE employees MODIFY achievement_points BIGINT NOT NULL DEFAULT 0",
        "ALGORITHM=INSTANT",
    )

    kind = "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() "
    assert rows(database, kind + "AND column_name = 'achievement_points'") == [[("bigint",)]]


@pytest.mark.django_db
def test_an_unknown_server_without_the_tables_is_refused_by_name() -> None:
    with (
        mock.patch("employees.shared_tables.missing_tables", return_value=["employees"]),
        mock.patch.object(connection, "vendor", "mysql"),
        mock.patch.dict(connection.settings_dict, NAME="payroll"),
        pytest.raises(CommandError, match="'payroll' has no table employees"),
    ):
        create_where_absent(connection)


@override_settings(CREATE_SHARED_TABLES=True)
def test_the_tables_are_created_where_that_was_asked_for(database_variant: Make) -> None:
    database = database_variant("complete")
    run(database, "DROP TABLE employee_podfactory_mapping_v2")

    with mock.patch.dict(database.settings_dict, NAME="payroll"):
        create_where_absent(database)

    assert missing_tables(database) == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "employees", check=True, dry_run=True, verbosity=0)
