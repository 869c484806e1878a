"""How lines are written: fields, one request id, nothing secret; for people or for programs.

Every line of every library passes through here (docs/logs.md). Call sites go on using
``logging.getLogger(__name__)`` with ``extra={"employee_id": …}``; what is true of all lines of a
request or an employee stands in structlog's context variables.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from employees.redaction import redact

# What ``extra`` may add to a line; Django and others put requests and sockets there too.
FIELDS = (
    *("employee_id", "auth0_user_id", "action", "capability", "http_status", "duration_ms"),
    *("attempt", "error_code", "actor", "request_id", "job", "method", "path", "status"),
    "user_id",
)
SERVERS = {"qcluster", "runserver"}  # commands that go on: their lines are all they print
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes every line, also one that can't be written as it was meant.

    logging itself would print the arguments of a broken line to the terminal as they are.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The finished line. Never raises."""
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001  (whatever it is, the line mustn't be lost)
            broken = logging.makeLogRecord(
                {
                    **{key: vars(record)[key] for key in ("name", "levelno", "levelname")},
                    "msg": f"{_text(record.msg)} (this line is broken: {type(error).__name__})",
                }
            )
            return super().format(broken)


def _text(message: object) -> str:
    """What a line was to say, though it may be a thing that can't be written."""
    return message[:500] if isinstance(message, str) else type(message).__name__


def least_level(arguments: Sequence[str], *, is_terminal: bool) -> str:
    """The level from which lines are written.

    Somebody who runs a command at a terminal reads what it prints: between that only what is wrong
    is shown. arguments: of the process; is_terminal: whether standard error is one.
    """
    is_command = Path(arguments[0]).name == "manage.py" and not SERVERS & set(arguments[1:2])
    return "WARNING" if is_terminal and is_command else "INFO"


def configuration(log_format: str, *, colours: bool = False, level: str = "INFO") -> dict[str, Any]:
    """Django's LOGGING. log_format: json or console; colours: for a terminal, on console only."""
    formatter = {
        "()": Formatter,
        "foreign_pre_chain": [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            without_secrets,
            *_rendered(log_format, colours),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "axes": {"level": "ERROR"},  # WARNING repeats what strangers type
            "httpx": {"level": "WARNING"},  # calls are logged once, by the gate
            "django-q": {"level": "WARNING", "propagate": True},
            # Requests are written once, by requests.py: here are only faults with their traceback.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "ERROR", "handlers": [], "propagate": True},
            # gunicorn has set these up for itself before.
            "gunicorn.error": {"handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


def without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """structlog's processor: every text of the line, traceback included, through the redaction."""
    return {name: redact({name: each}).popitem()[1] for name, each in event.items()}


def on_one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """structlog's processor: nobody can begin a line of their own, or colour the terminal.

    A traceback keeps its lines, each set in, so that none of them looks like one of ours.
    """
    return {
        name: "\n".join(f"    {_visible(line)}" for line in each.split("\n"))
        if name in {"exception", "stack"}
        else _visible(each)
        for name, each in event.items()
    }


def _visible(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", value)


def _rendered(log_format: str, colours: bool) -> list[Any]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(default=str)]
    console = structlog.dev.ConsoleRenderer(
        colors=colours,
        pad_event_to=0,
        pad_level=False,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [on_one_line, console]
