"""How soon the account follows the row, and how many calls that takes: with the worker running."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.browser import Save
from bench.errors import BenchFailed
from bench.installation import Installation
from bench.tenant import Arrival

WARM_UP = 3  # people
WARM_UP_S = 90  # the worker's start is in it
BURST = 6  # people: Monday, six in the morning
PATIENCE_S = 60
PAUSE_S = (0.7, 1.6)  # between two people, never in step with the worker's own clocks
OFF_S = 5  # how long the link stays off
BUSY_S = 1  # a call so shortly before shows that the worker was at it
TOKEN = "POST /oauth/token"


@dataclass(frozen=True)
class Following:
    """What was measured, in the order in which it was done.

    singles, burst, batch: people with when account, role and mail were there.
    first_calls: calls for the first three people, with those that are made once.
    batch_calls: Management API calls for the batch; tokens: token calls in the whole run.
    off_s: seconds from the answer to the switch's button to the last call that went out.
    down: saves with the worker running and the tenant stopped.
    """

    singles: Sequence[tuple[Save, Arrival]]
    burst: Sequence[tuple[Save, Arrival]]
    batch: Sequence[tuple[Save, Arrival]]
    first_calls: Counter[str]
    batch_calls: Counter[str]
    tokens: int
    off_s: float
    down: Sequence[Save]


def measure_following(installation: Installation, singles: int, batch: int, down: int) -> Following:
    """Add people one at a time, six at once and a batch; then some with the tenant down.

    The tenant has no added latency and its usual limit, the console its default settings. The
    tenant runs again at the end, the worker doesn't.
    Raises: BenchFailed, when somebody gets no account or mail.
    """
    installation.tenant.set(latency_s=0, limited=True)
    installation.start_worker()
    _add(installation, WARM_UP, WARM_UP_S)
    first_calls = _management_calls(installation)
    one_by_one = _add(installation, singles, PATIENCE_S, pause=True)
    burst = _add(installation, BURST, PATIENCE_S)
    before = _management_calls(installation)
    at_once = _add(installation, batch, 2 * PATIENCE_S)
    batch_calls = _management_calls(installation) - before
    off_s = _switch_off(installation, batch)
    tokens = installation.tenant.calls().get(TOKEN, 0)
    without_tenant = _add_without_tenant(installation, down)
    return Following(
        one_by_one, burst, at_once, first_calls, batch_calls, tokens, off_s, without_tenant
    )


def _add(
    installation: Installation, people: int, patience_s: float, *, pause: bool = False
) -> list[tuple[Save, Arrival]]:
    saves = []
    for _ in range(people):
        saves.append(installation.browser.add_person())
        if pause:
            time.sleep(random.uniform(*PAUSE_S))
    missing = installation.tenant.wait_for_mails([save.email for save in saves], patience_s)
    installation.must_run()
    if missing:
        raise BenchFailed(f"{len(missing)} of {people} people had no mail after {patience_s} s.")
    arrivals = installation.tenant.arrivals()
    return [(save, arrivals[save.email]) for save in saves]


def _switch_off(installation: Installation, people: int) -> float:
    """Switch off while the worker is at it, and on again; returns seconds to the last call."""
    saves = [installation.browser.add_person() for _ in range(people)]
    off_at = installation.browser.turn_switch("off")
    time.sleep(OFF_S)
    calls = installation.tenant.call_times()
    if not any(off_at - BUSY_S < at <= off_at for at in calls):
        raise BenchFailed("The worker had nothing to do when the link was switched off.")
    installation.browser.turn_switch("on")
    emails = [save.email for save in saves]
    if not set(emails) - installation.tenant.mails().keys():
        raise BenchFailed("Everybody was done before the link was switched off.")
    if missing := installation.tenant.wait_for_mails(emails, 2 * PATIENCE_S):
        raise BenchFailed(f"{len(missing)} people had no mail after the link was on again.")
    return max(0.0, max(at for at in calls) - off_at)


def _management_calls(installation: Installation) -> Counter[str]:
    return Counter(
        {call: n for call, n in installation.tenant.calls().items() if "/api/v2/" in call}
    )


def _add_without_tenant(installation: Installation, people: int) -> list[Save]:
    installation.stop_tenant()
    saves = []
    for _ in range(people):
        saves.append(installation.browser.add_person())
        time.sleep(0.2)
    installation.must_run()
    installation.stop_worker()
    installation.start_tenant()
    return saves
