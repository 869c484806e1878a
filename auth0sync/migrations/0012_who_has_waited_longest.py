from typing import Any

from django.db import migrations, models


def wait_since_they_are_due(apps: Any, schema_editor: Any) -> None:
    """Whoever isn't done when this is installed waits since the time they are due."""
    accounts = apps.get_model("auth0sync", "Account").objects
    waiting = accounts.filter(waiting_since=None).exclude(done_seq=models.F("due_seq"))
    waiting.update(waiting_since=models.F("due_at"))


class Migration(migrations.Migration):
    dependencies = [("auth0sync", "0011_remember_the_tenant")]

    operations = [
        migrations.RunPython(wait_since_they_are_due, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["priority", "waiting_since", "due_at"], name="auth0_account_order"
            ),
        ),
    ]
