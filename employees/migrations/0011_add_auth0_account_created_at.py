"""Add employees.auth0_account_created_at where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0010_add_auth_method")]
    operations = [migrations.RunPython(adds("auth0_account_created_at"), drops("auth0_account_created_at"))]
