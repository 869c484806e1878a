"""The figures as a table for people."""

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bench.browser import Save
from bench.figures import median, slowest
from bench.following import WARM_UP, Following
from bench.kiosk import Kiosk
from bench.programs import ROOT
from bench.saving import DOWN, NEW, OLD, QUICK, STATES, Series
from bench.tenant import Arrival

CREATED_GOAL_MS = 500
CALLS_GOAL = 3
OFF_GOAL_S = 2
LOG_IN_GOAL_MS = 10
VERIFY_GOAL_MS = 5
ENOUGH = 20  # saves; the median of fewer tells of the machine's other work
WIDTH = 92


def heading() -> str:
    """The machine, the date and the commit."""
    return "\n".join(
        [
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}",
            f"{_processor()}, {os.cpu_count()} cores, load {_load()} at the start; "
            f"{platform.system()}, Python {platform.python_version()}",
            "gunicorn with one worker, `manage.py qcluster` and the stand-in tenant on this "
            "machine; default settings",
        ]
    )


def section(
    database: str, following: Following, saves: dict[tuple[str, str], Series]
) -> Iterable[str]:
    """The lines for one database."""
    yield ""
    yield f"== {database} ".ljust(WIDTH, "=")
    yield from _saves(saves)
    yield from _with_worker(following)
    yield from _following(following)
    yield from _calls(following)
    met = _verdict(following.off_s <= OFF_GOAL_S)
    yield f"Switched off while draining: last call {following.off_s:.2f} s later   " + (
        f"goal {OFF_GOAL_S} s: {met}"
    )


def kiosk(found: Kiosk) -> Iterable[str]:
    """The lines about the kiosk's calls."""
    title = f"Kiosk, {found.people:,} people, no bcrypt"
    yield f"{title:38}{'n':>4}{'median':>10}{'p95':>12}"
    for what, times, goal in (
        ("log-in", found.log_ins, LOG_IN_GOAL_MS),
        ("whose token this is", found.verifications, VERIFY_GOAL_MS),
        *((f"wrong PIN, number {kind}", times, None) for kind, times in found.refused.items()),
    ):
        verdict = f"   goal {goal} ms: {_verdict(median(times) <= goal)}" if goal else ""
        yield f"  {what:36}{len(times):4}{_pair(times, 10)}{verdict}"
    yield f"  a real bcrypt check, which each log-in has on top: {found.bcrypt_ms:.0f} ms"


def load_at_end() -> str:
    """How busy the machine was meanwhile, with the bench's own work in it."""
    return f"\nLoad at the end: {_load()}"


def _saves(saves: dict[tuple[str, str], Series]) -> Iterable[str]:
    yield "Save of one employee until the form answers; worker stopped"
    yield f"  {'tenant':8}{'way':10}{'n':>4}{'median':>12}{'p95':>12}{'CPU':>10}{'calls in it':>13}"
    for state in STATES:
        for way in (NEW, OLD):
            found = saves[way, state]
            calls = "–" if found.calls is None else f"{found.calls / len(found.saves):.1f}"
            outcome = f"  {found.refused} NOT SAVED" if found.refused else ""
            yield (
                f"  {state:8}{way:10}{len(found.saves):4}{_pair(found.times_ms)}"
                f"{found.cpu_ms:7.1f} ms{calls:>13}{outcome}"
            )
    yield f"  goal: medians within 10 % or 5 ms: {_apart([saves[NEW, state] for state in STATES])}"


def _apart(states: Sequence[Series]) -> str:
    """How far the medians are from that of the first state, and whether that is near enough."""
    up, *others = [median(found.times_ms) for found in states]
    off = max(abs(other - up) for other in others)
    if min(len(found.saves) for found in states) < ENOUGH:
        return f"{off:.1f} ms apart, of too few saves to judge by"
    return f"{off:.1f} ms apart: {_verdict(off <= max(5, up / 10))}"


def _with_worker(following: Following) -> Iterable[str]:
    yield "The same with the worker running"
    up = [save.took_ms for save, _ in following.singles]
    yield f"  {QUICK:8}{NEW:10}{len(up):4}{_pair(up)}"
    down = [save.took_ms for save in following.down]
    yield f"  {DOWN:8}{NEW:10}{len(down):4}{_pair(down)}"


def _following(following: Following) -> Iterable[str]:
    singles = following.singles
    created = [(there.account_at - save.answered_at) * 1000 for save, there in singles]
    pressed = [(there.account_at - save.sent_at) * 1000 for save, there in singles]
    mailed = [(there.mail_at - save.answered_at) * 1000 for save, there in singles]
    yield f"From the save on, one person at a time{'n':>6}{'median':>10}{'p95':>12}"
    yield f"  {'answer → account created':32}{len(created):4}{_pair(created, 10)}"
    yield f"  {'button → account created':32}{len(pressed):4}{_pair(pressed, 10)}"
    yield f"  {'answer → invitation mailed':32}{len(mailed):4}{_pair(mailed, 10)}"
    middle = median(created)
    yield f"  goal: created under {CREATED_GOAL_MS} ms median: {_verdict(middle < CREATED_GOAL_MS)}"
    for people in (following.burst, following.batch):
        yield (
            f"{len(people)} people saved one right after another: all have account, role and mail "
            f"{_all_there_s(people):.1f} s after the last answer"
        )


def _calls(following: Following) -> Iterable[str]:
    people = len(following.batch)
    each = following.batch_calls.total() / people
    yield f"Calls per new employee, over the {people}: {each:.2f}   goal at most {CALLS_GOAL}: " + (
        _verdict(each <= CALLS_GOAL)
    )
    yield from _listed(following.batch_calls)
    yield f"  the first {WARM_UP} people of this installation: {following.first_calls.total()}"
    yield from _listed(following.first_calls)
    yield f"  tokens asked for by the worker in the whole run: {following.tokens}"


def _listed(calls: Counter[str]) -> Iterable[str]:
    for call, count in calls.most_common():
        yield f"    {count:4} {call}"


def _all_there_s(people: Sequence[tuple[Save, Arrival]]) -> float:
    """Seconds from the last answer until everybody has account, role and mail."""
    return max(there.complete_at for _, there in people) - people[-1][0].answered_at


def _pair(times_ms: Sequence[float], first: int = 12) -> str:
    return f"{median(times_ms):{first - 3}.1f} ms{slowest(times_ms):9.1f} ms"


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        number = git("rev-parse", "--short", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return (number or "unknown") + (" with changes not committed" if changed else "")
