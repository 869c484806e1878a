from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.test import TestCase, override_settings

from employees.models import Employee, EmployeeAuth
from tests.builders import make_auth, make_employee

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def stored(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return str(cursor.fetchone()[0])


class LegacyTimeTests(TestCase):
    @override_settings(LEGACY_ZONE=ZoneInfo("America/Chicago"))
    def test_a_datetime_is_stored_in_the_legacy_zone_and_read_back_as_utc(self) -> None:
        moment = datetime(2025, 1, 10, 18, 0, tzinfo=UTC)
        make_auth(make_employee(), token_expires=moment)

        self.assertTrue(stored("employee_auth", "token_expires").startswith("2025-01-10 12:00"))
        self.assertEqual(EmployeeAuth.objects.get().token_expires, moment)
        self.assertTrue(EmployeeAuth.objects.filter(token_expires__gte=moment).exists())
        self.assertFalse(EmployeeAuth.objects.filter(token_expires__gt=moment).exists())

    def test_a_datetime_of_ours_is_stored_in_utc(self) -> None:
        moment = datetime(2025, 7, 10, 18, 0, 0, 123456, tzinfo=UTC)
        ada = make_employee(auth0_account_created_at=moment)

        self.assertEqual(
            stored("employees", "auth0_account_created_at"), "2025-07-10 18:00:00.123456"
        )
        self.assertEqual(ada.auth0_account_created_at, moment)


class EmployeeRowTests(TestCase):
    def test_an_empty_status_is_read_as_none(self) -> None:
        ada = make_employee()
        ada.auth0_sync_status = ""
        ada.save(update_fields=["auth0_sync_status"])

        self.assertIsNone(Employee.objects.get().auth0_sync_status)

    def test_the_insert_of_another_program_gets_every_default(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO employees (email, name, hire_date, connecteam_user_id, is_active) "
                "VALUES ('9@company.com', 'Nightly Sync', '2025-01-01', '9', 1)"
            )

        row = Employee.objects.get(name="Nightly Sync")

        self.assertEqual((row.auth_method, row.auth0_role), ("pin", "production_associate"))
        self.assertEqual((row.auth0_user_id, row.auth0_sync_status), (None, None))

    def test_a_change_by_another_program_moves_updated_at(self) -> None:
        ada = make_employee(updated_at=LONG_AGO)

        Employee.objects.filter(pk=ada.pk).update(name="Ada New")

        ada.refresh_from_db()
        assert ada.updated_at is not None
        self.assertGreater(ada.updated_at, LONG_AGO)

    def test_a_change_to_the_same_value_does_not(self) -> None:
        ada = make_employee(updated_at=LONG_AGO)

        Employee.objects.filter(pk=ada.pk).update(name=ada.name)

        ada.refresh_from_db()
        self.assertEqual(ada.updated_at, LONG_AGO)

    def test_a_person_prints_with_their_number(self) -> None:
        ada = make_employee(name="Ada Quill")
        self.assertEqual(str(ada), f"Ada Quill ({ada.pk})")
