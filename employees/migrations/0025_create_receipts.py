"""The lock-out receipts of people who left."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0024_create_planned_moves'),
    ]

    operations = [
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('employee_id', models.IntegerField()),
                ('began_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('try_at', models.DateTimeField(null=True)),
                ('completed_at', models.DateTimeField(null=True)),
                ('brought_back_at', models.DateTimeField(null=True)),
                ('change', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='receipt', to='employees.change')),
            ],
            options={
                'verbose_name': 'lock-out receipt',
                'db_table': 'employee_receipts',
            },
        ),
        migrations.CreateModel(
            name='ReceiptDoor',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20)),
                ('outcome', models.CharField(choices=[('waiting', 'Waits'), ('open', 'Open'), ('closed', 'Closed'), ('absent', 'There is none'), ('not_in_plan', 'Not in this plan'), ('left_alone', 'Left alone')], default='waiting', max_length=11)),
                ('closed_at', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('live_until', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('receipt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doors', to='employees.receipt')),
            ],
            options={
                'db_table': 'employee_receipt_doors',
            },
        ),
        migrations.AddIndex(
            model_name='receipt',
            index=models.Index(fields=['employee_id', '-id'], name='employee_receipts_person'),
        ),
        migrations.AddIndex(
            model_name='receipt',
            index=models.Index(fields=['try_at'], name='employee_receipts_try_at'),
        ),
        migrations.AddConstraint(
            model_name='receiptdoor',
            constraint=models.UniqueConstraint(fields=('receipt', 'name'), name='employee_receipt_door'),
        ),
    ]
