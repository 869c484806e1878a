"""Django's settings, all from the environment.

``.env.example`` lists every name with its unit and default. Each may also be given as
``NAME_FILE``, the path of a file that holds the value. What is wrong is said in one plain
sentence each, and the console doesn't start.
"""

import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

import django_stubs_ext

from employees.redaction import know, secrets_among
from identity_console.environment import Environment, origin
from identity_console.logs import configuration, least_level
from identity_console.theme import theme

django_stubs_ext.monkeypatch()  # ModelAdmin[Employee] and QuerySet[Account] at run time

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR)

# --- The console itself ---------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY and DEBUG:
    SECRET_KEY = "django-insecure-only-for-debug"  # noqa: S105
elif not SECRET_KEY and "SECRET_KEY" not in env.unreadable:
    env.problems.append(
        "SECRET_KEY is missing: set it, or SECRET_KEY_FILE, to at least 50 random characters "
        "(python -c 'import secrets; print(secrets.token_urlsafe(50))')."
    )
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", "127.0.0.1,::1")
ENVIRONMENT_NAME = env.text("ENVIRONMENT_NAME")

INSTALLED_APPS = [
    "identity_console",
    "employees",
    "auth0sync",  # before django_q: `manage.py qcluster` is ours
    "django_q",
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "csp",
    "identity_console.admin_config.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "social_django",
    "axes",
]

MIDDLEWARE = [
    "identity_console.requests.note_request",  # first: it tells a proxy from a caller
    "identity_console.middleware.trust_only_known_proxies",
    "identity_console.headers.ContentSecurityPolicy",
    "identity_console.headers.close_features",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "employees.middleware.hold_to_the_row",
    "employees.middleware.hold_to_the_clock",
    "employees.middleware.tell_local_time",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "employees.middleware.BeginAgain",
]

ROOT_URLCONF = "identity_console.urls"
WSGI_APPLICATION = "identity_console.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(["auth0sync.context.auth0_notices"] if "auth0sync" in INSTALLED_APPS else []),
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Signing in -----------------------------------------------------------------------------

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
if "auth0sync" in INSTALLED_APPS:
    AUTHENTICATION_BACKENDS = [
        "axes.backends.AxesStandaloneBackend",  # first: refuses whoever is locked out
        "auth0sync.login.Auth0",
        "auth0sync.break_glass.LocalAdministrator",
    ]
    SOCIAL_AUTH_PIPELINE = [
        "social_core.pipeline.social_auth.social_details",
        "social_core.pipeline.social_auth.social_uid",
        "social_core.pipeline.social_auth.auth_allowed",
        "auth0sync.login.match_employee",
        "auth0sync.login.user_for_employee",
        "auth0sync.login.associate",
        "auth0sync.login.follow_role",
        "auth0sync.login.notice_verified",
        "auth0sync.login.note_arrival",
    ]
SOCIAL_AUTH_REQUESTS_TIMEOUT = 5  # seconds for all calls of a log-in's call-back together

# A session ends this long after its log-in, whatever happens in between, and when nobody used it
# for SESSION_IDLE_MINUTES.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_MINUTES = env.whole_number("SESSION_IDLE_MINUTES", 60, minimum=5)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from Auth0

