"""Measure the console: ``python -m bench [--quick] [--database URL]``."""

import argparse
import signal
import sys
from dataclasses import dataclass
from types import FrameType

import httpx

from bench import (
    clusters,
    comparing,
    draining,
    enrolling,
    events,
    guessing,
    importing,
    importing_accounts,
    leaving,
    listing,
    report,
    sweeping,
)
from bench.alone import installed
from bench.databases import USUAL_SERVER, answers
from bench.errors import BenchFailed
from bench.following import measure_following
from bench.kiosk import measure_kiosk
from bench.saving import NEW, measure_saves

SQLITE = "sqlite"


@dataclass(frozen=True)
class Size:
    """How many people are saved.

    rounds to slow_each: as in ``measure_saves``; singles to down: as in ``measure_following``;
    kiosk_people, kiosk_each: as in ``measure_kiosk``; sweep_people: as in ``sweeping.measure``;
    import_people: as in ``importing.measure``; by_job, one_by_one: as in
    ``importing_accounts.measure``; drains: whether a crowd is worked off, and another leaves,
    which takes minutes. compared: how many people have accounts that are compared, smaller
    first. listed: among how many people pages are asked for, few and many. clustered: as in
    ``clusters.measure``, with the limit and with it lifted. events: how many are delivered, and
    about how many people.
    """

    rounds: int
    each: int
    old_each: int
    slow_each: int
    singles: int
    batch: int
    down: int
    kiosk_people: int
    kiosk_each: int
    sweep_people: int
    import_people: int
    by_job: int
    one_by_one: int
    drains: bool
    compared: tuple[int, ...]
    listed: tuple[int, int]
    clustered: tuple[int, int]
    events: tuple[int, int]


FULL = Size(
    rounds=10,
    each=10,
    old_each=4,
    slow_each=2,
    singles=30,
    batch=50,
    down=20,
    kiosk_people=100_000,
    kiosk_each=200,
    sweep_people=100_000,
    import_people=10_000,
    by_job=10_000,
    one_by_one=300,
    drains=True,
    compared=comparing.SIZES,
    listed=(listing.FEW, listing.MANY),
    clustered=(clusters.PEOPLE, clusters.LIFTED_PEOPLE),
    events=(events.DELIVERED, events.PEOPLE),
)
QUICK = Size(
    rounds=1,
    each=4,
    old_each=4,
    slow_each=2,
    singles=5,
    batch=6,
    down=3,
    kiosk_people=2_000,
    kiosk_each=20,
    sweep_people=3_000,
    import_people=300,
    by_job=150,
    one_by_one=3,
    drains=False,
    compared=(200, 400),
    listed=(1_000, 2_000),
    clustered=(10, 20),
    events=(400, 10),
)


def main() -> int:
    """Measure on every database that was asked for; returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    options = _arguments()
    size = QUICK if options.quick else FULL
    calls = 0
    try:
        print(report.heading(), flush=True)
        for server in _servers(options.database):
            calls += _measure(server, size)
        print(report.load_at_end())
    except BenchFailed as failure:
        print(f"The bench failed: {failure}", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        print(f"The bench failed: no usable answer ({type(error).__name__}).", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; all programs have ended.", file=sys.stderr)
        return 130
    if calls:
        print(f"Saving made {calls} calls to the tenant: there must be none.", file=sys.stderr)
    return 1 if calls else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the console on a set-up of its own."
    )
    parser.add_argument("--quick", action="store_true", help="few saves, to see that it works")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="sqlite, or mysql://USER:PASSWORD@HOST:PORT, where a database is made and dropped "
        "again (default: SQLite, then MariaDB where 127.0.0.1:3306 answers)",
    )
    return parser.parse_args()


def _servers(url: str | None) -> list[str]:
    """SQLITE and servers, in the order in which they are measured. Raises: BenchFailed."""
    if url is None:
        if answers(USUAL_SERVER):
            return [SQLITE, USUAL_SERVER]
        print("SKIPPED: MariaDB, which doesn't answer at 127.0.0.1:3306.")
        return [SQLITE]
    if url.startswith(("mysql://", "mariadb://")):
        return [url]
    if url.startswith(SQLITE):
        return [SQLITE]
    raise BenchFailed("--database must be sqlite, or begin with mysql://.")


def _measure(server: str, size: Size) -> int:
    """Measure on one database and print it; returns how many calls the saves made."""
    url = "" if server == SQLITE else server
    with installed(url) as installation:
        following = measure_following(installation, size.singles, size.batch, size.down)
        saves = measure_saves(installation, size.rounds, size.each, size.old_each, size.slow_each)
        for line in report.section(installation.database.label, following, saves):
            print(line, flush=True)
        kiosk = measure_kiosk(installation, size.kiosk_people, size.kiosk_each)
        for line in report.kiosk(kiosk):
            print(line, flush=True)
        for line in guessing.measure(installation, size.kiosk_people):
            print(line, flush=True)
    with installed(url) as installation:
        for line in sweeping.measure(installation, size.sweep_people):
            print(line, flush=True)
    with installed(url) as installation:
        for line in enrolling.measure(installation):
            print(line, flush=True)
    with installed(url) as installation:
        for line in importing_accounts.measure(installation, size.by_job, size.one_by_one):
            print(line, flush=True)
    with installed(url) as installation:
        for line in importing.measure(installation, size.import_people):
            print(line, flush=True)
    with installed(url) as installation:
        for line in comparing.measure(installation, size.compared):
            print(line, flush=True)
    with installed(url) as installation:
        for line in listing.measure(installation, *size.listed):
            print(line, flush=True)
    with installed(url) as installation:
        for line in clusters.measure(installation, *size.clustered):
            print(line, flush=True)
    with installed(url) as installation:
        for line in events.measure(installation, *size.events):
            print(line, flush=True)
    if size.drains:
        with installed(url) as installation:
            for line in draining.measure(installation):
                print(line, flush=True)
        with installed(url) as installation:
            for line in leaving.measure(installation):
                print(line, flush=True)
    return sum(found.calls or 0 for (way, _), found in saves.items() if way == NEW)


def _end(number: int, frame: FrameType | None) -> None:
    """Stop measuring and end all programs; a second signal doesn't keep that from being done."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
