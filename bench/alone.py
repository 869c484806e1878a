"""A console of the bench's own, and the command line of a measurement that stands alone."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import report
from bench.databases import mariadb, sqlite
from bench.errors import BenchFailed
from bench.installation import Installation


@contextmanager
def installed(server: str = "", plan: str = "demo") -> Iterator[Installation]:
    """A console that runs, without the worker; all of it is gone at the end.

    server: a MariaDB or MySQL server's URL; SQLite without one. plan: the tenant's.
    Raises: BenchFailed.
    """
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="identity-console-bench-")
        folder = Path(stack.enter_context(made))
        database = stack.enter_context(mariadb(server) if server else sqlite(folder))
        installation = Installation(database, folder, plan)
        stack.callback(installation.stop)
        installation.start()
        yield installation


def show(measure: Callable[[Installation], list[str]], what: str | None) -> int:
    """Measure on the one database that the command line names; returns the exit status.

    measure: returns the lines to print. what: the program's description.
    """
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--database", metavar="URL", help="a MariaDB or MySQL server; else SQLite")
    server = parser.parse_args().database or ""
    print(report.heading(), flush=True)
    try:
        with installed(server) as installation:
            print(installation.database.label, flush=True)
            for line in measure(installation):
                print(line, flush=True)
    except BenchFailed as failure:
        print(f"The bench failed: {failure}", file=sys.stderr)
        return 1
    return 0
