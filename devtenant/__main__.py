"""Start the stand-in tenant: ``python -m devtenant``."""

import argparse
import os
import re
import sqlite3
import sys
from pathlib import Path

from devtenant.buckets import PLANS
from devtenant.log_streams import TooManyStreams, is_loopback
from devtenant.server import ADDRESS, PortInUse, run_until_signal, start

CONSOLES = ("http://127.0.0.1:8000", "http://localhost:8000")


def console(text: str) -> str:
    """The address of a console: scheme, host and port, such as ``http://127.0.0.1:8000``.

    Raises: ArgumentTypeError.
    """
    if not re.fullmatch(r"https?://[^\s/?#]+/?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as {CONSOLES[0]}")
    return text


def loopback(text: str) -> str:
    """An http address of this machine.

    Raises: ArgumentTypeError.
    """
    if not is_loopback(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no http address of this machine")
    return text


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m devtenant",
        description="A stand-in for an Auth0 tenant, on this machine alone. It is not Auth0.",
    )
    parser.add_argument("--port", type=int, default=8001, help="HTTP port, 0 = a free one")
    parser.add_argument("--plan", choices=sorted(PLANS), default="demo", help="rate limits")
    parser.add_argument("--state", type=Path, help="SQLite file (default: memory only)")
    parser.add_argument("--smtp-port", type=int, default=1025, help="mailbox, 0 = none")
    parser.add_argument(
        "--empty",
        action="store_true",
        help="start as a new tenant: no roles, APIs or Actions, and applications not set up",
    )
    parser.add_argument(
        "--console",
        action="append",
        type=console,
        metavar="URL",
        help="where a console answers, to which a log-in may go back; may be given several times "
        f"(default: {' and '.join(CONSOLES)}, with --empty none)",
    )
    parser.add_argument(
        "--stream",
        action="append",
        default=[],
        type=loopback,
        metavar="URL",
        help="send the log there, with the bearer token in DEVTENANT_STREAM_TOKEN "
        "(without one, nothing is sent)",
    )
    parser.add_argument("--verbose", action="store_true", help="one line per request")
    return parser.parse_args()


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    options = arguments()
    token = os.environ.get("DEVTENANT_STREAM_TOKEN", "")
    try:
        running = start(
            port=options.port,
            plan=options.plan,
            path=options.state,
            smtp_port=options.smtp_port,
            empty=options.empty,
            consoles=options.console or (() if options.empty else CONSOLES),
            streams=[(url, f"Bearer {token}") for url in options.stream if token],
            verbose=options.verbose,
        )
    except (PortInUse, TooManyStreams) as error:
        print(error, file=sys.stderr)
        return 1
    except sqlite3.Error as error:
        print(f"The state file {options.state} cannot be used: {error}.", file=sys.stderr)
        return 1

    def ready() -> None:
        print(f"devtenant listening on http://{ADDRESS}:{running.port}", flush=True)

    run_until_signal(running, ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
