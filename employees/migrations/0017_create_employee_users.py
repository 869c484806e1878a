"""Which Django user an employee is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('employees', '0016_create_snapshots'),
    ]

    operations = [
        migrations.CreateModel(
            name='EmployeeUser',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='employee_link', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('role', models.CharField(default='production_associate', max_length=50)),
                ('signed_in_at', models.DateTimeField(null=True)),
                ('employee', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='user_link', to='employees.employee')),
            ],
            options={
                'db_table': 'employee_user',
            },
        ),
    ]
