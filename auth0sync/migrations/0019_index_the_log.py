"""The sync log is filtered by indexes: it may hold millions of rows."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('auth0sync', '0017_comparison')]

    operations = [
        migrations.AddIndex(
            model_name='synclog',
            index=models.Index(fields=['status', '-id'], name='auth0_log_status'),
        ),
        migrations.AddIndex(
            model_name='synclog',
            index=models.Index(fields=['action', '-id'], name='auth0_log_action'),
        ),
    ]
