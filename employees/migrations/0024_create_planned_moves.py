"""What is planned for a later time: somebody joins, or leaves."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0023_create_kiosks'),
    ]

    operations = [
        migrations.AlterField(
            model_name='change',
            name='source',
            field=models.CharField(choices=[('admin', 'in the console'), ('kiosk', 'at the kiosk'), ('program', 'by a command'), ('plan', 'as planned'), ('sql', 'by another program')], max_length=10),
        ),
        migrations.CreateModel(
            name='PlannedMove',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('join', 'joining'), ('leave', 'leaving')], max_length=5)),
                ('at', models.DateTimeField()),
                ('zone', models.CharField(max_length=64)),
                ('is_newcomer', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('planned_by', models.CharField(max_length=100)),
                ('planned_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('state', models.CharField(choices=[('open', 'still to come'), ('done', 'carried out'), ('cancelled', 'cancelled'), ('dropped', 'there was nothing left to do'), ('failed', 'refused when its time had come')], default='open', max_length=9)),
                ('ended_by', models.CharField(blank=True, max_length=100)),
                ('ended_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('employee', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='planned_moves', to='employees.employee')),
            ],
            options={
                'db_table': 'employee_planned_moves',
                'indexes': [models.Index(fields=['state', 'at'], name='employee_planned_moves_due')],
            },
        ),
    ]
