"""``make demo``: tenant, worker and web server together, with sample people.

Everything it makes lies in ``.demo/``: the SQLite database, the stand-in tenant's state, the
secret key and the administrator's sample password. Another database (DATABASE_URL) has a folder
of its own there, since its people need a tenant that knows them and no other's. A second run goes
on with what is there; ``make demo-reset`` forgets it.

From the environment: DATABASE_URL; CONSOLE_PORT, TENANT_PORT, SMTP_PORT (8000, 8001, 1025);
DEMO_PROCFILE (Procfile); DEMO_ON_A_COPY=true, to write into a database with people in it.
Nothing else of the console's settings is taken from the developer's environment or ``.env``.
"""

import fcntl
import hashlib
import importlib.util
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from identity_console.demo_processes import Processes, Refused, say
from identity_console.demo_sign_in import give_password, kiosk_code, sample_manager
from identity_console.environment import explain_and_exit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROOT = Path(__file__).resolve().parent.parent
PORTS = {"CONSOLE_PORT": 8000, "TENANT_PORT": 8001, "SMTP_PORT": 1025}


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Run the demo until Ctrl-C, or forget it with ``--reset``; returns the exit status."""
    try:
        demo = Demo(root, os.environ)
        with demo.alone():
            return demo.reset() if "--reset" in arguments else demo.run()
    except Refused as refusal:
        sys.stdout.flush()
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130


class Demo:
    """One demo: its folder, its ports and the environment that its three processes share."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.own_url = environ.get("DATABASE_URL", "").strip()
        self.main_folder = root / ".demo"
        self.folder = self.main_folder
        if self.own_url:
            ending = hashlib.sha256(self.own_url.encode()).hexdigest()[:8]
            self.folder = self.main_folder / f"database-{ending}"
        self.ports = {name: port_of(environ, name) for name in PORTS}
        self.procfile = Path(environ.get("DEMO_PROCFILE") or root / "Procfile")
        self.on_a_copy = environ.get("DEMO_ON_A_COPY", "").lower() == "true"
        self.environ = dict(environ)
        self.manager = ""  # the e-mail of a sample manager
        self.kiosk_code = ""  # makes one browser a kiosk

    # --- What the processes are told ---

    def environment(self) -> dict[str, str]:
        """The environment of all three: the developer's, with the console's settings replaced."""
        console, tenant, smtp = (str(self.ports[name]) for name in PORTS)
        database = self.own_url or f"sqlite:///{quote(str(self.folder / 'db.sqlite3'))}"
        ours = {
            "DJANGO_SETTINGS_MODULE": "identity_console.settings",
            "ENV_FILE": os.devnull,
            "DEBUG": "true",
            "ENVIRONMENT_NAME": "demo",
            "SECRET_KEY_FILE": str(self.folder / "secret_key"),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "DATABASE_URL": database,
            "CREATE_SHARED_TABLES": "true",
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
            "AUTH0_DOMAIN": f"127.0.0.1:{tenant}",
            "AUTH0_BASE_URL": f"http://127.0.0.1:{tenant}",
            "AUTH0_CLIENT_ID": "console-m2m",
            "AUTH0_CLIENT_SECRET": "not-a-secret",
            "AUTH0_LOGIN_CLIENT_ID": "console-login",
            "AUTH0_LOGIN_CLIENT_SECRET": "not-a-secret",
            "AUTH0_API_AUDIENCE": "https://productivity.example.com/api",
            "AUTH0_SWEEP_SECONDS": "5",
            "AUTH0_WEBHOOK_TOKEN": "not-a-secret-of-the-demo-on-this-machine",
            "DEVTENANT_STREAM_TOKEN": "not-a-secret-of-the-demo-on-this-machine",
            "CONSOLE_PORT": console,
            "TENANT_PORT": tenant,
            "SMTP_PORT": smtp,
            "TENANT_STATE": str(self.folder / "tenant.sqlite3"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{self.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_RUNSERVER_HIDE_WARNING": "true",
        }
        # A NAME_FILE of the developer's would win over NAME; other tenants' settings would mix in.
        kept = {
            name: value
            for name, value in self.environ.items()
            if not name.startswith(("AUTH0_", "SECRET_KEY"))
            and name.removesuffix("_FILE") not in ours
        }
        return kept | ours

    # --- Running ---

    def run(self) -> int:
        """Prepare, start, wait, say where to click, and go on until somebody stops it."""
        self.check_ports()
        login = self.prepare()
        processes = self.processes(when_ready=lambda: self.welcome(login))
        say("Starting tenant, worker and web server ...")
        return processes.run()

    def processes(self, when_ready: Callable[[], None]) -> Processes:
        """Tenant, worker and web server; the worker is ready when it still runs after a while."""
        pages = {
            "web": f"http://127.0.0.1:{self.ports['CONSOLE_PORT']}/healthz",
            "tenant": f"http://127.0.0.1:{self.ports['TENANT_PORT']}/",
        }
        return Processes(self.procfile, self.root, self.environment(), pages, when_ready)

    def welcome(self, login: str) -> None:
        """Say where to click, and how a sample manager signs in as soon as she has an account."""
        say(self.where_to_click(login))
        if not self.manager:
            return
        tenant = f"http://127.0.0.1:{self.ports['TENANT_PORT']}"
        password = give_password(tenant, self.manager, self.folder / "manager_password")
        if password:
            page = f"http://127.0.0.1:{self.ports['CONSOLE_PORT']}/login/"
            say(f"\n Sign in   {page} as {self.manager}, password {password} (a manager)\n")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the demo's lock.

        Raises: Refused, while another demo of this checkout runs.
        """
        self.main_folder.mkdir(mode=0o700, exist_ok=True)
        with (self.main_folder / "lock").open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise Refused(
                    f"The demo of this checkout runs already (process {lock.read().strip()}): "
                    "stop it with Ctrl-C in its terminal."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def check_ports(self) -> None:
        """Raises: Refused, with the first port that somebody else listens on."""
        for name, port in self.ports.items():
            if port_is_used(port):
                holder = who_listens(port)
                raise Refused(
                    f"Port {port} is in use{holder}: stop what uses it, or choose another with "
                    f"`make demo {name}=NUMBER`."
                )

    # --- The database and its people ---

    def prepare(self) -> str:
        """Bring database and sample people up to date; returns the line about the log-in.

        Raises: Refused, when the database doesn't answer or isn't ours to fill.
        """
        os.environ.clear()
        os.environ.update(self.environment())
        # The sample people are queued for the worker, signed with the key that it will have; but
        # nothing is written before the database was looked at.
        del os.environ["SECRET_KEY_FILE"]
        key = os.environ["SECRET_KEY"] = self.secret_key()
        with explain_and_exit():
            import django

            django.setup()
        from django.core.management import CommandError, call_command
        from django.db import Error, connections

        try:
            self.refuse_strangers_people()
            self.make_folder(key)
            say("Bringing the database up to date ...")
            call_command("migrate", verbosity=0, interactive=False)
            if not employees_exist():
                say("Adding sample people ...")
                call_command("load_sample_data")
            self.manager = sample_manager()
            self.kiosk_code = kiosk_code()
            return self.log_in()
        except Error as error:
            reason = error.args[-1] if error.args else error
            raise Refused(f"The demo's database can't be used: {reason}") from None
        except CommandError as error:
            raise Refused(f"The demo's database can't be prepared: {error}") from None
        finally:
            connections.close_all()

    def secret_key(self) -> str:
        """The key of the last run, or a new one, which isn't kept yet."""
        path = self.folder / "secret_key"
        return path.read_text(encoding="ascii") if path.is_file() else secrets.token_urlsafe(50)

    def make_folder(self, key: str) -> None:
        """The folder for this database, and in it the key that signs sessions and tasks."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        write_once(self.folder / "secret_key", key)

    def refuse_strangers_people(self) -> None:
        """Raises: Refused, when DATABASE_URL holds people whom no demo has put there.

        The demo changes the rows, makes an administrator whose password it prints, and gives
        everybody an account in the stand-in tenant: not for a database that is in use.
        """
        if not self.own_url or self.folder.is_dir() or self.on_a_copy:
            return
        if employees_exist():
            raise Refused(
                "DATABASE_URL names a database with employees in it that the demo didn't put "
                "there, and nothing was changed: name an empty one, or, for a copy that may be "
                "changed, run `make demo DEMO_ON_A_COPY=true`."
            )

    def log_in(self) -> str:
        """Make the sample administrator when there is none; returns how to log in."""
        from django.contrib.auth import get_user_model

        users = get_user_model().objects
        admin: User | None = users.filter(username="admin").first()
        path = self.folder / "admin_password"
        if admin is None:
            password = write_once(path, secrets.token_urlsafe(9))
            users.create_superuser("admin", "admin@example.com", password)
        elif not path.is_file() or not admin.check_password(path.read_text(encoding="ascii")):
            return "admin, with the password that was given to it"
        return f"admin, password {path.read_text(encoding='ascii')}"

    def where_to_click(self, login: str) -> str:
        """The box that stands under the start."""
        console, tenant = self.ports["CONSOLE_PORT"], self.ports["TENANT_PORT"]
        database = "the one in DATABASE_URL" if self.own_url else ".demo/db.sqlite3"
        if importlib.util.find_spec("MySQLdb") is None:
            database += " (mysqlclient isn't installed, so SQLite only; `make setup` says why)"
        lines = [
            f"Console   http://127.0.0.1:{console}/",
            f"Emergency http://127.0.0.1:{console}/login/local/   {login}",
            f"Kiosk     http://127.0.0.1:{console}/kiosk/   once the code {self.kiosk_code},",
            "          then a number and a PIN, as printed above",
            f"Tenant    http://127.0.0.1:{tenant}/   a stand-in for Auth0, with an outbox",
            f"Database  {database}",
            "",
            "Try: add an employee, watch the status become created within seconds, read the",
            "invitation in the tenant's outbox, choose a password by its link and sign in. How a",
            "sample manager signs in is said below, as soon as her account is there.",
            "Ctrl-C stops all; the data stays until `make demo-reset`.",
        ]
        rule = "-" * 88
        return "\n".join(["", rule, *(f" {line}".rstrip() for line in lines), rule, ""])

    # --- Forgetting ---

    def reset(self) -> int:
        """Remove people and accounts together; a database of the user's own is never touched."""
        if self.own_url:
            raise Refused(
                "DATABASE_URL names a database of yours, where the demo removes nothing, and the "
                "tenant's accounts alone would no longer fit its people: empty that database "
                f"yourself and remove {self.folder.relative_to(self.root)}, or run "
                "`make demo-reset` without DATABASE_URL for the demo on SQLite."
            )
        for path in self.main_folder.iterdir():
            if path.is_file() and path.name != "lock":
                path.unlink()
        say("The demo's people and its tenant's accounts are gone; `make demo` begins anew.")
        return 0


def employees_exist() -> bool:
    """Whether the database has a person in it; without the table it has none."""
    from django.db import connection

    if "employees" not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM employees LIMIT 1")
        return cursor.fetchone() is not None


def write_once(path: Path, value: str) -> str:
    """Write a secret for this user's eyes alone, unless it was written before; returns it."""
    if not path.is_file():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(value)
    return path.read_text(encoding="ascii")


def port_of(environ: Mapping[str, str], name: str) -> int:
    """The port that ``name`` chooses, or its default.

    Raises: Refused, when it isn't the number of a port.
    """
    value = environ.get(name) or str(PORTS[name])
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise Refused(f"{name} must be a number from 1 to 65535.")
    return int(value)


def port_is_used(port: int) -> bool:
    """Whether somebody listens on ``port`` of this machine's loopback address."""
    with socket.socket() as caller:
        caller.settimeout(1)
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return True
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def who_listens(port: int) -> str:
    """`` by NAME (process ID)`` where the system tells, else nothing."""
    with suppress(psutil.Error):  # other users' connections are hidden on some systems
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[-1:] == (port,):
                name = psutil.Process(connection.pid).name()
                return f" by {name} (process {connection.pid})"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
