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
PIN, WRONG = "7391", "5083"
FREE_TRIES = 5  # as employees.lockout has it; the bench asks from outside
FIRST_NUMBER = 1_000_001  # above everybody whom the other measurements have added
PLAIN, TWO_ROWS, UNKNOWN = 1_900_000_000, 1_950_000_000, 2_000_000_000
WARM_UP = 5
CHECKS = 5
TAKE_KEY_AWAY = """
from django.db import connection
connection.cursor().execute(
    "ALTER TABLE employee_auth ADD KEY bench_employee (employee_id), "
    "DROP KEY uq_employee_auth_employee"
)
"""
HEADERS = {"X-Forwarded-Proto": "https"}


@dataclass(frozen=True)
class Kiosk:
    """Times in milliseconds, each of one request from sending it to its answer.

    people: how many employees there were. refused: whose number → log-ins with a wrong PIN.
    bcrypt_ms: one real check on this machine.
    """

    people: int
    log_ins: list[float]
    verifications: list[float]
    refused: dict[str, list[float]]
    bcrypt_ms: float


def measure_kiosk(installation: Installation, people: int, each: int) -> Kiosk:
    """Add so many people by SQL, then make ``each`` log-ins, verifications and refused log-ins.

    Every log-in is somebody else's, so no row is warmer than it would be. Raises: BenchFailed.
    """
    count = each + WARM_UP
    may_have_two = not installation.database.url.startswith("sqlite")
    if may_have_two:  # SQLite's key can't be taken away from a table that is there
        installation.ask(TAKE_KEY_AWAY)
    add_people(installation, people, count, may_have_two)
    mixed = random.Random(7).sample(range(FIRST_NUMBER, FIRST_NUMBER + people), 2 * count)
    numbers, others = mixed[:count], mixed[count:]
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

        def refused(number: int, expected: int = httpx.codes.UNAUTHORIZED) -> None:
            # From everywhere: one address would have to wait after sixty.
            place = {"X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250}"}
            body = {"employee_id": number, "pin": WRONG}
            answer = client.post("login", json=body, headers=place)
            if answer.status_code != expected:
                raise BenchFailed(f"A wrong PIN was answered {answer.status_code}.")

        def locked(number: int) -> None:
            refused(number, httpx.codes.TOO_MANY_REQUESTS)

        log_ins = [_timed(log_in, number) for number in numbers][WARM_UP:]
        verifications = [_timed(verify, token) for token in tokens][WARM_UP:]
        whose = {
            "somebody's": others,
            "nobody's": range(UNKNOWN, UNKNOWN + count),
            "with a plain PIN": range(PLAIN, PLAIN + count),
        }
        if may_have_two:
            whose["with two rows"] = range(TWO_ROWS, TWO_ROWS + count)
        wrong = {kind: [_timed(refused, n) for n in those] for kind, those in whose.items()}
        for number in others:
            for _ in range(FREE_TRIES - 1):  # the first one was measured
                refused(number)
        wrong["that has to wait"] = [_timed(locked, number) for number in others]
    measured = {kind: times[WARM_UP:] for kind, times in wrong.items()}
    return Kiosk(people, log_ins, verifications, measured, _bcrypt_ms())


def _timed(call: Callable[[Given], None], given: Given) -> float:
    started = time.perf_counter()
    call(given)
    return (time.perf_counter() - started) * 1000


def add_people(
    installation: Installation, people: int, each: int = 0, may_have_two: bool = False
) -> None:
    """People with a hashed PIN from FIRST_NUMBER on, ``each`` with a plain one and with two rows.

    may_have_two: whether the table takes a second row.
    """
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
    set_at = datetime.now(UTC) - timedelta(days=30)
    plain, two = range(PLAIN, PLAIN + each), range(TWO_ROWS, TWO_ROWS + each)
    numbers = [*range(FIRST_NUMBER, FIRST_NUMBER + people), *plain, *two]
    twice = two if may_have_two else []
    rows = [(n, PIN if n in plain else hashed) for n in [*numbers, *twice]]
    installation.database.insert(
        "INSERT INTO employees (id, name, email, department) VALUES (%s, %s, %s, %s)",
        [(n, f"Bench Person {n}", f"kiosk.{n}@example.com", "Picking") for n in numbers],
    )
    installation.database.insert(
        "INSERT INTO employee_auth (employee_id, pin, pin_set_at) VALUES (%s, %s, %s)",
        [(n, pin, f"{set_at:%Y-%m-%d %H:%M:%S}") for n, pin in rows],
    )


def _bcrypt_ms() -> float:
    hashed = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(10))
    started = time.perf_counter()
    for _ in range(CHECKS):
        bcrypt.checkpw(PIN.encode(), hashed)
    return (time.perf_counter() - started) * 1000 / CHECKS
