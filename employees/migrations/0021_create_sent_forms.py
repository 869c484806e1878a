"""Forms that were sent, so that a double click adds one person."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('employees', '0020_create_search_keys')]

    operations = [
        migrations.CreateModel(
            name='SentForm',
            fields=[
                ('key', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('employee_id', models.IntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'employee_sent_forms',
                'indexes': [models.Index(fields=['at'], name='employee_sent_forms_at')],
            },
        ),
    ]
