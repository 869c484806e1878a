"""The doctor's lines about what lies on this machine and in the database."""

import secrets
import shutil
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.utils import timezone

from auth0sync.doctor_visit import Visit
from auth0sync.doctor_words import Finding, NotLooked
from auth0sync.models import TenantState
from employees import scrubbing, tables

SKEW_MOST_S = 30  # what is forgiven in the times of an id token (docs/security.md)
FREE_LEAST = 2**30  # bytes; a database that finds no room loses what people type
SECRET_LEAST = 50  # characters, as .env.example says
REFUSALS = {  # of MariaDB and MySQL, by their numbers
    1040: "it has too many connections",
    1044: "the user may not use this database",
    1045: "user or password is wrong",
    1049: "there is no such database",
    2002: "no server answers",
    2003: "no server answers",
    2005: "there is no such host",
}
EVERYBODY_KNOWS = ("not-a-secret", "changeme", "secret", "password")


def database(visit: Visit) -> Finding:
    """Whether it is there, which it is, and whether its tables are those of this version."""
    name = str(connection.settings_dict["NAME"])
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        open_ones = executor.migration_plan(executor.loader.graph.leaf_nodes())
        server, zone = _server()
    except DatabaseError as error:
        visit.why_no_database = "Not looked at: the database can't be asked."
        text = f"{name} can't be reached ({_why(error)})."
        mend = "Check DATABASE_URL, that the server runs, and that it lets the console in."
        return Finding("Database", text, mend)
    if open_ones:
        text = f"{name} ({server}) lacks {len(open_ones)} migrations."
        return Finding("Database", text, "Run “manage.py migrate”.")
    if zone not in ("+00:00", "UTC"):
        text = f"{name} ({server}): sessions are in the time zone {zone}, so times are read wrong."
        mend = "Take init_command out of DATABASE_URL: the console sets UTC by itself."
        return Finding("Database", text, mend)
    return Finding("Database", f"{name} is up to date ({server}, times in UTC).")


def _why(error: DatabaseError) -> str:
    """The server's number in words; its own sentence may name users and machines."""
    number = error.args[0] if error.args else ""
    if not isinstance(number, int):
        return type(error).__name__
    return f"{number}: {REFUSALS.get(number, type(error).__name__)}"


def _server() -> tuple[str, str]:
    """Which database it is, and the time zone of a session."""
    if connection.vendor != "mysql":
        return f"SQLite {sqlite3.sqlite_version}", "UTC"
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), @@session.time_zone")
        version, zone = cursor.fetchone()
    brand = "MariaDB" if "mariadb" in str(version).lower() else "MySQL"
    return f"{brand} {str(version).partition('-')[0]}", str(zone)


def columns(visit: Visit) -> Finding:
    """Whether the shared tables have the columns that the console needs, of the right types."""
    found = tables.structure(connection)
    if not found:
        return Finding("Columns", "The shared tables have all that the console needs.")
    text = " ".join(f"{each.table}: {each.text}" for each in found)
    return Finding("Columns", text, " ".join(dict.fromkeys(each.mend for each in found)))


def plain_text(visit: Visit) -> Finding:
    """What PINs and passwords other programs have left to be read."""
    left = scrubbing.count()
    kinds = [f"{left[kind]:,} {kind}" for kind in scrubbing.Plain if left[kind]]
    if not kinds:
        return Finding("Plain text", "No PIN and no password is left in it.")
    mend = "Run “manage.py scrub_plaintext --apply”; the worker does it every night at 02:00."
    return Finding("Plain text", f"There are {', '.join(kinds)}.", mend)


