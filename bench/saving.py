"""How long the form takes to answer, the new way and the old way, however the tenant is."""

from dataclasses import dataclass, field

from bench.browser import ADD, OLD_ADD, Save
from bench.errors import BenchFailed
from bench.installation import Installation

NEW, OLD = "console", "old way"
WAYS = {NEW: ADD, OLD: OLD_ADD}
QUICK, SLOW, DOWN = "0 ms", "500 ms", "down"
LATENCY_S = {QUICK: 0.0, SLOW: 0.5}
STATES = (QUICK, SLOW, DOWN)


@dataclass
class Series:
    """The saves of one way while the tenant was in one state.

    calls: how many calls the tenant saw while one of them was being answered; None when it was
    down and could see none. cpu_s: processor time of the web server for all of them, which what
    else the machine does hardly changes.
    """

    saves: list[Save] = field(default_factory=list)
    calls: int | None = 0
    cpu_s: float = 0.0

    @property
    def times_ms(self) -> list[float]:
        """How long each took until its answer."""
        return [save.took_ms for save in self.saves]

    @property
    def cpu_ms(self) -> float:
        """Processor time of the web server for one save, on average."""
        return self.cpu_s / len(self.saves) * 1000

    @property
    def refused(self) -> int:
        """How many came back with an error instead of being saved."""
        return sum(not save.saved for save in self.saves)


def measure_saves(
    installation: Installation, rounds: int, each: int, old_each: int, slow_each: int
) -> dict[tuple[str, str], Series]:
    """Save by both ways, in every state of the tenant, with the worker stopped.

    So every call that the tenant sees is a request's own. In many short rounds, so that what
    else the machine does meanwhile falls on all of them alike.
    each: saves the new way in a state in a round; old_each: the old way; slow_each: the old way
    at 500 ms, where each takes more than a second. Returns a series by way and state.
    """
    series = {(way, state): Series() for way in WAYS for state in STATES}
    with installation.database.held_open():
        _warm_up(installation)
        for _ in range(rounds):
            for state in STATES:
                _put_tenant(installation, state)
                numbers = {NEW: each, OLD: slow_each if state == SLOW else old_each}
                _one_round(installation, series, state, numbers)
                if state == DOWN:
                    installation.start_tenant()
    return series


def _warm_up(installation: Installation) -> None:
    """The first requests load code and templates, and the old way gets its token and role id."""
    _put_tenant(installation, QUICK)
    for way, address in WAYS.items():
        for _ in range(3):
            if not installation.browser.add_person(address).saved:
                raise BenchFailed(f"Nobody could be saved ({way}), though the tenant is up.")


def _put_tenant(installation: Installation, state: str) -> None:
    if state == DOWN:
        installation.stop_tenant()
    else:
        # Without its limit, which would refuse the old way's calls and say nothing about saving.
        installation.tenant.set(latency_s=LATENCY_S[state], limited=False)


def _one_round(
    installation: Installation,
    series: dict[tuple[str, str], Series],
    state: str,
    numbers: dict[str, int],
) -> None:
    for way, address in WAYS.items():
        found = series[way, state]
        before_s = installation.web_cpu_s()
        saves = [_save(installation, address) for _ in range(numbers[way])]
        found.cpu_s += installation.web_cpu_s() - before_s
        found.saves += saves
        found.calls = None if state == DOWN else (found.calls or 0) + _calls(installation, saves)


def _save(installation: Installation, address: str) -> Save:
    installation.database.empty_queue()
    return installation.browser.add_person(address)


def _calls(installation: Installation, saves: list[Save]) -> int:
    """Calls that came in while one of these saves was being answered."""
    times = installation.tenant.call_times()
    return sum(save.sent_at <= at <= save.answered_at for save in saves for at in times)
