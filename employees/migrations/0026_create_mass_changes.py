"""Mass changes: a file or choice of people, its rows, and what was uploaded."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0025_create_receipts'),
    ]

    operations = [
        migrations.CreateModel(
            name='MassChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('import', 'Import'), ('enrolment', 'Enrolment')], max_length=10)),
                ('state', models.CharField(choices=[('reading', 'is being read'), ('preview', 'waits to be confirmed'), ('working', 'is being carried out'), ('done', 'carried out'), ('undoing', 'is being undone'), ('undone', 'undone'), ('failed', 'could not be read'), ('discarded', 'discarded')], default='reading', max_length=9)),
                ('title', models.CharField(max_length=200)),
                ('options', models.JSONField(default=dict)),
                ('recognised', models.JSONField(default=dict)),
                ('summary', models.JSONField(default=dict)),
                ('begun_by', models.CharField(max_length=100)),
                ('begun_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_by', models.CharField(blank=True, max_length=100)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('undone_by', models.CharField(blank=True, max_length=100)),
                ('ended_at', models.DateTimeField(null=True)),
                ('batch', models.CharField(max_length=32)),
                ('undo_batch', models.CharField(blank=True, max_length=32)),
                ('version', models.PositiveIntegerField(default=1)),
                ('failure', models.CharField(blank=True, max_length=500)),
                ('is_stale', models.BooleanField(default=False)),
                ('pruned_at', models.DateTimeField(null=True)),
                ('lease', models.CharField(blank=True, max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('woken_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'import',
                'db_table': 'employee_mass_changes',
            },
        ),
        migrations.CreateModel(
            name='MassRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('line', models.PositiveIntegerField()),
                ('cells', models.JSONField(default=list)),
                ('values', models.JSONField(default=dict)),
                ('before', models.JSONField(default=dict)),
                ('outcome', models.CharField(choices=[('new', 'New'), ('change', 'Change'), ('back', 'Back'), ('nothing', 'Nothing to do'), ('question', 'Question'), ('skip', 'Left out'), ('problem', 'Problem')], max_length=8)),
                ('asks', models.BooleanField(default=False)),
                ('choices', models.JSONField(default=list)),
                ('is_risky', models.BooleanField(default=False)),
                ('employee_id', models.IntegerField(null=True)),
                ('key', models.CharField(blank=True, max_length=255)),
                ('field', models.CharField(blank=True, max_length=40)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('state', models.CharField(choices=[('waiting', 'Not yet'), ('done', 'Done'), ('refused', 'Refused'), ('undone', 'Undone'), ('kept', 'Not undone')], default='waiting', max_length=7)),
                ('done_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'employee_mass_rows',
            },
        ),
        migrations.AlterField(
            model_name='change',
            name='source',
            field=models.CharField(choices=[('admin', 'in the console'), ('kiosk', 'at the kiosk'), ('program', 'by a command'), ('plan', 'as planned'), ('import', 'by an import'), ('enrolment', 'by an enrolment'), ('sql', 'by another program')], max_length=10),
        ),
        migrations.CreateModel(
            name='MassFile',
            fields=[
                ('change', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='uploaded', serialize=False, to='employees.masschange')),
                ('content', models.BinaryField()),
            ],
            options={
                'db_table': 'employee_mass_files',
            },
        ),
        migrations.AddIndex(
            model_name='masschange',
            index=models.Index(fields=['state', 'lease_until'], name='employee_mass_state'),
        ),
        migrations.AddIndex(
            model_name='masschange',
            index=models.Index(fields=['kind', '-id'], name='employee_mass_kind'),
        ),
        migrations.AddField(
            model_name='massrow',
            name='change',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='employees.masschange'),
        ),
        migrations.AddIndex(
            model_name='massrow',
            index=models.Index(fields=['change', 'outcome', 'line'], name='employee_mass_row_outcome'),
        ),
        migrations.AddIndex(
            model_name='massrow',
            index=models.Index(fields=['change', 'state', 'outcome'], name='employee_mass_row_state'),
        ),
        migrations.AddIndex(
            model_name='massrow',
            index=models.Index(fields=['change', 'key'], name='employee_mass_row_key'),
        ),
        migrations.AddIndex(
            model_name='massrow',
            index=models.Index(fields=['change', 'employee_id'], name='employee_mass_row_person'),
        ),
        migrations.AddConstraint(
            model_name='massrow',
            constraint=models.UniqueConstraint(fields=('change', 'line'), name='employee_mass_row_line'),
        ),
    ]
