"""Makes ``.venv`` ready: ``python3 identity_console/bootstrap.py``, or ``make setup``.

Runs with the system's Python before anything is installed, so it uses the standard library
alone and nothing of the console. What can't be done is said in one sentence. Without the MySQL
headers everything but mysqlclient is installed and the exit status is still 0: SQLite works.

Every step can be interrupted and is made good by the next run:

1. ``.venv`` is made, or made again where a run that was killed left it half done.
2. The pinned packages are installed, each checked against its hash.
3. mysqlclient is compiled; where its headers are missing they come from the system's package
   manager when this user may install, else the command is named.
4. With ``--browser`` (what the tests ask for): where there is no Chromium, Debian's is installed
   when this user may install, else the command is named. CHROMIUM=/PATH/TO/PROGRAM names another.

Steps whose stamp in ``.venv`` still fits are passed over, which takes no time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036
    # Above everything with annotations, which older Pythons stumble over.
    for _name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        _command = [
            shutil.which(_name) or "",
            "-c",
            "import sys; sys.exit(sys.version_info < (3, 11))",
        ]
        if _command[0] and subprocess.call(_command, stderr=subprocess.DEVNULL) == 0:  # noqa: S603
            os.execv(_command[0], _command[:1] + sys.argv)  # noqa: S606
    sys.exit(
        f"Python 3.11 or newer is needed, and this is {sys.version_info[0]}.{sys.version_info[1]}: "
        "install it (Debian 12: apt-get install python3 python3-venv; macOS: brew install python), "
        "or name another: make PYTHON=/PATH/TO/python3."
    )

from collections.abc import Iterator

PINNED = ("requirements-base.txt", "requirements-dev.txt")
PKG_CONFIG_NAMES = ("mysqlclient", "mariadb", "libmariadb", "perconaserverclient")
CONFIG_PROGRAMS = ("mariadb_config", "mysql_config")
DEBIAN_HEADERS = ("default-libmysqlclient-dev", "pkg-config", "build-essential", "python3-dev")
BREW_HEADERS = ("mysql-client", "pkg-config")
BREW_KEGS = ("mysql-client", "mariadb-connector-c")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ON_A_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
DEBIAN_CHROMIUM = ("chromium", "fonts-dejavu-core")  # without a font every letter is a box
# What pip writes when the package index can't be reached, in any of its versions.
NO_NETWORK = ("new connection", "Max retries exceeded", "ProxyError", "timed out", "versions: none")
WRONG_HASH = "DO NOT MATCH THE HASHES"


class Stop(Exception):
    """The set-up can't go on; the message is one sentence for the person at the terminal."""


def main(root: Path, *, browser: bool = False) -> int:
    """Set up ``root/.venv``; returns the exit status, 0 also without mysqlclient or Chromium.

    browser: whether a Chromium is wanted too, for the browser tests and the screenshots.
    """
    try:
        with only_one(root):
            setup = Setup(root)
            setup.make_venv()
            setup.install_packages()
            setup.install_mysqlclient()
            if browser:
                setup.install_chromium()
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The set-up can't go on: {error.filename or root}: {error.strerror}.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted: `make setup` goes on from here.\n")
        return 130
    return 0


