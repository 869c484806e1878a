"""Everything that has to pass: ``python -m tests.run``, or ``lint`` or ``coverage`` alone.

The checks run side by side. Then the tests, first on SQLite, then on MariaDB. Then those marked
``browser``, in a Chromium on every core, all on SQLite and those marked ``both_databases`` on
MariaDB too. A server or browser that isn't there is said in a line that begins with SKIPPED. At
the end the short form of ``make chaos`` breaks things for less than a minute (docs/chaos.md),
beside the last of the browser tests.

Settings, from the environment:

TEST_DATABASE_URL  the MariaDB or MySQL server (mysql://root@127.0.0.1:3306/identity_console_…,
                   with the checkout's own ending, so that two checkouts can be tested at once)
TEST_REDIS_URL     the Redis server (redis://127.0.0.1:6379/9)
CHROMIUM           the path of the browser, where it is none of the usual ones
REQUIRE_SUITES     comma-separated: mariadb, redis, recordings, browser. What is named here has to
                   run, and then no test may be skipped by accident. Default: all with CI=true,
                   else none
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from identity_console.bootstrap import why_no_chromium

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT.parent / "shared" / "recordings"
SUITES = ("mariadb", "redis", "recordings", "browser")
PACKAGES = ("identity_console", "employees", "auth0sync", "devtenant", "tests", "bench")
ANSWER_S = 5  # how long a server may take to say that it is there


@dataclass(frozen=True)
class Step:
    """One program to run; ``env`` is added to the environment, None takes a name out."""

    name: str
    command: list[str]
    env: Mapping[str, str | None] = field(default_factory=dict)

    def start(self, folder: str, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start it with its temporary files in ``folder``. output: where to, if not through.

        Compiled modules are kept, also where the environment says otherwise: a hundred programs
        read the same, and every worker of pytest would compile all the tests for itself.
        """
        env = {**os.environ, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": None, **self.env}
        return subprocess.Popen(
            self.command,
            cwd=ROOT,
            env={name: value for name, value in env.items() if value is not None},
            stdout=output,
            stderr=output,
        )

    def run(self, folder: str) -> bool:
        """Run it with its temporary files in ``folder``; returns whether it succeeded."""
        say(f"\n=== {self.name}")
        started = time.monotonic()
        status = self.start(folder).wait()
        say(f"--- {self.name}: {time.monotonic() - started:.1f} s")
        return status == 0


def run_together(steps: list[Step], folder: str) -> list[str]:
    """Run the steps side by side, and say what each printed in their order.

    Returns the names of those that failed.
    """
    failed = []
    started = time.monotonic()
    with ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in steps]
        programs = [step.start(folder, out) for step, out in zip(steps, outputs, strict=True)]
        for step, output, program in zip(steps, outputs, programs, strict=True):
            status = program.wait()
            output.seek(0)
            printed = output.read().decode(errors="replace").rstrip()
            say(f"\n=== {step.name}" + (f"\n{printed}" if printed else ""))
            say(f"--- {step.name}: {time.monotonic() - started:.1f} s after the first began")
            if status != 0:
                failed.append(step.name)
    return failed


def say(line: str) -> None:
    """Print at once, so that the line stands before what the next program prints."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def lint_steps() -> list[Step]:
    """The checks that run no test."""
    programs = Path(sys.executable).parent
    # What an installation with https and DEBUG off has to have; the values are examples.
    production: dict[str, str | None] = {
        **dict.fromkeys((name for name in os.environ if name.startswith("AUTH0_")), None),
        "ENV_FILE": os.devnull,
        "DEBUG": "false",
        "SECRET_KEY": hashlib.sha512(b"only for this check").hexdigest(),
        "ALLOWED_HOSTS": "console.example.com",
        "DATABASE_URL": "sqlite://:memory:",
        "DJANGO_SETTINGS_MODULE": "identity_console.settings",
    }
    manage = [sys.executable, "manage.py"]
    return [
        Step("ruff check", [str(programs / "ruff"), "check", "--quiet"]),
        Step("ruff format", [str(programs / "ruff"), "format", "--check", "--quiet"]),
        Step("mypy", [str(programs / "mypy"), "--no-error-summary", *PACKAGES, "manage.py"]),
        Step("lint-imports", [str(programs / "lint-imports"), "--no-cache"]),
        Step("missing migrations", [*manage, "makemigrations", "--check", "--dry-run"], production),
        Step(
            "deployment check",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            production,
        ),
    ]


def test_steps(
    servers: dict[str, str], strict: bool, browser: bool, room: str | None = None
) -> list[Step]:
    """The runs of pytest.

    servers: the addresses of those that answer. strict: an accidental skip is a failure.
    browser: whether there is one to test in. room: a folder, when its tests are enough.
    """
    pytest = [sys.executable, "-m", "pytest", "--create-db", "--no-header"]
    pytest += ["--fail-on-skip"] if strict else []
    cores = os.cpu_count() or 1
    databases: list[tuple[str, str | None]] = [("SQLite", None)]
    if "mariadb" in servers:
        databases.append(("MariaDB", servers["mariadb"]))
    # Much of what these do is to wait, most of all those with processes of their own, which stand
    # among the others (tests/conftest.py). Whoever is done takes half of what another has left.
    kinds = [("tests", "not browser", " and not once", room or "tests", 2 * cores, 2 * cores)]
    if browser:
        # The pages are the same on both: the second database is for what goes through all parts.
        kinds.append(("browser tests", "browser", " and both_databases", "tests/browser", cores, 0))
    steps = []
    for kind, chosen, less_on_mariadb, where, workers, on_mariadb in kinds:
        for name, url in databases:
            env = {"TEST_DATABASE_URL": url, "TEST_REDIS_URL": servers.get("redis")}
            command = [*pytest, "-m", chosen + (less_on_mariadb if url else "")]
            command += ["-n", str(on_mariadb if url else workers), "--dist", "worksteal", where]
            steps.append(Step(f"{kind} on {name}", command, env))
    return steps


def chaos_step() -> Step:
    """The short form of ``make chaos``; it prints the seed with which a failure runs again."""
    return Step("chaos, short form", [sys.executable, "-m", "tests.chaos", "--short"])


def coverage_steps(servers: dict[str, str], strict: bool) -> list[Step]:
    """The tests of auth0sync, measured in every process that they start, and the report."""
    measured = {
        "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"),
        "COVERAGE_FILE": str(ROOT / ".coverage" / "data"),
    }
    tests = test_steps(servers, strict, browser=False, room="tests/auth0sync")
    coverage = [sys.executable, "-m", "coverage"]
    own = {"COVERAGE_FILE": measured["COVERAGE_FILE"]}
    return [
        Step("forget the last coverage", [*coverage, "erase"], own),
        *(replace(step, env={**step.env, **measured}) for step in tests),
        Step("combine what was measured", [*coverage, "combine", "--quiet"], own),
        Step("coverage of auth0sync", [*coverage, "report"], own),
    ]


def required_suites(env: Mapping[str, str]) -> set[str]:
    """The suites that may not be left out.

    Raises: SystemExit, for a name that isn't a suite: a misspelt one would require nothing.
    """
    default = ",".join(SUITES) if env.get("CI", "").lower() == "true" else ""
    wanted = env.get("REQUIRE_SUITES", default)
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    if names - set(SUITES):
        raise SystemExit(f"REQUIRE_SUITES may name {', '.join(SUITES)} only.")
    return names


def database_url(env: Mapping[str, str]) -> str:
    """TEST_DATABASE_URL, or a database of this checkout's own on the usual port."""
    ending = hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]
    default = f"mysql://root@127.0.0.1:3306/identity_console_{ending}"
    return env.get("TEST_DATABASE_URL") or default


