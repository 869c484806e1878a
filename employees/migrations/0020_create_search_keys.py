"""How people are recognised when they come back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('employees', '0019_index_login_tokens')]

    operations = [
        migrations.CreateModel(
            name='SearchKey',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('employee_id', models.IntegerField()),
                ('key', models.CharField(max_length=210)),
            ],
            options={
                'db_table': 'employee_search_keys',
                'indexes': [models.Index(fields=['employee_id'], name='employee_search_person')],
                'constraints': [models.UniqueConstraint(fields=('key', 'employee_id'), name='employee_search_key')],
            },
        ),
    ]