def clocks(visit: Visit) -> Finding:
    """This machine's clock against the database's and Auth0's."""
    state = TenantState.objects.filter(pk=1).annotate(now=Now()).first()
    if state is None:
        raise NotLooked("The console's own row is missing: run “manage.py migrate”.")
    now: datetime = state.now
    ahead = {"the database's": (timezone.now() - now).total_seconds()}
    if visit.skew_s is not None:
        ahead["Auth0's"] = visit.skew_s
    wrong = {whose: by_s for whose, by_s in ahead.items() if abs(by_s) > SKEW_MOST_S}
    if wrong:
        said = " and ".join(
            f"{abs(by_s):.0f} s {'ahead of' if by_s > 0 else 'behind'} {whose}"
            for whose, by_s in wrong.items()
        )
        mend = "Set the clocks by NTP (timedatectl set-ntp true): log-ins and tokens fail."
        return Finding("Clocks", f"This machine's clock is {said}.", mend)
    most = max(abs(by_s) for by_s in ahead.values())
    return Finding("Clocks", f"This machine's agrees with {' and '.join(ahead)}, to {most:.0f} s.")


def disk(visit: Visit) -> Finding:
    """Room where the console writes; a database server's own disk can't be seen from here."""
    try:
        # Raises, too, when no folder for temporary files has room for one.
        places = {"the temporary folder": tempfile.gettempdir()}
        if connection.vendor == "sqlite":
            places["the database"] = str(Path(connection.settings_dict["NAME"]).resolve().parent)
        free = {name: shutil.disk_usage(path).free for name, path in places.items()}
    except OSError as error:
        mend = "Make room, and see that the folders of TMPDIR and of an SQLite database are there."
        return Finding("Disk", f"What is free can't be seen: {error.strerror}.", mend)
    said = ", ".join(f"{_size(left)} free for {name}" for name, left in free.items())
    if min(free.values()) < FREE_LEAST:
        return Finding("Disk", f"{said}.", f"Make room: less than {_size(FREE_LEAST)} is left.")
    elsewhere = "" if connection.vendor == "sqlite" else " That of the database server isn't seen."
    return Finding("Disk", f"{said}.{elsewhere}")


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def cache(visit: Visit) -> Finding:
    """Whether what is put into the cache comes out again, and who else would find it."""
    default, key, value = caches["default"], f"doctor-{secrets.token_hex(8)}", secrets.token_hex(8)
    kind = type(default).__name__
    try:
        default.set(key, value, 60)
        found = default.get(key)
        default.delete(key)
    except Exception as error:  # noqa: BLE001  (each kind of cache has errors of its own)
        found = type(error).__name__
    if found != value:
        text = f"What is written into it ({kind}) can't be read again."
        return Finding("Cache", text, "Mend CACHES in the settings: alerts would come too often.")
    if kind == "LocMemCache":
        return Finding("Cache", "It keeps; each process has its own, which is enough.")
    return Finding("Cache", f"It keeps ({kind}).")


def secrets_and_debug(visit: Visit) -> Finding:
    """Settings with which the console runs, but nobody should."""
    is_real = settings.AUTH0_BASE_URL.startswith("https://")  # plain http is a stand-in's
    wrong = []
    key = settings.SECRET_KEY
    if key.startswith("django-insecure") and not settings.DEBUG:
        wrong.append("SECRET_KEY is one that everybody knows")
    elif len(key) < SECRET_LEAST and not settings.DEBUG:
        wrong.append(f"SECRET_KEY has less than {SECRET_LEAST} characters")
    if settings.DEBUG and is_real:
        wrong.append("DEBUG is on, with a real tenant")
    for name in ("AUTH0_CLIENT_SECRET", "AUTH0_LOGIN_CLIENT_SECRET"):
        if is_real and getattr(settings, name).lower() in EVERYBODY_KNOWS:
            wrong.append(f"{name} is a sample value")
    if is_real and settings.AUTH0_SETUP_CLIENT_SECRET:
        wrong.append("AUTH0_SETUP_CLIENT_SECRET is set, which auth0_setup alone needs")
    if not wrong:
        debug = " DEBUG is on, with a stand-in tenant." if settings.DEBUG else ""
        return Finding("Secrets", f"None is short, or a sample.{debug}")
    mend = (
        "Make new ones as .env.example says (runbook: “Rotate secrets”), set DEBUG=false, take out "
        "what web server and worker don't need, and start them again."
    )
    return Finding("Secrets", f"{'; '.join(wrong)}.", mend)
