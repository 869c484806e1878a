"""Wrong PINs are counted, so that nobody can try all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0017_create_employee_users'),
    ]

    operations = [
        migrations.CreateModel(
            name='PinTries',
            fields=[
                ('number', models.IntegerField(primary_key=True, serialize=False)),
                ('wrong', models.PositiveIntegerField()),
                ('wait_until', models.DateTimeField(null=True)),
                ('forget_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'pin_tries',
                'indexes': [models.Index(fields=['forget_at'], name='pin_tries_forget_at')],
            },
        ),
    ]
