from collections.abc import Callable
from io import StringIO
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TestCase

from employees.checks import check_shared_tables
from employees.tables import findings
from tests.builders import make_employee
from tests.employees.variants import ALIAS, migrate, run

Make = Callable[[str], BaseDatabaseWrapper]


def codes(database: BaseDatabaseWrapper) -> list[str]:
    return [found.code for found in findings(database)]


class CheckTablesTests(TestCase):
    def test_a_healthy_database_is_one_line_a_table(self) -> None:
        out = StringIO()

        call_command("check_tables", stdout=out)

        self.assertEqual(
            out.getvalue().splitlines(),
            [
                "role_configs: as expected",
                "employees: as expected",
                "employee_auth: as expected",
                "employee_podfactory_mapping_v2: as expected",
            ],
        )

    def test_what_must_be_mended_fails_the_command(self) -> None:
        first, second = (
            make_employee(email="ada@example.com"),
            make_employee(email=" Ada@example.com"),
        )
        out = StringIO()

        with self.assertRaisesMessage(CommandError, "To be mended: 1."):
            call_command("check_tables", stdout=out)

        self.assertIn(f"{first.pk} and {second.pk}", out.getvalue())

    def test_the_system_check_reports_the_same_with_ids(self) -> None:
        make_employee(email="ada@example.com")
        make_employee(email=" ada@example.com")

        (message,) = check_shared_tables(databases=["default"])

        self.assertEqual(message.id, "employees.W002")
        self.assertFalse(message.is_serious(30 + 1))

    def test_the_system_check_asks_no_database_that_it_was_not_given(self) -> None:
        with self.assertNumQueries(0):
            self.assertEqual(check_shared_tables(databases=None), [])

    def test_the_system_check_waits_for_the_migrations(self) -> None:
        with (
            mock.patch("employees.checks.migrations_pending", return_value=True),
            mock.patch("employees.checks.findings") as look,
        ):
            self.assertEqual(check_shared_tables(databases=["default"]), [])
        look.assert_not_called()


def test_tables_and_columns_that_are_missing_are_named(database_variant: Make) -> None:
    database = database_variant("complete")
    run(database, "DROP TABLE employee_podfactory_mapping_v2")

    found = {finding.code: str(finding) for finding in findings(database)}

    assert found["E001"].startswith("employee_podfactory_mapping_v2: the table is missing. Run")
    assert "auth0_user_id, auth_method" in found["E002"]
    assert "Run `manage.py migrate`" in found["E002"]


def test_a_column_that_is_not_ours_to_add_is_told_apart(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()
    run(database, "ALTER TABLE employee_auth DROP COLUMN pin_set_at")

    (found,) = findings(database)

    assert found.code == "E002"
    assert "isn't the Productivity Tracker's table" in found.mend


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("complete", []),
        ("lacking columns", []),
        ("earlier integration", ["W001"]),
        ("two auth rows", ["N001"]),
    ],
)
def test_the_variants_are_accepted_with_a_note_or_a_warning(
    database_variant: Make, kind: str, expected: list[str]
) -> None:
    database = database_variant(kind)
    migrate()
    assert codes(database) == expected


def test_plain_passwords_are_counted_but_never_shown(database_variant: Make) -> None:
    database = database_variant("earlier integration")
    migrate()
    run(database, "UPDATE employees SET auth0_password = 'Hunter-2-secret' WHERE id = 1")

    (found,) = findings(database)

    assert "2 passwords" in found.text
    assert "Hunter" not in str(found)


def test_a_lost_unique_key_is_missed(database_variant: Make) -> None:
    database = database_variant("complete")
    migrate()
    on_table = " ON employees" if database.vendor == "mysql" else ""
    run(database, f"DROP INDEX uq_employees_auth0_user_id{on_table}")

    assert codes(database) == ["E006"]
    assert [message.id for message in check_shared_tables(databases=[ALIAS])] == ["employees.E006"]


def test_columns_of_another_type_are_named(database_variant: Make) -> None:
    database = database_variant("complete")
    if database.vendor != "mysql":
        pytest.skip("SQLite's columns take any type")
    migrate()
    run(
        database,
        "ALTER TABLE employees MODIFY auth0_user_id VARCHAR(64) NULL",
        "ALTER TABLE employees MODIFY auth_method VARCHAR(10) NOT NULL DEFAULT 'pin'",
        "ALTER TABLE employees MODIFY auth0_sync_status ENUM('pending','created') NULL",
        "ALTER TABLE employees MODIFY auth0_email_verified_at DATE NULL",
    )

    assert codes(database) == ["E003", "E004", "E004", "E005"]
