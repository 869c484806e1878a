"""Reads the settings from the environment and says in plain sentences what is wrong with them.

Every value may also be given as a file: ``NAME_FILE=/run/secrets/name`` is read in place of
``NAME``, less the line end that editors add. Problems are collected, so that an operator sees
all of them at once; values are never repeated in a message, since they may be secret.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})

CANNOT_START = 3  # the exit status that makes gunicorn stop instead of starting the worker again


class ConfigurationError(ImproperlyConfigured):
    """The environment can't be used; the message holds one plain sentence a line."""


class _Values(FileAwareMapping):  # type: ignore[misc]
    """The environment with ``NAME_FILE`` read in place of ``NAME``."""

    def __getitem__(self, key: str) -> str:
        path = self.env.get(f"{key}_FILE")
        if not path:
            return str(self.env[key])
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigurationError(
                f"{key}_FILE names a file that can't be read ({reason}): give the console's user "
                "the right to read it, or correct the path."
            ) from None


class Environment(environ.Env):  # type: ignore[misc]
    """Typed reading of the environment; call :meth:`refuse_if_wrong` when all is read."""

    def __init__(self, dotenv: Path | None = None) -> None:
        super().__init__()
        if dotenv is not None and dotenv.is_file():
            self.read_env(str(dotenv))
        self.ENVIRON = _Values()
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding space; ``default`` when it is absent or empty."""
        try:
            return (self.ENVIRON.get(name) or "").strip() or default
        except ConfigurationError as error:
            self.problems.append(str(error))
            return default

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list, without empty items."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def boolean(self, name: str, default: bool) -> bool:
        """true/false, 1/0, yes/no, on/off; anything else is a problem, not silently false."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE_WORDS | FALSE_WORDS:
            self.problems.append(f"{name} must be true or false.")
        return value in TRUE_WORDS

    def whole_number(self, name: str, default: int, minimum: int = 1) -> int:
        """A whole number of at least ``minimum``."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or int(value) < minimum:
            self.problems.append(f"{name} must be a whole number of at least {minimum}.")
            return default
        return int(value)

    def number(self, name: str, default: float, minimum: float) -> float:
        """A number of at least ``minimum``; 0.5 is written with a dot."""
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not minimum <= number < float("inf"):
            self.problems.append(f"{name} must be a number of at least {minimum:g}.")
            return default
        return number

    def pairs(self, name: str, default: str) -> dict[str, str]:
        """``A=one,B=two`` as a dictionary."""
        pairs: dict[str, str] = {}
        for word in self.words(name, default):
            key, equals, value = word.partition("=")
            if not equals or not key.strip() or not value.strip():
                self.problems.append(f"{name} must look like {default}.")
                return {}
            pairs[key.strip()] = value.strip()
        return pairs

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A Django database from a URL: ``sqlite:///path`` or ``mysql://user:pass@host/name``.

        MariaDB and MySQL speak UTC in every session and refuse values that don't fit; SQLite
        waits for a lock instead of failing (docs/architecture.md, "Data rules").
        """
        url = self.text(name, default)
        scheme, _, rest = url.partition("://")
        engine = {"sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql"}.get(scheme)
        config: dict[str, Any] = {}
        if engine and rest:
            with suppress(ValueError):
                config = self.db_url_config(f"{engine}://{rest}")
        if not config.get("NAME"):
            self.problems.append(
                f"{name} can't be understood: write mysql://USER:PASSWORD@HOST:3306/DATABASE, with "
                "special characters in the password percent-encoded, or sqlite:////PATH/TO/FILE."
            )
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        if engine == "mysql":
            if importlib.util.find_spec("MySQLdb") is None:
                self.problems.append(
                    f"{name} names a MySQL or MariaDB database, but mysqlclient isn't installed: "
                    "run `make setup`, which says what is missing."
                )
            config["ENGINE"] = "django.db.backends.mysql"
            config["CONN_MAX_AGE"] = 60
            config["CONN_HEALTH_CHECKS"] = True
            config.setdefault("OPTIONS", {}).update(
                charset="utf8mb4",
                connect_timeout=5,
                init_command=(
                    "SET time_zone='+00:00', sql_mode=CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')"
                ),
            )
        else:
            config.setdefault("OPTIONS", {}).update(
                transaction_mode="IMMEDIATE",
                timeout=20,
                init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            )
        return config

    def http_root(self, name: str) -> str:
        """The root of an http(s) service without a trailing slash; plain http only to loopback."""
        value = self.text(name).rstrip("/")
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            self.problems.append(f"{name} must look like https://HOST or http://127.0.0.1:8001.")
        elif parts.scheme == "http" and not is_loopback(parts.hostname):
            self.problems.append(
                f"{name} is plain http to another machine, which would send the machine secret in "
                "clear: use https. Plain http is accepted only to 127.0.0.1, ::1 and localhost."
            )
        return value

    def refuse_if_wrong(self) -> None:
        """Raise ConfigurationError with every problem found, a sentence each."""
        if self.problems:
            raise ConfigurationError("\n".join(dict.fromkeys(self.problems)))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its name or address, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def explain_and_exit() -> Iterator[None]:
    """Turn a ConfigurationError into its sentences on standard error and exit status 3."""
    try:
        yield
    except ConfigurationError as error:
        lines = str(error).splitlines()
        sys.stderr.write("The identity console can't start:\n")
        sys.stderr.writelines(f"  - {line}\n" for line in lines)
        sys.stderr.flush()
        raise SystemExit(CANNOT_START) from None


def default_dotenv(base: Path) -> Path:
    """``.env`` beside manage.py, or the file that ``ENV_FILE`` names."""
    return Path(os.environ.get("ENV_FILE") or base / ".env")
