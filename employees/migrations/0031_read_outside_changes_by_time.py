"""An index that pages through the latest changes of a source, and the keys of names anew.

Names with another apostrophe than ' and names with vowel marks, such as in Devanagari, have other
search keys than before.
"""

from importlib import import_module

from django.db import migrations, models

# Adds the keys that are missing; those of before lead nowhere and go with the next change.
add_keys = import_module("employees.migrations.0029_pair_names").add_pairs


class Migration(migrations.Migration):

    atomic = False
    dependencies = [("employees", "0030_find_people_as_podfactory_does")]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(fields=["source", "at"], name="employee_changes_latest"),
        ),
        migrations.RemoveIndex(model_name="change", name="employee_changes_source"),
        migrations.RunPython(add_keys, migrations.RunPython.noop),
    ]
