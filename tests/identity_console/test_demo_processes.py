"""`make demo` starts, watches and stops its three processes: tried with small stand-ins."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from identity_console.demo_processes import REQUEST_LINE
from tests.ports import free_port
from tests.processes import outliving

pytestmark = [pytest.mark.process, pytest.mark.once]

SERVER = (
    "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"
)
LAUNCH = """
import os, sys
from pathlib import Path
from identity_console import demo_processes
from identity_console.demo import Demo
from identity_console.demo_processes import Refused, say
demo_processes.READY_S, demo_processes.STEADY_S, demo_processes.STOP_S = 8, 1, 2
try:
    sys.exit(Demo(Path(sys.argv[1]), os.environ).processes(lambda: say("READY")).run())
except Refused as refusal:
    sys.exit(f"REFUSED {refusal}")
"""

Launch = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start the launcher with another worker; ends everything it left behind."""
    started: list[subprocess.Popen[str]] = []

    def start(worker: str = "exec sleep 1000", web: str = "") -> subprocess.Popen[str]:
        console, tenant = free_port(), free_port()
        (tmp_path / "healthz").touch()
        (tmp_path / "server.py").write_text(
            SERVER.replace("{port}", "int(__import__('sys').argv[1])")
        )
        (tmp_path / "Procfile").write_text(
            f"tenant: exec python server.py $TENANT_PORT\nworker: {worker}\n"
            f"web: {web or 'exec python server.py $CONSOLE_PORT'}\n"
        )
        env = {**os.environ, "CONSOLE_PORT": str(console), "TENANT_PORT": str(tenant)}
        launcher = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(LAUNCH), str(tmp_path)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(launcher)
        return launcher

    yield start
    for launcher in started:
        if launcher.poll() is None:
            os.killpg(launcher.pid, signal.SIGKILL)
        assert launcher.stdout is not None
        launcher.stdout.close()
        launcher.wait()
    for process in left_over(tmp_path):
        process.kill()


def left_over(folder: Path) -> list[psutil.Process]:
    """Processes that still work in ``folder``, where the launcher starts all of them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder):
                found.append(process)
    return found


def read_until_ready(launcher: subprocess.Popen[str]) -> None:
    assert launcher.stdout is not None
    for line in launcher.stdout:
        if line.strip() == "READY":
            return
    raise AssertionError("the launcher ended before everything answered")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_a_signal_stops_all_and_leaves_nothing_running(
    launch: Launch, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    launcher = launch()
    read_until_ready(launcher)

    os.killpg(launcher.pid, number)

    output, _ = launcher.communicate(timeout=15)
    assert launcher.returncode == status
    assert "Traceback" not in output
    assert outliving(left_over(tmp_path), 5) == []


def test_ctrl_c_during_the_start_stops_all(launch: Launch, tmp_path: Path) -> None:
    launcher = launch()
    while not left_over(tmp_path):
        time.sleep(0.01)

    os.killpg(launcher.pid, signal.SIGINT)

    output, _ = launcher.communicate(timeout=15)
    assert launcher.returncode == 0
    assert "Traceback" not in output
    assert outliving(left_over(tmp_path), 5) == []


def test_a_process_that_dies_stops_all_and_its_last_words_are_shown(
    launch: Launch, tmp_path: Path
) -> None:
    launcher = launch(worker="sleep 0.5; echo the queue has no table; exit 7")

    output, _ = launcher.communicate(timeout=15)

    assert launcher.returncode == 1
    assert "The worker ended with exit status 7; its last words:" in output
    assert "the queue has no table" in output
    assert outliving(left_over(tmp_path), 5) == []


def test_a_process_that_never_answers_is_named(launch: Launch, tmp_path: Path) -> None:
    launcher = launch(web="echo still thinking; exec sleep 1000")

    output, _ = launcher.communicate(timeout=25)

    assert launcher.returncode == 1
    assert "The web hasn't answered for 8 seconds; its last words:\n  still thinking" in output
    assert outliving(left_over(tmp_path), 5) == []


def test_a_process_that_ignores_the_signal_is_killed(launch: Launch, tmp_path: Path) -> None:
    launcher = launch(worker="trap '' TERM; while true; do sleep 1; done")
    read_until_ready(launcher)

    os.killpg(launcher.pid, signal.SIGINT)

    launcher.communicate(timeout=15)
    assert launcher.returncode == 0
    assert outliving(left_over(tmp_path), 5) == []


def test_what_the_processes_say_is_shown_but_not_every_request(launch: Launch) -> None:
    launcher = launch(worker="sleep 2; echo somebody joined; exec sleep 1000")
    read_until_ready(launcher)
    assert launcher.stdout is not None
    shown = next(line for line in launcher.stdout if "somebody joined" in line)

    os.killpg(launcher.pid, signal.SIGINT)

    output, _ = launcher.communicate(timeout=15)
    assert "worker | somebody joined" in shown
    assert '"GET /healthz HTTP/1.1" 200' not in output


def test_calls_and_mails_that_went_well_are_kept_out_of_the_terminal() -> None:
    well = "05:12:06 [info] mail [auth0sync.gate] employee_id=42 action='send invitation'"
    called = "05:12:06 [info] call to Auth0 [auth0sync.gate] action='read account' http_status=200"

    assert REQUEST_LINE.search(well)
    assert REQUEST_LINE.search(called)
    assert not REQUEST_LINE.search(f"{well} error_code=mails_refused")
    assert not REQUEST_LINE.search("05:12:06 [error] mail [auth0sync.invitations]")
