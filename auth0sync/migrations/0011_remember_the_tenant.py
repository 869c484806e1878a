"""Where accounts exist already, the tenant that is set up now is the one they were made in."""

from django.conf import settings
from django.db import migrations


def remember(apps, schema_editor):
    alias = schema_editor.connection.alias
    accounts = apps.get_model("auth0sync", "Account").objects.using(alias)
    if accounts.exclude(origin="").exists():
        state = apps.get_model("auth0sync", "TenantState").objects.using(alias)
        state.filter(pk=1, domain="").update(domain=settings.AUTH0_DOMAIN)


class Migration(migrations.Migration):
    dependencies = [("auth0sync", "0010_switch_and_alerts")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