def why_no_mariadb(url: str) -> str:
    """Why the MariaDB suite can't run, without the password; '' when it can."""
    parts = urlsplit(url)
    if parts.scheme not in {"mysql", "mariadb"}:
        return "TEST_DATABASE_URL names no MariaDB or MySQL server"
    place = f"{parts.hostname}:{parts.port or 3306}"
    try:
        import MySQLdb  # type: ignore[import-untyped]
    except ImportError:
        return "mysqlclient isn't installed (`make setup` says why)"
    try:
        MySQLdb.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            connect_timeout=ANSWER_S,
        ).close()
    except MySQLdb.OperationalError as error:
        denied = error.args[0] in {1044, 1045, 1698}
        return f"{place} refuses the log-in" if denied else f"{place} doesn't answer"
    return ""


def why_no_redis(url: str) -> str:
    """Why the Redis suite can't run; '' when it can."""
    from redis import Redis, RedisError

    try:
        Redis.from_url(
            url, socket_connect_timeout=ANSWER_S, socket_timeout=ANSWER_S, retry=None
        ).ping()
    except (RedisError, ValueError):
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port or 6379} doesn't answer"
    return ""


def why_no_browser() -> str:
    """Why the browser suite can't run; '' when it can."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright isn't installed (`make setup` installs it)"
    return why_no_chromium()


def look_around(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Which servers answer, by suite, and why the other suites are left out."""
    servers, absent = {}, {}
    mariadb, redis = database_url(env), env.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/9"
    for suite, url, why in [
        ("mariadb", mariadb, why_no_mariadb(mariadb)),
        ("redis", redis, why_no_redis(redis)),
    ]:
        if why:
            absent[suite] = why
        else:
            servers[suite] = url
    if not RECORDINGS.is_dir():
        absent["recordings"] = f"{os.path.relpath(RECORDINGS, ROOT)} isn't there"
    if why := why_no_browser():
        absent["browser"] = why
    return servers, absent


def main(arguments: list[str]) -> int:
    """Run the checks and the tests, or what is asked for alone; returns the exit status."""
    absent: dict[str, str] = {}
    required = required_suites(os.environ)
    together = lint_steps() if arguments != ["coverage"] else []
    steps: list[Step] = []
    last: list[Step] = []
    if arguments != ["lint"]:
        servers, absent = look_around(os.environ)
        if arguments == ["coverage"]:
            steps = coverage_steps(servers, strict=bool(required))
        else:
            steps = test_steps(servers, strict=bool(required), browser="browser" not in absent)
            # The one browser test on the second database leaves a core to the chaos.
            last = [steps.pop()] if steps[-1].name == "browser tests on MariaDB" else []
            last.append(chaos_step())
    with tempfile.TemporaryDirectory(prefix="identity-console-") as folder:
        failed = run_together(together, folder)
        failed += [step.name for step in steps if not step.run(folder)]
        failed += run_together(last, folder)
    say("\n=== Summary")
    for suite, why in absent.items():
        say(f"SKIPPED: {suite} suite: {why}")
        if suite in required:
            failed.append(f"{suite} suite (required, but {why})")
    for name in failed:
        say(f"FAILED: {name}")
    if not failed:
        say(f"All {len(together) + len(steps) + len(last)} steps passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
