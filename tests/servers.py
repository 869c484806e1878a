"""MariaDB and Redis servers of a test's own, on free ports: they may be killed and emptied."""

import contextlib
import getpass
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.ports import free_port

START_S = 60.0
STOP_S = 30.0
PATHS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


class Missing(RuntimeError):
    """A program of the server isn't installed."""


def program(*names: str) -> str:
    """The path of the first of these programs that is installed. Raises: Missing."""
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path=PATHS):
            return found
    raise Missing(f"{names[0]} isn't installed")


class PrivateServer(ABC):
    """A server in the foreground, its files in ``folder``; a context manager.

    After ``stop`` or ``kill``, ``start`` takes the same port and the same files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self.prepare()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def prepare(self) -> None:  # noqa: B027 (a server may need nothing)
        """What has to be there before the first start."""

    @abstractmethod
    def command(self) -> list[str]:
        """The program with its arguments."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it can be asked now."""

    def start(self) -> None:
        """Start it and wait until it answers. Raises: RuntimeError with what it printed."""
        log = self.folder.with_suffix(".log")
        with log.open("ab") as output:
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=output)
        deadline = time.monotonic() + START_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order."""
        self.end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.end(signal.SIGKILL)

    def end(self, signum: int) -> None:
        """Send a signal and wait until it has ended; nothing happens when it isn't running."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signum)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


class MariaDB(PrivateServer):
    """A MariaDB server with one empty database, ``console``."""

    @property
    def url(self) -> str:
        """As DATABASE_URL wants it."""
        return f"mysql://root@127.0.0.1:{self.port}/console"

    def prepare(self) -> None:
        """Make the system tables; root may come in without a password."""
        subprocess.run(
            [
                program("mariadb-install-db", "mysql_install_db"),
                "--no-defaults",
                f"--datadir={self.folder}",
                f"--user={getpass.getuser()}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
        )

    def command(self) -> list[str]:
        """Small, and on the loopback address only."""
        return [
            program("mariadbd", "mysqld"),
            "--no-defaults",
            f"--datadir={self.folder}",
            f"--user={getpass.getuser()}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            "--innodb-buffer-pool-size=64M",
            "--character-set-server=utf8mb4",
        ]

    def start(self) -> None:
        """Start it, and make the database where it isn't there."""
        super().start()
        with contextlib.closing(self.connect()) as connection:
            connection.cursor().execute("CREATE DATABASE IF NOT EXISTS console")

    def answers(self) -> bool:
        """Whether it lets us in."""
        import MySQLdb  # type: ignore[import-untyped]

        with contextlib.suppress(MySQLdb.Error):
            self.connect().close()
            return True
        return False

    def connect(self) -> Any:
        """A connection without a database. Raises: MySQLdb.Error."""
        import MySQLdb

        return MySQLdb.connect(host="127.0.0.1", port=self.port, user="root", connect_timeout=5)


class Redis(PrivateServer):
    """A Redis server that keeps nothing on disk."""

    @property
    def url(self) -> str:
        """As REDIS_URL wants it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """In memory, and on the loopback address only."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        return [program("redis-server"), *options, "--save", "", "--appendonly", "no"]

    def answers(self) -> bool:
        """Whether it can be asked now."""
        import redis

        with contextlib.suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def flush(self) -> None:
        """Throw everything away that stands in it."""
        self.client().flushall()

    def client(self) -> Any:
        """A client that doesn't wait for a server that is away."""
        from redis import Redis as Client
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return Client(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0))
