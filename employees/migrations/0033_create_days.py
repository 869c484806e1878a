"""What the totals were at the beginning and the end of each day."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("employees", "0032_create_counters")]

    operations = [
        migrations.CreateModel(
            name="Day",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("began", models.JSONField()),
                ("latest", models.JSONField()),
            ],
            options={"db_table": "console_days"},
        ),
    ]
