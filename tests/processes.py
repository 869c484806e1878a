"""A console made of real processes on a database of its own: migrated, with a real worker.

On SQLite the database is a file in ``folder``; with TEST_DATABASE_URL it is a database of its own
on that server, made here and dropped at the end. The tests write to it by plain SQL through the
database's own driver, as the other programs do.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import psutil

from employees.shared_tables import statements
from tests.devtenant.running import RunningTenant

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("TEST_DATABASE_URL", "")
MIGRATE_S = 120.0
STOP_S = 70.0
# Columns of auth0_tenant_state that say since when something wasn't done.
SINCE = {"scrubbed_at", "compared_at", "looked_at", "answered_at", "watched_at"}


class RunningConsole:
    """Database, tenant and ``manage.py qcluster``; settings are given as environment variables."""

    def __init__(self, folder: Path, tenant: RunningTenant, **settings: str) -> None:
        self.name = f"test_identity_console_{secrets.token_hex(4)}"
        self.tenant = tenant
        self.worker: subprocess.Popen[bytes] | None = None
        self.file = folder / f"{self.name}.sqlite3"
        self.url = (
            f"{SERVER.rpartition('/')[0]}/{self.name}" if SERVER else f"sqlite:///{self.file}"
        )
        self.log = folder / "worker.log"
        self.settings = settings
        self.database: Any = None

    def __enter__(self) -> Self:
        if SERVER:
            with contextlib.closing(connect_to_server()) as server:
                server.cursor().execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
            self.database = connect_to_server(self.name)
        else:
            self.database = sqlite3.connect(self.file, isolation_level=None, timeout=20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_worker()
        if SERVER:
            self.database.cursor().execute(f"DROP DATABASE {self.name}")
        self.database.close()

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this console is started with."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUTH0_", "TEST_"))}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "identity_console.settings",
            "DATABASE_URL": self.url,
            "CREATE_SHARED_TABLES": "true",
            "AUTH0_DOMAIN": self.tenant.domain,
            "AUTH0_BASE_URL": self.tenant.base_url,
            "AUTH0_CLIENT_ID": "console-m2m",
            "AUTH0_CLIENT_SECRET": "not-a-secret",
            "AUTH0_RATE_LIMIT": "100",
            "AUTH0_TIMEOUT": "3",
            "AUTH0_LEASE_SECONDS": "9",
            "AUTH0_SWEEP_SECONDS": "1",
            "AUTH0_LOG_POLL_SECONDS": "0",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.tenant.smtp_port}",
            **self.settings,
        }

    def make_shared_tables(self) -> None:
        """The existing tables, as they are before the console comes."""
        for _table, statement in statements("mysql" if SERVER else "sqlite"):
            self.sql(statement)

    def manage(self, *arguments: str, **settings: str) -> str:
        """Run a management command and return what it printed; fails with it otherwise."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=MIGRATE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def migrate(self) -> None:
        """Make all tables in the empty database.

        On SQLite they are made once for all consoles of a run, in a file that each one copies:
        a program that migrates takes two seconds of processor time.
        """
        if SERVER:
            self.manage("migrate", "-v0")
            return
        with contextlib.closing(sqlite3.connect(self._migrated())) as made:
            made.backup(self.database)
        # What is another one's in each installation: its name, and when it was made.
        self.sql("UPDATE auth0_tenant_state SET installation = %s", secrets.token_hex(5))
        columns = [row["name"] for row in self.sql("PRAGMA table_info(auth0_tenant_state)")]
        for column in set(columns) & SINCE:
            self.sql(f"UPDATE auth0_tenant_state SET {column} = CURRENT_TIMESTAMP")

    def _migrated(self) -> Path:
        """The file that was migrated, by whoever needed it first. Its name says for which code."""
        code = hashlib.sha256()
        for path in sorted(ROOT.glob("*/migrations/*.py")):
            code.update(path.read_bytes())
        made = Path(tempfile.gettempdir()) / f"migrated-{code.hexdigest()[:16]}.sqlite3"
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of pytest are processes
            if not made.exists():
                being_made = made.with_suffix(".new")
                being_made.unlink(missing_ok=True)
                self.manage("migrate", "-v0", DATABASE_URL=f"sqlite:///{being_made}")
                with contextlib.closing(sqlite3.connect(being_made)) as written:
                    written.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                being_made.rename(made)
        return made

    def sql(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Run a statement as another program would; rows as dictionaries."""
        with contextlib.closing(self.database.cursor()) as cursor:
            cursor.execute(statement if SERVER else statement.replace("%s", "?"), params)
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(self, **columns: Any) -> int:
        """Insert an employee by plain SQL and return the id."""
        marks = ", ".join(["%s"] * len(columns))
        self.sql(
            f"INSERT INTO employees ({', '.join(columns)}) VALUES ({marks})", *columns.values()
        )
        return int(self.sql("SELECT MAX(id) AS id FROM employees")[0]["id"])

    def employee(self, employee_id: int) -> dict[str, Any]:
        """The row as it is now."""
        return self.sql("SELECT * FROM employees WHERE id = %s", employee_id)[0]

    def start_worker(self, *command: str) -> None:
        """Start ``manage.py qcluster``, or ``command`` in its place."""
        with self.log.open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, *(command or ("manage.py", "qcluster"))],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def stop_worker(self) -> float:
        """SIGTERM, and SIGKILL to whatever is left; returns how many seconds it took to end."""
        worker, self.worker = self.worker, None
        return end_family(worker) if worker else 0.0

    def worker_on(self, employee_id: int) -> psutil.Process | None:
        """The worker process that holds this employee's lease, if one does."""
        rows = self.sql("SELECT lease FROM auth0_accounts WHERE employee_id = %s", employee_id)
        return psutil.Process(int(rows[0]["lease"].split(":")[1])) if rows[0]["lease"] else None


def connect_to_server(database: str = "") -> Any:
    """A connection of the driver's own to the server under test, in UTC, committing at once."""
    import MySQLdb  # type: ignore[import-untyped]

    parts = urlsplit(SERVER)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database or "information_schema",
        charset="utf8mb4",
        autocommit=True,
        init_command="SET time_zone='+00:00'",
    )


def family_of(pid: int) -> list[psutil.Process]:
    """A process and all that came from it."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_family(parent: subprocess.Popen[bytes]) -> float:
    """SIGTERM, and SIGKILL to whatever is left; returns how many seconds it took to end."""
    family = family_of(parent.pid)
    began = time.monotonic()
    parent.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        parent.wait(STOP_S)
    took = time.monotonic() - began
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    parent.wait()
    return took


def outliving(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so many seconds at most.

    A zombie has ended: whoever adopted it, often the machine's first process, only hasn't read
    its exit status yet, and nothing here can hurry that.
    """
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if still_runs(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return alive


def still_runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(what: Callable[[], Found], seconds: float, why: str = "") -> Found:
    """Ask until there is something, for at most so many seconds; returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {why or what}"
        time.sleep(0.1)


@contextlib.contextmanager
def running_console(folder: Path, **settings: str) -> Iterator[RunningConsole]:
    """A tenant with a mailbox, and a console beside it; nothing is migrated or started yet."""
    with (
        RunningTenant(smtp_port=None, state=folder / "tenant.sqlite3") as tenant,
        RunningConsole(folder, tenant, **settings) as console,
    ):
        tenant.unlimited()
        yield console
