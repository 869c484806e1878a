"""The totals of what is counted, which nothing ever lowers."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("employees", "0031_read_outside_changes_by_time")]

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("series", models.CharField(max_length=190, primary_key=True, serialize=False)),
                ("total", models.FloatField(default=0)),
            ],
            options={"db_table": "console_counters"},
        ),
    ]
