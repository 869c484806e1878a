"""``manage.py qcluster`` with a watchdog that loses its patience within seconds."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")
    import django

    django.setup()
    from auth0sync import worker

    worker.BEAT_EVERY_S = 1.0
    worker.DEAD_AFTER_S = 15.0
    from django.core.management import execute_from_command_line

    sys.argv = ["manage.py", "qcluster"]
    execute_from_command_line(sys.argv)
