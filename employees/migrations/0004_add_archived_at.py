"""Some installations lack employees.archived_at."""

from django.db import migrations

from employees.columns import adds, drops


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL don't roll DDL back
    dependencies = [("employees", "0003_create_invitation_choice")]
    operations = [migrations.RunPython(adds("archived_at"), drops("archived_at"))]
