"""The history of people."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('employees', '0014_add_auth0_role')]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('employee_id', models.IntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor', models.CharField(blank=True, max_length=100)),
                ('source', models.CharField(choices=[('admin', 'in the console'), ('kiosk', 'at the kiosk'), ('program', 'by a command'), ('sql', 'by another program')], max_length=10)),
                ('action', models.CharField(max_length=30)),
                ('changes', models.JSONField(default=dict)),
                ('batch', models.CharField(blank=True, max_length=32)),
            ],
            options={
                'verbose_name': 'change',
                'db_table': 'employee_changes',
                'indexes': [models.Index(fields=['employee_id', '-id'], name='employee_changes_person'), models.Index(fields=['batch'], name='employee_changes_batch')],
            },
        ),
    ]
