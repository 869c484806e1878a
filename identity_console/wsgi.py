"""The WSGI application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from identity_console.environment import explain_and_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")

with explain_and_exit():
    application = get_wsgi_application()
