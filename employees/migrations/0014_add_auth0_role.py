"""Add employees.auth0_role where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0013_add_auth0_sync_status")]
    operations = [migrations.RunPython(adds("auth0_role"), drops("auth0_role"))]