def say(line: str) -> None:
    """Print a line at once, also when the output is a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold a lock on the checkout: a second set-up of the same ``.venv`` waits for the first."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up of this checkout to end.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


class Setup:
    """The steps for one checkout, whose folder is ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.log = self.venv / "setup.log"
        # Lies in .venv while packages are being written: a run that is killed leaves it there.
        self.unfinished = self.venv / "unfinished"

    # --- Step 1: the virtual environment ---

    def make_venv(self) -> None:
        """Make ``.venv``, or make it again when it doesn't work; a working one is kept."""
        if self.is_whole():
            return
        install_venv_module()
        version = ".".join(str(part) for part in sys.version_info[:3])
        if self.venv.exists():
            say(f"Making .venv again with Python {version}: the one here is incomplete.")
            shutil.rmtree(self.venv)
        else:
            say(f"Making .venv with Python {version}.")
        self.venv.mkdir()
        self.unfinished.touch()
        if self.run([sys.executable, "-m", "venv", str(self.venv)]) != 0:
            raise Stop(f"The virtual environment can't be made; the reason is in {self.log}.")
        self.unfinished.unlink()

    def is_whole(self) -> bool:
        """Whether ``.venv`` was finished, is in the place it was made for and its Python runs."""
        if self.unfinished.exists() or not os.access(self.python, os.X_OK):
            return False
        if self.stamped("packages", PINNED):
            return True
        pip = self.venv / "bin" / "pip"
        # The scripts in .venv/bin name its path: after a move they don't start.
        if not pip.is_file() or str(self.python) not in pip.read_text(encoding="utf-8"):
            return False
        probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
        return self.ask(probe) is not None

    # --- Step 2: the packages ---

    def install_packages(self) -> None:
        """Install what is pinned for running, testing and checking.

        Raises: Stop, when the index is out of reach or a package isn't the one that was pinned.
        """
        if self.stamped("packages", PINNED):
            return
        say("Installing the pinned packages (a minute or two the first time).")
        self.unfinished.touch()
        printed = self.pip_install("requirements-dev.txt")
        self.unfinished.unlink()  # pip ended by itself, so it took back what it began
        if printed is not None:
            raise Stop(why_pip_failed(printed, self.log))
        self.stamp("packages", PINNED)

    # --- Step 3: mysqlclient ---

    def install_mysqlclient(self) -> None:
        """Compile mysqlclient where that is possible; where it isn't, say what to do and go on."""
        if self.stamped("mysqlclient", ("requirements.txt",)):
            return
        if not self.has_pinned_mysqlclient():
            problem = self.compile_mysqlclient()
            if problem:
                say(f"{problem} Until then only SQLite works.")
                return
        self.stamp("mysqlclient", ("requirements.txt",))

    def compile_mysqlclient(self) -> str:
        """Returns the sentence that says why it can't be done, or nothing when it was."""
        missing = self.missing_headers()
        tried = self.venv / "headers-tried"
        command = header_command()
        if missing and command and may_install(command) and not tried.exists():
            say(f"Installing the headers for mysqlclient: {' '.join(command)}")
            self.install_with_system(command)
            missing = self.missing_headers()
            if missing:
                tried.touch()  # once is enough: it takes long, and a person reads the sentence
        if missing:
            return f"mysqlclient isn't installed, because {missing}: {advice(command)}"
        tried.unlink(missing_ok=True)
        say("Compiling mysqlclient.")
        printed = self.pip_install("requirements.txt", "--no-deps", env=build_environment())
        if printed is not None:
            why = why_pip_failed(printed, self.log)
            return f"mysqlclient isn't installed: {why} Then run `make setup` again."
        if self.ask("import MySQLdb") is None:
            return (
                "mysqlclient was compiled but can't be loaded, because the MySQL client library "
                f"is missing: {advice(command)}"
            )
        return ""

    def has_pinned_mysqlclient(self) -> bool:
        """Whether the version in requirements.txt is there and can be loaded."""
        version = self.ask(
            "import MySQLdb, importlib.metadata as m; print(m.version('mysqlclient'))"
        )
        pinned = (self.root / "requirements.txt").read_text(encoding="utf-8")
        return bool(version) and f"mysqlclient=={version} " in pinned

    def missing_headers(self) -> str:
        """What the compilation lacks, as the second half of a sentence; '' when it has all."""
        if "MYSQLCLIENT_CFLAGS" not in build_environment():
            if shutil.which("pkg-config") is None:
                return "neither pkg-config nor mariadb_config is there to find the MySQL headers"
            return "the MySQL client headers are missing"
        include, compiler = (
            self.ask(
                "import sysconfig as s; print(s.get_path('include')); print(s.get_config_var('CC'))"
            )
            or "\n"
        ).split("\n")
        compiler = os.environ.get("CC") or compiler or "cc"
        if shutil.which(compiler.split()[0]) is None:
            return "there is no C compiler"
        if not Path(include, "Python.h").is_file():
            return "Python's own headers are missing"
        return ""

    def install_with_system(self, command: "tuple[str, ...]") -> None:
        """Run the package manager without questions; whether it helped is looked at afterwards."""
        prefix = as_root(command)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if command[0] == "apt-get":
            self.run([*prefix, "apt-get", "update", "-q"], env=env)
        self.run([*prefix, *command], env=env)

    # --- Step 4: Chromium ---

    def install_chromium(self) -> None:
        """Have a browser for the tests; where that can't be, say what to do and go on."""
        problem = why_no_chromium()
        tried = self.venv / "chromium-tried"
        command = chromium_command()
        # On a Mac it is an application like any other: not for a set-up to put there.
        may = command[:1] == ("apt-get",) and may_install(command)
        if problem and may and not os.environ.get("CHROMIUM") and not tried.exists():
            say(f"Installing Chromium for the browser tests: {' '.join(command)}")
            self.install_with_system(command)
            problem = why_no_chromium()
            if problem:
                tried.touch()  # once is enough, as with the headers
        if problem:
            say(f"The browser tests can't run, because {problem}: {browser_advice(command)}")
        else:
            tried.unlink(missing_ok=True)

    # --- Running programs, and remembering what was done ---

    def pip_install(
        self, requirements: str, *options: str, env: "dict[str, str] | None" = None
    ) -> "str | None":
        """Install a pinned file; returns None, or what pip printed when it failed."""
        start = self.log.stat().st_size if self.log.exists() else 0
        command = [str(self.python), "-m", "pip", "install", "--require-hashes", "--no-input"]
        # Compiled now: what Python warns of when it compiles a library would fail a test later.
        command += ["--disable-pip-version-check", *options, "-r", str(self.root / requirements)]
        if self.run(command, env=env) == 0:
            return None
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(start)
            return log.read()

    def run(self, command: "list[str]", env: "dict[str, str] | None" = None) -> int:
        """Run a program with its output in the log; returns its exit status."""
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(command)}\n".encode())
            log.flush()
            return subprocess.call(  # noqa: S603
                command, cwd=self.root, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def ask(self, code: str) -> "str | None":
        """What a line of Python prints in ``.venv``; None when it fails."""
        done = subprocess.run(  # noqa: S603
            [str(self.python), "-c", code], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def stamped(self, step: str, files: "tuple[str, ...]") -> bool:
        """Whether ``step`` was done for these files, this Python and this place."""
        stamp = self.venv / f"{step}.stamp"
        return stamp.is_file() and stamp.read_text(encoding="ascii") == self.digest(files)

    def stamp(self, step: str, files: "tuple[str, ...]") -> None:
        """Remember that ``step`` is done."""
        (self.venv / f"{step}.stamp").write_text(self.digest(files), encoding="ascii")

    def digest(self, files: "tuple[str, ...]") -> str:
        """A hash of the files, of ``.venv``'s Python and of the checkout's path."""
        total = hashlib.sha256(str(self.root).encode())
        for path in (self.venv / "pyvenv.cfg", *(self.root / name for name in files)):
            total.update(path.read_bytes() if path.is_file() else b"absent")
        return total.hexdigest()


def install_venv_module() -> None:
    """Debian keeps Python's venv module in a package of its own: install it when it is missing.

    Raises: Stop, with the command, when this user can't.
    """
    if has_venv_module():
        return
    command = ("apt-get", "install", "-y", "python3-venv")
    if shutil.which("apt-get") and may_install(command):
        say("Installing Python's venv module: apt-get install -y python3-venv")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (("apt-get", "update", "-q"), command):
            subprocess.call(  # noqa: S603
                [*as_root(command), *step],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    if not has_venv_module():
        raise Stop(
            f"Python's venv module is missing from {sys.executable}: run "
            "`sudo apt-get install python3-venv` and then `make setup` again."
        )


def has_venv_module() -> bool:
    """Whether a virtual environment with pip can be made (ensurepip is what Debian takes out)."""
    done = subprocess.run(
        [sys.executable, "-c", "import venv, ensurepip"], capture_output=True, check=False
    )
    return done.returncode == 0


def build_environment() -> "dict[str, str]":
    """The environment for compiling mysqlclient, with the flags that its build needs.

    Its build asks pkg-config alone. mariadb_config and mysql_config say the same where there is
    no pkg-config; Homebrew's client lies outside the places that pkg-config looks at. Without
    MYSQLCLIENT_CFLAGS in the answer the headers weren't found.
    """
    env = dict(os.environ)
    if env.get("MYSQLCLIENT_CFLAGS") and env.get("MYSQLCLIENT_LDFLAGS"):
        return env
    if sys.platform == "darwin" and shutil.which("brew"):
        prefixes = [output("brew", "--prefix", keg) for keg in BREW_KEGS]
        kegs = [f"{prefix}/lib/pkgconfig" for prefix in prefixes if prefix]
        known = env.get("PKG_CONFIG_PATH")
        env["PKG_CONFIG_PATH"] = os.pathsep.join([*kegs, known] if known else kegs)
    questions: list[tuple[str, ...]] = [
        ("pkg-config", "--cflags", "--libs", name)
        for name in PKG_CONFIG_NAMES
        if output("pkg-config", "--exists", name, env=env) is not None
    ]
    questions += [(name, "--cflags", "--libs") for name in CONFIG_PROGRAMS]
    for program, cflags, libs, *names in questions:
        flags = output(program, cflags, *names, env=env)
        links = output(program, libs, *names, env=env)
        if flags is not None and links:
            env["MYSQLCLIENT_CFLAGS"] = flags or "-std=c99"
            env["MYSQLCLIENT_LDFLAGS"] = links
            break
    return env


def output(*command: str, env: "dict[str, str] | None" = None) -> "str | None":
    """What a program prints; None when it isn't there or fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(  # noqa: S603
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def header_command() -> "tuple[str, ...]":
    """The command that installs mysqlclient's headers on this system; () when none is known."""
    if sys.platform == "darwin":
        return ("brew", "install", *BREW_HEADERS)
    if shutil.which("apt-get") or Path("/etc/debian_version").exists():
        return ("apt-get", "install", "-y", *DEBIAN_HEADERS)
    return ()


def find_chromium() -> str:
    """The path of a Chromium or Chrome; CHROMIUM in the environment wins. '' when there is none."""
    named = os.environ.get("CHROMIUM", "").strip()
    if named:
        return shutil.which(named) or ""
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path:
            return path
    if sys.platform == "darwin":
        return next((path for path in CHROMIUM_ON_A_MAC if os.access(path, os.X_OK)), "")
    return ""


def why_no_chromium() -> str:
    """What is missing, as the second half of a sentence; '' when there is a Chromium."""
    if find_chromium():
        return ""
    return "CHROMIUM names no program" if os.environ.get("CHROMIUM") else "Chromium is missing"


def chromium_command() -> "tuple[str, ...]":
    """The command that installs Chromium on this system; () when none is known."""
    if sys.platform == "darwin":
        return ("brew", "install", "--cask", "google-chrome")
    if shutil.which("apt-get") or Path("/etc/debian_version").exists():
        return ("apt-get", "install", "-y", *DEBIAN_CHROMIUM)
    return ()


def browser_advice(command: "tuple[str, ...]") -> str:
    """The sentence's end: what a person does to get a browser for the tests."""
    if os.environ.get("CHROMIUM"):
        return "correct its path, or leave it out."
    if not command:
        return "install Chromium, or name one: CHROMIUM=/PATH/TO/CHROMIUM make test."
    sudo = "" if command[0] == "brew" else "sudo "
    return (
        f"run `{sudo}{' '.join(command)}`, or name another: CHROMIUM=/PATH/TO/CHROMIUM make test."
    )


def may_install(command: "tuple[str, ...]") -> bool:
    """Whether this user can run the package manager without being asked for a password."""
    if shutil.which(command[0]) is None:
        return False
    if command[0] == "brew":
        return os.geteuid() != 0  # Homebrew refuses to run as root
    return os.geteuid() == 0 or output("sudo", "-n", "true") is not None


def as_root(command: "tuple[str, ...]") -> "list[str]":
    """What goes before a package manager's command."""
    return [] if command[0] == "brew" or os.geteuid() == 0 else ["sudo", "-n"]


def advice(command: "tuple[str, ...]") -> str:
    """The sentence's end: what a person runs to get the headers."""
    if not command:
        return (
            "install the MariaDB or MySQL client headers, pkg-config, a C compiler and Python's "
            "headers with the system's package manager, then run `make setup` again."
        )
    sudo = "" if command[0] == "brew" else "sudo "
    return f"run `{sudo}{' '.join(command)}`, then `make setup` again."


def why_pip_failed(printed: str, log: Path) -> str:
    """One sentence about what pip printed, with the log's path."""
    if WRONG_HASH in printed:
        return (
            "A package that was downloaded isn't the one whose hash is pinned, so nothing of it "
            f"was installed: find out why before going on; {log} names it."
        )
    if any(words in printed for words in NO_NETWORK):
        return (
            "The package index can't be reached, or doesn't know what is pinned: check the "
            f"network; pip's words are in {log}."
        )
    return f"The packages can't be installed; pip's words are in {log}."


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent, browser="--browser" in sys.argv[1:]))
