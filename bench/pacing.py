"""How the pace fits a tenant's plan: ``python -m bench.pacing [--plan free] [--other]``.

Sixty new people wait, then the worker starts, with the ceiling at ten calls a second. With
``--other`` another client asks for half of what the plan allows all the while.
"""

import argparse
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any

import httpx

from bench import report
from bench.alone import installed
from bench.errors import BenchFailed
from bench.installation import Installation

PEOPLE = 60
OTHERS = {"free": 1.0, "essentials": 1.25}  # calls a second: half of the bucket for the rest
OTHERS_CALL = "/api/v2/resource-servers"
FASTEST_S = {"free": (3 * PEOPLE - 2) / 2, "essentials": (2 * PEOPLE - 10) / 2.5}
PATIENCE_S = 600
LEARNS_FOR_S = 10
FORECAST_AFTER_S = (0, 4, 9)  # and what it takes to start a program that asks
ASK = "from auth0sync.budget import budget; b = budget(); " + (
    "print((b.finished_at - b.now).total_seconds() if b.finished_at else 0)"
)


class OtherClient(threading.Thread):
    """Asks for the APIs, evenly, until it is stopped; what is refused it leaves."""

    def __init__(self, url: str, per_second: float) -> None:
        super().__init__(daemon=True)
        self.url, self.pause_s = url, 1 / per_second
        self.stopped = threading.Event()
        self.calls = 0

    def run(self) -> None:
        """Until ``stopped``."""
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as client:
            body = {
                "grant_type": "client_credentials",
                "client_id": "console-m2m",
                "client_secret": "not-a-secret",
                "audience": f"https://{self.url.removeprefix('http://')}/api/v2/",
            }
            token = client.post("/oauth/token", json=body).json()["access_token"]
            while not self.stopped.wait(self.pause_s):
                client.get(OTHERS_CALL, headers={"Authorization": f"Bearer {token}"})
                self.calls += 1


def measure(plan: str, *, other: bool) -> list[str]:
    """Run it once, on SQLite; returns the lines of the report. Raises: BenchFailed."""
    with ExitStack() as stack:
        installation = stack.enter_context(installed(plan=plan))
        for _ in range(PEOPLE):
            installation.browser.add_person()
        if other:
            client = OtherClient(installation.tenant.url, OTHERS[plan])
            stack.callback(client.stopped.set)
            client.start()
        installation.start_worker()
        began = installation.wait_for_calls(_has_begun, PATIENCE_S, but=OTHERS_CALL)[0]["at"]
        forecasts = [_forecast(installation, began, after_s) for after_s in FORECAST_AFTER_S]
        calls = installation.wait_for_calls(_is_complete, PATIENCE_S, but=OTHERS_CALL)
    return _report(plan, other, began, forecasts, calls)


def _has_begun(calls: list[dict[str, Any]]) -> bool:
    return len(calls) >= 3


def _is_complete(calls: list[dict[str, Any]]) -> bool:
    links = [c for c in calls if c["path"].endswith("/password-change") and c["status"] < 300]
    return len(links) >= PEOPLE


def _forecast(installation: Installation, began: float, after_s: float) -> tuple[float, float]:
    """When the console was asked, and when it says all is finished; both counted from ``began``."""
    time.sleep(max(0.0, began + after_s - time.time()))
    left_s = float(installation.ask(ASK))
    asked_s = time.time() - began
    return asked_s, asked_s + left_s


def _report(
    plan: str,
    other: bool,
    began: float,
    forecasts: list[tuple[float, float]],
    calls: list[dict[str, Any]],
) -> list[str]:
    done = [call for call in calls if call["status"] < 300]
    took_s = done[-1]["at"] - began
    refused = [call["at"] - began for call in calls if call["status"] == 429]
    per_second = Counter(int(at) for at in refused)
    share = FASTEST_S[plan] / took_s
    beside = f"another client asks for {OTHERS[plan]} a second" if other else "alone"
    return [
        f"{plan}, {beside}: {PEOPLE} people, {len(done)} calls in {took_s:.0f} s"
        f" ({share:.0%} of what the plan allows)",
        "  forecast "
        + ", ".join(f"after {at:.0f} s: {s:.0f} s ({s / took_s - 1:+.0%})" for at, s in forecasts),
        f"  429s: {len(refused)}, after the first {LEARNS_FOR_S} s:"
        f" {sum(at > LEARNS_FOR_S for at in refused)}, most in one second:"
        f" {max(per_second.values(), default=0)}",
    ]


def main() -> int:
    """Measure what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.pacing", description=__doc__)
    parser.add_argument("--plan", choices=sorted(OTHERS), help="default: both")
    parser.add_argument("--other", action="store_true", help="only beside another client")
    options = parser.parse_args()
    print(report.heading(), flush=True)
    try:
        for plan in [options.plan] if options.plan else OTHERS:
            for other in [True] if options.other else [False, True]:
                for line in measure(plan, other=other):
                    print(line, flush=True)
    except BenchFailed as failure:
        print(f"The bench failed: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
