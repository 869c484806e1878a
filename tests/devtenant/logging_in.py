"""A person at the tenant's log-in page, and the application that sent them there."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.devtenant.builders import PASSWORD
from tests.devtenant.running import RunningTenant

CONSOLE = "http://127.0.0.1:8000"
CALLBACK = f"{CONSOLE}/complete/auth0/"
CLIENT = "console-login"
SECRET = "not-a-secret"


class Person:
    """A browser without a console: it stops where the tenant sends it away."""

    def __init__(self, tenant: RunningTenant) -> None:
        self.tenant = tenant
        self.browser = httpx.Client(base_url=tenant.base_url, trust_env=False, timeout=30.0)
        self.verifier = secrets.token_urlsafe(48)
        self.nonce = secrets.token_urlsafe(16)

    def close(self) -> None:
        """End the browser's connections."""
        self.browser.close()

    def request(self, **over: str | None) -> dict[str, str]:
        """What the application asks for; None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": "some-state",
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **over,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def arrive(self, **over: str | None) -> httpx.Response:
        """GET /authorize."""
        return self.browser.get("/authorize", params=self.request(**over))

    def submit(
        self, email: str = "ada@example.com", password: str = PASSWORD, **over: str | None
    ) -> httpx.Response:
        """Fill the log-in page in and send it."""
        return self.browser.post(
            "/authorize",
            params=self.request(**over),
            data={"username": email, "password": password},
        )

    def cancel(self) -> httpx.Response:
        """Press Cancel."""
        return self.browser.post("/authorize", params=self.request(), data={"action": "cancel"})

    def redeem(self, code: str, **over: str | None) -> httpx.Response:
        """The application's call of the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **over,
        }
        return self.browser.post(
            "/oauth/token", data={name: value for name, value in form.items() if value is not None}
        )

    def tokens(self, **over: str) -> dict[str, Any]:
        """Log in and redeem the code."""
        answer = self.redeem(sent_back(self.submit(**over))["code"])
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def sent_back(response: httpx.Response) -> dict[str, str]:
    """The query with which the person was sent back to the call-back."""
    assert response.status_code == 302, response.text
    assert response.headers["Location"].startswith(CALLBACK), response.headers["Location"]
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}
