"""The support bundle: what somebody far away needs to help, and no secret, name or address.

Nothing comes in but what is listed here: codes, counts, times, versions, and the values of settings
on a list. What people have written (reasons, names, e-mails, notes) isn't read at all; then every
part is searched once more for the values of all other settings, addresses and tokens.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import django
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from auth0sync import switch
from auth0sync.doctor import Finding, as_json
from auth0sync.models import (
    Account,
    Bucket,
    Comparison,
    Heartbeat,
    ImportJob,
    Incident,
    Pause,
    SyncLog,
    TenantState,
)
from auth0sync.rate import Limits
from auth0sync.scopes import SCOPES

LOG_ROWS = 200
ROWS_MOST = 50  # of anything else
SECRET_LEAST = 6  # characters; a shorter value would be found in every word
GONE = "[removed]"
EMAIL = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+\.[A-Za-z]{2,}")
TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+")
# Lines of the doctor with somebody's own words in them; the codes stand in other parts.
IN_OTHERS_WORDS = ("Switch", "Schedules", "Import jobs", "Auth0 refuses")

# Settings whose values are shown; of all others it is said whether they are set.
SHOWN = (
    *("DEBUG", "ALLOWED_HOSTS", "ENVIRONMENT_NAME", "SESSION_IDLE_MINUTES", "SESSION_COOKIE_AGE"),
    *("CREATE_SHARED_TABLES", "LEGACY_TIME_ZONE", "TIME_ZONE", "WORKSPACE_TIME_ZONES"),
    *("EMAIL_BACKEND", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "MAIL_CONFIGURED"),
    *("KIOSK_IDLE_SECONDS", "KIOSK_OPEN", "SHOP_FLOOR_URL", "PLACEHOLDER_EMAIL_DOMAINS"),
    *("QUEUE_BROKER", "QUEUE_WORKERS", "LOG_RETENTION_DAYS", "INSTALLED_APPS", "MIDDLEWARE"),
    *("AUTH0_DOMAIN", "AUTH0_BASE_URL", "AUTH0_CUSTOM_DOMAIN", "AUTH0_CONNECTION"),
    *("AUTH0_API_AUDIENCE", "AUTH0_API_TOKEN_SECONDS", "AUTH0_ROLES_CLAIM", "AUTH0_SYNC_ENABLED"),
    *("AUTH0_ENABLE_ROLE_ASSIGNMENT", "AUTH0_SEND_VERIFICATION_EMAIL", "AUTH0_DELETED_POLICY"),
    *("AUTH0_SAFETY_THRESHOLD", "AUTH0_SWEEP_SECONDS", "AUTH0_FULL_SWEEP_SECONDS"),
    *("AUTH0_LEASE_SECONDS", "AUTH0_TIMEOUT", "AUTH0_BULK_MIN", "AUTH0_RATE_LIMIT"),
    *("AUTH0_MAX_RETRIES", "AUTH0_TOKEN_REFRESH_BUFFER", "AUTH0_INVITE_HOURS"),
    "AUTH0_LOG_POLL_SECONDS",
)


def write_bundle(path: Path, found: Sequence[Finding]) -> None:
    """Write the bundle into a new file that only its owner may read.

    found: what the doctor has found. Raises: OSError; FileExistsError, since nothing is ever
    written over.
    """
    content = bundle(found)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(content)


def bundle(found: Sequence[Finding]) -> bytes:
    """The ZIP file; a part that the database doesn't give says so."""
    parts: dict[str, Callable[[], Any]] = {
        "doctor": lambda: as_json([_without_words(each) for each in found]),
        "versions": _versions,
        "settings": _settings,
        "counts": _counts,
        "state": _state,
        "sync-log": _sync_log,
        "incidents": _incidents,
        "pauses": _pauses,
        "heartbeats": _heartbeats,
        "buckets": _buckets,
        "comparisons": _comparisons,
        "import-jobs": _import_jobs,
        "migrations": _migrations,
    }
    secret = sorted(_secret_values(), key=len, reverse=True)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as file:
        for name, read in parts.items():
            try:
                part = read()
            except DatabaseError as error:
                part = {"not read": type(error).__name__}
            text = json.dumps(part, indent=1, cls=DjangoJSONEncoder, ensure_ascii=False)
            file.writestr(f"{name}.json", clean(text, secret))
    return out.getvalue()


def clean(text: str, secret: Iterable[str]) -> str:
    """The text without these values, addresses and tokens: none should be in it anyway."""
    for value in secret:
        text = text.replace(value, GONE)
    return TOKEN.sub(GONE, EMAIL.sub(GONE, text))


