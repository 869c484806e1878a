"""What the doctor found last, for the page."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth0sync', '0021_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField(null=True)),
                ('asked_by', models.CharField(blank=True, max_length=100)),
                ('began_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('machine', models.CharField(blank=True, max_length=100)),
                ('findings', models.JSONField(default=list)),
            ],
            options={
                'db_table': 'auth0_health',
            },
        ),
    ]
