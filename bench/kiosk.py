"""How long the kiosk's calls take, without bcrypt, whose cost the Flask application fixes.

``bench.settings`` takes bcrypt's place in the web server; the check itself is measured here.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import bcrypt
import httpx

from bench.errors import BenchFailed
from bench.installation import Installation

Given = TypeVar("Given")
PIN = "7391"
FIRST_NUMBER = 1_000_001  # above everybody whom the other measurements have added
UNKNOWN = 2_000_000_000
WARM_UP = 5
CHECKS = 5
HEADERS = {"X-Forwarded-Proto": "https"}


@dataclass(frozen=True)
class Kiosk:
    """Times in milliseconds, each of one request from sending it to its answer.

    people: how many employees there were. unknown: log-ins with a number that nobody has.
    bcrypt_ms: one real check on this machine.
    """

    people: int
    log_ins: list[float]
    verifications: list[float]
    unknown: list[float]
    bcrypt_ms: float


def measure_kiosk(installation: Installation, people: int, each: int) -> Kiosk:
    """Add so many people by SQL, then make ``each`` log-ins, verifications and refused log-ins.

    Every log-in is somebody else's, so no row is warmer than it would be. Raises: BenchFailed.
    """
    _add(installation, people)
    numbers = random.Random(7).sample(range(FIRST_NUMBER, FIRST_NUMBER + people), each + WARM_UP)
    root = f"http://127.0.0.1:{installation.web_port}/api/employee/"
    with (
        installation.database.held_open(),
        httpx.Client(base_url=root, headers=HEADERS, timeout=60, trust_env=False) as client,
    ):
        tokens: list[str] = []

        def log_in(number: int) -> None:
            answer = client.post("login", json={"employee_id": number, "pin": PIN})
            if not answer.is_success:
                raise BenchFailed(f"A log-in was answered {answer.status_code}.")
            tokens.append(answer.json()["token"])

        def verify(token: str) -> None:
            answer = client.post("verify", headers={"Authorization": f"Bearer {token}"})
            if not answer.is_success:
                raise BenchFailed(f"A token was answered {answer.status_code}.")

        def refused(number: int) -> None:
            answer = client.post("login", json={"employee_id": number, "pin": PIN})
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                raise BenchFailed(f"An unknown number was answered {answer.status_code}.")

        log_ins = [_timed(log_in, number) for number in numbers][WARM_UP:]
        verifications = [_timed(verify, token) for token in tokens][WARM_UP:]
        nobody = range(UNKNOWN, UNKNOWN + each)
        unknown = [_timed(refused, number) for number in nobody]
    return Kiosk(people, log_ins, verifications, unknown, _bcrypt_ms())


def _timed(call: Callable[[Given], None], given: Given) -> float:
    started = time.perf_counter()
    call(given)
    return (time.perf_counter() - started) * 1000


def _add(installation: Installation, people: int) -> None:
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
    set_at = datetime.now(UTC) - timedelta(days=30)
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + people)
    installation.database.insert(
        "INSERT INTO employees (id, name, email, department) VALUES (%s, %s, %s, %s)",
        [(n, f"Bench Person {n}", f"kiosk.{n}@example.com", "Picking") for n in numbers],
    )
    installation.database.insert(
        "INSERT INTO employee_auth (employee_id, pin, pin_set_at) VALUES (%s, %s, %s)",
        [(n, hashed, f"{set_at:%Y-%m-%d %H:%M:%S}") for n in numbers],
    )


def _bcrypt_ms() -> float:
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(10))
    started = time.perf_counter()
    for _ in range(CHECKS):
        bcrypt.checkpw(PIN.encode(), hashed)
    return (time.perf_counter() - started) * 1000 / CHECKS
