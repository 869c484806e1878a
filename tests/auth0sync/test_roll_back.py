"""Back to before the console, as the runbook says it, and forward again (requirement A17)."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker, Settings

from employees.columns import column_names
from tests.employees.variants import ALIAS, LEGACY, OURS, rows, run, variant

FLASK = (
    "INSERT INTO employees (id, name, email, is_active) VALUES (9, 'Nia', 'nia@x.example', 1)",
    "UPDATE employees SET is_active = 0 WHERE id = 9",
    "UPDATE employee_auth SET login_token = 'abc' WHERE employee_id = 1",
)
NIA = "SELECT name, is_active FROM employees WHERE id = 9"
THE_WAY_BACK = (("auth0sync", "zero"), ("employees", "zero"))


def migrate(*arguments: str) -> None:
    call_command("migrate", *arguments, database=ALIAS, verbosity=0)


def installation(database: Any) -> Any:
    return rows(database, "SELECT installation FROM auth0_tenant_state")


@pytest.mark.parametrize("kind", ["complete", "lacking columns"])
def test_the_other_programs_find_everything_as_it_was_before_the_console(
    kind: str,
    tmp_path: Path,
    settings: Settings,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    settings.AUTH0_DOMAIN = "acme.eu.auth0.com"
    with django_db_blocker.unblock(), variant(kind, tmp_path) as database:
        before = column_names(database)
        migrate("employees")
        migrate("auth0sync")
        run(database, *OURS[:1] if kind == "complete" else ())
        people = rows(database, *LEGACY)
        name = installation(database)

        for step in THE_WAY_BACK:
            migrate(*step)

        assert column_names(database) == before
        assert rows(database, *LEGACY) == people
        tables = database.introspection.table_names()
        assert [table for table in tables if table.startswith("auth0_")] == []
        run(database, *FLASK)
        assert rows(database, "SELECT name, is_active FROM employees WHERE id = 9") == [
            [("Nia", 0)]
        ]

        migrate("employees")
        migrate("auth0sync")
        assert installation(database) == name
        assert rows(database, NIA) == [[("Nia", 0)]]


def test_an_upgrade_takes_the_tenant_of_the_settings_for_that_of_the_accounts(
    tmp_path: Path,
    settings: Settings,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    settings.AUTH0_DOMAIN = "acme.eu.auth0.com"
    with django_db_blocker.unblock(), variant("complete", tmp_path) as database:
        before = "0010_switch_and_alerts"
        migrate("auth0sync", before)
        migrate("auth0sync")
        assert rows(database, "SELECT domain FROM auth0_tenant_state") == [[("",)]]

        migrate("auth0sync", before)
        run(
            database,
            "UPDATE auth0_tenant_state SET domain = ''",
            "INSERT INTO auth0_accounts (employee_id, user_id, origin, generation, due_seq, "
            "done_seq, due_by, priority, lease, attempts, fingerprint, email_key, error_code, "
            "error, error_field, mail_kind, invitation, invitation_attempts, invitation_error, "
            "notice_to, held_for, let_through, waits_for, link_to, found, plan_version) "
            "VALUES (1, 'auth0|emp-x-1-1', 'created', 1, 0, 0, '', 2, '', 0, '', '', '', '', '', "
            "'invitation', '', 0, '', '', '', '', '', '', '[]', 1)",
        )
        migrate("auth0sync")

        found = rows(database, "SELECT domain FROM auth0_tenant_state")
        assert found == [[("acme.eu.auth0.com",)]]
