"""Add employees.auth0_user_id where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0007_add_grace_period_end")]
    operations = [migrations.RunPython(adds("auth0_user_id"), drops("auth0_user_id"))]
