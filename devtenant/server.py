"""The listening sockets, and an end without loose ends."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from aiosmtpd.controller import Controller
from werkzeug.serving import BaseWSGIServer, make_server

from devtenant import seed
from devtenant.app import create_app
from devtenant.auth import Signer
from devtenant.front import Front
from devtenant.handler import Handler
from devtenant.jobs import work
from devtenant.mailbox import start_mailbox
from devtenant.state import Tenant
from devtenant.streaming import stream

ADDRESS = "127.0.0.1"


class PortInUse(OSError):
    """Another program listens there; the text is one sentence for a person."""


@dataclass
class Running:
    """A tenant that listens."""

    tenant: Tenant
    http: BaseWSGIServer
    smtp: Controller | None
    workers: list[threading.Thread]

    @property
    def port(self) -> int:
        """The port of the HTTP side."""
        return int(self.http.socket.getsockname()[1])

    def serve(self) -> None:
        """Answer requests until ``stop``."""
        self.http.serve_forever()

    def stop(self) -> None:
        """End hanging requests, both servers, and close the state file."""
        self.tenant.stopping.set()
        self.tenant.job_waits.set()
        with self.tenant.lock:
            self.tenant.log_grew.notify_all()
        for worker in self.workers:
            worker.join()
        self.http.shutdown()
        self.http.server_close()
        if self.smtp is not None:
            self.smtp.stop()
        # Behind the lock: a delivery may still be under way, and isn't waited for.
        with self.tenant.lock:
            self.tenant.store.close()


def listening_socket(port: int) -> socket.socket:
    """A socket that listens on the loopback address.

    Raises: PortInUse.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"Port {port} is in use by another program.") from error
    listener.listen(128)
    return listener


def start(
    *,
    port: int,
    plan: str,
    path: Path | None,
    smtp_port: int,
    empty: bool,
    consoles: Iterable[str] = (),
    streams: Iterable[tuple[str, str]] = (),
    verbose: bool = False,
) -> Running:
    """Open everything. port 0 takes a free one; smtp_port 0 means no mailbox.

    consoles: where consoles answer (``Tenant``). streams: where the log is sent, each with the
    literal Authorization header.

    Raises: PortInUse; TooManyStreams; sqlite3.Error for a state file that cannot be used.
    """
    listener = listening_socket(port)
    tenant = Tenant(plan, path, empty, consoles)
    tenant.streams = list(streams)
    signer = Signer(tenant)
    seed.fill(tenant)
    smtp = None
    if smtp_port:
        # Tried here first: aiosmtpd reports a port in use from another thread.
        listening_socket(smtp_port).close()
        smtp = start_mailbox(tenant, smtp_port)
    logging.getLogger("werkzeug").setLevel(logging.INFO if verbose else logging.ERROR)
    Handler.verbose = verbose
    http = make_server(
        ADDRESS,
        listener.getsockname()[1],
        Front(create_app(tenant, signer), tenant),
        threaded=True,
        request_handler=Handler,
        fd=listener.fileno(),
    )
    listener.detach()
    workers = [
        threading.Thread(target=body, args=(tenant,), daemon=True) for body in (work, stream)
    ]
    for worker in workers:
        worker.start()
    return Running(tenant, http, smtp, workers)


def run_until_signal(running: Running, ready: Callable[[], None]) -> None:
    """Serve in a thread until SIGTERM or SIGINT, then stop. ready: called when it serves."""
    wanted = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        wanted.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    ready()

    wanted.wait()
    running.stop()
