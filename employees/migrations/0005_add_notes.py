"""Some installations lack employees.notes."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0004_add_archived_at")]
    operations = [migrations.RunPython(adds("notes"), drops("notes"))]
