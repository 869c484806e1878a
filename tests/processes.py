"""A console made of real processes on a database of its own: migrated, with a real worker.

On SQLite the database is a file in ``folder``; with TEST_DATABASE_URL it is a database of its own
on that server, made here and dropped at the end. The tests write to it by plain SQL through the
database's own driver, as the other programs do.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil

from employees.shared_tables import statements
from tests.devtenant.running import RunningTenant
from tests.migrated import MIGRATE_S, SERVER, fill, new_database

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parents[1]
STOP_S = 70.0


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
        self._made = contextlib.ExitStack()

    def __enter__(self) -> Self:
        name = self.name if SERVER else str(self.file)
        self.database = self._made.enter_context(new_database(name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_worker()
        self._made.close()

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
        """Make all tables in the empty database."""
        fill(self.database)

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
