"""The console's settings for tests: nothing is taken from the developer's own environment.

TEST_DATABASE_URL chooses the server (default: SQLite); its databases are named
``test_identity_console*``.
"""

import os
import tempfile
from pathlib import Path

KEPT = {"TEST_DATABASE_URL", "TEST_REDIS_URL"}
NAMES = {
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "TRUSTED_PROXIES",
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "ENVIRONMENT_NAME",
    "LEGACY_TIME_ZONE",
    "LOG_FORMAT",
    "WORKSPACE_TIME_ZONES",
    "PLACEHOLDER_EMAIL_DOMAINS",
    "DEPARTMENT_CODES",
    "CREATE_SHARED_TABLES",
    "KIOSK_IDLE_SECONDS",
    "SESSION_IDLE_MINUTES",
    "KIOSK_OPEN",
    "SHOP_FLOOR_URL",
    "ALERT_EMAILS",
    "ALERT_WEBHOOK_URL",
    "ALERT_HEARTBEAT_URL",
    "ALERT_QUIET_HOURS",
}
for name in list(os.environ):
    plain = name.removesuffix("_FILE")
    if plain in NAMES or plain.startswith(("AUTH0_", "METRICS_", "QUEUE_")):
        del os.environ[name]

os.environ["ENV_FILE"] = os.devnull
os.environ["SECRET_KEY"] = "only-for-tests-0123456789-0123456789-0123456789-0123456789"
os.environ["EMAIL_URL"] = "consolemail://"
# Who tries the reading of Auth0's log says so: elsewhere it would be one more call.
os.environ["AUTH0_LOG_POLL_SECONDS"] = "0"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
# No test speaks TLS to the world, and reading its authorities takes 20 ms for each HTTP client.
os.environ["SSL_CERT_DIR"] = os.devnull
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from identity_console.settings import *  # noqa: E402, F403
from identity_console.settings import DATABASES  # noqa: E402

if "sqlite" in str(DATABASES["default"]["ENGINE"]):
    # A file, not memory: workers and tests are processes and threads of their own.
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.gettempdir()) / f"test_identity_console_{os.getpid()}.sqlite3")
    }
SECURE_SSL_REDIRECT = False
WHITENOISE_AUTOREFRESH = True  # there is no staticfiles/ to be read at start
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
