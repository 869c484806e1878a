"""The console's settings with one more page: the form saved the old way, to compare with.

And each answer says how many queries it took.

Nothing else differs, so the two ways run in one process on the same stack, but for bcrypt's check,
which costs the same some 60 ms everywhere: it is taken out, so that the kiosk's own share can be
seen. Only the bench names this module in DJANGO_SETTINGS_MODULE.
"""

import os
from unittest import mock

import bcrypt

from identity_console import settings
from identity_console.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
MIDDLEWARE = ["bench.queries.counted", *settings.MIDDLEWARE]
if os.environ.get("DJANGO_SETTINGS_MODULE") == __name__:  # not where a test looks at this module
    mock.patch.object(bcrypt, "checkpw", lambda pin, hashed: pin == b"7391").start()