# The emergency door: five wrong passwords for one name from one address, then a quarter of an
# hour. By both, so that nobody locks the administrator out from elsewhere.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "auth0sync.break_glass.counted_by"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "auth0sync.break_glass.locked"
AXES_SENSITIVE_PARAMETERS = ["csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Database -------------------------------------------------------------------------------

DATABASES = {
    "default": env.database("DATABASE_URL", f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CREATE_SHARED_TABLES = env.boolean("CREATE_SHARED_TABLES", False)
LEGACY_TIME_ZONE = env.text("LEGACY_TIME_ZONE", "UTC")

# --- Behind https ---------------------------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # see trust_only_known_proxies
SECURE_SSL_REDIRECT = not DEBUG
# Load balancers and Prometheus ask these without https. A redirect would protect no token: it has
# been sent in clear by then.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
# The console is one host: whether its sister hosts have https is not for it to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
X_FRAME_OPTIONS = "DENY"

# --- Mail -----------------------------------------------------------------------------------

EMAIL_URL = env.text("EMAIL_URL")
MAIL_CONFIGURED = bool(EMAIL_URL) or DEBUG  # without it invitations wait, and the pages say so
if EMAIL_URL:
    try:
        vars().update(env.email_url_config(EMAIL_URL))
    except Exception:  # noqa: BLE001  (django-environ lets any parsing error through)
        env.problems.append(
            "EMAIL_URL can't be understood: write smtp+tls://USER:PASSWORD@HOST:587."
        )
else:
    EMAIL_BACKEND = (
        "django.core.mail.backends.console.EmailBackend"
        if DEBUG
        else "django.core.mail.backends.dummy.EmailBackend"
    )
EMAIL_TIMEOUT = 10  # seconds; part of what AUTH0_LEASE_SECONDS has to cover
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Identity console <no-reply@localhost>")
ALERT_EMAILS = env.words("ALERT_EMAILS")
ALERT_WEBHOOK_URL = env.http_address("ALERT_WEBHOOK_URL")
ALERT_HEARTBEAT_URL = env.http_address("ALERT_HEARTBEAT_URL")
ALERT_QUIET_HOURS = env.hours("ALERT_QUIET_HOURS")

# --- People ---------------------------------------------------------------------------------

WORKSPACE_TIME_ZONES = env.pairs("WORKSPACE_TIME_ZONES", "MS=America/Chicago,TX=America/Chicago")
DEFAULT_WORKSPACE_TIME_ZONE = "America/Chicago"
PLACEHOLDER_EMAIL_DOMAINS = [
    domain.lower() for domain in env.words("PLACEHOLDER_EMAIL_DOMAINS", "company.com")
]
DEPARTMENT_CODES = env.pairs("DEPARTMENT_CODES", "Heat Press=HP")
KIOSK_IDLE_SECONDS = env.whole_number("KIOSK_IDLE_SECONDS", 45, minimum=15)
KIOSK_OPEN = env.boolean("KIOSK_OPEN", False)
SHOP_FLOOR_URL = env.http_root("SHOP_FLOOR_URL")

for zone_setting, zone in [
    ("LEGACY_TIME_ZONE", LEGACY_TIME_ZONE),
    *(("WORKSPACE_TIME_ZONES", zone) for zone in WORKSPACE_TIME_ZONES.values()),
]:
    if zone not in available_timezones():
        env.problems.append(
            f"{zone_setting} names an unknown time zone: use a name such as America/Chicago."
        )
LEGACY_ZONE = ZoneInfo(LEGACY_TIME_ZONE if LEGACY_TIME_ZONE in available_timezones() else "UTC")

# --- Queue ----------------------------------------------------------------------------------

QUEUE_BROKER = env.text("QUEUE_BROKER", "orm").lower()
QUEUE_WORKERS = env.whole_number("QUEUE_WORKERS", 2)
REDIS_URL = env.text("REDIS_URL")
if QUEUE_BROKER not in {"orm", "redis"}:
    env.problems.append("QUEUE_BROKER must be orm or redis.")
elif QUEUE_BROKER == "redis" and not REDIS_URL:
    env.problems.append("QUEUE_BROKER is redis, but REDIS_URL is missing.")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    env.problems.append("REDIS_URL must look like redis://HOST:6379/0, rediss:// or unix://.")

REDIS_WAITS = "socket_connect_timeout=3&socket_timeout=3"  # seconds; a longer one of the URL wins

# A task ends by itself after 45 s (auth0sync/tasks.py): the queue's own limits only catch a bug.
Q_CLUSTER = {
    "name": "identity-console",
    "workers": QUEUE_WORKERS,
    "timeout": 55,
    "retry": 200,
    "queue_limit": 1,
    "ack_failures": True,
    "max_attempts": 1,
    "poll": 0.2,
    "save_limit": 100,
    "catch_up": False,
    "label": "Queue",
    # A Redis that doesn't answer holds nobody up: what is due stands in the database.
    **(
        {"redis": f"{REDIS_URL}{'&' if '?' in REDIS_URL else '?'}{REDIS_WAITS}"}
        if QUEUE_BROKER == "redis"
        else {"orm": "default"}
    ),
}

# --- Auth0 ----------------------------------------------------------------------------------

AUTH0_DOMAIN = env.host("AUTH0_DOMAIN")
AUTH0_BASE_URL = env.http_root("AUTH0_BASE_URL") or (
    f"https://{AUTH0_DOMAIN}" if AUTH0_DOMAIN else ""
)
AUTH0_CLIENT_ID = env.text("AUTH0_CLIENT_ID")
AUTH0_CLIENT_SECRET = env.text("AUTH0_CLIENT_SECRET")
AUTH0_LOGIN_CLIENT_ID = env.text("AUTH0_LOGIN_CLIENT_ID")
AUTH0_LOGIN_CLIENT_SECRET = env.text("AUTH0_LOGIN_CLIENT_SECRET")
AUTH0_SETUP_CLIENT_ID = env.text("AUTH0_SETUP_CLIENT_ID")
AUTH0_SETUP_CLIENT_SECRET = env.text("AUTH0_SETUP_CLIENT_SECRET")
AUTH0_CUSTOM_DOMAIN = env.host("AUTH0_CUSTOM_DOMAIN")
AUTH0_API_AUDIENCE = env.text("AUTH0_API_AUDIENCE")
AUTH0_ROLES_CLAIM = env.text("AUTH0_ROLES_CLAIM", "https://identity-console.example.com/roles")
AUTH0_API_TOKEN_SECONDS = env.whole_number("AUTH0_API_TOKEN_SECONDS", 86_400)
AUTH0_CONNECTION = env.text("AUTH0_CONNECTION", "Username-Password-Authentication")
AUTH0_SYNC_ENABLED = env.boolean("AUTH0_SYNC_ENABLED", True)
AUTH0_ENABLE_ROLE_ASSIGNMENT = env.boolean("AUTH0_ENABLE_ROLE_ASSIGNMENT", True)
AUTH0_SEND_VERIFICATION_EMAIL = env.boolean("AUTH0_SEND_VERIFICATION_EMAIL", False)
AUTH0_DELETED_POLICY = env.text("AUTH0_DELETED_POLICY", "ask")
AUTH0_SAFETY_THRESHOLD = env.threshold("AUTH0_SAFETY_THRESHOLD", "5,10%")
LOG_RETENTION_DAYS = env.whole_number("LOG_RETENTION_DAYS", 400, minimum=0)
AUTH0_SWEEP_SECONDS = env.whole_number("AUTH0_SWEEP_SECONDS", 10)
AUTH0_FULL_SWEEP_SECONDS = env.whole_number("AUTH0_FULL_SWEEP_SECONDS", 300)
AUTH0_LEASE_SECONDS = env.whole_number("AUTH0_LEASE_SECONDS", 60)
AUTH0_TIMEOUT = env.whole_number("AUTH0_TIMEOUT", 10)
AUTH0_BULK_MIN = env.whole_number("AUTH0_BULK_MIN", 100)
AUTH0_RATE_LIMIT = env.number("AUTH0_RATE_LIMIT", 10, minimum=0.1)
AUTH0_MAX_RETRIES = env.whole_number("AUTH0_MAX_RETRIES", 3, minimum=0)
AUTH0_TOKEN_REFRESH_BUFFER = env.whole_number("AUTH0_TOKEN_REFRESH_BUFFER", 300, minimum=0)
AUTH0_WEBHOOK_TOKEN = env.words("AUTH0_WEBHOOK_TOKEN")
AUTH0_LOG_POLL_SECONDS = env.whole_number("AUTH0_LOG_POLL_SECONDS", 60, minimum=0)
AUTH0_INVITE_HOURS = env.whole_number("AUTH0_INVITE_HOURS", 72)

if AUTH0_DOMAIN and not (AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET):
    env.problems.append(
        "AUTH0_DOMAIN is set, but AUTH0_CLIENT_ID or AUTH0_CLIENT_SECRET (of the "
        "machine-to-machine application) is missing."
    )
if AUTH0_LOGIN_CLIENT_ID and not AUTH0_LOGIN_CLIENT_SECRET:
    env.problems.append(
        "AUTH0_LOGIN_CLIENT_ID is set, but AUTH0_LOGIN_CLIENT_SECRET (of the web application) is "
        "missing."
    )
if AUTH0_API_AUDIENCE and AUTH0_API_AUDIENCE == AUTH0_LOGIN_CLIENT_ID:
    env.problems.append(
        "AUTH0_API_AUDIENCE is the id of the web application, for which id tokens are: name the "
        "identifier of an API of the tenant."
    )
if AUTH0_DELETED_POLICY not in {"ask", "recreate"}:
    env.problems.append("AUTH0_DELETED_POLICY must be ask or recreate.")
if AUTH0_LEASE_SECONDS < 3 * AUTH0_TIMEOUT:
    env.problems.append("AUTH0_LEASE_SECONDS must be at least three times AUTH0_TIMEOUT.")

# --- What browsers may do -------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {  # identity_console/headers.py adds what the admin's theme needs
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        # Browsers hold this against the redirect to the log-in page too, wherever that is.
        "form-action": [
            "'self'",
            *filter(None, [origin(AUTH0_BASE_URL), origin(f"https://{AUTH0_CUSTOM_DOMAIN}")]),
        ],
    }
}
UNFOLD = theme(ENVIRONMENT_NAME)

# --- Metrics --------------------------------------------------------------------------------

METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_ALLOWED_ADDRESSES = env.networks("METRICS_ALLOWED_ADDRESSES", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    env.problems.append("METRICS_TOKEN must be at least 20 random characters.")

# --- Logs -----------------------------------------------------------------------------------

LOG_FORMAT = env.text("LOG_FORMAT", "console").lower()
if LOG_FORMAT not in {"console", "json"}:
    env.problems.append("LOG_FORMAT must be console or json.")
LOGGING = configuration(
    LOG_FORMAT,
    colours=sys.stderr.isatty(),
    level=least_level(sys.argv, is_terminal=sys.stderr.isatty()),
)
DEFAULT_EXCEPTION_REPORTER = "identity_console.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "identity_console.error_reports.Filter"
know(
    [
        *secrets_among(vars()),
        str(DATABASES["default"].get("PASSWORD", "")),
        # Who knows these addresses may write there. The key is in what is behind the host, which
        # libraries name alone, too.
        *(ALERT_WEBHOOK_URL, ALERT_HEARTBEAT_URL),
        *(
            url.partition("://")[2].partition("/")[2]
            for url in (ALERT_WEBHOOK_URL, ALERT_HEARTBEAT_URL)
        ),
    ]
)

env.refuse_if_wrong()
