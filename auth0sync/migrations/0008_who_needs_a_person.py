"""Keep with each account why, and since when, a person has to look at it.

So that the list of them, and their number on every page, is read from an index. Filled here for the
accounts that are there already; those without an e-mail are known by their row.
"""

from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce, Now

FAILED, MAIL, EMAIL = 2, 3, 4


def fill(apps, schema_editor):
    accounts = apps.get_model("auth0sync", "Account").objects.filter(done_seq=F("due_seq"))
    rows = apps.get_model("employees", "Employee").objects
    asking = rows.filter(
        is_active=True,
        archived_at__isnull=True,
        auth_method__in=["auth0", "hybrid"],
        auth0_sync_status__isnull=True,
    )
    since = Coalesce("error_at", "seen_at", Now())
    accounts.filter(origin="", error_code="", employee_id__in=asking.values("pk")).update(
        attention=EMAIL, attention_at=Now()
    )
    accounts.filter(invitation="failed").update(attention=MAIL, attention_at=since)
    accounts.exclude(error_code="").update(attention=FAILED, attention_at=since)


class Migration(migrations.Migration):

    dependencies = [
        ("auth0sync", "0007_conflicts_and_pauses"),
        ("employees", "0021_create_sent_forms"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="attention",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "the account of somebody who left isn't shut"),
                    (2, "the account isn't as the row wants it"),
                    (3, "the mail wasn't sent"),
                    (4, "there is no e-mail to make an account for"),
                    (5, "the row was deleted, the account is shut"),
                ],
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="attention_at",
            field=models.DateTimeField(null=True, verbose_name="needs attention since"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["attention", "attention_at"], name="auth0_account_attention"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
