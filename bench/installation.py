"""One whole console on a database of its own: tenant, web server and worker as real processes."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.browser import Browser
from bench.databases import Database
from bench.errors import BenchFailed
from bench.programs import Program, free_ports, run
from bench.tenant import Tenant

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
MANAGE = [sys.executable, "manage.py"]


class Installation:
    """Everything but the worker runs between ``start`` and ``stop``; the worker on request.

    folder: where its files go, each database in a folder of its own. The owner removes it.
    plan: the tenant's, whose rate limits it has.
    """

    def __init__(self, database: Database, folder: Path, plan: str = "demo") -> None:
        self.database = database
        self._folder = folder
        tenant_port, smtp_port, web_port = free_ports(3)
        self.web_port = web_port
        self.tenant = Tenant(f"http://127.0.0.1:{tenant_port}")
        self.browser = Browser(web_port)
        self._env = _environment(database.url, tenant_port, smtp_port)
        stand_in = [sys.executable, "-m", "devtenant", "--port", str(tenant_port), "--plan", plan]
        # With a state file the old way's token and role stay good while the tenant was away.
        stand_in += ["--smtp-port", str(smtp_port), "--state", str(folder / "tenant.sqlite3")]
        gunicorn = [sys.executable, "-m", "gunicorn", "identity_console.wsgi", "--workers", "1"]
        gunicorn += ["--bind", f"127.0.0.1:{web_port}", "--worker-tmp-dir", str(folder)]
        self._stand_in = Program("The tenant", stand_in, self._env, folder / "tenant.log")
        self._web = Program("The web server", gunicorn, self._env, folder / "web.log")
        self._gunicorn = gunicorn
        self._worker = Program("The worker", [*MANAGE, "qcluster"], self._env, folder / "q.log")
        self._clusters: list[Program] = []
        self._receivers: list[Program] = []

    def start(self) -> None:
        """Make the tables and an administrator, start tenant and web server, and log in."""
        run("migrate", [*MANAGE, "migrate", "--verbosity", "0"], self._env)
        password = secrets.token_urlsafe(12)
        maker = [*MANAGE, "createsuperuser", "--noinput", "--username", "bench"]
        env = self._env | {"DJANGO_SUPERUSER_PASSWORD": password}
        run("createsuperuser", [*maker, "--email", "bench@example.com"], env)
        self.start_tenant()
        self._web.start(self.browser.is_ready)
        self.browser.log_in("bench", password)

    def stop(self) -> None:
        """End all programs."""
        for program in (self._worker, *self._clusters, *self._receivers, self._web, self._stand_in):
            program.stop()

    def start_tenant(self) -> None:
        """Have the tenant answer (again)."""
        self._stand_in.start(self.tenant.answers)

    def stop_tenant(self) -> None:
        """Have nothing listen where the tenant was: calls are refused at once."""
        self._stand_in.stop()

    def start_worker(self, **settings: str) -> None:
        """Start ``manage.py qcluster``; its first work shows that it is ready.

        settings: environment variables that it has besides, this time.
        """
        self._worker.env = self._env | settings
        self._worker.start(lambda: True)

    def stop_worker(self) -> None:
        """End the worker; due people stay due."""
        self._worker.stop()

    def start_clusters(self, clusters: int, workers: int, settings: dict[str, str]) -> None:
        """Start so many ``manage.py qcluster`` at once, each with so many worker processes.

        settings: further ones, for these clusters alone.
        """
        env = self._env | settings | {"QUEUE_WORKERS": str(workers)}
        self._clusters = [
            Program(f"Cluster {n}", [*MANAGE, "qcluster"], env, self._folder / f"q{n}.log")
            for n in range(clusters)
        ]
        for cluster in self._clusters:
            cluster.start(lambda: True)

    def stop_clusters(self) -> None:
        """End them; due people stay due."""
        for cluster in self._clusters:
            cluster.stop()
        self._clusters = []

    def start_receivers(self, number: int) -> list[int]:
        """Start so many further web servers, which know what was told; returns their ports."""
        ports = free_ports(number)
        for port in ports:
            at = self._gunicorn.index("--bind") + 1
            command = [*self._gunicorn[:at], f"127.0.0.1:{port}", *self._gunicorn[at + 1 :]]
            receiver = Program("A receiver", command, self._env, self._folder / f"web{port}.log")
            self._receivers.append(receiver)
            receiver.start(Browser(port).is_ready)
        return list(ports)

    def wait_for_calls(
        self, is_enough: Callable[[list[dict[str, Any]]], bool], seconds: float, but: str = ""
    ) -> list[dict[str, Any]]:
        """The Management API calls, in order, once there are enough of them.

        but: the path of another client's calls. Raises: BenchFailed.
        """
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.must_run()
            calls = self.tenant.management_calls(but)
            if is_enough(calls):
                return calls
            time.sleep(0.2)
        raise BenchFailed(f"What was waited for didn't happen within {seconds} s.")

    def tell(self, **settings: str) -> None:
        """Have what is started from now on know these settings."""
        self._env.update(settings)

    def manage(self, *command: str) -> str:
        """What a command of the console prints. Raises: BenchFailed, when it fails."""
        return run(command[0], [*MANAGE, *command], self._env)

    def ask(self, code: str) -> str:
        """What a line of Python, run in the console, prints."""
        return run("a question", [*MANAGE, "shell", "--no-imports", "-c", code], self._env)

    def drill(self) -> str:
        """What the roll-back drill on this database prints."""
        env = self._env | {"DJANGO_SETTINGS_MODULE": "identity_console.settings"}  # real PINs
        return run("The drill", [sys.executable, "-m", "identity_console.drill"], env)

    def web_cpu_s(self) -> float:
        """Processor time that the web server has used so far, in seconds."""
        return self._web.cpu_s()

    def must_run(self) -> None:
        """Raises: BenchFailed, when the worker, or a cluster, has ended by itself."""
        for program in self._clusters or [self._worker]:
            program.must_run()


def _environment(database_url: str, tenant_port: int, smtp_port: int) -> dict[str, str]:
    """All that the programs are told; nothing of the developer's own settings gets in."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "ENV_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "false",  # with DEBUG on, Django keeps every query and the figures would be others
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": database_url,
        "CREATE_SHARED_TABLES": "true",
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "AUTH0_DOMAIN": f"127.0.0.1:{tenant_port}",
        "AUTH0_BASE_URL": f"http://127.0.0.1:{tenant_port}",
        "AUTH0_CLIENT_ID": "console-m2m",
        "AUTH0_CLIENT_SECRET": "not-a-secret",
        "AUTH0_SAFETY_THRESHOLD": "0",  # hundreds are changed at once, on purpose
        "AUTH0_LOG_POLL_SECONDS": "0",  # calls are counted; bench/events.py reads it
        "AUTH0_LOGIN_CLIENT_ID": "console-login",
        "AUTH0_LOGIN_CLIENT_SECRET": "not-a-secret",
    }
