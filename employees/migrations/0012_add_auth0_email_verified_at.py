"""Add employees.auth0_email_verified_at where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0011_add_auth0_account_created_at")]
    operations = [migrations.RunPython(adds("auth0_email_verified_at"), drops("auth0_email_verified_at"))]
