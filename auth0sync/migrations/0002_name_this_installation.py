"""Give the installation its random name, and keep that name when the app is taken away.

The name is written into every account. If it came out differently after a reverse, all accounts
would look like another installation's.
"""

from django.db import migrations

from employees.columns import create_bookkeeping

KEPT = "auth0_installation"


def name_installation(apps, schema_editor):
    connection = schema_editor.connection
    create_bookkeeping(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM kept_values WHERE column_name = %s", [KEPT])
        kept = cursor.fetchone()
        cursor.execute("DELETE FROM kept_values WHERE column_name = %s", [KEPT])
    state = apps.get_model("auth0sync", "TenantState")
    state.objects.using(connection.alias).get_or_create(pk=1, defaults={"installation": kept[0]} if kept else {})
    bucket = apps.get_model("auth0sync", "Bucket")
    bucket.objects.using(connection.alias).get_or_create(pk="management")


def keep_name(apps, schema_editor):
    state = apps.get_model("auth0sync", "TenantState")
    state = state.objects.using(schema_editor.connection.alias).filter(pk=1).first()
    if state is None:
        return
    create_bookkeeping(schema_editor.connection)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM kept_values WHERE column_name = %s", [KEPT])
        cursor.execute(
            "INSERT INTO kept_values (employee_id, column_name, value) VALUES (0, %s, %s)",
            [KEPT, state.installation],
        )


class Migration(migrations.Migration):
    atomic = False  # creating the bookkeeping tables ends a transaction on MariaDB and MySQL

    dependencies = [("auth0sync", "0001_initial")]

    operations = [migrations.RunPython(name_installation, keep_name)]