def _secret_values() -> set[str]:
    """The texts in all settings that aren't shown, as they would stand in JSON."""
    kept = {name for name in dir(settings) if name.isupper()} - set(SHOWN)
    kept = {name for name in kept if re.search(r"SECRET|KEY|PASSWORD|TOKEN|URL|EMAILS?$", name)}
    values = [str(item) for name in kept for item in _items(getattr(settings, name))]
    database = connection.settings_dict
    values += [str(database.get("PASSWORD") or ""), str(database.get("USER") or "")]
    values.append(str(Path(str(database["NAME"])).parent))  # of SQLite: may be somebody's home
    shown = json.dumps([getattr(settings, name, None) for name in SHOWN], default=str)
    return {
        json.dumps(value, ensure_ascii=False)[1:-1]
        for value in values
        if len(value) >= SECRET_LEAST and value not in shown
    }


def _items(value: Any) -> Iterable[Any]:
    """A text by itself, those of a list, none of anything else."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _without_words(finding: Finding) -> Finding:
    if finding.what.startswith(IN_OTHERS_WORDS):
        mend = "Run “manage.py auth0_doctor” there." if finding.mend else ""
        return Finding(finding.what, "See the other parts.", mend, finding.is_known)
    return finding


def _versions() -> dict[str, Any]:
    return {
        "at": timezone.now(),
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "django": django.get_version(),
        "database": connection.vendor,
        "packages": {each.name: each.version for each in sorted(distributions(), key=_by_name)},
    }


def _by_name(package: Any) -> str:
    return str(package.name).lower()


def _settings() -> dict[str, Any]:
    others = {name for name in dir(settings) if name.isupper()} - set(SHOWN)
    return {
        "values": {name: getattr(settings, name, None) for name in SHOWN},
        "set": sorted(name for name in others if getattr(settings, name)),
        "not set": sorted(name for name in others if not getattr(settings, name)),
    }


def _counts() -> dict[str, int]:
    """Rows of each table of the database."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608  (a table's own name)
            found[table] = cursor.fetchone()[0]
    return found


def _state() -> dict[str, Any]:
    off = switch.why_off()
    times = (
        *("paused_at", "until_reconciled", "down_since", "failures_in_row", "probe_at"),
        *("token_expires_at", "token_wait_until", "sweep_lease_until", "compare_lease_until"),
        *("scrubbed_at", "compared_at"),
    )
    errors = Account.objects.exclude(error_code="").values_list("error_code", flat=True)
    return {
        "off": off.code if off else "",
        "times": TenantState.objects.filter(pk=1).values(*times).first(),
        "error codes of accounts": sorted(set(errors.order_by("-error_at")[:LOG_ROWS])),
    }


def _sync_log() -> list[dict[str, Any]]:
    """Ids of rows and employees, codes and names of fields; no actor and no account."""
    columns = ("id", "created_at", "action", "status", "error_code", "attempt", "duration_ms")
    rows = SyncLog.objects.order_by("-id").values(*columns, "employee_id", "response_data")
    found = []
    for row in rows[:LOG_ROWS]:
        data = row.pop("response_data")
        told = {name: data.get(name) for name in ("http_status", "fields")}
        found.append({**row, **told})
    return found


def _incidents() -> list[dict[str, Any]]:
    """What was told of, less who or what it was about."""
    rows = Incident.objects.order_by("-began_at").values("key", "began_at", "ended_at")[:ROWS_MOST]
    return [{**row, "key": row["key"].partition(":")[0]} for row in rows]


def _pauses() -> list[dict[str, Any]]:
    names = {scope.name for scope in SCOPES}
    rows = Pause.objects.values("capability", "code", "since", "action", "probe_at", "missing")
    return [
        {**row, "missing": [each for each in re.split(r"[,\s]+", row["missing"]) if each in names]}
        for row in rows
    ]


def _heartbeats() -> list[dict[str, Any]]:
    """When each cluster lived; not on which machine."""
    rows = Heartbeat.objects.order_by("-beaten_at").values("started_at", "queued_at", "beaten_at")
    return [{**row} for row in rows[:ROWS_MOST]]


def _buckets() -> list[dict[str, Any]]:
    rows = Bucket.objects.values("name", "next_at", "version", "limits")
    return [{**row, "limits": Limits.from_json(row["limits"]).as_json()} for row in rows]


def _comparisons() -> list[dict[str, Any]]:
    columns = ("state", "stage", "began_at", "finished_at", "attempts", "error_code", "unexplained")
    return list(Comparison.objects.order_by("-pk").values("id", *columns)[:ROWS_MOST])


def _import_jobs() -> list[dict[str, Any]]:
    columns = ("state", "people", "inserted", "refused", "attempts", "made_at", "over_at")
    return list(ImportJob.objects.order_by("-pk").values("id", *columns)[:ROWS_MOST])


def _migrations() -> list[str]:
    rows = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in rows)
