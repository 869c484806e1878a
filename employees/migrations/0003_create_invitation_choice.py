"""How somebody is invited; a reverse keeps what was chosen."""

from django.db import migrations, models

from employees.columns import keep_invitations, restore_invitations


def restore(apps, schema_editor):
    restore_invitations(schema_editor.connection)


def keep(apps, schema_editor):
    keep_invitations(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("employees", "0002_create_bookkeeping")]
    operations = [
        migrations.CreateModel(
            name="InvitationChoice",
            fields=[
                ("employee_id", models.IntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("work", "To the work e-mail"), ("personal", "To the personal e-mail"), ("auth0", "Auth0 sends its own verification mail"), ("verified", "No mail: the e-mail is known to be theirs"), ("none", "Not yet")], default="work", max_length=10)),
            ],
            options={"db_table": "employee_invitation"},
        ),
        migrations.RunPython(restore, keep),
    ]
