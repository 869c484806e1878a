"""The tables shared with the Flask application: taken as they are, created only where allowed."""

import django.db.models.functions.datetime
import employees.fields
from decimal import Decimal
from django.db import migrations, models

from employees.shared_tables import create_where_absent


def create(apps, schema_editor):
    create_where_absent(schema_editor.connection)


class Migration(migrations.Migration):

    initial = True
    atomic = False  # MariaDB and MySQL don't roll DDL back

    dependencies = []

    operations = [
        # Never dropped again: they hold the company's data.
        migrations.RunPython(create, migrations.RunPython.noop),
        migrations.CreateModel(
            name='Employee',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False, verbose_name='number')),
                ('name', models.CharField(max_length=255)),
                ('email', models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name='e-mail')),
                ('personal_email', models.CharField(blank=True, max_length=255, null=True, verbose_name='personal e-mail')),
                ('phone_number', models.CharField(blank=True, max_length=20, null=True, verbose_name='phone')),
                ('department', models.CharField(blank=True, max_length=100, null=True)),
                ('workspace', models.CharField(blank=True, db_default='MS', max_length=10, null=True)),
                ('connecteam_user_id', models.CharField(blank=True, max_length=50, null=True)),
                ('is_active', models.BooleanField(db_default=True, verbose_name='active')),
                ('is_new_employee', models.BooleanField(db_default=False)),
                ('is_contractor', models.BooleanField(db_default=False, verbose_name='contractor')),
                ('hire_date', models.DateField(blank=True, null=True)),
                ('grace_period_end', models.DateField(blank=True, null=True)),
                ('notes', models.TextField(blank=True, null=True)),
                ('current_streak', models.IntegerField(db_default=0)),
                ('achievement_points', models.IntegerField(db_default=0)),
                ('welcome_sent_at', employees.fields.LegacyDateTimeField(blank=True, null=True)),
                ('archived_at', employees.fields.LegacyDateTimeField(blank=True, null=True, verbose_name='archived')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, null=True, verbose_name='added')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, null=True, verbose_name='changed')),
                ('auth0_user_id', models.CharField(blank=True, max_length=255, null=True, unique=True)),
                ('auth_method', models.CharField(choices=[('pin', 'PIN at the kiosk'), ('auth0', 'Auth0 account'), ('hybrid', 'PIN and Auth0 account')], db_default='pin', max_length=10, verbose_name='signs in with')),
                ('auth0_account_created_at', models.DateTimeField(blank=True, null=True)),
                ('auth0_email_verified_at', models.DateTimeField(blank=True, null=True)),
                ('auth0_sync_status', employees.fields.BlankIsNullField(blank=True, choices=[('pending', 'Waiting for the account'), ('created', 'Created, e-mail not verified'), ('verified', 'Verified'), ('failed', 'Needs attention')], default=None, max_length=10, null=True)),
                ('auth0_role', models.CharField(db_default='production_associate', max_length=50, verbose_name='Auth0 role')),
            ],
            options={
                'db_table': 'employees',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='EmployeeAuth',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('pin', models.CharField(blank=True, max_length=255, null=True)),
                ('pin_plain', models.CharField(blank=True, max_length=10, null=True)),
                ('pin_set_at', employees.fields.LegacyDateTimeField(blank=True, null=True)),
                ('login_token', models.CharField(blank=True, max_length=64, null=True)),
                ('token_expires', employees.fields.LegacyDateTimeField(blank=True, null=True)),
                ('last_login', employees.fields.LegacyDateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'employee_auth',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='PodFactoryMapping',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('podfactory_email', models.CharField(blank=True, max_length=255, null=True)),
                ('podfactory_name', models.CharField(blank=True, max_length=255, null=True)),
                ('similarity_score', models.DecimalField(blank=True, decimal_places=3, max_digits=4, null=True)),
                ('confidence_level', models.CharField(blank=True, max_length=16, null=True)),
                ('is_verified', models.BooleanField(db_default=False, verbose_name='verified')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, null=True)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'PodFactory mapping',
                'db_table': 'employee_podfactory_mapping_v2',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='RoleConfig',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('role_name', models.CharField(max_length=50)),
                ('role_type', models.CharField(choices=[('continuous', 'Continuous'), ('batch', 'Batch')], db_default='continuous', max_length=10)),
                ('multiplier', models.DecimalField(db_default=Decimal('1.00'), decimal_places=2, max_digits=4)),
                ('expected_per_hour', models.IntegerField(blank=True, null=True)),
                ('idle_threshold_minutes', models.IntegerField(blank=True, null=True)),
                ('monthly_target', models.IntegerField(blank=True, null=True)),
                ('seconds_per_item', models.IntegerField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'role',
                'db_table': 'role_configs',
                'managed': False,
            },
        ),
    ]
