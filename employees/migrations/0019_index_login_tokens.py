"""A kiosk's session is found by an index."""

from django.db import migrations

from employees.token_index import add_index, drop_index


def add(apps, schema_editor):
    add_index(schema_editor.connection)


def drop(apps, schema_editor):
    drop_index(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0018_create_pin_tries")]
    operations = [migrations.RunPython(add, drop)]
