"""Some installations lack employees.grace_period_end."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0006_add_department")]
    operations = [migrations.RunPython(adds("grace_period_end"), drops("grace_period_end"))]
