"""Programs that the bench starts, and ends whatever happens."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from bench.errors import BenchFailed

ROOT = Path(__file__).resolve().parent.parent
START_S = 60
STOP_S = 20
RUN_S = 900
LAST_LINES = 12


class Program:
    """One program, with the processes that it starts itself, in a process group of its own.

    log: the file that its output is added to.
    """

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.command = command
        self.env = dict(env)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, is_ready: Callable[[], bool]) -> None:
        """Start it, and wait until ``is_ready`` says so. Raises: BenchFailed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the bench, which ends them in order
            )
        ends = time.monotonic() + START_S
        while not is_ready():
            self.must_run()
            if time.monotonic() > ends:
                raise BenchFailed(f"{self.name} isn't ready after {START_S} s.{self._said()}")
            time.sleep(0.05)

    def must_run(self) -> None:
        """Raises: BenchFailed, with what it printed last, when it has ended."""
        if self._process is None or self._process.poll() is not None:
            raise BenchFailed(f"{self.name} has ended.{self._said()}")

    def cpu_s(self) -> float:
        """Processor time that it and its children have used so far, in seconds."""
        if self._process is None:
            return 0.0
        parent = psutil.Process(self._process.pid)
        times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))

    def stop(self) -> None:
        """End it and all that it has started; nothing happens when it isn't running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)

    def _said(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-LAST_LINES:])


def run(name: str, command: list[str], env: Mapping[str, str]) -> str:
    """Run a program to its end; returns what it printed.

    Raises: BenchFailed, with what it printed last.
    """
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=RUN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchFailed(f"{name} wasn't done after {RUN_S} s.") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-LAST_LINES:]
        raise BenchFailed(f"{name} failed." + "".join(f"\n  {line}" for line in lines))
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
