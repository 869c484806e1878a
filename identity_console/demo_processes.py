"""The demo's processes: started, waited for, watched, and stopped together."""

import http.client
import os
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import honcho.manager
from honcho.compat import ProcessManager
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

READY_S = 60  # how long they may take until they answer
STEADY_S = 3  # a worker that has run this long has read its settings and reached its database
STOP_S = 12  # how long they may take to end before they are killed
TAIL_LINES = 15
# One line per request or call, as the console and Werkzeug write it; faults are shown.
REQUEST_LINE = re.compile(
    r'"[A-Z]+ \S+ HTTP/[\d.]+" [1-4]\d\d'
    r"|\[identity_console\.requests\].* status=[1-4]\d\d"
    r"|(call to Auth0|mail) \[auth0sync\.gate\](?!.*error_code=)"
)

honcho.manager.KILL_WAIT = STOP_S


class Refused(Exception):
    """The demo can't start or go on; the message is a sentence for the person at the terminal."""


class QuietPrinter(Printer):  # type: ignore[misc]
    """Prints what the processes say once they are ready, but not a line per request."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.ready = False
        self.tails: dict[str, deque[str]] = {}

    def write(self, message: Message) -> None:
        """Keep the line for the case that the process ends, and print it when it's of interest."""
        if message.name == honcho.manager.SYSTEM_PRINTER_NAME:
            return
        data = message.data
        line = (data.decode("utf-8", "replace") if isinstance(data, bytes) else data).rstrip()
        if REQUEST_LINE.search(line):
            return
        self.tails.setdefault(message.name, deque(maxlen=TAIL_LINES)).append(line)
        if self.ready and line:
            with suppress(OSError):  # the terminal is gone
                super().write(message)


class GentleStop(ProcessManager):  # type: ignore[misc]
    """Asks the program alone to end: it ends its own children, in its own order.

    honcho would tell the whole group, and a queue whose children die first waits for them.
    Killing is still for the group.
    """

    def terminate(self, pid: int) -> None:
        """SIGTERM to one process."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


class Processes(honcho.manager.Manager):  # type: ignore[misc]
    """honcho's manager, which also waits for the answers and says why a process ended."""

    def __init__(
        self,
        procfile: Path,
        root: Path,
        environment: Mapping[str, str],
        pages: Mapping[str, str],
        when_ready: Callable[[], None],
    ) -> None:
        """Nothing is started yet.

        procfile: name and command of each. root, environment: where they run, and with what.
        pages: name → an address that answers once this one is ready. when_ready: called, in a
        thread, when all of them answer.
        """
        self.quiet = QuietPrinter()
        super().__init__(self.quiet)
        self._procmgr = GentleStop()
        self.pages = pages
        self.when_ready = when_ready
        self.owner = os.getpid()
        self.failure = ""
        commands = parse_procfile(procfile.read_text(encoding="utf-8")).processes
        for name, command in commands.items():
            self.add_process(name, command, env=environment, cwd=str(root))

    def run(self) -> int:
        """Go on until a signal, or until one of them ends; returns the demo's exit status.

        Raises: Refused, when one ended by itself or never answered.
        """
        # A terminal that is closed stops all too.
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        self.loop()
        if self.failure:
            raise Refused(self.failure)
        say("Stopped.")
        asked = self.returncode == honcho.manager.SIGNALS[signal.SIGINT]["rc"]
        return 0 if asked else int(self.returncode)

    def terminate(self) -> None:
        """Stop all; kill what is still there after STOP_S seconds."""
        if os.getpid() != self.owner:  # a signal in a child that honcho is about to start
            return
        if not self._all_started():  # honcho can't stop what it hasn't heard of yet
            threading.Timer(0.1, self.terminate).start()
            return
        if not self._terminating:
            self.failure = self.failure or self.why_it_ended()
            killer = threading.Timer(STOP_S, self.kill)
            killer.daemon = True
            killer.start()
        super().terminate()

    def why_it_ended(self) -> str:
        """A sentence and the last words of the process that ended; '' when a signal came."""
        if self.returncode in {of["rc"] for of in honcho.manager.SIGNALS.values()}:
            return ""
        for name, process in self._processes.items():
            if "returncode" in process:
                return f"The {name} ended with exit status {process['returncode']}" + self.tail(
                    name
                )
        return ""

    def tail(self, name: str) -> str:
        """The last lines of a process, for the end of a sentence."""
        lines = [f"  {line}" for line in self.quiet.tails.get(name, ())]
        return "; its last words:\n" + "\n".join(lines) if lines else " without a word."

    def _start(self) -> None:
        super()._start()
        # Only now that the processes are forked: a fork of a program with threads can hang.
        threading.Thread(target=self.wait_until_ready, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Tell when all answer; stop all when that takes too long."""
        started = time.monotonic()
        silent = ""
        while time.monotonic() < started + READY_S and not self._terminating:
            time.sleep(0.2)
            silent = next((name for name, page in self.pages.items() if not answers(page)), "")
            if not silent and time.monotonic() > started + STEADY_S:
                self.quiet.ready = True
                self.when_ready()
                return
        if not self._terminating:
            self.failure = f"The {silent} hasn't answered for {READY_S} seconds" + self.tail(silent)
            self.returncode = 1
            self.terminate()


def say(text: str) -> None:
    """Print at once; a terminal that is gone is no reason to leave processes behind."""
    with suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def answers(url: str) -> bool:
    """Whether a page comes back from ``url`` without a fault."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  (our own address)
            return bool(answer.status < 400)
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False
