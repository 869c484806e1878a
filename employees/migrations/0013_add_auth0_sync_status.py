"""Add employees.auth0_sync_status where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0012_add_auth0_email_verified_at")]
    operations = [migrations.RunPython(adds("auth0_sync_status"), drops("auth0_sync_status"))]
