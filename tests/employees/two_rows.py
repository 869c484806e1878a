"""The shared table as some installations have it: two auth rows for one person are allowed."""

from django.db import connection

from employees.models import EmployeeAuth
from employees.shared_tables import statements
from tests.builders import CommittedTestCase

APART = {
    "mysql": [
        "ALTER TABLE employee_auth ADD KEY idx_employee_auth_employee (employee_id), "
        "DROP KEY uq_employee_auth_employee"
    ],
    # SQLite can't drop a key that was made with its table: another table takes the place.
    "sqlite": [
        "ALTER TABLE employee_auth RENAME TO employee_auth_with_key",
        dict(statements("sqlite"))["employee_auth"].replace("UNIQUE REFERENCES", "REFERENCES"),
    ],
}
BACK = {
    "mysql": [
        "ALTER TABLE employee_auth ADD UNIQUE KEY uq_employee_auth_employee (employee_id), "
        "DROP KEY idx_employee_auth_employee"
    ],
    "sqlite": [
        "DROP TABLE employee_auth",
        "ALTER TABLE employee_auth_with_key RENAME TO employee_auth",
    ],
}


class TwoRowsTestCase(CommittedTestCase):
    """Without the unique key on ``employee_auth.employee_id`` while a test runs."""

    def setUp(self) -> None:
        run(*APART[connection.vendor])
        self.addCleanup(run, *BACK[connection.vendor])
        self.addCleanup(EmployeeAuth.objects.all().delete)
        super().setUp()


def run(*sql: str) -> None:
    """Execute statements as they are."""
    with connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)
