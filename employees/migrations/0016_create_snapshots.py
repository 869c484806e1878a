"""How each row was when the console last looked."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('employees', '0015_create_changes')]

    operations = [
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('employee_id', models.IntegerField(primary_key=True, serialize=False)),
                ('values', models.JSONField()),
            ],
            options={
                'db_table': 'employee_snapshots',
            },
        ),
    ]
