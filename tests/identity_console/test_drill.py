"""The roll-back drill (requirement A17), on copies of the tables in the forms met in the field."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from employees.columns import column_names
from identity_console.drill.copies import CopyRefused, on_a_copy, pointed_to
from identity_console.drill.steps import DrillFailed, drill
from tests.employees.variants import ALL_OF_OURS, LEGACY, OURS, rows, run, variant


@pytest.fixture
def folder(
    tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Path]:
    with django_db_blocker.unblock():
        yield tmp_path


@contextmanager
def tables_of(kind: str, folder: Path) -> Iterator[None]:
    """The shared tables as other programs left them, behind the default connection."""
    with variant(kind, folder) as tables:
        name = str(tables.settings_dict["NAME"])
        tables.close()
        with pointed_to(connection, name):
            yield


@contextmanager
def in_use(kind: str, folder: Path, *ours: str) -> Iterator[None]:
    """The same after the console has been on them for a while."""
    with tables_of(kind, folder):
        for app in ("employees", "auth0sync"):
            call_command("migrate", app, verbosity=0)
        run(connection, *ours)
        yield


def test_it_goes_back_and_forward_on_a_copy_and_leaves_the_original_alone(folder: Path) -> None:
    with in_use("lacking columns", folder, *OURS):
        before = rows(connection, *LEGACY, *ALL_OF_OURS)
        columns = column_names(connection)

        said = list(drill(connection))

        assert said[-1] == "All is as it was. The copy is dropped."
        assert [line for line in said if line.startswith("Let the other programs work")]
        assert rows(connection, *LEGACY, *ALL_OF_OURS) == before
        assert column_names(connection) == columns


def test_it_names_the_program_that_would_not_work_any_more(folder: Path) -> None:
    with in_use("complete", folder):
        if connection.vendor == "sqlite":
            run(connection, "DROP TRIGGER employees_updated_at")
        run(connection, "ALTER TABLE employees DROP COLUMN welcome_sent_at")

        with pytest.raises(DrillFailed, match="SQL counts streaks and points: "):
            list(drill(connection))

        with on_a_copy(connection):  # that of the drill which failed is gone
            pass


def test_a_copy_that_is_there_already_is_not_written_into(folder: Path) -> None:
    with tables_of("complete", folder):
        people = rows(connection, *LEGACY)
        with on_a_copy(connection) as name:
            assert connection.settings_dict["NAME"] == name
            assert rows(connection, *LEGACY) == people
            original = name.removesuffix("_drill")
            with pointed_to(connection, original):
                with pytest.raises(CopyRefused, match="is there already"):
                    list(drill(connection))

                assert rows(connection, *LEGACY) == people


def test_without_the_shared_tables_it_says_so_before_it_copies_anything(folder: Path) -> None:
    with tables_of("complete", folder):
        run(connection, "DROP TABLE employee_podfactory_mapping_v2")

        with pytest.raises(DrillFailed, match="no table employee_podfactory_mapping_v2"):
            list(drill(connection))
