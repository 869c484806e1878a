"""Some installations lack employees.department."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0005_add_notes")]
    operations = [migrations.RunPython(adds("department"), drops("department"))]
