"""One Auth0 account belongs to one employee."""

from django.db import migrations

from employees.columns import add_unique_key, drop_unique_key


def add(apps, schema_editor):
    add_unique_key(schema_editor.connection)


def drop(apps, schema_editor):
    drop_unique_key(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0008_add_auth0_user_id")]
    operations = [migrations.RunPython(add, drop)]
