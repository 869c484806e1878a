"""The keys by which alike names are found, for those who are known already."""

from django.db import migrations

PAGE = 200  # people in one transaction


def add_pairs(apps, schema_editor):
    from employees.rehire import add_keys  # idempotent: where this was broken off it begins anew

    snapshots = apps.get_model("employees", "Snapshot").objects.order_by("pk")
    last = 0
    while page := list(snapshots.filter(pk__gt=last)[:PAGE]):
        add_keys({snapshot.pk: snapshot.values for snapshot in page})
        last = page[-1].pk


def remove_pairs(apps, schema_editor):
    keys = apps.get_model("employees", "SearchKey").objects
    keys.filter(key__gte="pair:", key__lt="pair;").delete()


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('employees', '0027_create_reviews'),
    ]

    operations = [
        migrations.RunPython(add_pairs, remove_pairs),
    ]
