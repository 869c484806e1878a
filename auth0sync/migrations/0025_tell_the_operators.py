"""What the operators are told becomes rows of its own, and an incident remembers how it went."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth0sync', '0024_when_people_arrive'),
    ]

    operations = [
        migrations.AddField(
            model_name='incident',
            name='gone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='log_from',
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='incident',
            name='returns',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='incident',
            name='text',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='tenantstate',
            name='answered_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='tenantstate',
            name='looked_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='tenantstate',
            name='watched_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.CreateModel(
            name='Telling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('mail', 'e-mail'), ('webhook', 'webhook')], max_length=10)),
                ('key', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('begun', 'begun'), ('over', 'over')], max_length=10)),
                ('subject', models.CharField(max_length=300)),
                ('text', models.TextField()),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('held', models.BooleanField(default=False)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('claim', models.CharField(blank=True, max_length=32)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('sent_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'auth0_tellings',
                'indexes': [models.Index(fields=['sent_at', 'due_at'], name='auth0_telling_due')],
            },
        ),
    ]
