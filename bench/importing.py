"""What an import of a large company costs: ``python -m bench.importing [--database URL]``.

Ten thousand newcomers, as CSV and as an Excel workbook, read, looked at, confirmed, carried out,
loaded once more, and undone, inside one process of the console as the queue's worker does it; in
slices of the same length, one after the other. The accounts aren't made: no worker runs.
"""

import csv
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.alone import show
from bench.installation import Installation

PEOPLE = 10_000
FEW = 100  # whose preview is compared with that of all
PAGE_TRIES = 10
LOOK = "from bench.importing import look; look({})"
DEPARTMENTS = ("Heat Press", "Packing", "Picking", "Embroidery", "Office")
HEADINGS = ("Full name", "Mail", "Dept", "Site", "Phone", "Start date")


def measure(installation: Installation, people: int = PEOPLE) -> list[str]:
    """Import so many people; returns the lines."""
    return _report(people, json.loads(installation.ask(LOOK.format(people)).splitlines()[-1]))


def look(people: int) -> None:
    """Inside a process of the console: measure, and print the figures as JSON."""
    from django.contrib.auth.models import User

    from employees.authority import Actor
    from employees.models import Employee

    user = User.objects.get(username="bench")
    actor = Actor(f"admin:{user.pk}", "admin")
    _read("warm.csv", _as_csv(FEW), actor)
    rows = _as_csv(people)
    memory = Memory()
    with memory:
        few = _read("few.csv", _as_csv(FEW), actor)[0]
        change, csv_s = _read("people.csv", rows, actor)
        _, xlsx_s = _read("people.xlsx", _as_xlsx(people), actor)
        few_ms, few_queries = _page(user, few)
        page_ms, queries = _page(user, change)
        done_s, longest_s = _work_off(change, actor)
        assert Employee.objects.count() == people, "somebody is missing, or there twice"
        again, again_s = _read("again.csv", rows, actor)
        nothing = again.rows.filter(outcome="nothing").count()
        undo_s = _undo(change, actor)
    print(
        json.dumps(
            {
                "csv_s": csv_s,
                "xlsx_s": xlsx_s,
                "few_ms": few_ms,
                "few_queries": few_queries,
                "page_ms": page_ms,
                "queries": queries,
                "done_s": done_s,
                "longest_s": longest_s,
                "again_s": again_s,
                "nothing": nothing,
                "undo_s": undo_s,
                "archived": Employee.objects.exclude(archived_at=None).count(),
                "more_mb": memory.more_mb,
            }
        )
    )


class Memory:
    """The most memory of this process while it is entered, in MB more than at the beginning."""

    EVERY_S = 0.05

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._before = self._most = self._process.memory_info().rss
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._watch.start()

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._watch.join()

    @property
    def more_mb(self) -> float:
        """How much more it was at its most."""
        return (self._most - self._before) / 1e6

    def _look(self) -> None:
        while not self._over.wait(self.EVERY_S):
            self._most = max(self._most, self._process.memory_info().rss)


def _people(number: int) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    for n in range(number):
        department, site = DEPARTMENTS[n % len(DEPARTMENTS)], ("MS", "TX")[n % 2]
        phone, day = f"601-555-{n % 10_000:04}", f"{n % 12 + 1:02}/{n % 28 + 1:02}/2026"
        yield f"Sample Person {n}", f"p{n}@example.com", department, site, phone, day


def _as_csv(number: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(_people(number))
    return text.getvalue().encode("cp1252")


def _as_xlsx(number: int) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in _people(number):
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _read(title: str, content: bytes, actor: Any) -> tuple[Any, float]:
    from employees.mass import changes

    options = {"defaults": {"invitation": "work"}}
    change = changes.begin("import", title, actor, options, content)
    took_s, _ = _slices(change, "reading")
    return change, took_s


def _work_off(change: Any, actor: Any) -> tuple[float, float]:
    from employees.mass import changes

    assert changes.confirm(change.pk, change.version, actor), "it can't be confirmed"
    return _slices(change, "working")


def _undo(change: Any, actor: Any) -> float:
    from employees.mass import changes

    assert changes.undo(change.pk, change.version, actor), "it can't be undone"
    return _slices(change, "undoing")[0]


def _slices(change: Any, state: str) -> tuple[float, float]:
    """Work on it as the queue does until it is out of this state; the whole, and the longest."""
    from employees.tasks import mass_change

    took = []
    change.refresh_from_db()
    while change.state == state:
        took.append(_timed(lambda: mass_change(change.pk)))
        change.refresh_from_db()
    assert change.state != "failed", change.failure
    return sum(took), max(took)


def _page(user: Any, change: Any) -> tuple[float, int]:
    """The preview's second page: median time in milliseconds, and its queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    browser = Client(SERVER_NAME="127.0.0.1", headers={"x-forwarded-proto": "https"})
    browser.force_login(user)
    address = f"/admin/employees/masschange/{change.pk}/change/?p=2"

    def ask() -> None:
        answer = browser.get(address, secure=True)
        assert answer.status_code == 200, answer.status_code

    ask()
    times = sorted(_timed(ask) for _ in range(PAGE_TRIES))
    with CaptureQueriesContext(connection) as queries:
        ask()
    return times[PAGE_TRIES // 2] * 1000, len(queries)


def _timed(do: Callable[[], None]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _report(people: int, found: dict[str, Any]) -> list[str]:
    return [
        f"{people:,} newcomers from a file: read in {found['csv_s']:.1f} s (CSV) or"
        f" {found['xlsx_s']:.1f} s (Excel)",
        f"  a page of the preview {found['page_ms']:.0f} ms, {found['queries']} queries; of"
        f" {FEW} people {found['few_ms']:.0f} ms, {found['few_queries']} queries",
        f"  carried out in {found['done_s']:.0f} s, {people / found['done_s']:.0f} rows/s; the"
        f" longest slice {found['longest_s']:.1f} s",
        f"  the same file again {found['again_s']:.1f} s: {found['nothing']:,} with nothing to do",
        f"  undone in {found['undo_s']:.0f} s: {found['archived']:,} archived, nobody deleted;"
        f" at most {found['more_mb']:.0f} MB more memory",
    ]


if __name__ == "__main__":
    sys.exit(show(measure, __doc__))
