"""Add employees.auth_method where it is missing."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0009_make_auth0_user_id_unique")]
    operations = [migrations.RunPython(adds("auth_method"), drops("auth_method"))]
