"""A person with a browser, at the console and at the tenant's log-in page."""

import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from django.test import Client

from tests.devtenant.builders import PASSWORD
from tests.devtenant.running import RunningTenant

CONSOLE = "http://testserver"
CALLBACK = "/complete/auth0/"


class Visitor:
    """One browser: Django's test client at the console, httpx at the tenant."""

    def __init__(self, tenant: RunningTenant) -> None:
        self.console = Client()
        self.elsewhere = httpx.Client(base_url=tenant.base_url, trust_env=False, timeout=30.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.elsewhere.close()

    def begin(self, next_url: str = "") -> str:
        """Press the button on ``/login/``; returns where the tenant's log-in page is."""
        answer = self.console.post("/login/auth0/", {"next": next_url} if next_url else {})
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def log_in(self, url: str, email: str = "ana@example.com", password: str = PASSWORD) -> str:
        """Fill the tenant's page in, if it asks; returns where it sends the browser back to."""
        answer = self.elsewhere.get(url)
        if answer.status_code == httpx.codes.OK:
            answer = self.elsewhere.post(url, data={"username": email, "password": password})
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return str(answer.headers["Location"])

    def come_back(self, url: str) -> Any:
        """The browser follows the tenant's redirect."""
        assert url.startswith(CONSOLE + CALLBACK), url
        return self.console.get(url.removeprefix(CONSOLE))

    def sign_in(self, email: str = "ana@example.com", next_url: str = "") -> Any:
        """The whole way; returns the console's answer to the browser that comes back."""
        return self.come_back(self.log_in(self.begin(next_url), email))

    @property
    def is_signed_in(self) -> bool:
        """Whether ``/`` shows a page instead of leading to the log-in."""
        return bool(self.console.get("/").status_code == 200)


def asked(url: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def with_query(url: str, **over: str) -> str:
    """The address with parts of its query replaced."""
    return urlsplit(url)._replace(query=urlencode({**asked(url), **over})).geturl()


def heading(answer: Any) -> str:
    """The page's heading."""
    found = re.search(r"<h1>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    return found[1] if found else ""
