"""Kiosks are enrolled, and wrong PINs are counted by door; who waits now is forgotten once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0022_create_console_sessions'),
    ]

    operations = [
        migrations.DeleteModel(
            name='PinTries',
        ),
        migrations.CreateModel(
            name='PinTries',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('scope', models.CharField(max_length=60)),
                ('number', models.IntegerField()),
                ('wrong', models.PositiveIntegerField()),
                ('wait_until', models.DateTimeField(null=True)),
                ('forget_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'pin_budgets',
                'constraints': [models.UniqueConstraint(fields=('number', 'scope'), name='pin_budgets_door')],
                'indexes': [models.Index(fields=['forget_at'], name='pin_budgets_forget_at')],
            },
        ),
        migrations.CreateModel(
            name='Kiosk',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=40, unique=True)),
                ('workspace', models.CharField(blank=True, choices=[('MS', 'Mississippi'), ('TX', 'Texas')], max_length=10)),
                ('helper', models.CharField(blank=True, max_length=80, verbose_name='who helps here')),
                ('code_hash', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('code_until', models.DateTimeField(editable=False, null=True)),
                ('key_hash', models.CharField(editable=False, max_length=64, null=True)),
                ('enrolled_at', models.DateTimeField(editable=False, null=True, verbose_name='set up')),
                ('seen_at', models.DateTimeField(editable=False, null=True, verbose_name='last seen')),
            ],
            options={
                'db_table': 'kiosks',
                'verbose_name': 'kiosk',
            },
        ),
    ]
