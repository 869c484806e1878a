"""Differences are counted by kind, and carried out by person, from indexes: there may be 100,000."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('auth0sync', '0019_index_the_log')]

    operations = [
        migrations.AddIndex(
            model_name='difference',
            index=models.Index(
                fields=['state', 'kind', 'field', 'id', 'employee_id'], name='auth0_difference_group'
            ),
        ),
        migrations.AddIndex(
            model_name='difference',
            index=models.Index(
                fields=['state', 'employee_id', 'applied_at'], name='auth0_difference_sweep'
            ),
        ),
    ]
