"""A manager at the form: logs in and saves people by real HTTP, as a browser would.

The bench stands where the proxy stands in production: the console runs with DEBUG off and hears
``X-Forwarded-Proto: https`` from this machine.
"""

import time
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from itertools import count
from uuid import uuid4

import httpx

from bench.errors import BenchFailed

TIMEOUT_S = 60
ADD = "/admin/employees/employee/add/"
SWITCH = "/admin/auth0/"
OLD_ADD = "/old-way/add/"
_numbers = count(1)


@dataclass(frozen=True)
class Save:
    """One press of the save button. Times in seconds since the epoch.

    saved: the row was written; else the form came back with an error.
    """

    email: str
    sent_at: float
    answered_at: float
    took_ms: float
    saved: bool


@dataclass(frozen=True)
class Page:
    """One page that was asked for. queries: that the console made for it."""

    took_ms: float
    queries: int


class Browser:
    """A session at the console on this port of 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S, trust_env=False
        )
        # Only these two are kept: a real browser's next page would have used up the messages.
        self._cookies = {"csrftoken": "", "sessionid": ""}
        self._headers = {"X-Forwarded-Proto": "https", "Origin": f"https://127.0.0.1:{port}"}
        self._form: dict[str, str] = {}

    def is_ready(self) -> bool:
        """Whether the console and its database answer."""
        try:
            return self._client.get("/readyz", headers=self._headers).is_success
        except httpx.TransportError:
            return False

    def log_in(self, username: str, password: str) -> None:
        """Log in at the emergency door, and open the form for a new person.

        Raises: BenchFailed.
        """
        form = self._fields("/login/local/")
        answer = self._post("/login/local/", form | {"username": username, "password": password})
        if answer.status_code != httpx.codes.FOUND or not self._cookies["sessionid"]:
            raise BenchFailed(f"The log-in form answered {answer.status_code}.")
        self._form = self._fields(ADD)
        if "auth0_role" not in self._form:
            raise BenchFailed("The page for a new person has no field auth0_role any more.")

    def add_person(self, address: str = ADD) -> Save:
        """Fill in the form for somebody new and save; only the POST is timed.

        address: ADD, or OLD_ADD for the old way.
        """
        number = next(_numbers)
        email = f"bench.{number}@example.com"
        filled = self._form | {
            "name": f"Bench Person {number}",
            "email": email,
            "department": "Office",
            "auth_method": "auth0",
            "form_key": uuid4().hex,  # a form of its own each time, as a browser would load it
            "_save": "Save",
        }
        sent_at, started = time.time(), time.monotonic()
        answer = self._post(address, filled)
        took_ms = (time.monotonic() - started) * 1000
        if answer.status_code not in {httpx.codes.FOUND, httpx.codes.OK}:
            raise BenchFailed(f"{address} answered {answer.status_code}.")
        saved = answer.status_code == httpx.codes.FOUND
        return Save(email, sent_at, time.time(), took_ms, saved)

    def get(self, address: str) -> Page:
        """Ask for a page, to the last byte of its answer. Raises: BenchFailed."""
        started = time.monotonic()
        answer = self._client.get(address, headers=self._sent_headers())
        took_ms = (time.monotonic() - started) * 1000
        self._keep_cookies(answer)
        if not answer.is_success:
            raise BenchFailed(f"{address} answered {answer.status_code}.")
        return Page(took_ms, int(answer.headers["X-Queries"]))

    def turn_switch(self, way: str) -> float:
        """Press the button that switches the link to Auth0 ``off`` or ``on``; when it answered.

        Raises: BenchFailed.
        """
        form = self._fields(SWITCH) | {"turn": way, "reason": "Measuring"}
        answer = self._post(SWITCH, form)
        if answer.status_code != httpx.codes.FOUND:
            raise BenchFailed(f"{SWITCH} answered {answer.status_code}.")
        return time.time()

    def _fields(self, address: str) -> dict[str, str]:
        answer = self._client.get(address, headers=self._sent_headers())
        if not answer.is_success:
            raise BenchFailed(f"{address} answered {answer.status_code}.")
        self._keep_cookies(answer)
        page = _Fields()
        page.feed(answer.text)
        return page.values

    def _post(self, address: str, form: dict[str, str]) -> httpx.Response:
        answer = self._client.post(address, data=form, headers=self._sent_headers())
        self._keep_cookies(answer)
        return answer

    def _sent_headers(self) -> dict[str, str]:
        # By hand: the cookies are for https only, and no proxy stands between.
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items() if value)
        return self._headers | {"Cookie": cookies}

    def _keep_cookies(self, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(line).items():
                if name in self._cookies:
                    self._cookies[name] = cookie.value


class _Fields(HTMLParser):
    """The values that a page's inputs have when nobody has touched them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an input, a textarea, or the option that a select shows."""
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in found or self._select not in self.values:
                self.values[self._select] = found.get("value", "")
        elif tag == "textarea" and name:
            self.values[name] = ""
        elif tag == "input" and name and found.get("type") not in {"submit", "checkbox", "radio"}:
            self.values[name] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Options that follow belong to no select."""
        if tag == "select":
            self._select = ""
