"""Guessing PINs: how many guesses are looked at, and how long honest people have to wait meanwhile.

The attacks run over HTTP, some at a time, as fast as the one web worker answers. bcrypt is taken
out (``bench.settings``), so that they last a tenth of the time; a guess that was looked at is one
that was answered "wrong", and one that wasn't was told to wait.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx

from bench.alone import show
from bench.errors import BenchFailed
from bench.installation import Installation
from bench.kiosk import FIRST_NUMBER, PIN, WRONG, add_people

AT_ONCE = 8
GUESSES = 10_000
KIOSKS = 20
WHOM = ("one person", "everybody")
TOKEN = "a" * 32  # the kiosk's CSRF cookie and field may be any 32 letters, as long as they agree
MAKE_KIOSKS = """
from employees.authority import program
from employees.kiosks import enrol, new_code
from employees.lockout import outside_door
from employees.models import Kiosk
import json
made = []
for n in range({count}):
    kiosk = Kiosk.objects.create(name="{name} {{}}".format(n))
    code = new_code(kiosk.pk, program("bench"))
    made.append(enrol(code, outside_door("192.0.2.1"))[1])
print(json.dumps(made))
"""

Try = Callable[[int, str], int]  # number, PIN → seconds to wait; 0 when the PIN was looked at


@dataclass
class Attack:
    """One attack, and how it went. waits: honest door → the longest wait there, in seconds."""

    what: str
    guesses: int
    looked_at: int = 0
    seconds: float = 0.0
    waits: dict[str, int] = field(default_factory=dict)


class Doors:
    """The ways to try a PIN on a running console."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        secure = {"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{port}/kiosk/"}
        limits = httpx.Limits(max_connections=2 * AT_ONCE)
        self._client = httpx.Client(headers=secure, timeout=60, trust_env=False, limits=limits)

    def json_from(self, address: str) -> Try:
        """The JSON log-in, called from this network address through the proxy."""

        def tried(number: int, pin: str) -> int:
            answer = self._client.post(
                f"{self._root}/api/employee/login",
                json={"employee_id": number, "pin": pin},
                headers={"X-Forwarded-For": address},
            )
            if answer.status_code not in (200, 401, 429):
                raise BenchFailed(f"A guess was answered {answer.status_code}.")
            return int(answer.headers.get("Retry-After", 0))

        return tried

    def kiosk(self, cookie: str) -> Try:
        """The second step at an enrolled kiosk."""

        def tried(number: int, pin: str) -> int:
            cookies = {"kiosk_device": cookie, "kiosk_number": str(number), "csrftoken": TOKEN}
            answer = self._client.post(
                f"{self._root}/kiosk/pin/",
                data={"pin": pin, "csrfmiddlewaretoken": TOKEN},
                headers={"Cookie": "; ".join(f"{name}={text}" for name, text in cookies.items())},
            )
            where = answer.headers.get("Location", "")
            if where not in ("/kiosk/me/", "/kiosk/pin/"):
                raise BenchFailed(f"A guess at a kiosk was answered {answer.status_code} {where}.")
            said = answer.headers.get("Set-Cookie", "")
            _, _, note = said.partition("kiosk_note=wait")
            minutes = note.partition(";")[0].rpartition(".")[2]
            return 60 * int(minutes) if note else 0

        return tried


def measure(installation: Installation, people: int) -> Iterator[str]:
    """Attack an installation that ``bench.kiosk`` has filled; yields the lines of the report.

    people: how many there are from FIRST_NUMBER on; as many guesses are made, at one of them, and
    then once at each. Raises: BenchFailed.
    """
    guesses = min(people, GUESSES)
    doors = Doors(installation.web_port)
    yield f"PIN guesses, {AT_ONCE} at a time: looked at, and the longest wait of honest people"
    for (name, make), whom in itertools.product(_places(installation, doors), WHOM):
        installation.ask("from employees.models import PinTries; PinTries.objects.all().delete()")
        tries = make(f"{whom} {name}")
        honest = _honest(installation, doors, f"honest {whom} {name}", tries[0])
        attack = _attack(f"{whom}, {name}", tries, guesses, whom == WHOM[0], honest)
        waits = ", ".join(f"{door} {seconds} s" for door, seconds in attack.waits.items())
        yield (
            f"  {attack.what:29}{attack.guesses:7,} guesses{attack.looked_at:7,} looked at "
            f"in {attack.seconds:4.0f} s"
        )
        yield f"      waits: {waits}"


def _attack(
    what: str, tries: list[Try], guesses: int, is_one: bool, honest: dict[str, Callable[[], int]]
) -> Attack:
    attack = Attack(what, guesses, waits=dict.fromkeys(honest, 0))
    over = Event()

    def look() -> None:
        while not over.wait(0.25):
            for door, sign_in in honest.items():
                attack.waits[door] = max(attack.waits[door], sign_in())

    def guess(n: int) -> bool:
        return tries[n % len(tries)](FIRST_NUMBER + (0 if is_one else n), WRONG) == 0

    watch = Thread(target=look)
    watch.start()
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            attack.looked_at = sum(pool.map(guess, range(guesses)))
    finally:
        attack.seconds = time.monotonic() - began
        over.set()
        watch.join()
    return attack


def _honest(
    installation: Installation, doors: Doors, name: str, attacked: Try
) -> dict[str, Callable[[], int]]:
    """Honest people with their right PINs, by the door that they stand at."""
    elsewhere = _kiosks(installation, doors, name, 1)[0]
    own_address = doors.json_from("198.51.100.77")
    victim, other = FIRST_NUMBER, FIRST_NUMBER + 99
    return {
        "victim at another kiosk": lambda: elsewhere(victim, PIN),
        "others at another kiosk": lambda: elsewhere(other, PIN),
        "others at the attacked door": lambda: attacked(other, PIN),
        "victim by JSON": lambda: own_address(victim, PIN),
        "others by JSON": lambda: own_address(other, PIN),
    }


def _places(
    installation: Installation, doors: Doors
) -> list[tuple[str, Callable[[str], list[Try]]]]:
    """Where guesses come from, and what makes these doors; each attack gets new kiosks."""
    return [
        ("one address", lambda whom: [doors.json_from("203.0.113.9")]),
        ("1,000 addresses", lambda whom: _addresses(doors)),
        ("one kiosk", lambda whom: _kiosks(installation, doors, whom, 1)),
        ("20 kiosks", lambda whom: _kiosks(installation, doors, whom, KIOSKS)),
    ]


def _addresses(doors: Doors) -> list[Try]:
    return [doors.json_from(f"198.18.{n // 250}.{n % 250 + 1}") for n in range(1_000)]


def _kiosks(installation: Installation, doors: Doors, name: str, count: int) -> list[Try]:
    made: list[str] = json.loads(installation.ask(MAKE_KIOSKS.format(count=count, name=name)))
    return [doors.kiosk(cookie) for cookie in made]


def _alone(installation: Installation) -> list[str]:
    add_people(installation, GUESSES)
    return list(measure(installation, GUESSES))


if __name__ == "__main__":
    sys.exit(show(_alone, __doc__))
