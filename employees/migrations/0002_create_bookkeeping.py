"""Remember which columns were added here, and what a reverse must put back. A reverse keeps both."""

from django.db import migrations

from employees.columns import create_bookkeeping


def create(apps, schema_editor):
    create_bookkeeping(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("employees", "0001_create_shared_tables")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
