"""Where people are signed in to the console, so that it can be shown and ended."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0021_create_sent_forms'),
        ('sessions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsoleSession',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('session_key', models.CharField(max_length=40, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='console_sessions', to=settings.AUTH_USER_MODEL)),
                ('started_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('address', models.CharField(max_length=45)),
                ('browser', models.CharField(max_length=60)),
            ],
            options={
                'db_table': 'console_sessions',
                'indexes': [
                    models.Index(fields=['-seen_at'], name='console_sessions_seen_at'),
                    models.Index(fields=['started_at'], name='console_sessions_started_at'),
                ],
            },
        ),
    ]
