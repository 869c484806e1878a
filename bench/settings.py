"""The console's settings with one more page: the form saved the old way, to compare with.

Nothing else differs, so the two ways run in one process on the same stack. Only the bench names
this module in DJANGO_SETTINGS_MODULE.
"""

from identity_console.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
