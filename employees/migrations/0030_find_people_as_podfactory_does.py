"""Keys by which an index finds whom PodFactory may mean, for people who were here before."""

from django.db import migrations

from employees.podfactory import rough_keys

PAGE = 150  # people, at three keys each: a write transaction stays below 500 rows


def add_keys(apps, schema_editor):
    """From the snapshots, whose names the history's writer keeps these keys for. Can be cut off."""
    SearchKey = apps.get_model("employees", "SearchKey")
    Snapshot = apps.get_model("employees", "Snapshot")
    alias, last = schema_editor.connection.alias, 0
    while True:
        known = Snapshot.objects.using(alias).filter(pk__gt=last).order_by("pk")
        page = list(known.values_list("pk", "values")[:PAGE])
        if not page:
            return
        keys = [(pk, key) for pk, row in page for key in sorted(rough_keys(row.get("name")))]
        SearchKey.objects.using(alias).bulk_create(
            [SearchKey(employee_id=pk, key=f"pod:{key}") for pk, key in keys], ignore_conflicts=True
        )
        last = page[-1][0]


def remove_keys(apps, schema_editor):
    alias = schema_editor.connection.alias
    keys = apps.get_model("employees", "SearchKey").objects.using(alias)
    keys.filter(key__startswith="pod:").delete()


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('employees', '0029_pair_names')]

    operations = [migrations.RunPython(add_keys, remove_keys)]
