"""A console that a browser can look at: database, tenant and worker, and the web server too."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import httpx

from tests.devtenant.running import RunningTenant
from tests.ports import free_port
from tests.processes import ROOT, RunningConsole, wait_for

START_S = 60.0
STOP_S = 20.0
LAST_LINES = 15
WEBHOOK_TOKEN = secrets.token_urlsafe(32)  # of the stand-in's log stream
# Plain http, as `make demo` has it: with DEBUG off the console sends every browser to https.
PLAIN_HTTP = {
    "ENV_FILE": os.devnull,
    "DEBUG": "true",
    "ALLOWED_HOSTS": "127.0.0.1",
    "AUTH0_LOGIN_CLIENT_ID": "console-login",
    "AUTH0_LOGIN_CLIENT_SECRET": "not-a-secret",
    "AUTH0_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    "ALERT_EMAILS": "operators@example.com",
    "KIOSK_OPEN": "true",  # the pages for PINs in any browser; tests of enrolment set one up
}


class ConsoleWithPages(RunningConsole):
    """A ``RunningConsole`` with ``manage.py runserver``, and an administrator who can sign in.

    ``base_url`` is known from the beginning, since a log-in client has to be told of it.
    ``admin`` has the password ``password`` after ``make_administrator``.
    """

    admin = "admin"

    def __init__(self, folder: Path, tenant: RunningTenant, **settings: str) -> None:
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)
        self.web: subprocess.Popen[bytes] | None = None
        self.web_log = folder / "web.log"
        given = {"DJANGO_SUPERUSER_PASSWORD": self.password, "SECRET_KEY": secrets.token_hex(32)}
        super().__init__(folder, tenant, **(PLAIN_HTTP | given | settings))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_web()
        super().__exit__(kind, error, trace)

    @property
    def base_url(self) -> str:
        """The root of the console, such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self.port}"

    def make_administrator(self) -> None:
        """Somebody who may do everything, and signs in without Auth0."""
        maker = ["createsuperuser", "--noinput", "--username", self.admin]
        self.manage(*maker, "--email", "admin@example.com")

    def start_web(self) -> None:
        """Start the web server and wait until it reaches its database.

        Raises: AssertionError, with the server's last words.
        """
        with self.web_log.open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self.is_ready, START_S, "the web server answers")

    def kiosk_code(self, name: str) -> str:
        """A code that makes a browser the kiosk of this name, which is made where there is none."""
        lines = (
            "from employees.authority import program",
            "from employees.kiosks import new_code",
            "from employees.models import Kiosk",
            f"kiosk, _ = Kiosk.objects.get_or_create(name={name!r})",
            "print(new_code(kiosk.pk, program('tests')))",
        )
        return self.manage("shell", "--no-imports", "-c", "\n".join(lines)).strip()

    def is_ready(self) -> bool:
        """Whether the console's pages can be had. Raises: AssertionError, when it has ended."""
        ended = self.web is None or self.web.poll() is not None
        assert not ended, f"the web server has ended:\n{self.last_words()}"
        try:
            return httpx.get(f"{self.base_url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def last_words(self) -> str:
        """The end of what the web server printed."""
        printed = self.web_log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(printed.splitlines()[-LAST_LINES:])

    def stop_web(self) -> None:
        """End the web server; nothing happens when it isn't running."""
        web, self.web = self.web, None
        if web is None:
            return
        web.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            web.wait(STOP_S)
        web.kill()
        web.wait()


@contextlib.contextmanager
def console_with_pages(folder: Path, **settings: str) -> Iterator[ConsoleWithPages]:
    """Tenant, mailbox, database, worker and web server, all running; nobody is in it yet."""
    with (
        RunningTenant(smtp_port=None, state=folder / "tenant.sqlite3") as tenant,
        ConsoleWithPages(folder, tenant, **settings) as console,
    ):
        tenant.unlimited()
        tenant.allow_console(console.base_url)
        console.migrate()
        console.make_administrator()
        console.start_worker()
        console.start_web()
        yield console
