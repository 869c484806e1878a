"""Reads the settings from the environment and says in plain sentences what is wrong with them.

Every value may also be given as a file: ``NAME_FILE=/run/secrets/name`` is read in place of
``NAME``, less the line end that editors add. Problems are collected, so that an operator sees
all of them at once; values are never repeated in a message, since they may be secret.
"""

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import time
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
HOURS = re.compile(
    r"(?P<begin>([01][0-9]|2[0-3]):[0-5][0-9])"
    r"-(?P<end>([01][0-9]|2[0-3]):[0-5][0-9])"
    r" +(?P<zone>\S+)"
)
DOTENV_LINE = re.compile(r"(export )?[A-Za-z_0-9]+=|\s*(#|$)")

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
            raise ConfigurationError(
                f"{key}_FILE names a file that can't be read ({why_unreadable(error)}): give the "
                "console's user the right to read it, or correct the path."
            ) from None


class Environment(environ.Env):  # type: ignore[misc]
    """Typed reading of the environment; call :meth:`refuse_if_wrong` when all is read."""

    def __init__(self, base: Path | None = None) -> None:
        """``base`` is the folder in which ``.env`` may lie; ``ENV_FILE`` names another file."""
        super().__init__()
        self.problems: list[str] = []
        self.unreadable: set[str] = set()
        if base is not None:
            self.read_dotenv(base)
        self.ENVIRON = _Values()

    def read_dotenv(self, base: Path) -> None:
        """Take from the file what the environment itself doesn't say."""
        named = os.environ.get("ENV_FILE")
        path = Path(named or base / ".env")
        if not named and not path.exists():
            return
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(
                f"{path} can't be read ({why_unreadable(error)}): give the console's user the "
                "right to read it, or correct ENV_FILE."
            )
            return
        lines = content.splitlines()
        for number, line in enumerate(lines, start=1):
            # django-environ would print such a line in its warning, and the secret in it.
            if not DOTENV_LINE.match(line):
                self.problems.append(f"Line {number} of {path} isn't of the form NAME=value.")
        if not self.problems:
            self.read_env(StringIO("\n".join(line for line in lines if line.strip())))

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding space; ``default`` when it is absent or empty."""
        try:
            return (self.ENVIRON.get(name) or "").strip() or default
        except ConfigurationError as error:
            self.problems.append(str(error))
            self.unreadable.add(name)
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

    def threshold(self, name: str, default: str) -> tuple[int, int]:
        """``5,10%`` as people and per cent, of which the larger counts; either may be left out."""
        people = per_cent = 0
        for word in self.words(name, default):
            digits = word.removesuffix("%").strip()
            number = int(digits) if digits.isascii() and digits.isdigit() else -1
            if number < 0 or (word.endswith("%") and number > 100):
                self.problems.append(
                    f"{name} must be a number of people, per cent of them, or both, such as "
                    f"{default}; 0 is off."
                )
                return 0, 0
            if word.endswith("%"):
                per_cent = number
            else:
                people = number
        return people, per_cent

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

    def hours(self, name: str) -> tuple[time, time, ZoneInfo] | None:
        """``22:00-06:00 America/Chicago`` as from, until and whose clock; None for none."""
        value = self.text(name)
        if not value:
            return None
        match = HOURS.fullmatch(value)
        if match and match["begin"] != match["end"] and match["zone"] in available_timezones():
            begin, end = time.fromisoformat(match["begin"]), time.fromisoformat(match["end"])
            return begin, end, ZoneInfo(match["zone"])
        self.problems.append(
            f"{name} must be two different times and a time zone, such as "
            "22:00-06:00 America/Chicago; empty for none."
        )
        return None

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
        # Kept open: the queue asks for a connection several times in one save.
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
        if engine == "mysql":
            if importlib.util.find_spec("MySQLdb") is None:
                self.problems.append(
                    f"{name} names a MySQL or MariaDB database, but mysqlclient isn't installed: "
                    "run `make setup`, which says what is missing."
                )
            config["ENGINE"] = "django.db.backends.mysql"
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
        value = self.http_address(name).rstrip("/")
        parts = split(value)
        if parts is not None and parts.query:
            self.problems.append(f"{name} must look like https://HOST or http://127.0.0.1:8001.")
        return value

    def http_address(self, name: str) -> str:
        """A whole http(s) address, which may hold a key; plain http only to loopback."""
        value = self.text(name)
        if not value:
            return ""
        parts = split(value)
        if (
            parts is None
            or parts.scheme not in {"http", "https"}
            or not parts.hostname
            or "@" in parts.netloc
        ):
            self.problems.append(f"{name} must look like https://HOST or http://127.0.0.1:8001.")
        elif parts.scheme == "http" and not is_loopback(parts.hostname):
            self.problems.append(
                f"{name} is plain http to another machine, which would send a secret in clear: "
                "use https. Plain http is accepted only to 127.0.0.1, ::1 and localhost."
            )
        return value

    def host(self, name: str) -> str:
        """A host name in small letters, with a port or without; '' when it is absent."""
        value = self.text(name).lower()
        parts = split(f"https://{value}")
        if value and (parts is None or parts.netloc != value or not parts.hostname or "@" in value):
            self.problems.append(f"{name} must be a host name only, such as example.us.auth0.com.")
        return value

    def networks(self, name: str, default: str) -> list[IPv4Network | IPv6Network]:
        """Addresses and networks: ``127.0.0.1,::1,10.0.0.0/8``."""
        try:
            return [ip_network(word, strict=False) for word in self.words(name, default)]
        except ValueError:
            example = default or "10.0.0.0/8"
            self.problems.append(f"{name} must hold addresses or networks, such as {example}.")
            return []

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


def split(url: str) -> SplitResult | None:
    """The parts of a URL; None when it has a malformed host or port."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (is only looked at when it is asked for)
    except ValueError:
        return None
    return parts


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as browsers compare them; '' for none or a malformed one."""
    parts = split(url)
    return f"{parts.scheme}://{parts.netloc}" if parts and parts.netloc else ""


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """The reason for the brackets of a sentence; never a part of the file."""
    return getattr(error, "strerror", None) or "it is not UTF-8 text"
