"""The doctor's lines that a database of its own makes: columns, and the time zone of sessions."""

import pytest
from django.db import connection

from auth0sync import doctor_database
from auth0sync.doctor_visit import Visit

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_column_that_is_missing_is_red_until_it_is_there_again() -> None:
    assert doctor_database.columns(Visit()).state == "ok"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE employees RENAME COLUMN notes TO notes_elsewhere")
        try:
            red = doctor_database.columns(Visit())
        finally:
            cursor.execute("ALTER TABLE employees RENAME COLUMN notes_elsewhere TO notes")

    assert red.state == "fault"
    assert red.text == "employees: the column notes is missing."
    assert "migrate" in red.mend
    assert doctor_database.columns(Visit()).state == "ok"


@pytest.mark.skipif("connection.vendor != 'mysql'", reason="only on MariaDB")
def test_a_session_in_another_time_zone_is_red() -> None:
    assert "MariaDB" in doctor_database.database(Visit()).text
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone='-05:00'")
        try:
            found = doctor_database.database(Visit())
        finally:
            cursor.execute("SET time_zone='+00:00'")

    assert found.state == "fault"
    assert "time zone -05:00" in found.text
    assert doctor_database.database(Visit()).state == "ok"


@pytest.mark.skipif("connection.vendor != 'mysql'", reason="only on MariaDB")
def test_the_disk_of_a_database_server_is_not_seen() -> None:
    assert "That of the database server isn't seen." in doctor_database.disk(Visit()).text
