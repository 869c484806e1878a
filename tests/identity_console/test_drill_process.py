"""The roll-back drill as a program: it leaves no copy of everybody behind, whatever ends it."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, running_console, wait_for

pytestmark = [pytest.mark.process, pytest.mark.once]


def test_whoever_ends_it_early_leaves_no_copy(tmp_path: Path) -> None:
    with running_console(tmp_path) as console:
        console.migrate()
        console.insert(name="Ana Ortiz", email="ana@example.com")
        copy = console.file.with_name(f"{console.file.name}_drill")

        for ended_by in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            drill = subprocess.Popen(
                [sys.executable, "-m", "identity_console.drill"],
                cwd=ROOT,
                env=console.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Where the tests run in the background, it would be born deaf to Ctrl-C.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
            wait_for(copy.exists, 60, "the copy")
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
            drill.send_signal(ended_by)

            assert drill.wait(60) != 0, ended_by.name
            assert [path.name for path in tmp_path.glob("*_drill*")] == [], ended_by.name

        assert console.sql("SELECT name FROM employees") == [{"name": "Ana Ortiz"}]
